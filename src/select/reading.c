// SPDX-License-Identifier: MIT
/* reading.c - pieces of text and complaints (reading.h). */
#include "select/reading.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sockview/text.h>

uint32_t reading_fail(struct reading *reading, size_t at, const char *expected, const char *format, ...)
{
	struct filter_error *error = reading->error;
	va_list arguments;
	error->position = at;
	snprintf(error->expected, sizeof(error->expected), "%s", expected);
	va_start(arguments, format);
	vsnprintf(error->what, sizeof(error->what), format, arguments);
	va_end(arguments);
	return EXPR_FAILED;
}

uint32_t reading_no_memory(struct reading *reading)
{
	*reading->error = (struct filter_error){ 0 };
	errno = ENOMEM;
	return EXPR_FAILED;
}

uint32_t reading_keep(struct reading *reading, uint32_t node)
{
	return node == EXPR_FAILED ? reading_no_memory(reading) : node;
}

uint32_t reading_negate(struct reading *reading, bool negated, uint32_t node)
{
	if (node == EXPR_FAILED || !negated)
		return node;
	return reading_keep(reading, expr_not(reading->expr, node));
}

uint32_t reading_add(struct reading *reading, const struct expr_node *node)
{
	return reading_keep(reading, expr_add(reading->expr, node));
}

bool piece_split(struct piece *rest, char separator, struct piece *part)
{
	if (!rest->text)
		return false;
	const char *end = memchr(rest->text, separator, rest->len);
	*part = *rest;
	if (!end) {
		rest->text = NULL;
		return true;
	}
	part->len = (size_t)(end - rest->text);
	*rest = piece_from(*rest, part->len + 1);
	return true;
}

struct piece piece_from(struct piece piece, size_t from)
{
	return (struct piece){ piece.text + from, piece.len - from, piece.at + from };
}

bool piece_is(struct piece piece, const char *word)
{
	return piece.len == strlen(word) && memcmp(piece.text, word, piece.len) == 0;
}

bool piece_skip(struct piece *piece, const char *prefix)
{
	size_t len = strlen(prefix);
	if (piece->len < len || strncasecmp(piece->text, prefix, len) != 0)
		return false;
	*piece = piece_from(*piece, len);
	return true;
}

static bool hexadecimal(struct piece piece, uint64_t max, uint64_t *value)
{
	*value = 0;
	for (size_t i = 0; i < piece.len; i++) {
		const char *digits = "0123456789abcdef";
		char c = piece.text[i];
		const char *digit = c ? strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c) : NULL;
		if (!digit || *value > max >> 4)
			return false;
		*value = *value << 4 | (uint64_t)(digit - digits);
	}
	return piece.len && *value <= max;
}

bool piece_number(struct piece piece, uint64_t max, uint64_t *value)
{
	if (piece_skip(&piece, "0x"))
		return hexadecimal(piece, max, value);
	return text_parse_u64(piece.text, piece.len, max, value);
}

bool piece_consists_of(struct piece piece, const char *set)
{
	for (size_t i = 0; i < piece.len; i++)
		if (!piece.text[i] || !strchr(set, piece.text[i]))
			return false;
	return piece.len;
}

bool piece_copy(struct piece piece, char *to, size_t size)
{
	if (piece.len >= size || memchr(piece.text, '\0', piece.len))
		return false;
	memcpy(to, piece.text, piece.len);
	to[piece.len] = '\0';
	return true;
}
