// SPDX-License-Identifier: MIT
/*
 * notes_filter.c - what was wrong with a filter, with a caret under it (notes.h).
 *
 *   sockview: filter: unknown service "htp"
 *   sockview:   ... sport = :htp and dst 10.0.0.0/8
 *   sockview:                ^ expected a port: ...
 *
 * Only as much of the text is shown as fits beside the place.
 */
#include "run/notes.h"

#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/message.h>
#include <sockview/text.h>

enum { SHOWN_BEFORE = 48, SHOWN_AFTER = 24, NOTES_FILTER_SHOWN = 4 * (SHOWN_BEFORE + SHOWN_AFTER + 8) };

/*
 * Writes one character of the text, one column wide: a question mark in place
 * of one that message() would escape. Returns its length in the text.
 */
static size_t show_one(const char *text, size_t len, char *to, size_t *to_len)
{
	char escaped[TEXT_ESCAPED_MAX(4)];
	size_t wide = text_utf8_len(text, len);
	if (!wide || *text == '\\' || (size_t)(text_escape(escaped, text, wide, TEXT_LINE) - escaped) != wide) {
		*to = *text == '\t' || *text == '\n' ? ' ' : '?';
		*to_len = 1;
		return 1;
	}
	memcpy(to, text, wide);
	*to_len = wide;
	return wide;
}

/* Writes [from, end) to *to, NUL-terminated, and moves *to to its end. Returns the number of columns. */
static int put_shown(const char *text, size_t from, size_t end, char **to)
{
	int columns = 0;
	while (from < end) {
		size_t to_len;
		from += show_one(text + from, end - from, *to, &to_len);
		*to += to_len;
		columns++;
	}
	**to = '\0';
	return columns;
}

/* The first byte of a character at or behind `at`. */
static size_t character_at(const char *text, size_t at, size_t end)
{
	while (at < end && ((unsigned char)text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

void notes_filter_lines(struct notes_filter *lines, const char *what, const char *text, size_t len,
                        const struct filter_error *error)
{
	char shown[NOTES_FILTER_SHOWN], *to = shown;
	size_t at = error->position < len ? error->position : len;
	size_t from = at > SHOWN_BEFORE ? character_at(text, at - SHOWN_BEFORE, at) : 0;
	size_t end = len - at > SHOWN_AFTER ? at + SHOWN_AFTER : len;
	const char *dots = from ? "... " : "";
	int column = (int)strlen(dots) + put_shown(text, from, at, &to);
	put_shown(text, at, end, &to);
	snprintf(lines->line[0], sizeof(lines->line[0]), "%s: %s", what, error->what);
	snprintf(lines->line[1], sizeof(lines->line[1]), "  %s%s%s", dots, shown, end < len ? " ..." : "");
	snprintf(lines->line[2], sizeof(lines->line[2]), "  %*s^%s%s", column, "",
	         error->expected[0] ? " expected " : "", error->expected);
}

void notes_filter(const char *what, const char *text, size_t len, const struct filter_error *error)
{
	struct notes_filter lines;
	notes_filter_lines(&lines, what, text, len, error);
	for (size_t i = 0; i < countof(lines.line); i++)
		message("%s", lines.line[i]);
}
