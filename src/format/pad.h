// SPDX-License-Identifier: MIT
/* pad.h - text in columns of a fixed width; private to the formats. */
#ifndef SOCKVIEW_FORMAT_PAD_H
#define SOCKVIEW_FORMAT_PAD_H

#include <sockview/out.h>
#include <sockview/text.h>

/* Any number of blanks. */
void pad_blanks(struct out *out, size_t count);
/* Right in `width`; whole if it is wider. */
void pad_right(struct out *out, const char *text, size_t len, size_t width);
void pad_right_u64(struct out *out, uint64_t number, size_t width);

/* Inline from here: these run several times a row of netstat, whose columns are at most PAD_NARROW wide. */
#define PAD_NARROW 24

/* Blanks from `used` up to `width`; the caller has room for all PAD_NARROW of them. */
static inline char *pad_narrow(char *to, size_t used, size_t width)
{
	memset(to, ' ', PAD_NARROW);
	return used < width ? to + (width - used) : to;
}

static inline void pad_narrow_out(struct out *out, size_t used, size_t width)
{
	out_advance(out, pad_narrow(out_room(out, PAD_NARROW), used, width));
}

/* Left in `width`; whole if it is wider. */
static inline void pad_narrow_left(struct out *out, const char *text, size_t len, size_t width)
{
	out_bytes(out, text, len);
	pad_narrow_out(out, len, width);
}

static inline void pad_narrow_right_u64(struct out *out, uint64_t number, size_t width)
{
	char digits[TEXT_U64_MAX];
	size_t len = (size_t)(text_u64(digits, number) - digits);
	char *to = pad_narrow(out_room(out, PAD_NARROW + TEXT_U64_MAX), len, width);
	memcpy(to, digits, sizeof(digits));
	out_advance(out, to + len);
}

#endif
