// SPDX-License-Identifier: MIT
/*
 * table.c - columns aligned to what is in them.
 *
 * The widths are known only at the end, so the cells are kept as text, one
 * behind the other: a byte of colour, the text, a NUL. On a terminal a line is made to
 * fit, by what costs least: the longest texts are cut, gaps shrink, headings shorten, then
 * texts are cut further. A cut is visible; numbers and addresses have none.
 */
#include <sockview/format.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/column_list.h>
#include <sockview/countof.h>
#include <sockview/people.h>

#include "format/mark.h"
#include "format/pad.h"
#include <sockview/width.h>

enum {
	GAP = 2,
	GAP_MIN = 1,
	CUT_FIRST = 24, /* text is cut so far before anything else gives way */
	CUT_MIN = 8,    /* no text column is cut to less */
	HEADING_MIN = 4,
};

struct lane {
	size_t width; /* in places of the terminal */
	size_t cells; /* of its widest cell; width is more where the heading is */
	size_t whole; /* of its widest cell that is not cut: half an address would tell nothing */
};

struct table_state {
	struct text cells;
	struct lane *lane; /* by column */
	size_t gap;        /* between two columns */
};

static bool is_number(const struct column *column)
{
	return column->type == COLUMN_NUMBER || column->type == COLUMN_REAL;
}

static char *heading_text(char *to, const struct column *column)
{
	if (column->heading)
		return stpcpy(to, column->heading);
	for (const char *from = column->name; *from; from++)
		*to++ = (char)(*from == '_' ? '-' : toupper((unsigned char)*from));
	return to;
}

#define HEADING_MAX 64

static int table_begin(void *at, const struct view *view, struct out *out)
{
	struct table_state *state = at;
	(void)out;
	size_t count = view->columns->count;
	state->gap = GAP;
	state->lane = calloc(count ? count : 1, sizeof(*state->lane));
	if (!state->lane)
		return -1;
	for (size_t i = 0; i < count && !view->no_header; i++) {
		char heading[HEADING_MAX];
		state->lane[i].width = (size_t)(heading_text(heading, view->columns->column[i]) - heading);
	}
	return 0;
}

static int table_add_cell(struct table_state *state, size_t index, const struct column *column,
                          const struct column_source *source)
{
	struct value value;
	column_get(column, source, &value);
	char mark = (char)mark_value(column, &value, source->sock);
	if (text_add(&state->cells, &mark, 1) < 0)
		return -1;
	size_t start = state->cells.len;
	char text[PEOPLE_MAX];
	size_t people = source->context->exact ? 0 : (size_t)(people_text(text, column, &value) - text);
	int result = value.kind == VALUE_NONE ? text_add(&state->cells, "-", 1)
	             : people                 ? text_add(&state->cells, text, people)
	                                      : value_text(&state->cells, &value, source);
	if (result < 0)
		return -1;
	size_t width = width_of(state->cells.data + start, state->cells.len - start);
	struct lane *lane = &state->lane[index];
	if (width > lane->width)
		lane->width = width;
	if (width > lane->cells)
		lane->cells = width;
	/* Some columns hold both, words of ours and text from outside. */
	if (value.kind < VALUE_BYTES && width > lane->whole)
		lane->whole = width;
	return text_add(&state->cells, "", 1);
}

static int table_row(void *at, const struct view *view, struct out *out, const struct sock *sock)
{
	struct column_source source;
	(void)out;
	column_source_set(&source, view->context, sock);
	for (size_t i = 0; i < view->columns->count; i++)
		if (table_add_cell(at, i, view->columns->column[i], &source) < 0)
			return -1;
	return 0;
}

/* --- at the end --- */

/* What a column may be narrowed to by a step. */
typedef size_t lane_least(const struct lane *lane);

/* A column that only its heading makes wide has no text to cut. */
static size_t least_text(const struct lane *lane, size_t cut)
{
	size_t text = lane->width < cut || lane->width > lane->cells ? lane->width : cut;
	return lane->whole > text ? lane->whole : text;
}

static size_t least_first(const struct lane *lane)
{
	return least_text(lane, CUT_FIRST);
}

static size_t least_heading(const struct lane *lane)
{
	size_t cells = lane->cells > HEADING_MIN ? lane->cells : HEADING_MIN;
	return cells < lane->width ? cells : lane->width;
}

static size_t least_last(const struct lane *lane)
{
	return least_text(lane, CUT_MIN);
}

