// SPDX-License-Identifier: MIT
/*
 * proto.h - the table of protocol families, a row each, and the table of states.
 *
 * Code that treats protocols differently asks the row for what differs. A new
 * family is six files: a name in FOR_ALL_PROTOS and a struct for its details
 * (row.h), a row of proto_table (proto.c), a decoder with its reader of /proc/net
 * (a file of collect/, and its line in the map of main.c), columns for its details
 * (columns_family.c), and its ends as text (family_text.c). tests/cli/layers.t
 * holds one to that.
 */
#ifndef SOCKVIEW_PROTO_H
#define SOCKVIEW_PROTO_H

#include <sockview/row.h>

enum proto_flag {
	PROTO_DEFAULT = 1 << 0,      /* shown if no protocol is named */
	PROTO_LSOF = 1 << 1,         /* lsof -i lists it */
	PROTO_PORTS = 1 << 2,        /* local_port and remote_port are ports */
	PROTO_CONNECTIONS = 1 << 3,  /* TCP's states: CLOSE is an ended connection, not an unconnected socket */
	PROTO_STATE_NUMBER = 1 << 4, /* netstat prints its state as the kernel's number */
	PROTO_ONE_WALK = 1 << 5,     /* the kernel can dump IPv4 and IPv6 in one walk: TCPDIAG_GETSOCK */
	PROTO_OWN_NUMBER = 1 << 6,   /* each socket has an IP protocol of its own, in local_port; not a port */
	PROTO_TOLD_AGAIN = 1 << 7,   /* a dump may tell one socket twice: udp_dump(), net/ipv4/udp_diag.c */
	PROTO_TOLD_GROUPS =
		1 << 8, /* a dump tells members of groups again: __netlink_diag_dump(), net/netlink/diag.c */
	PROTO_FILES_OF_BOTH = 1 << 9, /* each of its files in /proc/net has both IPv4 and IPv6 */
};

/* Pairs are by the row's family: [0] IPv4 and all that is not IPv6, [1] IPv6. */
struct proto_info {
	const char *name;         /* the word of -A, JSON, columns, filters and messages; --NAME is its option */
	const char *name6;        /* the word for IPv6 where it is another; NULL: it is not */
	const char *also[4];      /* further words of -A and filters, up to NULL */
	const char *label;        /* in capitals: lsof's NODE, /proc/net/sockstat ("TCP: inuse"); "" for none */
	const char *help;         /* of its option */
	const char *service;      /* the protocol in /etc/services; NULL: its ports have no names there */
	const char *netstat[2];   /* netstat's first field */
	const char *module;       /* what answers for it in sock_diag, where that is a module; NULL: nothing does */
	const char *file[2];      /* in /proc/net; NULL: none */
	const char *columns;      /* default columns beside those of every socket, separated by blanks; NULL: none */
	const char *more_columns; /* the same with -e */
	uint32_t states;          /* STATE_BIT()s that a socket of it can be in */
	uint32_t waiting;         /* what -l shows */
	uint32_t connected;       /* what neither -l nor -a shows */
	uint16_t flags;           /* enum proto_flag */
	uint16_t number, number6; /* IP protocol, sock_diag's sdiag_protocol; number6 0: the same over IPv6;
	                             0 beside the internet protocols */
	uint16_t want;            /* enum want: details its rows always carry */
	uint8_t domain;           /* AF_*; AF_INET for AF_INET6 too */
	uint8_t type;             /* of socket(2), for a socket to try a bind with; 0: there are several */
	char letter;              /* of its option; NUL: none */
};

extern const struct proto_info proto_table[PROTO_COUNT];

static inline const char *proto_name(enum proto proto)
{
	return proto_table[proto].name;
}

static inline bool proto_has(enum proto proto, enum proto_flag flag)
{
	return proto_table[proto].flags & flag;
}

/* True if its rows have the addresses and the family of IPv4 or IPv6, whichever family of sockets they are of. */
static inline bool proto_has_addresses(enum proto proto)
{
	return PROTO_BIT(proto) & PROTO_INET_ALL;
}

/* The number above IP. */
static inline unsigned proto_number(enum proto proto, int family)
{
	const struct proto_info *info = &proto_table[proto];
	return family == AF_INET6 && info->number6 ? info->number6 : info->number;
}

/* sdiag_protocol has one byte: a greater number is an attribute, and the byte has a number that no protocol has. */
#define PROTO_NUMBER_BYTE(number) ((uint8_t)((number) > 255 ? 254 : (number)))

/* The word of the column proto. */
static inline const char *proto_word(enum proto proto, int family)
{
	const struct proto_info *info = &proto_table[proto];
	return family == AF_INET6 && info->name6 ? info->name6 : info->name;
}

/* True if its servers listen(): LISTEN is a state of its own, apart from CLOSE. */
static inline bool proto_listens(enum proto proto)
{
	return proto_table[proto].waiting == STATE_BIT(STATE_LISTEN);
}

/* "inet", "inet6", or the protocol's name where a family has but one. */
const char *proto_family_name(enum proto proto, int family);

/* PROTO_BIT()s of all that have the flag. */
unsigned protos_with(enum proto_flag flag);
/* PROTO_BIT()s of one address family (AF_INET: the internet protocols). */
unsigned protos_of(int domain);
/* The one domain of all `protos`; AF_UNSPEC if there are several, or none. */
int protos_domain(unsigned protos);
/* enum want: the details that rows of these protocols always carry. */
unsigned protos_want(unsigned protos);

/*
 * PROTO_BIT()s that a word names, in any case; 0: it is no protocol. With
 * `family`, an internet protocol may have a 4 or 6 behind it, as netstat writes
 * tcp6: *family is AF_INET or AF_INET6 then, AF_UNSPEC else.
 */
unsigned protos_by_word(const char *word, size_t len, int *family);

/* The first of `protos` from `from` on; PROTO_COUNT if there is none. */
static inline enum proto proto_next(unsigned protos, unsigned from)
{
	unsigned rest = from < PROTO_COUNT ? protos & PROTO_ALL & ~0u << from : 0;
	return rest ? (enum proto)__builtin_ctz(rest) : PROTO_COUNT;
}

#define FOR_EACH_PROTO(proto, protos) \
	for (enum proto proto = proto_next(protos, 0); proto < PROTO_COUNT; proto = proto_next(protos, proto + 1u))

/* What a word of -A chooses: protocols, or the families of the internet protocols, or all. */
struct proto_choice {
	unsigned protos;
	bool inet, inet6;
	int type; /* of the protocol's sockets only this, of socket(2); 0: all */
};
/* False if there is no such word. */
bool proto_choose(const char *word, size_t len, struct proto_choice *choice);
/* The words of -A, each protocol and family once, for messages and completions: NULL after the last. */
const char *proto_choice_listed(size_t index);

/* netstat's words: "ESTABLISHED", "FIN_WAIT1", "LISTEN", "BOUND"; "" if unknown. */
const char *state_name(enum state state);
/*
 * A mask of states by any name netstat or ss has for one or a group of them
 * (`estab`, `fin-wait-1`, `all`, `connected`, `synchronized`, `bucket`,
 * `big`), any case, `-` or `_`. 0 if there is none of that name.
 */
uint32_t state_mask_by_name(const char *name, size_t len);
/* The names above, for messages and completions: NULL after the last. */
const char *state_name_listed(size_t index);

#endif
