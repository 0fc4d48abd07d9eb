// SPDX-License-Identifier: MIT
/* text.c - numbers, addresses and hostile text as printable bytes (text.h). */
#include <sockview/text.h>

#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/vec.h>

#include "base/text_hidden.h"

static inline size_t count_digits(uint64_t value)
{
	/* Ports and pids, mostly. */
	if (value < 100000)
		return 1u + (value >= 10) + (value >= 100) + (value >= 1000) + (value >= 10000);
	size_t count = 1;
	for (uint64_t limit = 10; value >= limit && count < TEXT_U64_MAX; limit *= 10)
		count++;
	return count;
}

/* From behind, two digits a division. */
char *text_u64(char *to, uint64_t value)
{
	static const char pairs[] = "00010203040506070809101112131415161718192021222324"
				    "25262728293031323334353637383940414243444546474849"
				    "50515253545556575859606162636465666768697071727374"
				    "75767778798081828384858687888990919293949596979899";
	/* Most queues are empty. */
	if (value < 10) {
		*to = (char)('0' + value);
		return to + 1;
	}
	char *end = to + count_digits(value), *at = end;
	while (value >= 10) {
		at -= 2;
		memcpy(at, pairs + 2 * (value % 100), 2);
		value /= 100;
	}
	if (at > to)
		*to = (char)('0' + value);
	return end;
}

char *text_hex(char *to, uint64_t value)
{
	int shift = 60;
	while (shift && !(value >> shift & 15))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[value >> shift & 15];
	return to;
}

static char *text_padded(char *to, uint64_t number, unsigned digits)
{
	for (unsigned i = digits; i--; number /= 10)
		to[i] = (char)('0' + number % 10);
	return to + digits;
}

/*
 * Shares and gains are far from the ends of the range: what is larger than
 * 1e12 is written as that.
 */
char *text_real(char *to, double real)
{
	if (real < 0) {
		*to++ = '-';
		real = -real;
	}
	if (!(real < 1e12))
		real = 1e12;
	uint64_t millionths = (uint64_t)(real * 1e6 + 0.5);
	to = text_u64(to, millionths / 1000000);
	*to++ = '.';
	char *first = to;
	to = text_padded(to, millionths % 1000000, 6);
	while (to > first + 1 && to[-1] == '0')
		to--;
	return to;
}

/* Howard Hinnant's days-to-civil: years begin in March, eras have 400 of them. */
static char *text_date(char *to, int64_t days)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t day = days - era * 146097;
	int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	int64_t of_year = day - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153;
	int64_t of_month = of_year - (153 * month + 2) / 5 + 1;
	month = month < 10 ? month + 3 : month - 9;
	to = text_padded(to, (uint64_t)(year + era * 400 + (month <= 2)), 4);
	*to++ = '-';
	to = text_padded(to, (uint64_t)month, 2);
	*to++ = '-';
	return text_padded(to, (uint64_t)of_month, 2);
}

char *text_time(char *to, int64_t time)
{
	int64_t days = time / 86400, second = time % 86400;
	if (second < 0) {
		second += 86400;
		days--;
	}
	to = text_date(to, days);
	*to++ = 'T';
	to = text_padded(to, (uint64_t)second / 3600, 2);
	*to++ = ':';
	to = text_padded(to, (uint64_t)second / 60 % 60, 2);
	*to++ = ':';
	to = text_padded(to, (uint64_t)second % 60, 2);
	*to++ = 'Z';
	return to;
}

/* --- hostile text --- */

size_t text_utf8_len(const void *data, size_t len)
{
	const uint8_t *byte = data;
	if (!len)
		return 0;
	if (byte[0] < 0x80)
		return 1;
	size_t want = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
	if (byte[0] < 0xc2 || byte[0] > 0xf4 || len < want)
		return 0;
	/* Overlong forms, surrogates and what is above U+10FFFF show in the second byte. */
	uint8_t low = byte[0] == 0xe0 ? 0xa0 : byte[0] == 0xf0 ? 0x90 : 0x80;
	uint8_t high = byte[0] == 0xed ? 0x9f : byte[0] == 0xf4 ? 0x8f : 0xbf;
	if (byte[1] < low || byte[1] > high)
		return 0;
	for (size_t i = 2; i < want; i++)
		if (byte[i] < 0x80 || byte[i] > 0xbf)
			return 0;
	return want;
}