static size_t table_total(const struct table_state *state, size_t count)
{
	size_t total = count ? (count - 1) * state->gap : 0;
	for (size_t i = 0; i < count; i++)
		total += state->lane[i].width;
	return total;
}

/* Takes places off, from the widest column that has any to give, until no more than `excess` are gone. */
static void narrow_lanes(struct table_state *state, size_t count, lane_least *least, size_t excess)
{
	while (excess) {
		struct lane *best = NULL;
		for (size_t i = 0; i < count; i++) {
			struct lane *lane = &state->lane[i];
			if (lane->width > least(lane) && (!best || lane->width > best->width))
				best = lane;
		}
		if (!best)
			return;
		size_t spare = best->width - least(best), less = excess < spare ? excess : spare;
		best->width -= less;
		excess -= less;
	}
}

/* Where lines wrap all the same, headings stay whole: cut ones would only be harder to read. */
static bool headings_can_help(const struct table_state *state, const struct view *view)
{
	size_t total = (view->columns->count - 1) * GAP_MIN;
	for (size_t i = 0; i < view->columns->count; i++) {
		const struct lane *lane = &state->lane[i];
		total += lane->width > lane->cells ? least_heading(lane) : least_last(lane);
	}
	return total <= view->width;
}

static void fit_terminal(struct table_state *state, const struct view *view)
{
	lane_least *const step[] = { least_first, NULL, least_heading, least_last };
	size_t count = view->columns->count;
	for (size_t i = 0; view->width && i < countof(step); i++) {
		size_t total = table_total(state, count);
		if (total <= view->width)
			return;
		if (step[i] == least_heading && !headings_can_help(state, view))
			continue;
		if (step[i])
			narrow_lanes(state, count, step[i], total - view->width);
		else
			state->gap = GAP_MIN;
	}
}

/* `used`: what the text takes. */
static void table_out_cell(struct out *out, const char *text, size_t len, size_t used, size_t width, bool right,
                           const char *color)
{
	bool cut = used > width;
	if (cut) {
		len = width_fit(text, len, width - 1);
		used = width_of(text, len) + 1;
	}
	if (right)
		pad_blanks(out, width - used);
	out_string(out, color);
	out_bytes(out, text, len);
	if (cut)
		out_string(out, "\xe2\x80\xa6");
	if (*color)
		out_string(out, MARK_END);
	if (!right)
		pad_blanks(out, width - used);
}

/* A cell's width: that of its column, but no blanks at the end of a line. */
static size_t cell_width(const struct table_state *state, const struct view *view, size_t index, size_t used)
{
	bool last = index + 1 == view->columns->count && !is_number(view->columns->column[index]);
	size_t width = state->lane[index].width;
	return last && used < width ? used : width;
}

static void table_out_heading(const struct table_state *state, const struct view *view, struct out *out)
{
	for (size_t i = 0; i < view->columns->count; i++) {
		char text[HEADING_MAX];
		const struct column *column = view->columns->column[i];
		size_t len = (size_t)(heading_text(text, column) - text);
		pad_blanks(out, i ? state->gap : 0);
		table_out_cell(out, text, len, len, cell_width(state, view, i, len), is_number(column), "");
	}
	out_char(out, '\n');
}

/* The cells begin at `cell`; where the next line's do. */
static const char *table_out_line(const struct table_state *state, const struct view *view, struct out *out,
                                  const char *cell)
{
	for (size_t i = 0; i < view->columns->count; i++) {
		const char *text = cell + 1;
		size_t len = strlen(text), used = width_of(text, len);
		pad_blanks(out, i ? state->gap : 0);
		table_out_cell(out, text, len, used, cell_width(state, view, i, used),
		               is_number(view->columns->column[i]), view->color ? mark_begin((enum mark) * cell) : "");
		cell = text + len + 1;
	}
	out_char(out, '\n');
	return cell;
}

static int table_end(void *at, const struct view *view, struct out *out)
{
	struct table_state *state = at;
	if (state->lane && view->columns->count) {
		fit_terminal(state, view);
		if (!view->no_header)
			table_out_heading(state, view, out);
		/* Without a row there is no text, not even an empty one. */
		const char *cell = state->cells.data, *end = cell ? cell + state->cells.len : NULL;
		while (cell < end)
			cell = table_out_line(state, view, out, cell);
	}
	free(state->lane);
	text_free(&state->cells);
	return 0;
}

const struct format format_table = {
	.name = "table",
	.begin = table_begin,
	.row = table_row,
	.end = table_end,
	.state_size = sizeof(struct table_state),
	.style = COLUMNS_TABLE,
};
