// SPDX-License-Identifier: MIT
/*
 * explain.c - the order of the work: from the command line's words to sentences (explain.h).
 *
 *   plan_make()                        the binds that a server would try
 *   explain_query(), explain_wants()   which sockets the caller is to collect
 *   explain_run()                      host, holders, verdict, NAT, sentences
 */
#include <sockview/explain.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/proto.h>

#include "explain/culprits.h"
#include "explain/ephemeral.h"
#include "explain/explain_advice.h"
#include "explain/explain_notes.h"
#include "explain/explain_nat.h"
#include "explain/explain_why.h"
#include "explain/freeing.h"
#include "explain/holders.h"
#include "explain/near_ports.h"
#include "explain/plan.h"
#include "explain/verdict.h"

/* The ports above of which one is to be proposed: runs of those that are not known to be taken; the rest is left. */
static size_t near_ranges(struct explain *explain, struct expr_range range[NEAR_RANGES])
{
	uint32_t first = explain->target.port + 1u;
	size_t count = 0;
	for (unsigned i = 0; i < NEAR_MAX; i++) {
		if (first + i > UINT16_MAX || explain->near_taken & 1u << i)
			continue;
		if (count && range[count - 1].high == first + i - 1)
			range[count - 1].high++;
		else if (count < NEAR_RANGES)
			range[count++] = (struct expr_range){ first + i, first + i };
		else
			explain->near_taken |= 1u << i;
	}
	return count;
}

/* "sport = :PORT or dport = :PORT or sport = :PORT+1-PORT+32", in one walk of the tables. */
static int make_expr(struct explain *explain)
{
	uint16_t port = explain->target.port;
	struct expr *expr = &explain->expr;
	struct expr_range range = { port, port }, near[NEAR_RANGES];
	struct expr_node node = { .kind = EXPR_HOST, .end = EXPR_EITHER, .family = AF_UNSPEC }, above = node;
	struct expr_list list = { .kind = EXPR_OR };
	size_t nears = near_ranges(explain, near);
	above.end = EXPR_LOCAL;
	if (expr_init(expr) < 0 || expr_keep_ranges(expr, &range, 1, &node.ranges) < 0)
		return -1;
	expr_list_add(expr, &list, expr_add(expr, &node));
	if (nears) {
		if (expr_keep_ranges(expr, near, nears, &above.ranges) < 0)
			return -1;
		expr_list_add(expr, &list, expr_add(expr, &above));
	}
	expr->root = expr_list_close(expr, &list);
	return expr->root == EXPR_FAILED ? -1 : 0;
}

struct explain *explain_new(const struct explain_options *options, char problem[EXPLAIN_PROBLEM_MAX])
{
	struct explain *explain = calloc(1, sizeof(*explain));
	*problem = '\0';
	if (!explain)
		return NULL;
	explain->options = *options;
	if (plan_make(explain, problem) == 0 && make_expr(explain) == 0)
		return explain;
	int saved = errno;
	explain_free(explain);
	errno = saved;
	return NULL;
}

void explain_free(struct explain *explain)
{
	if (!explain)
		return;
	for (size_t i = 0; i < explain->sentences; i++)
		free(explain->sentence[i].text);
	free(explain->sentence);
	expr_free(&explain->expr);
	free(explain->holder);
	free(explain->crowd);
	free(explain->toward);
	free(explain->culprit);
	free(explain->gang);
	freeing_end(explain);
	free(explain->user.group);
	if (explain->user.in_unit && explain->user.cgroup_fd >= 0)
		close(explain->user.cgroup_fd);
	ruleset_free(explain->ruleset);
	free(explain->nat);
	facts_free(&explain->host);
	elsewhere_free(&explain->elsewhere);
	free(explain);
}

bool explain_changes_user(const struct explain *explain)
{
	return explain->user.change;
}

