// SPDX-License-Identifier: MIT
/* filter_types.h - what a filter says: its errors, its needs, its verdicts; functions are in filter.h. */
#ifndef SOCKVIEW_FILTER_TYPES_H
#define SOCKVIEW_FILTER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What was wrong with a text, in words: `what` ("found \")\"", "unknown
 * service \"htp\"") at byte `position` of it, and what was `expected` there,
 * "" if that goes without saying. what[0] is 0 if memory ran out (errno).
 * The words hold the user's own bytes: hostile.
 */
struct filter_error {
	size_t position;
	char what[160];
	char expected[240];
	bool word; /* the whole text is one word that is no port, host or state: a program's name, maybe */
};

/* The options with a list; repeated, one list goes on. */
enum filter_option { FILTER_STATE, FILTER_PID, FILTER_PROGRAM, FILTER_USER, FILTER_CGROUP, FILTER_OPTION_COUNT };

/* lsof's lists beside -i: files of these processes. */
enum filter_item { ITEM_PID, ITEM_USER, ITEM_COMMAND, ITEM_GROUP, ITEM_COUNT };

/* What has been said that the program must know before it asks for sockets. */
struct filter_needs {
	bool any;         /* something was added at all: nothing matched is exit 1 */
	bool owners;      /* it may take owners to judge some socket */
	unsigned details; /* enum process_detail those owners need */
	unsigned want;    /* enum want: the rows' details it looks at */
	unsigned protos;  /* PROTO_BIT()s that the text names (`tcp:80`, -i, unix:...), 0 for none */
	bool events;      /* it asks what happened to a socket */
	bool mark;        /* the kernel tells of marks only with CAP_NET_ADMIN */
	bool netlink;     /* it asks for what /proc/net does not tell: marks, interfaces */
	bool settles;     /* what a row is worth may depend on the others: see filter_see() */
	unsigned columns; /* enum column_need: what its columns are taken from, beside owners */
	/*
	 * What has been said of states, and so replaces or lifts the usual view
	 * of connected sockets: --state or `state S` before the expression; a
	 * state within the expression; a bare target; -i; -s.
	 */
	bool states_chosen, states_said, target, specs, proto_states;
	bool who;          /* a bare target names a port: the question is who has it */
	bool two_readings; /* ::1:3000 was met, which may be an address, or a port behind one */
	bool items;        /* lsof's -p, -u, -c, -g: files of processes, not sockets alone, are chosen */
};
/* From the least that is known to the most: see filter_by_owner(). */
enum filter_by_owner { BY_OWNER_NOT, BY_OWNER_OR_UID, BY_OWNER_ALONE };
/* MAYBE: before owners were looked for, as they decide; or where the kernel did not tell who chose a port. */
enum verdict { VERDICT_NO, VERDICT_YES, VERDICT_MAYBE };

/* What lsof's items ask of a process. */
struct filter_process {
	int32_t pid, group;
	uint32_t uid;
	const char *comm; /* ends with a NUL */
};

#endif
