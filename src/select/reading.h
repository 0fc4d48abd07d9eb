// SPDX-License-Identifier: MIT
/*
 * reading.h - what the readers of filter text share: where nodes go, where
 * names are looked up, and how a complaint is worded.
 */
#ifndef SELECT_READING_H
#define SELECT_READING_H

#include <sockview/expr.h>
#include <sockview/filter_types.h>
#include <sockview/lookup.h>

struct reading {
	struct expr *expr;
	const struct lookup *names;
	struct filter_error *error;
	unsigned protos;                         /* whose services names of ports are of; 0: of all */
	int family;                              /* what a host is if it does not tell */
	bool known_hosts;                        /* of hosts' names those alone that this host's table has */
	bool states_chosen, states_said, target; /* as in struct filter_needs */
	bool strict;                             /* see filter_set_strict() */
	bool last_group_is_port;                 /* ::1:3000 is never an address */
	bool two_readings;                       /* an IPv6 address was met whose last group may be a port: both fit */
	bool word;                               /* a target was one word that is no port's name */
	bool who;                                /* as in struct filter_needs */
};

/* A part of the text and where it stands in the whole. */
struct piece {
	const char *text;
	size_t len, at;
};

/* How many bytes of the user's text a message repeats. */
#define PIECE_SHOWN 60
/* "%.*s" arguments of a piece. */
#define PIECE_ARGS(piece) (int)((piece).len > PIECE_SHOWN ? PIECE_SHOWN : (piece).len), (piece).text

/* Words the error; answers EXPR_FAILED. */
uint32_t reading_fail(struct reading *reading, size_t at, const char *expected, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Memory ran out: the error stays empty. */
uint32_t reading_no_memory(struct reading *reading);
/* The node of expr_add(), expr_and() ...: their failure is worded. */
uint32_t reading_keep(struct reading *reading, uint32_t node);
/* Its opposite, if so; a node that failed before stays failed. */
uint32_t reading_negate(struct reading *reading, bool negated, uint32_t node);
uint32_t reading_add(struct reading *reading, const struct expr_node *node);

/* The part before the first `separator`, which is taken off `rest` with it; false: there was no more. */
bool piece_split(struct piece *rest, char separator, struct piece *part);
/* The part from `from` on. */
struct piece piece_from(struct piece piece, size_t from);
bool piece_is(struct piece piece, const char *word);
/* True and taken off if the piece begins with the prefix, in any case of letters. */
bool piece_skip(struct piece *piece, const char *prefix);
/* Decimal, or hexadecimal after 0x. False if the whole is no number up to `max`. */
bool piece_number(struct piece piece, uint64_t max, uint64_t *value);
/* True if it is not empty and has no other bytes than those of the set. */
bool piece_consists_of(struct piece piece, const char *set);
/* A copy with a NUL; false if it does not fit or holds one. */
bool piece_copy(struct piece piece, char *to, size_t size);

/* --- values; each answers a node or EXPR_FAILED --- */

/* 80,443,8000-8100,https as ranges kept in the expression; sets *any for `*` or nothing. */
int ports_read(struct reading *reading, struct piece piece, struct expr_span *ranges, bool *any);
/* [FAMILY:][ADDR][/LEN][:PORTS] of src and dst, and of targets. */
uint32_t host_read(struct reading *reading, struct piece piece, enum expr_end end);
/* ADDR alone, at any place: its nodes get `ranges`. */
uint32_t address_read(struct reading *reading, struct piece piece, enum expr_end end, struct expr_span ranges);
/* The address and the ports apart; a zone stands behind the address. */
uint32_t place_read(struct reading *reading, struct piece address, struct piece ports, enum expr_end end);
/* True for an IPv6 address without brackets, with its zone if it has one. */
bool piece_is_ipv6(struct piece piece);
uint32_t target_read(struct reading *reading, struct piece piece);
/* ADDR:PORT among the nodes from `first` on also means the listener that serves it. */
void target_widen(struct reading *reading, size_t first);
/* The state less than `below` slips away from the word, or NULL. */
const char *state_nearest(struct piece piece, size_t below);
uint32_t state_read(struct reading *reading, struct piece piece);
uint32_t pid_read(struct reading *reading, struct piece piece);
uint32_t inode_read(struct reading *reading, struct piece piece);
uint32_t user_read(struct reading *reading, struct piece piece);
uint32_t program_read(struct reading *reading, struct piece piece);
uint32_t cgroup_read(struct reading *reading, struct piece piece);
uint32_t device_read(struct reading *reading, struct piece piece);
uint32_t mark_read(struct reading *reading, struct piece piece);
uint32_t event_read(struct reading *reading, struct piece piece);
uint32_t autobound_read(struct reading *reading);

/* What src, sport ... expect, for messages. */
#define EXPECTED_PORT "a port: a number, a range (8000-8100), a name of /etc/services, or several with commas"
#define EXPECTED_HOST "an address, ADDR/LEN, ADDR:PORT, [v6]:PORT, :PORT, or a host's name"

#endif
