// SPDX-License-Identifier: MIT
/*
 * events.h - sockets that begin to listen, connect, open, fail and close, told as it happens.
 *
 *   BPF programs --records-----.
 *   DESTROY multicast --closes--+--> struct event --filter--> a line
 *   two dumps ------- opens ---'
 */
#ifndef SOCKVIEW_EVENTS_H
#define SOCKVIEW_EVENTS_H

#include <signal.h>

#include <sockview/error.h>
#include <sockview/event_style.h>
#include <sockview/filter.h>
#include <sockview/netns.h>
#include <sockview/owner.h>
#include <sockview/query.h>

struct events_request {
	const struct filter *filter;
	const struct query *query;  /* protocols and families */
	const struct expr *targets; /* the filter as a tree, of which addresses are taken; NULL: none */
	struct event_style style;
	int proc_fd;
	const struct netns_list *netns; /* NULL: our own network namespace alone */
	const bool *netns_chosen;       /* of the list */
	bool netns_all;                 /* those that begin later, too */
	bool verbose, quiet;
	double interval; /* between two dumps, seconds */
	double seconds;  /* 0: no end */
	uint64_t count;  /* 0: no end */
	const volatile sig_atomic_t *stop_asked;
	/*
	 * Fills the table with the sockets of these protocols (PROTO_BIT()s) that there are, and finds who has them;
	 * `seeding`: behind the programs, which know more of them. `known` tells of a socket whose owner need not be found. 0, or -1 with the error.
	 */
	int (*look)(void *context, unsigned protos, bool seeding, bool (*known)(void *context, const struct row *row),
	            void *known_context);
	/* Everything is loaded: no right is needed but, with `again`, those of look(). 0, or -1 with the error. */
	int (*ready)(void *context, bool again);
	void *context;
	const struct table *table; /* what look() fills */
	const struct owners *owners;
};

struct events_result {
	uint64_t told; /* events that the filter wanted */
};

/* From loading to the last line. 0, or -1 with error, or with the request's functions' own error and error->number 0. */
int events_run(const struct events_request *request, struct events_result *result, struct error *error);

#endif
