// SPDX-License-Identifier: MIT
/* event.h - what happened to a socket, as data; from the kernel's programs, its multicast, or two dumps. */
#ifndef SOCKVIEW_EVENTS_EVENT_H
#define SOCKVIEW_EVENTS_EVENT_H

#include <sockview/payload.h>
#include <sockview/row.h>

enum event_direction { DIRECTION_UNKNOWN, DIRECTION_OUT, DIRECTION_IN };

/* How it is known who has the socket. */
enum event_owner_from {
	OWNER_UNKNOWN,
	OWNER_SELF,            /* this process did it: connect(), listen(), shutdown() or close() */
	OWNER_LISTENER,        /* accepted from a listener that this process made listen */
	OWNER_LISTENER_SHARED, /* accepted from a listener that several processes had open */
	OWNER_SEED,            /* it had the socket open when the watch began */
	OWNER_DUMP,            /* it had the socket open in the last look */
};

enum event_source { SOURCE_BPF, SOURCE_DESTROY, SOURCE_DUMP };

struct event {
	struct row row; /* addresses, ports, protocol, cookie; uid with ROW_HAS_UID */
	uint8_t kind;   /* enum event_kind */
	uint8_t direction, owner_from, source;
	bool has_duration, has_counters, has_retrans, has_error;
	int32_t pid;          /* 0: not known */
	uint32_t candidates;  /* OWNER_LISTENER_SHARED: how many had the listener open */
	char comm[16];        /* of pid; hostile, may lack a NUL */
	int64_t time_ns;      /* since 1970 */
	uint64_t duration_ns; /* since it opened */
	struct payload payload;
	uint32_t total_retrans;
	int error;                  /* errno; 0: closed by its program before an answer */
	uint32_t netns;             /* inode of the namespace; 0: not known */
	struct bytes cmdline, unit; /* of pid; hostile, lent; data NULL: not read */
};

/* The last counters of a connection, of a struct tcp_info. `known`: what is known of SYN and FINs. */
void event_count(struct event *event, struct bytes info, struct payload_counters known);

#endif
