// SPDX-License-Identifier: MIT
/* watch_screen.c - the screen of --watch: head, lines, keys (watch_screen.h). */
#include "run/watch_screen.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/errno_name.h>
#include <sockview/people.h>

#include "run/watch_lines.h"

enum {
	MARKS = 2,       /* places before each line */
	SCREEN_REST = 5, /* lines of the screen that are no rows: three above, the columns' names, the keys */
	PAST_MOST = 30,  /* places of a picture in the head */
};

size_t watching_room(const struct watching *watching)
{
	size_t rest = SCREEN_REST + watching->problem_lines;
	return watching->terminal.rows > rest ? watching->terminal.rows - rest : 1;
}

/* As much of it as the screen has room for. */
static void add_line(struct watching *watching, const struct text *line, const char *end)
{
	size_t used;
	text_add(&watching->frame, line->data, watching_cut(line->data, line->len, watching->terminal.columns, &used));
	text_add_string(&watching->frame, end);
}

static void add_rate(struct text *text, const char *before, double rate)
{
	const struct column bytes = { .unit = "bytes/s", .group = GROUP_RATE };
	const struct value value = { .kind = VALUE_REAL, .real = rate };
	char words[PEOPLE_MAX];
	*people_text(words, &bytes, &value) = '\0';
	text_add_string(text, before);
	text_add_string(text, words);
}

static void add_total(struct run *run, struct text *line)
{
	static const char *const by[] = { "", " by program", " by host" };
	const struct watching *watching = run->own;
	bool descending;
	const struct column *order = watching_order(run, &descending);
	text_add_string(line, watching->paused ? "paused; " : "");
	text_add_u64(line, run->table.count);
	text_add_string(line, run->table.count == 1 ? " socket" : " sockets");
	text_add_string(line, by[watching->by]);
	text_add_string(line, order ? ", sorted by " : "");
	text_add_string(line, order ? order->name : "");
	text_add_string(line, watching->reversed ? ", reversed" : "");
	if (run->report.lost || run->report.interrupted || run->report.failed)
		text_add_string(line, ", not all was told");
	if (run->unowned) {
		text_add_string(line, ", owners of ");
		text_add_u64(line, run->unowned);
		text_add_string(line, " hidden");
	}
	if (run->keeper.waiting.count) {
		text_add_string(line, ", owners of ");
		text_add_u64(line, run->keeper.waiting.count);
		text_add_string(line, " to come");
	}
}

/* All rows together, now and in the last minute. */
static void add_sums(const struct run *run, struct text *line)
{
	const struct watching *watching = run->own;
	if (run->report.from_proc) {
		text_add_string(line, "; /proc/net tells no rates");
		return;
	}
	size_t used, rates = strlen("; tx 999.9kB/s   rx 999.9kB/s ");
	watching_cut(line->data, line->len, SIZE_MAX, &used);
	size_t left = watching->terminal.columns > used + rates ? (watching->terminal.columns - used - rates) / 2 : 0;
	unsigned places = past_places(left < PAST_MOST ? (unsigned)left : PAST_MOST);
	const struct past *past[] = { &watching->tx_past, &watching->rx_past };
	for (size_t i = 0; i < countof(past); i++) {
		add_rate(line, i ? "  rx " : "; tx ", i ? watching->rx : watching->tx);
		if (!places)
			continue;
		text_add_string(line, " ");
		past_text(line, past[i], watching->second, places, watching->blocks);
	}
}

/* What of an interface's bytes the rows tell; a look at both is never of the same instant. */
static void add_share(struct text *line, double part, double whole)
{
	char words[32];
	if (!(whole > 0))
		return;
	double share = part < whole ? part / whole * 100 : 100;
	snprintf(words, sizeof(words), ", %.0f %% in rows", share);
	text_add_string(line, words);
}

static void add_interfaces(const struct run *run, struct text *line)
{
	const struct watching *watching = run->own;
	double tx, rx;
	if (run->namespaces.list.count) {
		text_add_string(line, "Interfaces are those of one namespace: not shown beside the sockets of more");
		return;
	}
	if (watching->traffic_errno) {
		text_add_string(line, "Interfaces cannot be read: ");
		text_add_string(line, errno_name(watching->traffic_errno));
		return;
	}
	if (!traffic_rates(&watching->traffic, &tx, &rx)) {
		text_add_string(line, "Interfaces but lo: told by the next look");
		return;
	}
	add_rate(line, "Interfaces but lo: tx ", tx);
	add_share(line, watching->outside_tx, tx);
	add_rate(line, "; rx ", rx);
	add_share(line, watching->outside_rx, rx);
}

