// SPDX-License-Identifier: MIT
/*
 * watch_lines.c - what the lines of --watch are: sockets, programs or hosts, their order, and their text (watch_lines.h).
 *
 *   table -> places (sockets) ----------------------> line[] in order -> format -> file of memory -> marks, last minute
 *         -> groups -> group_rows -> group_places -/
 */
#include "run/watch_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sockview/column_table.h>
#include <sockview/file.h>
#include <sockview/width.h>

enum {
	MARK_WIDTH = 2, /* of '+', '-' and a blank before a line */
	PAST_GAP = 2,   /* between a line and its last minute */
	FRAME_MAX = 4 << 20,
};

/* --- columns --- */

static const struct column *named(const char *name)
{
	return column_find(name, strlen(name));
}

static bool is_rate(const struct column *column)
{
	return column->group == GROUP_RATE;
}

/* With t: what was gained since the first look in place of the rate. */
static const struct column *column_shown(const struct watching *watching, const struct column *column)
{
	if (watching->totals && column == named("tx_rate"))
		return named("tx_total");
	if (watching->totals && column == named("rx_rate"))
		return named("rx_total");
	return column;
}

static int watch_group_columns(struct run *run)
{
	struct watching *watching = run->own;
	char problem[GROUPS_PROBLEM_MAX], sort[80];
	bool descending;
	const struct column *order = watching_order(run, &descending);
	const struct groups_words words = {
		.by = watching->by == WATCH_PROGRAMS ? "program" : "remote_address",
		.sum = "tx_rate,rx_rate,tx_total,rx_total",
		.sort = order ? sort : NULL,
		.first_owner = true,
	};
	/* With t the one in place of the other: sum_tx_rate, sum_tx_total. */
	size_t stem = order && is_rate(order) ? strlen("sum_tx") : 0;
	if (order)
		snprintf(sort, sizeof(sort), "%s%.*s%s", descending ? "-" : "",
		         (int)(stem ? stem : strlen(order->name)), order->name,
		         !stem              ? ""
		         : watching->totals ? "_total"
		                            : "_rate");
	struct groups *groups = groups_new(&words, problem);
	if (!groups)
		return -1;
	/* The order's column is one of the old ones. */
	groups_free(watching->groups);
	watching->groups = groups;
	watching->group_columns.count = watching->columns.count = 0;
	if (groups_columns(groups, &watching->group_columns) < 0)
		return -1;
	for (size_t i = 0; i < watching->group_columns.count; i++) {
		const struct column *column = watching->group_columns.column[i];
		bool total = strstr(column->name, "_total"), rate = strstr(column->name, "_rate");
		if (!(watching->totals ? rate : total) && column_list_add(&watching->columns, column) < 0)
			return -1;
	}
	return 0;
}

static int watch_socket_columns(struct run *run)
{
	struct watching *watching = run->own;
	watching->columns.count = 0;
	for (size_t i = 0; i < run->listing.columns.count; i++)
		if (column_list_add(&watching->columns, column_shown(watching, run->listing.columns.column[i])) < 0)
			return -1;
	bool descending;
	const struct column *order = watching_order(run, &descending);
	if (!order)
		return 0;
	sort_list_free(&run->listing.sort);
	run->listing.sort = (struct sort_list){ .key = calloc(1, sizeof(struct sort_key)), .count = 1, .capacity = 1 };
	if (!run->listing.sort.key)
		return -1;
	run->listing.sort.key[0] = (struct sort_key){ order, descending };
	return 0;
}

void watching_keep(struct run *run)
{
	unsigned keep = run->query.want & ~(unsigned)(WANT_INFO | WANT_SKMEM);
	keep |= run->selection.needs.want;
	for (size_t i = 0; i < run->listing.columns.count; i++)
		keep |= is_rate(run->listing.columns.column[i]) ? 0 : run->listing.columns.column[i]->want;
	for (size_t i = 0; i < run->listing.sort.count; i++)
		keep |= is_rate(run->listing.sort.key[i].column) ? 0 : run->listing.sort.key[i].column->want;
	table_free(&run->table);
	table_init(&run->table, keep);
}

