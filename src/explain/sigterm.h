// SPDX-License-Identifier: MIT
/* sigterm.h - what SIGTERM would do to a process, as far as /proc tells. */
#ifndef SOCKVIEW_EXPLAIN_SIGTERM_H
#define SOCKVIEW_EXPLAIN_SIGTERM_H

enum sigterm_effect {
	SIGTERM_TAKEN,   /* it ends, or its handler runs; also if nothing could be read */
	SIGTERM_WAITS,   /* the process is stopped, and takes it after SIGCONT */
	SIGTERM_IGNORED, /* the action is SIG_IGN, or there is none and it is the first of its pid namespace */
	SIGTERM_BLOCKED, /* every thread blocks it, and did so a moment before */
};

enum sigterm_effect sigterm_effect(int proc_fd, int pid);

#endif
