/* source.h - where sockets come from: the netlink source over a wire, and /proc/net. */
#ifndef SOCKVIEW_SOURCE_H
#define SOCKVIEW_SOURCE_H

#include <sockview/error.h>
#include <sockview/query.h>
#include <sockview/wire.h>

/*
 * Asks the wire; for protocols its kernel has no diag module for, sets
 * report->unavailable. Sockets that query_matches() go to the sink in
 * netstat's order of protocols and, if `ordered`, tcp before tcp6, in constant
 * memory. 0; -1 with error; or the sink's answer.
 */
struct source_request {
	const struct query *query;
	bool ordered;
	bool many_tcp6;  /* a hint: there are too many to hold back while tcp is shown */
	int proc_net_fd; /* unix: reference counts and unaccepted sockets are told only there; -1: do without */
	sock_sink *sink;
	void *context;
	/*
	 * For a second try of a request that went wrong: `mark` says how much the
	 * sink has, `rewind` makes it forget what came later. NULL where rows are
	 * gone once they are given: then what came stays, and the report says so.
	 */
	size_t (*mark)(const void *context);
	void (*rewind)(void *context, size_t mark);
};
int source_netlink(struct wire *wire, const struct source_request *request, struct report *report, struct error *error);
/* The same from the text files of `proc_net_fd`, an open /proc/self/net. */
int source_proc(int proc_net_fd, const struct source_request *request, struct report *report, struct error *error);
/* TCP sockets over IPv6, TIME_WAIT aside; 0 where that is not told. */
uint32_t source_tcp6_in_use(int proc_net_fd);

#endif
