// SPDX-License-Identifier: MIT
/* watch_lines.h - see watch_lines.c. */
#ifndef SOCKVIEW_RUN_WATCH_LINES_H
#define SOCKVIEW_RUN_WATCH_LINES_H

#include "run/watch_state.h"

/*
 * An empty table that keeps what columns and filter take of a socket: counters
 * of rates are looked at as they come, and are most of what the kernel tells.
 */
void watching_keep(struct run *run);
/* After another key: the columns that are shown, and the groups. 0, or -1 with errno. */
int watching_choose(struct run *run);
/* After a look: places, groups, rates of a minute. 0, or -1 with errno. */
int watching_update(struct run *run);
/* The next column to be sorted by. */
void watching_next_order(struct run *run);
/* Sorted as --sort says, if it was given. 0, or -1 with errno. */
int watching_forget_order(struct run *run);
/* What the lines are sorted by; NULL: they keep their places. */
const struct column *watching_order(const struct run *run, bool *descending);
/* Puts watching->line in order, if it is not. 0, or -1 with errno. */
int watching_arrange(struct run *run);
/* Formats the places as lines, each with its mark, behind `text`. 0, or -1 with errno. */
int watching_format(struct run *run, const struct place *const *list, size_t count, bool heading, struct text *text);
/* How many bytes of the line take no more than `width` places; colours take none. The places in *used. */
size_t watching_cut(const char *line, size_t len, size_t width, size_t *used);

#endif
