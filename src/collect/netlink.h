// SPDX-License-Identifier: MIT
/* netlink.h - sockets from a live netlink wire, one dump at a time; which dumps, collect.c decides. */
#ifndef SOCKVIEW_COLLECT_NETLINK_H
#define SOCKVIEW_COLLECT_NETLINK_H

#include "collect/answers.h"

struct netlink;

/* NULL with error. The wire, the request, the report and the error stay the caller's; proc_net_fd may be -1. */
struct netlink *netlink_new(struct wire *wire, const struct source_request *request, int proc_net_fd,
                            struct report *report, struct error *error);
void netlink_free(struct netlink *netlink);
/* Over a live wire: long dumps may be received in parts, by sockets of their own; as in parts_open(). */
struct parts_wish;
void netlink_share(struct netlink *netlink, const struct parts_wish *wish);

/* DUMP_REFUSED: with netlink_errno(); DUMP_STOPPED: with netlink_answer(). */
enum dump_end netlink_dump(struct netlink *netlink, const struct request *dump);

/* Rows that the sink was given so far. */
uint64_t netlink_given(const struct netlink *netlink);
int netlink_errno(const struct netlink *netlink);
int netlink_answer(const struct netlink *netlink);
/* The rows that netlink_dump() gave can be taken back. */
bool netlink_can_rewind(const struct netlink *netlink);

#endif
