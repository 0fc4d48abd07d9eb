// SPDX-License-Identifier: MIT
/* reason.h - why a socket shows no owner, in words of the code; owners_reason() decides. */
#ifndef SOCKVIEW_REASON_H
#define SOCKVIEW_REASON_H

#include <stdint.h>

/* No older tool tells these apart. */
enum owner_reason {
	REASON_OWNED,      /* it has owners */
	REASON_NOT_ASKED,  /* no look was taken: no column needed it, or a replay without a /proc */
	REASON_PERMISSION, /* processes were hidden; one of them may hold it */
	REASON_TIME_WAIT,
	REASON_SYN_RECV,
	REASON_ORPHAN,      /* closed by its process, still finishing */
	REASON_UNACCEPTED,  /* waits in a listener's accept queue */
	REASON_KERNEL,      /* a socket of the kernel itself: an inode that no fd can have */
	REASON_IN_FLIGHT,   /* only inside a unix socket's message or an io_uring */
	REASON_OTHER_PIDNS, /* held in a pid namespace that this /proc does not show */
	REASON_VANISHED,    /* gone between the two looks */
	REASON_NO_PROC,     /* there is no /proc to look into */
	REASON_UNKNOWN,     /* nothing tells: processes could not be looked into for want of descriptors, or the like */
	REASON_COUNT
};

/* What the kernel keeps a socket of its own for. */
enum kernel_kind {
	KERNEL_OTHER,
	KERNEL_VXLAN,
	KERNEL_GENEVE,
	KERNEL_BAREUDP,
	KERNEL_WIREGUARD,
	KERNEL_GTP,
	KERNEL_NFSD,
	KERNEL_NFS,
	KERNEL_SMB,
	KERNEL_ISCSI,
	KERNEL_NVME,
	KERNEL_CEPH,
	KERNEL_KINDS
};

/* What a second look asks the kernel for (evidence.h). */
enum evidence_source {
	EVIDENCE_LINKS,  /* tunnel interfaces */
	EVIDENCE_TABLES, /* the sockets once more */
	EVIDENCE_QUEUES, /* unix sockets' queues and io_urings */
	EVIDENCE_SOURCES
};

/* Where a socket is that no process has open. */
enum flight {
	FLIGHT_UNKNOWN,
	FLIGHT_RING,    /* in the table of an io_uring, which lists it */
	FLIGHT_QUEUE,   /* in a message on a unix socket */
	FLIGHT_PERHAPS, /* nothing else explains it, and there is an io_uring: what that works on it lists nowhere */
};

/* What a second look told of a socket without owner: see evidence.h. */
struct owner_evidence {
	uint8_t reason;  /* enum owner_reason; REASON_OWNED: nothing was found */
	uint8_t kind;    /* enum kernel_kind */
	uint8_t flight;  /* enum flight */
	uint16_t others; /* processes that it may be in as well */
	int32_t pid;     /* whose io_uring or unix socket that is; with FLIGHT_UNKNOWN 0 */
};

#endif
