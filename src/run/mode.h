// SPDX-License-Identifier: MIT
/* mode.h - what an invocation does with the sockets: a row for each enum mode that looks at any, in run.c. */
#ifndef SOCKVIEW_RUN_MODE_H
#define SOCKVIEW_RUN_MODE_H

#include <stdbool.h>

#include <sockview/exit_status.h>

struct run;

/* In the order in which they are called. */
struct run_mode {
	/* Reads the mode's own options, with the caller's own rights. False after a message: wrong usage. May be NULL. */
	bool (*begin)(struct run *run);
	/* In place of all that follows, before any right is raised or given up. May be NULL. */
	enum exit_status (*instead)(struct run *run);
	/* Looks at the run's selection. False after a message: wrong usage. May be NULL. */
	bool (*check)(struct run *run);
	/* Fills in the run's query and needs. */
	void (*plan)(struct run *run);
	/* From the raised privileges to the last byte of output. 0, or -1 with the run's error. */
	int (*answer)(struct run *run);
	/* The exit status, after an answer. */
	enum exit_status (*status)(const struct run *run);
	/* Frees the mode's own state, also after a failure of any of the above. May be NULL. */
	void (*end)(struct run *run);
};

#endif
