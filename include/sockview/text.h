// SPDX-License-Identifier: MIT
/*
 * text.h - values as printable text, without printf: these run once per socket.
 *
 * Every function appends to a caller's buffer and returns the new end; the
 * caller gives it the room that the TEXT_*_MAX constants name.
 */
#ifndef SOCKVIEW_TEXT_H
#define SOCKVIEW_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes from outside the program; may hold NUL; not terminated. The memory is not owned. */
struct bytes {
	const void *data; /* NULL: absent */
	size_t len;
};

#define TEXT_U64_MAX          20
#define TEXT_ESCAPED_MAX(len) (4 * (len)) /* each byte at most as \xHH */

char *text_u64(char *to, uint64_t value);
/* Lower-case hexadecimal without 0x. */
char *text_hex(char *to, uint64_t value);
/* Six digits behind the point at most, trailing zeros dropped: "0.25", "3.0"; at most 21 bytes. */
char *text_real(char *to, double real);
/* "2026-11-20T16:00:45Z", 20 bytes; seconds since 1970. */
char *text_time(char *to, int64_t time);
/*
 * Hostile text as one printable word: `\\` for a backslash, `\xHH` for each
 * byte that is not part of valid UTF-8 or is part of a character that is none,
 * a control, a format or invisible (text_hidden.h). Blanks too in a TEXT_WORD;
 * commas as well in a TEXT_ITEM, which stands in a list with commas. Two
 * different inputs never give the same bytes; characters that look alike are
 * printed as they are.
 */
enum text_escape { TEXT_LINE, TEXT_WORD, TEXT_ITEM };
char *text_escape(char *to, const void *data, size_t len, enum text_escape how);

/*
 * Length in bytes (1-4) of the valid UTF-8 character at `data`, 0 if there is
 * none (RFC 3629: no surrogates, no overlong forms, up to U+10FFFF).
 */
size_t text_utf8_len(const void *data, size_t len);

/* Parses all of (text, len) as a decimal number up to max. False if it is anything else. */
bool text_parse_u64(const char *text, size_t len, uint64_t max, uint64_t *value);

/* ASCII alone: the locale does not matter. */
static inline char text_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* True if (name, len) is the NUL-terminated `known` but for the case of letters and `-` in place of `_`. */
bool text_is_name(const char *known, const char *name, size_t len);

/* A growing piece of text. Zero-initialised is empty; text_free() frees it. Each: 0, or -1 ENOMEM. */
struct text {
	char *data;
	size_t len, capacity;
};

/* Room for `len` more bytes at the returned place, then text_advance(end); NULL with errno ENOMEM. */
char *text_room(struct text *text, size_t len);
void text_advance(struct text *text, const char *end);
int text_add(struct text *text, const void *data, size_t len);
int text_add_char(struct text *text, char c);
int text_add_string(struct text *text, const char *string);
int text_add_u64(struct text *text, uint64_t value);
int text_add_escaped(struct text *text, struct bytes bytes, enum text_escape how);
void text_free(struct text *text);

#endif
