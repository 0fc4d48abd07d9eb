// SPDX-License-Identifier: MIT
/* json_string.c - text as JSON strings (json_string.h). */
#include <sockview/json_string.h>

#include <string.h>

#include <sockview/text.h>

/* A piece at a time: escaped to at most four times as much, and that to twice (`\` to `\\`). */
enum { PIECE = 1024 };

static char *quoted(char *to, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"' || text[i] == '\\')
			*to++ = '\\';
		*to++ = text[i];
	}
	return to;
}

/* At most PIECE bytes that do not end inside a character. */
static size_t piece_len(const char *text, size_t len)
{
	if (len <= PIECE)
		return len;
	size_t piece = PIECE;
	for (int i = 0; i < 3 && ((uint8_t)text[piece] & 0xc0) == 0x80; i++)
		piece--;
	return piece;
}

static void add_piece(struct out *out, const char *text, size_t len)
{
	char escaped[TEXT_ESCAPED_MAX(PIECE)];
	char *end = text_escape(escaped, text, len, TEXT_LINE);
	char *to = out_room(out, 2 * sizeof(escaped));
	out_advance(out, quoted(to, escaped, (size_t)(end - escaped)));
}

void json_bytes(struct out *out, const void *data, size_t len)
{
	const char *text = data;
	out_char(out, '"');
	while (len) {
		size_t piece = piece_len(text, len);
		add_piece(out, text, piece);
		text += piece;
		len -= piece;
	}
	out_char(out, '"');
}

void json_printable(struct out *out, const char *text, size_t len)
{
	out_char(out, '"');
	while (len) {
		size_t piece = len < PIECE ? len : PIECE;
		out_advance(out, quoted(out_room(out, 2 * piece), text, piece));
		text += piece;
		len -= piece;
	}
	out_char(out, '"');
}

void json_string(struct out *out, const char *text)
{
	if (text)
		json_bytes(out, text, strlen(text));
	else
		out_string(out, "null");
}
