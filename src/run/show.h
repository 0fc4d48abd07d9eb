/* show.h - see show.c. */
#ifndef SOCKVIEW_RUN_SHOW_H
#define SOCKVIEW_RUN_SHOW_H

#include "run/invocation.h"

int show_want_hosts(struct run *run);
int show_begin(struct run *run);
/* Also after a failure: what was shown is ended as the format wants, and its memory freed. */
int show_end(struct run *run, int answer);
/* Sink for rows as they come; context is the run. */
int show_wanted(void *run, const struct sock *sock);
/* The gathered table, or --pids of it. */
int show_table(struct run *run);

#endif
