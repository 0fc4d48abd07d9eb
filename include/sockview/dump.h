/* dump.h - one netlink dump after the other on a socket of its own: routes, NAT rules. */
#ifndef SOCKVIEW_EXPLAIN_DUMP_H
#define SOCKVIEW_EXPLAIN_DUMP_H

#include <stdint.h>

#include <libmnl/libmnl.h>

struct dump {
	struct mnl_socket *socket;
	uint32_t seq;
	char *buffer;
};

/* `bus`: NETLINK_ROUTE ... 0, or -1 with errno. */
int dump_open(struct dump *dump, int bus);
/*
 * Sends the request and calls with each message of the answer. 0, or -1 with
 * errno: the kernel's refusal, or the call's MNL_CB_ERROR.
 */
int dump_run(struct dump *dump, struct nlmsghdr *request, mnl_cb_t call, void *context);
void dump_close(struct dump *dump);

#endif
