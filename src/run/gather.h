// SPDX-License-Identifier: MIT
/* gather.h - see gather.c. */
#ifndef SOCKVIEW_RUN_GATHER_H
#define SOCKVIEW_RUN_GATHER_H

#include "run/invocation.h"

/* Asks the source that the options name. The caller fills the request's query, sink, context, mark and rewind. */
int gather_sockets(struct run *run, const struct source_request *request);
/* Fills the table with rows that the filter may want, finds the owners, and keeps the rows that it wants. */
int gather_table(struct run *run);
/* True if names of hosts or containers decide what is wanted: then the caller looks them up and calls gather_decide(). */
bool gather_waits_for_names(const struct run *run);
void gather_decide(struct run *run);

/* Finds the owners of the table's sockets, unless no row can have one. 0, or -1 with error. */
int gather_owners(struct run *run);
/* Adds the socket to the table. 0, or -1 with error. */
int gather_keep(struct run *run, const struct sock *sock);
/* mark and rewind of a request whose sink fills the table; the context is the run. */
size_t gather_mark(const void *run);
void gather_rewind(void *run, size_t mark);

#endif
