// SPDX-License-Identifier: MIT
/*
 * narrow.c - what a query need not ask for, since no socket of that kind can
 * fit the filter: protocols, families, states, everything.
 */
#include <sockview/filter.h>

#include <sockview/proto.h>

#include "select/filter_parts.h"
#include "select/judge.h"

static uint32_t possible_states(const struct expr *expr, enum proto proto, int family, uint32_t states)
{
	uint32_t possible = 0;
	for (unsigned state = 1; state < STATE_COUNT; state++) {
		/* Rows of the one carry the other (row.h). */
		enum state told = state == STATE_NEW_SYN_RECV ? STATE_SYN_RECV : (enum state)state;
		if (states & STATE_BIT(state) && judge_kind(expr, proto, family, told) != VERDICT_NO)
			possible |= STATE_BIT(state);
	}
	return possible;
}

static bool ports_impossible(const struct expr *expr)
{
	struct expr_ports ports;
	return (expr_ports(expr, EXPR_LOCAL, &ports) && !ports.count) ||
	       (expr_ports(expr, EXPR_REMOTE, &ports) && !ports.count);
}

/* Takes out states of one protocol; sets *inet or *inet6 if a socket of that family can fit. */
static void narrow_proto(const struct expr *expr, struct query *query, enum proto proto, bool *inet, bool *inet6)
{
	uint32_t *states = &query->states[proto], four = 0, six = 0;
	if (!proto_has_addresses(proto)) {
		*states = possible_states(expr, proto, proto_table[proto].domain, *states);
		return;
	}
	if (query->inet)
		four = possible_states(expr, proto, AF_INET, *states);
	if (query->inet6)
		six = possible_states(expr, proto, AF_INET6, *states);
	*inet |= four != 0;
	*inet6 |= six != 0;
	*states = four | six;
}

void filter_narrow(const struct filter *filter, struct query *query)
{
	const struct expr *expr = &filter->expr;
	bool impossible = ports_impossible(expr), inet = false, inet6 = false;
	unsigned protos = 0;
	FOR_EACH_PROTO (proto, query->protos) {
		if (impossible && proto_has_addresses(proto))
			query->states[proto] = 0;
		narrow_proto(expr, query, proto, &inet, &inet6);
		/* States that no socket of the protocol is ever in need no dump. */
		if (query->states[proto] & proto_table[proto].states)
			protos |= PROTO_BIT(proto);
	}
	query->protos = protos;
	query->inet = inet;
	query->inet6 = inet6;
	query->expr = expr;
}
