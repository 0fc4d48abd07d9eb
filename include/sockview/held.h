// SPDX-License-Identifier: MIT
/*
 * held.h - vsock and XDP sockets by the descriptors of processes, where no table of the kernel's tells of them.
 */
#ifndef SOCKVIEW_HELD_H
#define SOCKVIEW_HELD_H

#include <sockview/source.h>

/* Of those protocols it can be told by a descriptor which a socket is of. */
#define HELD_PROTOS (PROTO_BIT(PROTO_VSOCK) | PROTO_BIT(PROTO_XDP))

struct held_request {
	int proc_fd;     /* of this process's own pid namespace */
	unsigned protos; /* of HELD_PROTOS */
	bool copies;     /* descriptors may be copied: no right but the caller's own is in effect */
	/* The index of the network namespace with that inode, 0: not known; false: it was not asked for. */
	bool (*place)(void *context, uint64_t netns, uint16_t *index);
	sock_sink *sink;
	void *context; /* of both */
};

/*
 * Each socket once, as of the network namespace that its process is in. 0; -1 with errno; or the sink's answer. *unread:
 * processes that could not be looked into.
 */
int held_find(const struct held_request *request, unsigned *unread);

#endif
