// SPDX-License-Identifier: MIT
/*
 * width.c - the places characters take (sockview/width.h).
 *
 * Not wcwidth(3): it asks the locale, and what we print is UTF-8 in any. The
 * widths are glibc's, whose rules width_ranges.py follows
 * (tests/unit/test_width.c compares them).
 */
#include <sockview/width.h>

#include <stdint.h>
#include <string.h>

#include <sockview/countof.h>

#include "format/width_ranges.h"

static size_t char_width(uint32_t c)
{
	size_t low = 0, high = countof(width_ranges);
	if (c < width_ranges[0].first)
		return 1;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c > width_ranges[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < countof(width_ranges) && c >= width_ranges[low].first ? width_ranges[low].width : 1;
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
