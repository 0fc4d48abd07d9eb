// SPDX-License-Identifier: MIT
/*
 * csv.c - csv and tsv: a line of names, then one a socket (RFC 4180).
 *
 * csv ends its lines with CR LF as the RFC has it; tsv, which is for cut and
 * awk, with LF alone. Text is escaped first and so holds neither line ends nor
 * tabs. A field with a comma or a quote stands in quotes, an absent one is
 * empty, an empty text is "".
 */
#include <sockview/format.h>

#include <string.h>

#include <sockview/column_list.h>

struct csv_state {
	char separator;
	const char *line_end;
	struct text text;
};

static void csv_out_quoted(struct out *out, const char *text, size_t len)
{
	enum { PIECE = 4096 };
	out_char(out, '"');
	while (len) {
		size_t piece = len < PIECE ? len : PIECE;
		char *to = out_room(out, 2 * PIECE);
		for (size_t i = 0; i < piece; i++) {
			if (text[i] == '"')
				*to++ = '"';
			*to++ = text[i];
		}
		out_advance(out, to);
		text += piece;
		len -= piece;
	}
	out_char(out, '"');
}

static void csv_out_field(struct out *out, char separator, const char *text, size_t len)
{
	bool quotes = !len || memchr(text, separator, len) || memchr(text, '"', len);
	if (quotes)
		csv_out_quoted(out, text, len);
	else
		out_bytes(out, text, len);
}

/*
 * Text that a spreadsheet would read as a formula gets an apostrophe in front,
 * which makes it text there. One that was there before gets another, so that taking one away
 * gives the text back. A tab or CR never begins a cell: they are escaped.
 */
static bool csv_wants_apostrophe(const struct view *view, const struct text *text)
{
	return view->csv_safe && text->len && memchr("=+-@'", text->data[0], 5);
}

static int csv_prepend(struct text *text)
{
	if (text_add_char(text, '\'') < 0)
		return -1;
	memmove(text->data + 1, text->data, text->len - 1);
	text->data[0] = '\'';
	return 0;
}

static int csv_out_value(struct csv_state *state, const struct view *view, struct out *out, const struct value *value,
                         const struct column_source *source)
{
	if (value_is_short(value)) {
		out_advance(out, value_short_text(out_room(out, VALUE_SHORT_MAX), value));
		return 0;
	}
	state->text.len = 0;
	if (value_text(&state->text, value, source) < 0)
		return -1;
	if (csv_wants_apostrophe(view, &state->text) && csv_prepend(&state->text) < 0)
		return -1;
	/* An empty list is an absent field, not an empty text. */
	if (value->kind < VALUE_OWNERS || state->text.len)
		csv_out_field(out, state->separator, state->text.data, state->text.len);
	return 0;
}

static int csv_row(void *at, const struct view *view, struct out *out, const struct sock *sock)
{
	struct csv_state *state = at;
	struct column_source source;
	int result = 0;
	column_source_set(&source, view->context, sock);
	for (size_t i = 0; i < view->columns->count && result == 0; i++) {
		struct value value;
		if (i)
			out_char(out, state->separator);
		column_get(view->columns->column[i], &source, &value);
		result = csv_out_value(state, view, out, &value, &source);
	}
	out_string(out, state->line_end);
	return result;
}

static int csv_header(struct csv_state *state, const struct view *view, struct out *out)
{
	for (size_t i = 0; i < view->columns->count && !view->no_header; i++) {
		if (i)
			out_char(out, state->separator);
		out_string(out, view->columns->column[i]->name);
	}
	out_string(out, view->no_header ? "" : state->line_end);
	return 0;
}

static int csv_begin(void *at, const struct view *view, struct out *out)
{
	struct csv_state *state = at;
	state->separator = ',';
	state->line_end = "\r\n";
	return csv_header(state, view, out);
}

static int tsv_begin(void *at, const struct view *view, struct out *out)
{
	struct csv_state *state = at;
	state->separator = '\t';
	state->line_end = "\n";
	return csv_header(state, view, out);
}

static int csv_end(void *at, const struct view *view, struct out *out)
{
	struct csv_state *state = at;
	(void)view;
	(void)out;
	text_free(&state->text);
	return 0;
}

const struct format format_csv = {
	.name = "csv",
	.begin = csv_begin,
	.row = csv_row,
	.end = csv_end,
	.state_size = sizeof(struct csv_state),
	.style = COLUMNS_FLAT,
};

const struct format format_tsv = {
	.name = "tsv",
	.begin = tsv_begin,
	.row = csv_row,
	.end = csv_end,
	.state_size = sizeof(struct csv_state),
	.style = COLUMNS_FLAT,
};
