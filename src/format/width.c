// SPDX-License-Identifier: MIT
/*
 * width.c - the places characters take (sockview/width.h).
 *
 * Not wcwidth(3): it asks the locale, and what we print is UTF-8 in any. The
 * ranges are those of Unicode's East Asian Width W and F, and of combining
 * marks, coarsely: a wrong guess costs a column out of line.
 */
#include <sockview/width.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <sockview/countof.h>

struct range {
	uint32_t first, last;
};

static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0xa4cf },   { 0xa960, 0xa97f },   { 0xac00, 0xd7a3 },
	{ 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },
	{ 0x1f300, 0x1f64f }, { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};
static const struct range none[] = {
	{ 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },   { 0x610, 0x61a },   { 0x64b, 0x65f },
	{ 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff }, { 0xfe20, 0xfe2f },
};

static bool within(const struct range *range, size_t count, uint32_t c)
{
	for (size_t i = 0; i < count; i++)
		if (c >= range[i].first && c <= range[i].last)
			return true;
	return false;
}

static size_t char_width(uint32_t c)
{
	if (c < 0x300)
		return 1;
	if (within(none, countof(none), c))
		return 0;
	return within(wide, countof(wide), c) ? 2 : 1;
}

/* The character at `text`; its bytes in *size. */
static uint32_t char_at(const char *text, size_t len, size_t *size)
{
	uint8_t first = (uint8_t)text[0];
	size_t want = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	uint32_t c = want == 1 ? first : first & (0x7fu >> want);
	*size = want <= len ? want : len;
	for (size_t i = 1; i < *size; i++)
		c = c << 6 | ((uint8_t)text[i] & 0x3f);
	return c;
}

size_t width_of(const char *text, size_t len)
{
	size_t width = 0, size;
	while (width + sizeof(uint64_t) <= len) {
		uint64_t eight;
		memcpy(&eight, text + width, sizeof(eight));
		if (eight & 0x8080808080808080)
			break;
		width += sizeof(eight); /* ASCII: a place each */
	}
	for (size_t at = width; at < len; at += size)
		width += (uint8_t)text[at] < 0x80 ? size = 1 : char_width(char_at(text + at, len - at, &size));
	return width;
}

size_t width_fit(const char *text, size_t len, size_t width)
{
	size_t at = 0, size;
	while (at < len) {
		size_t one = char_width(char_at(text + at, len - at, &size));
		if (one > width)
			break;
		width -= one;
		at += size;
	}
	return at;
}
