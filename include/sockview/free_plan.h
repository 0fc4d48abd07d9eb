// SPDX-License-Identifier: MIT
/*
 * free_plan.h - what would free a port, as steps in the order in which they work: to be printed, or carried out.
 *
 * A step names what it acts on so that it can be found again beyond doubt: a
 * process by pid and start, a socket by its cookie.
 */
#ifndef SOCKVIEW_FREE_PLAN_H
#define SOCKVIEW_FREE_PLAN_H

#include <sockview/row.h>

enum free_kind {
	FREE_COMMAND, /* run argv: a unit or a container is stopped */
	FREE_SIGNAL,  /* send `signal` to the process */
	FREE_DESTROY, /* SOCK_DESTROY of the socket: nothing but the kernel holds it */
	FREE_WAIT,    /* the kernel gives the port back by itself */
};

struct free_step {
	enum free_kind kind;
	char **argv; /* COMMAND: ends with NULL */
	int32_t pid; /* SIGNAL */
	int signal;
	bool go_on;           /* SIGNAL: the process is stopped, and sees it only after SIGCONT */
	bool blocks;          /* SIGNAL: its threads block SIGTERM (else, with SIGKILL: it ignores it) */
	uint64_t start_ticks; /* SIGNAL: of the process, in clock ticks since boot */
	uint32_t row;         /* DESTROY: in the table that was explained */
	uint64_t cookie;      /* DESTROY: the row's */
	uint32_t wait_ms;     /* WAIT: at most; 0: not known */
};

#define FREE_UNLISTED UINT32_MAX

/* A process that holds what is in the way, or that started such ones and is stopped with them. */
struct free_process {
	uint32_t
		index; /* into owners.process of that look; UNLISTED: it has the socket in a queue or ring, and no descriptor */
	int32_t pid, parent;
	uint64_t start_ticks;
	bool starts_them; /* it holds nothing itself */
};

struct free_plan {
	struct free_step *step;
	size_t steps, capacity;
	struct free_process *process; /* all that the steps end, whichever way */
	size_t processes, process_capacity;
	bool left_out; /* something else is in the way that no step ends */
};

#endif