static uint32_t utf8_value(const uint8_t *byte, size_t len)
{
	if (len == 1)
		return byte[0];
	uint32_t value = byte[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		value = value << 6 | (byte[i] & 0x3f);
	return value;
}

/* Characters that are valid and yet hide, reorder or break the text around them. */
static bool is_hidden(uint32_t c)
{
	size_t low = 0, high = countof(text_hidden);
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (c > text_hidden[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < countof(text_hidden) && c >= text_hidden[low].first;
}

static char *escape_byte(char *to, uint8_t byte)
{
	*to++ = '\\';
	*to++ = 'x';
	*to++ = "0123456789abcdef"[byte >> 4];
	*to++ = "0123456789abcdef"[byte & 15];
	return to;
}

/* What nearly all names are made of. */
static inline bool text_is_plain(uint8_t byte)
{
	return byte > ' ' && byte < 0x7f && byte != '\\';
}

char *text_escape(char *to, const void *data, size_t len, enum text_escape how)
{
	const uint8_t *byte = data;
	for (size_t at = 0; at < len;) {
		bool separator = (byte[at] == ' ' && how != TEXT_LINE) || (byte[at] == ',' && how == TEXT_ITEM);
		if (text_is_plain(byte[at]) && !separator) {
			*to++ = (char)byte[at++];
			continue;
		}
		size_t size = text_utf8_len(byte + at, len - at);
		if (size == 1 && byte[at] == '\\') {
			*to++ = '\\';
			*to++ = '\\';
			at++;
			continue;
		}
		if (size && !separator && !is_hidden(utf8_value(byte + at, size))) {
			memcpy(to, byte + at, size);
			to += size;
			at += size;
			continue;
		}
		for (size_t i = 0; i < (size ? size : 1); i++)
			to = escape_byte(to, byte[at + i]);
		at += size ? size : 1;
	}
	return to;
}

bool text_parse_u64(const char *text, size_t len, uint64_t max, uint64_t *value)
{
	uint64_t number = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		unsigned digit = (unsigned)(text[i] - '0');
		if (digit > max || number > (max - digit) / 10)
			return false;
		number = number * 10 + digit;
	}
	*value = number;
	return len > 0;
}

bool text_is_name(const char *known, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!known[i] || text_lower(known[i]) != (name[i] == '-' ? '_' : text_lower(name[i])))
			return false;
	return known[len] == '\0';
}

/* --- text that grows --- */

char *text_room(struct text *text, size_t len)
{
	if (len > SIZE_MAX / 2 - text->len)
		return NULL;
	char *grown = vec_reserve(text->data, &text->capacity, text->len + len + 1, 1);
	if (!grown)
		return NULL;
	text->data = grown;
	return grown + text->len;
}

void text_advance(struct text *text, const char *end)
{
	text->len = (size_t)(end - text->data);
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

int text_add(struct text *text, const void *data, size_t len)
{
	char *to = text_room(text, len);
	if (!to)
		return -1;
	if (len)
		memcpy(to, data, len);
	text_advance(text, to + len);
	return 0;
}

int text_add_char(struct text *text, char c)
{
	return text_add(text, &c, 1);
}

int text_add_u64(struct text *text, uint64_t value)
{
	char *to = text_room(text, TEXT_U64_MAX);
	if (!to)
		return -1;
	text_advance(text, text_u64(to, value));
	return 0;
}

int text_add_string(struct text *text, const char *string)
{
	return text_add(text, string, strlen(string));
}

int text_add_escaped(struct text *text, struct bytes bytes, enum text_escape how)
{
	if (bytes.len > SIZE_MAX / 8)
		return -1;
	char *to = text_room(text, TEXT_ESCAPED_MAX(bytes.len));
	if (!to)
		return -1;
	text_advance(text, text_escape(to, bytes.data, bytes.len, how));
	return 0;
}