/* --- order --- */

/* The shown columns by number from 1 on, rates first; NULL: no other is shown. */
static const struct column *order_at(const struct watching *watching, unsigned number)
{
	for (int rates = 1; rates >= 0; rates--)
		for (size_t i = 0; i < watching->columns.count; i++) {
			const struct column *column = watching->columns.column[i];
			if (is_rate(column) == rates && --number == 0)
				return column;
		}
	return NULL;
}

const struct column *watching_order(const struct run *run, bool *descending)
{
	const struct watching *watching = run->own;
	const struct column *column = watching->sorted ? order_at(watching, watching->sorted) : NULL;
	*descending = column && (column->type == COLUMN_NUMBER || column->type == COLUMN_REAL) != watching->reversed;
	return column;
}

void watching_next_order(struct run *run)
{
	struct watching *watching = run->own;
	watching->sorted = order_at(watching, watching->sorted + 1) ? watching->sorted + 1 : 0;
	watching->reversed = false;
	/* The order of --sort ends here. */
	sort_list_free(&run->listing.sort);
	run->listing.sort = (struct sort_list){ 0 };
}

int watching_forget_order(struct run *run)
{
	struct watching *watching = run->own;
	struct error error;
	watching->sorted = 0;
	watching->reversed = false;
	sort_list_free(&run->listing.sort);
	run->listing.sort = (struct sort_list){ 0 };
	return run->options->sort ? sort_list_parse(&run->listing.sort, run->options->sort, &error) : 0;
}

/* By the sort; those that are gone have nothing to be sorted by. */
static int arrange_sorted(struct run *run)
{
	struct watching *watching = run->own;
	const struct places *places = &watching->places;
	uint32_t *order = sort_order(&run->table, &run->listing.sort, &run->listing.context);
	const struct place **by_index = calloc(run->table.count + 1, sizeof(*by_index));
	if (order && by_index) {
		for (size_t i = 0; i < places->count; i++)
			if (places->place[i].index != PLACE_GONE)
				by_index[places->place[i].index] = &places->place[i];
		for (size_t i = 0; i < run->table.count; i++)
			if (by_index[order[i]])
				watching->line[watching->lines++] = by_index[order[i]];
		for (size_t i = 0; i < places->count; i++)
			if (places->place[i].index == PLACE_GONE)
				watching->line[watching->lines++] = &places->place[i];
	}
	int result = order && by_index ? 0 : -1;
	free(order);
	free(by_index);
	return result;
}

/* Groups are in order; the lines of those that are gone have nothing to show. */
static void arrange_groups(struct watching *watching)
{
	const struct places *places = &watching->group_places;
	for (size_t i = 0; i < places->count; i++) {
		const struct place *place = &places->place[i];
		if (place->index == PLACE_GONE)
			continue;
		watching->line[watching->sorted ? place->index : watching->lines] = place;
		watching->lines++;
	}
}

int watching_arrange(struct run *run)
{
	struct watching *watching = run->own;
	const struct places *places = watching_places(watching);
	if (!watching->lines_stale)
		return 0;
	free(watching->line);
	watching->lines = 0;
	watching->line = calloc(places->count + 1, sizeof(*watching->line));
	if (!watching->line)
		return -1;
	if (watching->by != WATCH_SOCKETS)
		arrange_groups(watching);
	else if (run->listing.sort.count && arrange_sorted(run) < 0)
		return -1;
	else if (!run->listing.sort.count)
		for (size_t i = 0; i < places->count; i++)
			watching->line[watching->lines++] = &places->place[i];
	/* A sort was reversed by its keys. */
	for (size_t i = 0; watching->reversed && !watching->sorted && i < watching->lines / 2; i++) {
		const struct place *other = watching->line[watching->lines - 1 - i];
		watching->line[watching->lines - 1 - i] = watching->line[i];
		watching->line[i] = other;
	}
	watching->lines_stale = false;
	return 0;
}

/* --- after a look --- */

