// SPDX-License-Identifier: MIT
/* query.h - what a source of sockets is asked, and what it says of its answer. */
#ifndef SOCKVIEW_QUERY_H
#define SOCKVIEW_QUERY_H

#include <sockview/row.h>

struct expr;

/*
 * A source gives at least the sockets that match and may give more: the
 * caller looks at each row again (the kernel ignores some of what it is asked).
 */
struct query {
	unsigned protos;              /* PROTO_BIT()s */
	bool inet, inet6;             /* families of the internet protocols */
	uint32_t states[PROTO_COUNT]; /* STATE_BIT()s, by protocol */
	unsigned want;                /* enum want */
	const struct expr *expr;      /* what the kernel may judge before it answers; NULL: nothing */
};

/* True if the row's protocol, family and state were asked for. Does not look at expr. */
bool query_matches(const struct query *query, const struct row *row);

/* How the answer fell short; all zero is a whole answer. Counts add up over requests. */
struct report {
	uint64_t received;        /* sockets the source gave, before any filter of ours */
	unsigned requests;        /* dumps asked of the kernel */
	unsigned interrupted;     /* dumps that stayed inconsistent (NLM_F_DUMP_INTR) after the retries */
	unsigned lost;            /* dumps cut short, and still so after the retries */
	unsigned malformed;       /* messages or lines that could not be read, left out */
	unsigned unavailable;     /* PROTO_BIT()s neither netlink nor /proc/net could tell of */
	int refused[PROTO_COUNT]; /* of an unavailable one: the kernel's errno; 0: it does not know the protocol */
	uint64_t hidden_owners;   /* rows whose owner was not seen because a process was hidden */
	unsigned from_netlink;    /* PROTO_BIT()s that netlink told of */
	bool proc_lacks;          /* /proc/net does not tell something of what was asked */
	unsigned from_proc;       /* PROTO_BIT()s read from /proc/net */
	int netlink_errno;        /* why netlink was not used at all; 0: it was, or was not tried */
	int cut_errno;       /* the kernel ended a dump with this errno behind some of its rows; counted in `lost` */
	bool bound_untold;   /* BOUND was asked for, and no table tells of it */
	bool bound_recorded; /* of a recording: it has one, so its kernel told of them */
	unsigned
		from_descriptors; /* PROTO_BIT()s that descriptors of processes told of, as nothing else does: TCP's BOUND */
	unsigned held_unread;  /* processes that could not be looked into for vsock and XDP */
	unsigned bound_unread; /* processes whose descriptors could not be copied: their bound sockets are missing */
	bool failed;           /* the source gave up with an error */
	unsigned unrecorded;   /* of a recording: PROTO_BIT()s of which it does not have all that was asked for now */
	bool unrecorded_said;  /* ... by the requests in it; false: it has none, and may be of any part */
	uint64_t elsewhere;    /* sockets of other network namespaces in a recording, which were not asked for */
	bool out_of_time;      /* source_request.cpu_end_ms came before the end */
};

#endif
