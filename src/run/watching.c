// SPDX-License-Identifier: MIT
/*
 * watching.c - --watch in place of a look (watching.h).
 *
 * Each tick is a look as any other; of its rows only those that fit on the
 * screen are formatted (watch_lines.c). Where standard output is no terminal,
 * the rows that came and went are lines.
 */
#include "run/watching.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sockview/column_table.h>
#include <sockview/message.h>

#include "run/gather.h"
#include "run/keeping.h"
#include "run/look.h"
#include "run/namespaces.h"
#include "run/notes.h"
#include "run/rating.h"
#include "run/rights.h"
#include "run/show.h"
#include "run/view.h"
#include "run/watch_filter.h"
#include "run/watch_lines.h"
#include "run/watch_screen.h"

static bool watching_begin(struct run *run)
{
	struct watching *watching = calloc(1, sizeof(*watching));
	run->own = watching;
	if (!watching) {
		message_usage("out of memory");
		return false;
	}
	watching->terminal.signals = -1;
	watching->memory = -1;
	watching->blocks = past_has_blocks();
	watching->first_options = run->options;
	run->keeper.on = true;
	/* The head has the sum of all rates, whatever the columns are. */
	column_needs_add(&run->listing.needs, column_find("tx_rate", strlen("tx_rate")));
	return true;
}

static int64_t watching_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- a look --- */

static int watching_look(struct run *run)
{
	struct watching *watching = run->own;
	run->report = (struct report){ 0 };
	run->unowned = run->undecided = run->undecidable = 0;
	table_clear(&run->table);
	keeping_turn(run);
	hidden_free(&run->hidden);
	run->view.owners = NULL;
	if (listing_prepare(&run->listing, run->options, run->proc_fd, run->proc_is_ours) < 0)
		return error_set(&run->error, errno, "start", "");
	/* -n is meant for the addresses of the rows: on a screen rates stay as people read them. */
	run->listing.context.exact &= !watching->on_screen;
	if (rights_raise(run) < 0 || (run->namespaces.list.count && run->looked && namespaces_choose_again(run) < 0))
		return -1;
	run->looked = true;
	if (rating_begin(run) < 0)
		return -1;
	int answer = gather_table(run);
	if (rights_drop(run, false) < 0 || answer < 0)
		return -1;
	if (run->needs.hosts && show_want_hosts(run) < 0)
		return -1;
	if (show_prepare_owners(run) < 0)
		return -1;
	if (gather_waits_for_names(run))
		gather_decide(run);
	watching->traffic_errno = 0;
	if (watching->on_screen && !run->namespaces.list.count &&
	    traffic_read(&watching->traffic, run->rating.rates.now_ns) < 0)
		watching->traffic_errno = errno;
	watching->ever |= run->table.count > 0;
	if (watching_update(run) < 0)
		return error_set(&run->error, errno, "keep the rows", "");
	return 0;
}

/* --- the screen --- */

enum obeyed { GO_ON, LOOK_AGAIN, WATCH_OVER };

/* Lines by something else, or by sockets again. Programs take owners, which may not have been looked for. */
static enum obeyed show_by(struct run *run, enum watch_by by)
{
	struct watching *watching = run->own;
	bool owners = run->needs.owners_shown;
	watching->by = watching->by == by ? WATCH_SOCKETS : by;
	watching->first = 0;
	places_free(&watching->group_places);
	watching_forget_order(run);
	if (by != WATCH_PROGRAMS || owners)
		return GO_ON;
	column_needs_add(&run->listing.needs, column_find("program", strlen("program")));
	look_plan(run);
	return LOOK_AGAIN;
}

static enum obeyed obey(struct run *run, int key)
{
	struct watching *watching = run->own;
	size_t page = watching_room(watching);
	switch (key) {
	case 'q':
		return WATCH_OVER;
	case ' ':
		watching->paused = !watching->paused;
		break;
	case 's':
		watching_next_order(run);
		break;
	case 'r':
		watching->reversed = !watching->reversed;
		break;
	case 't':
		watching->totals = !watching->totals;
		break;
	case 'p':
		return show_by(run, WATCH_PROGRAMS);
	case 'h':
		return show_by(run, WATCH_HOSTS);
	case '?':
		watching->help = !watching->help;
		break;
	case 'j':
	case KEY_DOWN:
		watching->first++;
		break;
	case 'k':
	case KEY_UP:
		watching->first -= watching->first > 0;
		break;
	case KEY_PAGE_DOWN:
		watching->first += page;
		break;
	case KEY_PAGE_UP:
		watching->first -= watching->first < page ? watching->first : page;
		break;
	default:
		break;
	}
	return GO_ON;
}

/* 0, or -1 with error; *next is what follows. */
static int take_key(struct run *run, int key, enum obeyed *next)
{
	struct watching *watching = run->own;
	*next = GO_ON;
	if (key == KEY_STOP) {
		*next = WATCH_OVER;
		return 0;
	}
	if (watching->typing) {
		int answer = watching_type(run, key);
		*next = answer > 0 ? LOOK_AGAIN : GO_ON;
		return answer < 0 ? -1 : 0;
	}
	if (key == '/')
		return watching_type_begin(run) < 0 ? error_set(&run->error, errno, "read the filter", "") : 0;
	*next = obey(run, key);
	/* Keys that change what the lines are. */
	if (key < 0x80 && strchr("srtph", key) && watching_choose(run) < 0)
		return error_set(&run->error, errno, "format", "");
	return 0;
}

