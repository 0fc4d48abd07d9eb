/* gather.h - see gather.c. */
#ifndef SOCKVIEW_RUN_GATHER_H
#define SOCKVIEW_RUN_GATHER_H

#include "run/invocation.h"

/* Asks the source that the options name; the request needs query, sink and context. */
int gather_sockets(struct run *run, const struct source_request *request);
/* Into the table what may be wanted, then the owners, then only what is wanted. */
int gather_table(struct run *run);

/* Fills owners for the table's sockets. */
int gather_owners(struct run *run);
/* Adds to the table. 0, or -1 with error. */
int gather_keep(struct run *run, const struct sock *sock);
/* For a second try of a request into the table; context is the run. */
size_t gather_mark(const void *run);
void gather_rewind(void *run, size_t mark);

#endif