/* UDP too when TCP is meant, and the reverse: people mix them up, and its table is small. */
void explain_query(const struct explain *explain, struct query *query)
{
	*query = (struct query){ .inet = true, .inet6 = true, .want = WANT_TIMER | WANT_EXTRA, .expr = &explain->expr };
	query->protos = protos_with(PROTO_DEFAULT) | PROTO_BIT(explain->target.proto);
	FOR_EACH_PROTO (proto, PROTO_ALL)
		query->states[proto] = STATE_ALL;
}

int explain_look_near(struct explain *explain, unsigned *absent)
{
	/* UDP's table is small. */
	if (!proto_listens(explain->target.proto) || near_ports_listen(explain, absent) < 0)
		return 0;
	expr_free(&explain->expr);
	return make_expr(explain);
}

bool explain_wants(struct explain *explain, const struct row *row)
{
	if (row->local_port == explain->target.port) {
		ephemeral_keep_reversed(explain, row);
		return true;
	}
	unsigned above = (unsigned)row->local_port - explain->target.port - 1u;
	if (above < NEAR_MAX && row->proto == explain->target.proto)
		explain->near_taken |= 1u << above;
	return row->remote_port == explain->target.port && row->proto == explain->target.proto &&
	       ephemeral_keep(explain, row);
}

int explain_look_elsewhere(struct explain *explain, int proc_fd, struct table *table)
{
	return elsewhere_find(&explain->elsewhere, proc_fd, explain->target.proto, explain->target.port, table);
}

/* The host's part in a plan: the device's VRF, and net.ipv6.bindv6only where the option is not set. */
static void apply_host(struct explain *explain)
{
	for (size_t p = 0; p < explain->plans; p++) {
		struct bind_plan *plan = &explain->plan[p].bind;
		plan->l3mdev = facts_l3mdev(&explain->host, plan->ifindex);
		plan->v6only |= plan->family == AF_INET6 && explain->host.bindv6only == 1;
	}
}

static int explain_begin(struct explain *explain, const struct explain_facts *facts)
{
	explain->facts = *facts;
	explain->bound_told = !facts->report->bound_untold;
	facts_read(&explain->host, facts->live ? facts->proc_fd : -1, explain->target.port);
	if (facts->live && own_links_read(&explain->host.net) < 0) {
		if (errno == ENOMEM)
			return -1;
		explain->host.addresses_unread = errno;
	}
	apply_host(explain);
	return holders_find(explain);
}

int explain_in_the_way(struct explain *explain, const struct explain_facts *facts)
{
	if (explain_begin(explain, facts) < 0)
		return -1;
	return verdict_by_tables(explain);
}

int explain_run(struct explain *explain, const struct explain_facts *facts)
{
	if (explain_begin(explain, facts) < 0)
		return -1;
	verdict_reach(explain);
	if (facts->live && !explain->options.several && explain_nat_find(explain) < 0)
		return -1;
	if (!explain->options.several)
		ephemeral_find(explain);
	if (holders_crowd(explain) < 0)
		return -1;
	if (culprits_find(explain) < 0)
		return -1;
	/* A line of several has no advice. */
	if (explain->options.several && !explain->options.json)
		return explain_why(explain) < 0 ? -1 : explain_notes(explain);
	if (freeing_plan(explain) < 0)
		return -1;
	return explain_why(explain) < 0 || explain_advice(explain) < 0 || explain_notes(explain) < 0 ? -1 : 0;
}

const struct free_plan *explain_free_plan(const struct explain *explain)
{
	return &explain->freeing;
}

const char *explain_sentence(const struct explain *explain, const char *key)
{
	for (size_t i = 0; i < explain->sentences; i++)
		if (strcmp(explain->sentence[i].key, key) == 0)
			return explain->sentence[i].text;
	return NULL;
}

int explain_status(const struct explain *explain)
{
	static const int status[] = {
		[EXPLAIN_FREE] = 0,
		[EXPLAIN_TAKEN] = 1,
		[EXPLAIN_REFUSED] = 1,
		[EXPLAIN_UNKNOWN] = 3,
	};
	return status[explain->verdict];
}
