// SPDX-License-Identifier: MIT
/* recorded.h - what a recording was made of, by the requests in it. */
#ifndef SOCKVIEW_COLLECT_RECORDED_H
#define SOCKVIEW_COLLECT_RECORDED_H

#include <linux/netlink.h>

#include "collect/request.h"

/* All zero at first. */
struct recorded {
	bool requests;                   /* there are some: `ss -D` writes none */
	bool bound;                      /* its kernel told of a TCP socket that is bound and does not listen */
	uint32_t states[PROTO_COUNT][2]; /* STATE_BIT()s that were asked for, of IPv6 in [1]; any other family in [0] */
};

/* `message` is what request_read() read into `request`. */
void recorded_add(struct recorded *recorded, const struct query *query, const struct nlmsghdr *message,
                  const struct request *request);
/* PROTO_BIT()s of the query of which the recorded kernel was not asked for every socket that the query may want. */
unsigned recorded_lacks(const struct recorded *recorded, const struct query *query);

#endif
