// SPDX-License-Identifier: MIT
/* acting.h - see acting.c. */
#ifndef SOCKVIEW_RUN_ACTING_H
#define SOCKVIEW_RUN_ACTING_H

#include "run/invocation.h"
#include "run/mode.h"

/* More sockets or processes, or those of more than one program, are asked about first. */
enum { UNASKED_MAX = 100 };

struct acting_words {
	const char *verb, *does, *done; /* "Close", "closes", "closed" */
	const char *things;
};

/* The mode's own memory, `size` bytes of 0. False after a message. */
bool acting_begin(struct run *run, const char *option, size_t size);
/* False after a message: the filter names nothing. */
bool acting_check(struct run *run, const char *option, const char *done, const char *example);
/* Where no state is named: what waits to be connected, or what is connected. */
void acting_plan(struct run *run, unsigned details, bool waiting);
/* The table and its owners, all of it; the rights of the look stay raised. 0, or -1 with the run's error. */
int acting_look(struct run *run, const char *done);
/* What could not be seen. */
void acting_report(struct run *run);
/* The second look, at a process (an index into owners.process) and the rows from `row` on: 1, 0 or -errno, as act_holds(). */
int acting_holds(const struct run *run, uint32_t process, size_t row);
/* 1 yes, 0 no, -1 there is no terminal to ask on. */
int acting_ask(const char *question);
/* False: the answer was no, or there is no terminal to ask on, which is told. */
bool acting_may(const struct run *run, size_t count, const struct acting_words *words);
/* A line: the socket, the process (NULL: none), and what became of it. */
void acting_tell(struct run *run, const struct row *row, const struct process *process, const char *became);

/* "812/nginx" */
void acting_tell_process(struct run *run, const struct process *process);

extern const struct run_mode mode_kill;

#endif
