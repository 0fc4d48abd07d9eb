// SPDX-License-Identifier: MIT
/* pad.c - text in columns of a fixed width (pad.h). */
#include "format/pad.h"

void pad_blanks(struct out *out, size_t count)
{
	while (count) {
		size_t piece = count < 256 ? count : 256;
		char *to = out_room(out, piece);
		memset(to, ' ', piece);
		out_advance(out, to + piece);
		count -= piece;
	}
}

void pad_right(struct out *out, const char *text, size_t len, size_t width)
{
	pad_blanks(out, len < width ? width - len : 0);
	out_bytes(out, text, len);
}

void pad_right_u64(struct out *out, uint64_t number, size_t width)
{
	char digits[TEXT_U64_MAX];
	pad_right(out, digits, (size_t)(text_u64(digits, number) - digits), width);
}