static int update_groups(struct run *run)
{
	struct watching *watching = run->own;
	const struct column_context *context = &run->listing.context;
	groups_clear(watching->groups);
	table_clear(&watching->group_rows);
	for (size_t i = 0; i < run->table.count; i++) {
		struct sock sock;
		table_get(&run->table, i, &sock);
		if (watching->by == WATCH_HOSTS && !(row_is_inet(&sock.row) && sock.row.remote_port))
			continue;
		if (groups_add(watching->groups, context, &sock) < 0)
			return -1;
	}
	if (groups_order(watching->groups, context) < 0)
		return -1;
	for (size_t i = 0; i < groups_count(watching->groups); i++) {
		uint64_t mark = groups_mark(watching->groups, i);
		const struct sock group = { .row = { .cookie = mark ? mark : 1, .proto = PROTO_UDP } };
		if (table_add(&watching->group_rows, &group) < 0)
			return -1;
	}
	return places_update(&watching->group_places, &watching->group_rows);
}

/* The sum of the group's rates. */
static double group_rate(struct run *run, size_t index)
{
	struct watching *watching = run->own;
	struct column_source source;
	double sum = 0;
	column_source_set(&source, &run->listing.context, groups_at(watching->groups, index));
	for (size_t i = 0; i < watching->group_columns.count; i++) {
		const struct column *column = watching->group_columns.column[i];
		struct value value;
		if (!is_rate(column) || !strstr(column->name, "_rate"))
			continue;
		column_get(column, &source, &value);
		sum += value.kind == VALUE_UINT ? (double)value.uint : 0;
	}
	return sum;
}

int watching_update(struct run *run)
{
	struct watching *watching = run->own;
	const struct rates *rates = &run->rating.rates;
	int64_t now = rates->now_ns / 1000000000, before = watching->second ? watching->second : now - 1;
	watching->lines_stale = true;
	if (places_update(&watching->places, &run->table) < 0)
		return -1;
	watching->tx = watching->rx = watching->outside_tx = watching->outside_rx = 0;
	for (size_t i = 0; i < watching->places.count; i++) {
		struct place *place = &watching->places.place[i];
		double tx = 0, rx = 0;
		run->unowned += place->index != PLACE_GONE && owners_hidden(run->view.owners, &place->row);
		if (place->index != PLACE_GONE && rates_bytes(rates, &place->row, &tx, &rx) && tx + rx > 0) {
			bool outside = !traffic_is_local(&watching->traffic, &place->row);
			watching->tx += tx;
			watching->rx += rx;
			watching->outside_tx += outside ? tx : 0;
			watching->outside_rx += outside ? rx : 0;
		}
		past_add(&place->past, before, now, tx + rx);
	}
	past_add(&watching->tx_past, before, now, watching->tx);
	past_add(&watching->rx_past, before, now, watching->rx);
	watching->second = now;
	if (watching->by == WATCH_SOCKETS)
		return 0;
	if (update_groups(run) < 0)
		return -1;
	for (size_t i = 0; i < watching->group_places.count; i++) {
		struct place *place = &watching->group_places.place[i];
		past_add(&place->past, before, now, place->index == PLACE_GONE ? 0 : group_rate(run, place->index));
	}
	return 0;
}

int watching_choose(struct run *run)
{
	struct watching *watching = run->own;
	watching->lines_stale = true;
	if (watching->by == WATCH_SOCKETS)
		return watch_socket_columns(run);
	if (watch_group_columns(run) < 0)
		return -1;
	return update_groups(run);
}

/* --- text --- */

size_t watching_cut(const char *line, size_t len, size_t width, size_t *used)
{
	size_t at = 0;
	*used = 0;
	while (at < len) {
		if (line[at] == '\033') {
			const char *end = memchr(line + at, 'm', len - at);
			at = end ? (size_t)(end - line) + 1 : len;
			continue;
		}
		size_t bytes = text_utf8_len(line + at, len - at);
		size_t one = width_of(line + at, bytes ? bytes : 1);
		if (*used + one > width)
			break;
		*used += one;
		at += bytes ? bytes : 1;
	}
	return at;
}