/* Draws after each key until it is time for the next look. False: the watch is over; with error if that failed. */
static bool wait_keys(struct run *run)
{
	struct watching *watching = run->own;
	int64_t next = watching_now() + (int64_t)(run->options->interval * 1e9), left;
	while ((left = next - watching_now()) > 0) {
		enum obeyed then;
		int key = terminal_key(&watching->terminal, (int)(left / 1000000) + 1);
		rating_read(run);
		if (key == KEY_NONE)
			continue;
		if (take_key(run, key, &then) < 0 || then == WATCH_OVER || out_has_no_reader(&run->out))
			return false;
		if (then == LOOK_AGAIN && watching_look(run) < 0)
			return false;
		if (watching_draw(run) < 0)
			return false;
	}
	return true;
}

/* A look that takes longer than the interval is followed by a whole interval: none pile up. */
static int watch_screen(struct run *run)
{
	struct watching *watching = run->own;
	for (uint64_t looks = 0;;) {
		if (!watching->paused && (watching_look(run) < 0 || ++looks == 0))
			return -1;
		if (watching_draw(run) < 0)
			return -1;
		if (run->options->count && looks >= run->options->count)
			return 0;
		run->error.number = 0;
		if (!wait_keys(run))
			return run->error.number ? -1 : 0;
	}
}

/* --- not on a terminal --- */

/* The first look whole, then the rows that came and went. */
static int write_changes(struct run *run, bool first)
{
	struct watching *watching = run->own;
	struct places *places = &watching->places;
	const struct place **list = calloc(places->count + 1, sizeof(*list));
	size_t count = 0;
	if (!list)
		return error_set(&run->error, errno, "format", "");
	for (size_t i = 0; i < places->count; i++)
		if (first || places->place[i].mark != ' ')
			list[count++] = &places->place[i];
	watching->frame.len = 0;
	int result = count || first
	                     ? watching_format(run, list, count, first && !run->options->no_header, &watching->frame)
	                     : 0;
	free(list);
	if (result < 0)
		return error_set(&run->error, errno, "format", "");
	out_bytes(&run->out, watching->frame.data, watching->frame.len);
	if (out_flush(&run->out) < 0 && !out_has_no_reader(&run->out))
		return error_set(&run->error, errno, "write to", "standard output");
	return 0;
}

/* What is missing, a line each; of the owners and of the dump after the first look. */
static void say_missing(struct run *run, bool first)
{
	if (run->options->quiet)
		return;
	if (first)
		notes_report(&run->report, run->unowned ? &run->owners.report : NULL,
		             rights_unused(run) ? NULL : &run->privilege, run->options->verbose);
	rating_say(run);
}

static int watch_lines(struct run *run)
{
	for (uint64_t looks = 1;; looks++) {
		if (watching_look(run) < 0 || write_changes(run, looks == 1) < 0)
			return -1;
		say_missing(run, looks == 1);
		if (looks == run->options->count || *run->stop_asked || out_has_no_reader(&run->out) ||
		    !rating_wait(run))
			return 0;
	}
}

static int watching_answer(struct run *run)
{
	struct watching *watching = run->own;
	rating_open(run);
	watching_keep(run);
	table_init(&watching->group_rows, 0);
	if (watching_choose(run) < 0)
		return error_set(&run->error, errno, "start", "");
	if (!run->on_terminal || !isatty(STDIN_FILENO))
		return watch_lines(run);
	if (terminal_open(&watching->terminal) < 0)
		return error_set(&run->error, errno, "use the terminal", "");
	watching->on_screen = true;
	int answer = watch_screen(run);
	terminal_close(&watching->terminal);
	return answer;
}

static enum exit_status watching_status(const struct run *run)
{
	const struct watching *watching = run->own;
	return run->selection.needs.any && !watching->ever ? EXIT_NOTHING : EXIT_ROWS;
}

static void watching_end(struct run *run)
{
	struct watching *watching = run->own;
	if (!watching)
		return;
	const struct options *options = watching->first_options;
	terminal_close(&watching->terminal);
	if (watching->memory >= 0)
		close(watching->memory);
	traffic_close(&watching->traffic);
	places_free(&watching->places);
	places_free(&watching->group_places);
	table_free(&watching->group_rows);
	groups_free(watching->groups);
	column_list_free(&watching->group_columns);
	column_list_free(&watching->columns);
	for (size_t i = 0; i < WATCH_PROBLEM_LINES; i++)
		text_free(&watching->problem[i]);
	text_free(&watching->typed);
	text_free(&watching->frame);
	free(watching->line);
	free(watching);
	/* The run's own end, behind this, looks at the options, too. */
	run->options = options;
}

const struct run_mode mode_watch = {
	.begin = watching_begin,
	.plan = look_plan,
	.answer = watching_answer,
	.status = watching_status,
	.end = watching_end,
};
