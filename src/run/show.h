// SPDX-License-Identifier: MIT
/* show.h - see show.c. */
#ifndef SOCKVIEW_RUN_SHOW_H
#define SOCKVIEW_RUN_SHOW_H

#include "run/invocation.h"

int show_want_hosts(struct run *run);
/* What the names of containers are taken from. 0, or -1 with error. */
int show_prepare_owners(struct run *run);
int show_begin(struct run *run);
/* run->error ends the answer: the format is told, and begun for that if it can tell. -1. */
int show_failure(struct run *run);
/* Ends the output as the format wants and frees the format's memory, also after a failure (answer < 0). */
int show_end(struct run *run, int answer);
/* Sink that prints the sockets the filter wants as they come; the context is the run. */
int show_chosen(void *run, const struct sock *sock);
/* The same of a row of the dump. */
int show_wanted(void *run, const struct sock *sock);
/* Writes the rows that there are. */
void show_so_far(void *run);
/* Prints the gathered table, or its owners' pids for --pids. */
int show_table(struct run *run);

#endif
