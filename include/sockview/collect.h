// SPDX-License-Identifier: MIT
/* collect.h - the sockets of this kernel or of a recording, by whichever source can tell of them. */
#ifndef SOCKVIEW_COLLECT_H
#define SOCKVIEW_COLLECT_H

#include <sockview/sandbox.h>
#include <sockview/source.h>
#include <sockview/wire.h>

enum source_from { SOURCE_AUTO, SOURCE_NETLINK, SOURCE_PROC };

struct sources {
	enum source_from from;
	struct servant *servant; /* the live kernel is asked by it; NULL: by the caller */
	struct wire *wire;       /* a recording or a replay; NULL: a live one is made for each call */
	int proc_net_fd;         /* an open /proc/self/net; -1: none */
	/*
	 * While the wire is open: what a sandbox that begins as rows come must let through. Threads
	 * that are started before then have their own part of it from the start. NULL: none begins.
	 */
	struct sandbox_grants *grants;
	unsigned parts; /* of a long dump, received side by side; 1: never, 0: as it is worth */
	unsigned busy;  /* threads of the caller's that run meanwhile */
	/* PROTO_BIT()s that earlier calls found no sock_diag for, and BOUND_IS_TOLD (bound.h); kept for later ones. NULL: not kept. */
	unsigned *absent;
};

/*
 * Gives the sockets of the request and reports how the answer fell short. 0;
 * -1 with error; or the sink's answer. A protocol that neither netlink nor
 * /proc/net tells of is named in report->unavailable and is no error.
 */
int collect_sockets(const struct sources *sources, const struct source_request *request, struct report *report,
                    struct error *error);

#endif
