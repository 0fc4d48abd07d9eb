// SPDX-License-Identifier: MIT
/* watch_state.h - what --watch keeps from one look to the next: shared by watching.c and the files beside it. */
#ifndef SOCKVIEW_RUN_WATCH_STATE_H
#define SOCKVIEW_RUN_WATCH_STATE_H

#include <sockview/places.h>
#include <sockview/terminal.h>
#include <sockview/traffic.h>

#include "run/invocation.h"

/* What a line is: a socket, or all of those that have something in common. */
enum watch_by { WATCH_SOCKETS, WATCH_PROGRAMS, WATCH_HOSTS };

enum { WATCH_PROBLEM_LINES = 8, WATCH_TYPED_MAX = 1000 };

struct watching {
	struct terminal terminal;
	struct traffic traffic;
	int traffic_errno; /* why the interfaces could not be read; 0: they were */
	bool on_screen, paused, help, ever;
	bool blocks; /* the terminal shows UTF-8 */

	/* What is shown. */
	enum watch_by by;
	bool totals; /* since the first look, in place of rates */
	bool reversed;
	unsigned sorted; /* by which of the columns that can be: watching_order(); 0: by none of them */
	size_t first;    /* line on the screen */
	struct column_list columns;
	struct places places; /* of the sockets */
	struct groups *groups;
	struct column_list group_columns;
	struct table group_rows; /* a row for each group, whose cookie is its mark */
	struct places group_places;
	const struct place **line; /* in the order in which they are shown */
	size_t lines;
	bool lines_stale;

	/* Rates of all rows together, and of those of them that go over an interface. */
	double tx, rx, outside_tx, outside_rx;
	struct past tx_past, rx_past;
	int64_t second; /* of the last look, on the monotonic clock */

	/* A filter that is typed, or was. */
	bool typing;
	struct text typed;
	const char *typed_word;
	struct options options; /* with it */
	const struct options *first_options;
	struct text problem[WATCH_PROBLEM_LINES]; /* escaped */
	unsigned problem_lines;

	int memory; /* the frame's rows are formatted into this file */
	struct text frame;
};

static inline struct places *watching_places(struct watching *watching)
{
	return watching->by == WATCH_SOCKETS ? &watching->places : &watching->group_places;
}

#endif
