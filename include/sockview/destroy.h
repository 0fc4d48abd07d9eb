// SPDX-License-Identifier: MIT
/*
 * destroy.h - sockets of our network namespace as they close: the kernel's multicast.
 *
 *   SKNLGRP_INET{,6}_{TCP,UDP}_DESTROY --destroy_read()--> struct sock, with the last struct tcp_info
 *
 * It takes no privilege and tells of all users' sockets, never who had them:
 * inode and uid are 0 in each, and the state is CLOSE (net/core/sock_diag.c,
 * sock_diag_broadcast_destroy_work, Linux 6.18). Sockets that never connected
 * are among them. A connection that ends in TIME_WAIT is told when that begins.
 */
#ifndef SOCKVIEW_DESTROY_H
#define SOCKVIEW_DESTROY_H

#include <sockview/exchange.h>
#include <sockview/row.h>

struct destroy {
	struct exchange exchange;
	bool lost; /* closes were lost since it was last set to false: look at a dump again */
	sock_sink *sink;
	void *context;
};

/*
 * Joins the groups of these protocols (PROTO_BIT()s; of TCP and UDP). With
 * CAP_NET_ADMIN in effect the receive buffer is as large as it is asked for,
 * else as net.core.rmem_max allows. 0, or -1 with errno.
 */
int destroy_open(struct destroy *destroy, unsigned protos);
/* The sink's answer if it is not 0; 0 when there is no more now; -1 with errno. */
int destroy_read(struct destroy *destroy, sock_sink *sink, void *context);
/* poll(2) tells it readable when closes are there; -1: not open. */
int destroy_fd(const struct destroy *destroy);
void destroy_close(struct destroy *destroy);

#endif
