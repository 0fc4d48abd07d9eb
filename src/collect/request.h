// SPDX-License-Identifier: MIT
/* request.h - which sock_diag dumps answer a query, and their bytes. */
#ifndef SOCKVIEW_COLLECT_REQUEST_H
#define SOCKVIEW_COLLECT_REQUEST_H

#include <sockview/query.h>

#include "collect/bytecode.h"

/* One dump. */
struct request {
	enum proto proto;
	int family;        /* AF_UNSPEC: IPv4 and IPv6 in one walk, only with PROTO_ONE_WALK */
	uint32_t left_out; /* STATE_BIT()s that another dump of it asks for */
};

enum { REQUEST_MAX = 2 * PROTO_COUNT, REQUEST_SIZE = 256 + BYTECODE_MAX };

/*
 * The dumps that answer the query, in netstat's order; their number, at most
 * REQUEST_MAX. `apart`: IPv4 and IPv6 never in one walk.
 */
size_t request_list(const struct query *query, bool apart, struct request list[REQUEST_MAX]);
/* The states the kernel is asked for, STATE_BIT()s. */
uint32_t request_states(const struct request *request, const struct query *query);
/*
 * The netlink message; its length. `seq` marks the answers as its own. `code`
 * is what the kernel may judge, where the family's kernel part judges at all.
 */
size_t request_build(const struct request *request, const struct query *query, const struct bytecode *code,
                     uint32_t seq, void *buffer, size_t size);
/* What a recorded request asked for. False if the message is no request that request_build() makes. */
bool request_read(const void *message, size_t len, struct request *request);

#endif
