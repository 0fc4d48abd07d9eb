/* source.h - where sockets come from: the netlink source over a wire, and /proc/net. */
#ifndef SOCKVIEW_SOURCE_H
#define SOCKVIEW_SOURCE_H

#include <sockview/query.h>

struct wire; /* where netlink messages come from; made by wire_*(), below */

/*
 * The live kernel: a NETLINK_SOCK_DIAG socket. NULL with errno.
 */
struct wire *wire_kernel(void);
/*
 * A file of netlink messages one behind the other: what wire_record() wrote,
 * or `ss -D FILE`. Reads from `fd`, which it owns. NULL with errno.
 */
struct wire *wire_replay(int fd);
/*
 * `inner`, every message of which is also written to `fd` (owned); owns
 * inner. A failed write is the answer of the next receive. NULL with errno.
 */
struct wire *wire_record(struct wire *inner, int fd);
void wire_close(struct wire *wire);

/*
 * Asks the wire; for families its kernel has no diag module for (ENOENT),
 * sets report->unavailable. Sockets go to the sink in netstat's order of
 * protocols and, if `ordered`, tcp before tcp6. 0; -1 with error; or the
 * sink's answer.
 */
struct source_request {
	const struct query *query;
	bool ordered;
	sock_sink *sink;
	void *context;
};
int source_netlink(struct wire *wire, const struct source_request *request, struct report *report,
                   struct error *error);
/* The same from the text files of `proc_net_fd`, an open /proc/self/net. */
int source_proc(int proc_net_fd, const struct source_request *request, struct report *report,
                struct error *error);

#endif