/* The format's lines of the places. 0, or -1 with errno. */
static int format_lines(struct run *run, const struct place *const *list, size_t count, bool heading,
                        struct text *lines)
{
	struct watching *watching = run->own;
	const struct format *format = run->listing.format;
	struct out out;
	if (watching->memory < 0)
		watching->memory = memfd_create("screen", MFD_CLOEXEC);
	int fd = watching->memory < 0 ? -1 : dup(watching->memory);
	if (fd < 0 || ftruncate(fd, 0) < 0 || lseek(fd, 0, SEEK_SET) < 0 || out_open(&out, fd) < 0) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	run->view.no_header = !heading;
	run->view.columns = &watching->columns;
	memset(run->format_state, 0, format->state_size);
	int result = format->begin(run->format_state, &run->view, &out);
	for (size_t i = 0; i < count && result == 0; i++) {
		struct sock sock = { .row = list[i]->row };
		if (watching->by != WATCH_SOCKETS) {
			result = format->row(run->format_state, &run->view, &out,
			                     groups_at(watching->groups, list[i]->index));
			continue;
		}
		if (list[i]->index != PLACE_GONE)
			table_get(&run->table, list[i]->index, &sock);
		result = format->row(run->format_state, &run->view, &out, &sock);
	}
	if (format->end(run->format_state, &run->view, &out) < 0)
		result = -1;
	if (out_close(&out) < 0 || result < 0 || lseek(watching->memory, 0, SEEK_SET) < 0)
		return -1;
	/* Not on a screen the first look is all rows there are. */
	return file_read_fd(watching->memory, watching->on_screen ? FRAME_MAX : SIZE_MAX / 2, lines);
}

static size_t widest_line(const struct text *lines)
{
	size_t widest = 0;
	for (const char *line = lines->data, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		size_t used;
		watching_cut(line, (size_t)(end - line), SIZE_MAX, &used);
		widest = used > widest ? used : widest;
	}
	return widest;
}

static int add_blanks(struct text *text, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (text_add_char(text, ' ') < 0)
			return -1;
	return 0;
}

/* The line's last minute, or its heading, where there is room behind the widest one. */
static int add_past(const struct watching *watching, const struct place *place, size_t before, unsigned places,
                    struct text *text)
{
	static const char heading[] = "LAST MINUTE";
	if (!places)
		return 0;
	if (add_blanks(text, before) < 0)
		return -1;
	if (place)
		return past_text(text, &place->past, watching->second, places, watching->blocks);
	return text_add(text, heading, places < strlen(heading) ? strlen("LAST") : strlen(heading));
}

int watching_format(struct run *run, const struct place *const *list, size_t count, bool heading, struct text *text)
{
	struct watching *watching = run->own;
	struct text lines = { 0 };
	int result = format_lines(run, list, count, heading, &lines);
	size_t row = 0, widest = result == 0 && watching->on_screen ? widest_line(&lines) : 0;
	unsigned room = run->view.width > widest + PAST_GAP ? run->view.width - (unsigned)widest - PAST_GAP : 0;
	unsigned places = watching->on_screen ? past_places(room) : 0;
	for (char *rest = lines.data, *line; result == 0 && (line = strsep(&rest, "\n")) && (rest || *line);) {
		bool is_heading = heading && line == lines.data;
		const struct place *place = is_heading || row >= count ? NULL : list[row];
		char mark[MARK_WIDTH] = { place ? place->mark : ' ', ' ' };
		size_t used = 0, len = strlen(line);
		size_t cut = watching->on_screen ? watching_cut(line, len, run->view.width, &used) : len;
		row += !is_heading;
		if (text_add(text, mark, sizeof(mark)) < 0 || text_add(text, line, cut) < 0 ||
		    (watching->on_screen && text_add_string(text, "\033[0m") < 0) ||
		    add_past(watching, place, widest - used + PAST_GAP, places, text) < 0 ||
		    text_add_string(text, watching->on_screen ? "\033[K\r\n" : "\n") < 0)
			result = -1;
	}
	text_free(&lines);
	return result;
}
