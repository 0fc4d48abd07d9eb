// SPDX-License-Identifier: MIT
/* source.h - what a source of sockets is asked, be it a netlink wire or /proc/net. */
#ifndef SOCKVIEW_SOURCE_H
#define SOCKVIEW_SOURCE_H

#include <sockview/error.h>
#include <sockview/query.h>

/* The files of /proc/net that a query may take, opened while files still can be. All zero: none is, and each is opened when it is read. */
struct source_files {
	bool open;
	int fd[PROTO_COUNT][2]; /* beside the names of struct proto_info; below 0: -errno */
};

void source_files_open(struct source_files *files, int proc_net_fd, const struct query *query);
void source_files_close(struct source_files *files);

/*
 * Sockets that query_matches() go to the sink in netstat's order of protocols
 * and, if `ordered`, tcp before tcp6, in constant memory.
 */
struct source_request {
	const struct query *query;
	bool ordered;
	sock_sink *sink;
	void *context;
	/*
	 * Behind TCP's listeners, where the rest takes the kernel long: what the
	 * sink has may be shown. NULL: they are asked for with the rest.
	 */
	void (*pause)(void *context);
	/*
	 * For asking again, the same source or another: `mark` says how much the
	 * sink has, `rewind` makes it forget what came later. NULL where rows are
	 * gone once they are given: then what came stays, and the report says so.
	 */
	size_t (*mark)(const void *context);
	void (*rewind)(void *context, size_t mark);
	/*
	 * Of a recording: what follows is of the network namespace that the note
	 * names. 0, or what ends the source. NULL: only sockets of the recording's own
	 * go to the sink, and those of others are counted.
	 */
	int (*section)(void *context, const void *note, size_t len);
	const struct source_files *files; /* NULL: none is open */
	/* Of a live /proc/net: */
	int64_t cpu_end_ms; /* reading ends at that CPU time (cpu_time_ms()), and the report says so; 0: it does not */
	bool waiting_first; /* the kernel writes TCP's listeners first: where nothing else is asked for, the rest is not read */
};

#endif