static void add_head(struct run *run)
{
	struct watching *watching = run->own;
	const struct rating *rating = &run->rating;
	bool deaf = !rating->listens || rating->destroy.lost || rating->rates.forgotten;
	struct text line = { 0 };
	add_total(run, &line);
	add_sums(run, &line);
	add_line(watching, &line, "\033[K\r\n");
	line.len = 0;
	add_interfaces(run, &line);
	add_line(watching, &line, "\033[K\r\n");
	line.len = 0;
	text_add_string(&line, "Not in the rows: headers, UDP's bytes, what is forwarded, other namespaces");
	text_add_string(&line, deaf ? ", some closes" : "");
	add_line(watching, &line, "\033[K\r\n");
	text_free(&line);
}

static void add_help(struct watching *watching)
{
	static const char *const lines[] = {
		"q      quit",
		"space  pause, and go on",
		"s      sort by the next column: rates first, then the others, then by none",
		"r      reverse the order",
		"/      another filter; Enter takes it, Escape leaves the old one",
		"p      by program, and back",
		"h      by remote host, and back",
		"t      bytes since the first look, and back to rates",
		"arrows j k, pages: other rows",
		"?      this help, and back",
		"+ is a row that is new, - one that is gone",
		"LAST MINUTE is tx and rx together, beside the largest of the line",
		"In rows: the payload of these rows' TCP among the interfaces' bytes, lo's left out",
	};
	for (size_t i = 0; i < countof(lines); i++) {
		const struct text line = { .data = (char *)(uintptr_t)lines[i], .len = strlen(lines[i]) };
		add_line(watching, &line, "\033[K\r\n");
	}
}

static int add_rows(struct run *run)
{
	struct watching *watching = run->own;
	size_t room = watching_room(watching);
	if (watching_arrange(run) < 0)
		return -1;
	if (watching->first + room > watching->lines)
		watching->first = watching->lines > room ? watching->lines - room : 0;
	size_t left = watching->lines - watching->first;
	return watching_format(run, watching->line + watching->first, left < room ? left : room, true,
	                       &watching->frame);
}

/* Its end is seen. */
static void add_typed(const struct watching *watching, struct text *line)
{
	size_t width = watching->terminal.columns > 2 ? watching->terminal.columns - 2 : 1, len = watching->typed.len,
	       used;
	const char *typed = len ? watching->typed.data : "";
	while (watching_cut(typed, len, width, &used) < len) {
		size_t first = text_utf8_len(typed, len);
		typed += first ? first : 1;
		len -= first ? first : 1;
	}
	text_add_char(line, '/');
	text_add_escaped(line, (struct bytes){ typed, len }, TEXT_LINE);
	text_add_string(line, "\033[7m \033[0m");
}

/* The keys, or what is typed; above it what is wrong with that. */
static void add_bottom(struct watching *watching)
{
	static const char *const keys = "q quit space pause s sort r reverse / filter p program h host t total ? help";
	struct text line = { 0 };
	text_add_string(&watching->frame, "\033[");
	text_add_u64(&watching->frame, watching->terminal.rows - watching->problem_lines);
	text_add_string(&watching->frame, ";1H");
	for (size_t i = 0; i < watching->problem_lines; i++)
		add_line(watching, &watching->problem[i], "\033[K\r\n");
	if (watching->typing)
		add_typed(watching, &line);
	else
		text_add_string(&line, keys);
	add_line(watching, &line, "\033[K");
	text_free(&line);
}

int watching_draw(struct run *run)
{
	struct watching *watching = run->own;
	struct text *frame = &watching->frame;
	frame->len = 0;
	run->view.width = watching->terminal.columns > MARKS ? (unsigned)watching->terminal.columns - MARKS : 1;
	text_add_string(frame, "\033[H");
	add_head(run);
	if (watching->help)
		add_help(watching);
	else if (add_rows(run) < 0)
		return error_set(&run->error, errno, "format", "");
	text_add_string(frame, "\033[J");
	add_bottom(watching);
	/* One more byte tells whether there was memory for all of it. */
	if (text_add_char(frame, '\0') < 0)
		return error_set(&run->error, errno, "format", "");
	out_bytes(&run->out, frame->data, frame->len - 1);
	if (out_flush(&run->out) < 0 && !out_has_no_reader(&run->out))
		return error_set(&run->error, errno, "write to", "standard output");
	return 0;
}
