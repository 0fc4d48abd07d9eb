// SPDX-License-Identifier: MIT
/*
 * near_ports.c - which ports above the target's have a listener (near_ports.h).
 *
 * A connection that a server has accepted has the server's port: those of busy
 * neighbours, of which none is proposed anyway, would fill the answer. Listeners
 * alone are told without a walk of the kernel's table of connections.
 */
#include "explain/near_ports.h"

#include <errno.h>

#include <sockview/collect.h>
#include <sockview/proto.h>
#include <sockview/wire.h>

static int near_ports_sink(void *context, const struct sock *sock)
{
	struct explain *explain = context;
	unsigned above = (unsigned)sock->row.local_port - explain->target.port - 1u;
	if (above < NEAR_MAX && sock->row.proto == explain->target.proto)
		explain->near_taken |= 1u << above;
	return 0;
}

static int near_ports_ask(struct explain *explain, const struct query *query, unsigned *absent)
{
	struct source_request request = { .query = query, .sink = near_ports_sink, .context = explain };
	struct report report = { 0 };
	struct error ignored;
	struct wire *wire = wire_kernel();
	if (!wire)
		return -1;
	struct sources sources = { .from = SOURCE_NETLINK, .wire = wire, .proc_net_fd = -1, .absent = absent };
	int answer = collect_sockets(&sources, &request, &report, &ignored);
	wire_close(wire);
	return report.unavailable || report.lost ? -1 : answer;
}

int near_ports_listen(struct explain *explain, unsigned *absent)
{
	uint16_t port = explain->target.port;
	enum proto proto = (enum proto)explain->target.proto;
	struct expr_range range = { port + 1u, port + NEAR_MAX };
	struct expr_node node = { .kind = EXPR_HOST, .end = EXPR_LOCAL, .family = AF_UNSPEC };
	struct expr expr;
	struct query query = { .protos = PROTO_BIT(proto), .inet = true, .inet6 = true, .expr = &expr };
	int answer = expr_init(&expr);
	if (range.high > UINT16_MAX)
		range.high = UINT16_MAX;
	query.states[proto] = proto_table[proto].waiting;
	if (answer == 0)
		answer = expr_keep_ranges(&expr, &range, 1, &node.ranges);
	if (answer == 0) {
		expr.root = expr_add(&expr, &node);
		answer = expr.root == EXPR_FAILED ? -1 : near_ports_ask(explain, &query, absent);
	}
	expr_free(&expr);
	return answer;
}
