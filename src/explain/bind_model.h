// SPDX-License-Identifier: MIT
/*
 * bind_model.h - would the kernel let this bind() pass beside that socket?
 *
 * A pure function over two small structs, after Linux 6.18: bind() of TCP in
 * net/ipv4/inet_connection_sock.c (inet_csk_get_port, inet_bind_conflict) and
 * net/ipv4/inet_hashtables.c (the bhash2 buckets), of UDP in net/ipv4/udp.c
 * (udp_lib_lport_inuse). It leaves out permissions and addresses that
 * are not this host's: those are asked of the kernel itself.
 *
 * An option that the kernel does not tell stays unknown here, and the answer is
 * unknown only where it depends on one.
 */
#ifndef SOCKVIEW_EXPLAIN_BIND_MODEL_H
#define SOCKVIEW_EXPLAIN_BIND_MODEL_H

#include <sockview/row.h>

/* What is known of another socket's option. */
enum known { KNOWN_NOT, KNOWN_OFF, KNOWN_ON };

/* The socket that is to be bound. */
struct bind_plan {
	union addr addr;
	uint32_t uid;     /* of the socket */
	uint32_t ifindex; /* SO_BINDTODEVICE, or the scope of a link-local address; 0: none */
	uint32_t l3mdev;  /* the VRF that device belongs to; 0: none */
	uint16_t port;
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t proto;  /* enum proto, one with PROTO_PORTS */
	bool reuseaddr, reuseport, v6only;
};

/* A socket that has the port. */
struct bind_holder {
	union addr addr;
	uint32_t uid;
	uint32_t ifindex;
	uint32_t l3mdev;
	uint8_t family;
	uint8_t proto;
	uint8_t state; /* enum state */
	bool has_uid;
	bool time_wait;    /* only the kernel's small rest of a socket is left: TIME_WAIT, or a FIN_WAIT2
	                      that was shortened to it */
	bool request;      /* a handshake under way: in no table of ports */
	uint8_t reuseaddr; /* enum known */
	uint8_t reuseport;
	uint8_t v6only;
};

enum bind_outcome { BIND_FREE, BIND_IN_USE, BIND_UNKNOWN };

/* What the outcome hangs on: the first thing that settles it. */
enum bind_why {
	/* free */
	BIND_OTHER_PROTO,
	BIND_OTHER_PORT_TABLE, /* another VRF's */
	BIND_NOT_BOUND,        /* a handshake holds no port of its own */
	BIND_OTHER_DEVICE,
	BIND_OTHER_ADDRESS,
	BIND_OTHER_FAMILY, /* one is IPv4, one IPv6 and not dual-stack */
	BIND_BOTH_REUSEADDR,
	BIND_BOTH_REUSEPORT,
	/* in use; the addresses meet and ... */
	BIND_NO_OPTION,           /* ... the plan sets no option that could share */
	BIND_HOLDER_LISTENS,      /* ... SO_REUSEADDR does not help against a listener */
	BIND_HOLDER_NO_REUSEADDR, /* ... the holder was made without SO_REUSEADDR */
	BIND_HOLDER_NO_REUSEPORT, /* ... the holder was made without SO_REUSEPORT */
	BIND_OTHER_USER,          /* ... SO_REUSEPORT shares among the sockets of one user only */
	BIND_WHY_COUNT
};

/* How the two addresses meet. */
enum bind_meeting {
	MEET_NOT,
	MEET_SAME,            /* one address */
	MEET_PLAN_WILDCARD,   /* the plan asks for every address of the family */
	MEET_HOLDER_WILDCARD, /* the holder has every address of the family */
	MEET_PLAN_DUAL,       /* the plan's [::] takes IPv4 too */
	MEET_HOLDER_DUAL,     /* the holder's [::] has IPv4 too */
	MEET_V6_CONNECTION,   /* 0.0.0.0 against an IPv6 connection that is not v6only: see bind_model.c */
};

#define OPTION_REUSEADDR 1u
#define OPTION_REUSEPORT 2u
#define OPTION_V6ONLY    4u
#define OPTION_UID       8u

struct bind_judgement {
	enum bind_outcome outcome;
	enum bind_why why; /* for BIND_UNKNOWN: of the refusal that may come */
	enum bind_meeting meeting;
	unsigned unknown;  /* OPTION_*: what the holder would have to be asked; only for BIND_UNKNOWN */
	bool until_listen; /* free because both set SO_REUSEADDR and neither listens: the first to
	                              listen() keeps the other from it */
};

struct bind_judgement bind_judge(const struct bind_plan *plan, const struct bind_holder *holder);

/* True for 0.0.0.0, [::] and [::ffff:0.0.0.0]. */
bool bind_addr_any(int family, const union addr *addr);

#endif
