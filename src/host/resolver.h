// SPDX-License-Identifier: MIT
/*
 * resolver.h - addresses to host names, many at a time, without waiting for the dead.
 *
 * getnameinfo(3) cannot be interrupted, so threads that wait for a name server
 * are left behind: they are not joined, and what they still touch lives until
 * the last of them has returned.
 */
#ifndef SOCKVIEW_RESOLVER_H
#define SOCKVIEW_RESOLVER_H

#include <sockview/row.h>

/* At most so many threads at once, those that are stuck included. */
#define RESOLVER_THREADS 256

struct host_lookup {
	union addr addr;
	int family; /* AF_INET or AF_INET6 */
	char *name; /* the answer, malloc(3)ed, the caller's; NULL: none, or none in time */
};

struct resolver;

/* NULL with errno. */
struct resolver *resolver_new(void);
/* At once: threads that are stuck keep nothing of the caller's. NULL is welcome. */
void resolver_free(struct resolver *resolver);

/*
 * Asks for all of the lookups side by side, in their order. A name is waited
 * for deadline_ms, and the whole ends when nothing has answered for that
 * long. Later answers are thrown away.
 *
 * Returns how many were not looked up because there was no memory or no thread
 * to be had, with *number set to the errno. No name and no answer are none of them.
 */
size_t resolver_run(struct resolver *resolver, struct host_lookup *lookups, size_t count, unsigned deadline_ms,
                    int *number);

#endif
