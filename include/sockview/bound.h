// SPDX-License-Identifier: MIT
/*
 * bound.h - TCP sockets that are bound and nothing more, where no table of the kernel's tells of them.
 */
#ifndef SOCKVIEW_BOUND_H
#define SOCKVIEW_BOUND_H

#include <sockview/source.h>

/* Beside PROTO_BIT()s: sock_diag was asked, and tells of them. */
#define BOUND_IS_TOLD (1u << 31)

/* True if the query asks for such sockets. */
bool bound_is_asked(const struct query *query);
/*
 * True if sock_diag tells of them (Linux 6.8, and kernels that took it back): the kernel is asked. `absent` is that of
 * struct sources: the answer is added, and nothing is asked where it is there; or NULL.
 */
bool bound_is_told(unsigned *absent);

/* What was found, IPv4 first; all zero at first. */
struct bound_rows {
	struct row *row;
	size_t count, capacity;
	bool looked;     /* ... for them, in this answer */
	unsigned unread; /* processes whose descriptors could not be copied, or for which there was no time */
};

/*
 * Those of the network namespace of `proc_net_fd` (a PID/net of this pid
 * namespace's /proc) that are descriptors of processes which the caller may
 * trace: it takes his rights in effect.
 */
void bound_find(struct bound_rows *rows, int proc_net_fd);
void bound_free(struct bound_rows *rows);

#endif
