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

static int csv_out_value(struct csv_state *state, struct out *out, char separator, const struct value *value,
                         const struct column_source *source)
{
	if (value_is_short(value)) {
		out_advance(out, value_short_text(out_room(out, VALUE_SHORT_MAX), value));
		return 0;
	}
	state->text.len = 0;
	if (value_text(&state->text, value, source) < 0)
		return -1;
	/* A list without elements is no text at all. */
	if (value->kind < VALUE_OWNERS || state->text.len)
		csv_out_field(out, separator, state->text.data, state->text.len);
	return 0;
}

static int csv_socket(struct csv_state *state, const struct view *view, struct out *out, const struct sock *sock,
                      char separator)
{
	struct column_source source;
	column_source_set(&source, view->context, sock);
	for (size_t i = 0; i < view->columns->count; i++) {
		struct value value;
		if (i)
			out_char(out, separator);
		column_get(view->columns->column[i], &source, &value);
		if (csv_out_value(state, out, separator, &value, &source) < 0)
			return -1;
	}
	return 0;
}

static void csv_header(const struct view *view, struct out *out, char separator, const char *line_end)
{
	if (view->no_header)
		return;
	for (size_t i = 0; i < view->columns->count; i++) {
		if (i)
			out_char(out, separator);
		out_string(out, view->columns->column[i]->name);
	}
	out_string(out, line_end);
}

static int csv_begin(void *state, const struct view *view, struct out *out)
{
	(void)state;
	csv_header(view, out, ',', "\r\n");
	return 0;
}

static int csv_row(void *state, const struct view *view, struct out *out, const struct sock *sock)
{
	int result = csv_socket(state, view, out, sock, ',');
	out_string(out, "\r\n");
	return result;
}

static int tsv_begin(void *state, const struct view *view, struct out *out)
{
	(void)state;
	csv_header(view, out, '\t', "\n");
	return 0;
}

static int tsv_row(void *state, const struct view *view, struct out *out, const struct sock *sock)
{
	int result = csv_socket(state, view, out, sock, '\t');
	out_string(out, "\n");
	return result;
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
	.row = tsv_row,
	.end = csv_end,
	.state_size = sizeof(struct csv_state),
	.style = COLUMNS_FLAT,
};
