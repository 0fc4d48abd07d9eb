// SPDX-License-Identifier: MIT
/*
 * holders.c - the sockets on the port: as struct bind_holder, judged, and put together (holders.h).
 *
 * Options that a row does not tell (SO_REUSEADDR, SO_REUSEPORT; v6only of a
 * connection) stay KNOWN_NOT here; socket_options.c asks where it matters.
 */
#include "explain/holders.h"

#include <string.h>

#include <sockview/proto.h>
#include <sockview/vec.h>

static uint8_t v6only_of(const struct row *row)
{
	if (row->family != AF_INET6)
		return KNOWN_OFF;
	if (!(row->flags & ROW_HAS_V6ONLY))
		return KNOWN_NOT;
	return row->flags & ROW_V6ONLY ? KNOWN_ON : KNOWN_OFF;
}

/*
 * FIN_WAIT2 is TIME_WAIT to the table of ports once the socket has been cut
 * down to its rest (tcp_time_wait() with that substate); its timer tells.
 */
static bool is_time_wait(const struct sock *sock)
{
	if (sock->row.state == STATE_TIME_WAIT)
		return true;
	return sock->row.state == STATE_FIN_WAIT2 && sock->timer && sock->timer->kind == TIMER_TIMEWAIT;
}

static struct bind_holder model_of(const struct explain *explain, const struct sock *sock)
{
	const struct row *row = &sock->row;
	return (struct bind_holder){
		.addr = row->local,
		.uid = row->uid,
		.ifindex = row->ifindex,
		.l3mdev = facts_l3mdev(&explain->host, row->ifindex),
		.family = row->family,
		.proto = row->proto,
		.state = row->state,
		.has_uid = row->flags & ROW_HAS_UID,
		.time_wait = is_time_wait(sock),
		.request = proto_listens(row->proto) && row->state == STATE_SYN_RECV && !row->inode,
		.v6only = v6only_of(row),
	};
}

static int holder_add(struct explain *explain, uint32_t index)
{
	struct holder *holder = vec_push(explain->holder, explain->holders, explain->holder_capacity);
	struct sock sock;
	if (!holder)
		return -1;
	table_get(explain->facts.table, index, &sock);
	*holder = (struct holder){
		.row = index,
		.crowd = CROWD_NONE,
		.reason = (uint8_t)owners_reason(explain->facts.owners, &sock.row),
		.is = model_of(explain, &sock),
	};
	return 0;
}

const struct holder *holder_listener(const struct explain *explain, const struct holder *child)
{
	const struct holder *best = NULL;
	for (size_t i = 0; i < explain->holders; i++) {
		const struct holder *holder = &explain->holder[i];
		/* Listeners stand first. */
		if (!proto_listens(holder->is.proto) || holder->is.state != STATE_LISTEN)
			return best;
		bool same = holder->is.family == child->is.family &&
		            memcmp(&holder->is.addr, &child->is.addr, sizeof(child->is.addr)) == 0;
		if (same)
			return holder;
		/* ::ffff:0.0.0.0 is IPv4's wildcard alone. */
		bool any = bind_addr_any(holder->is.family, &holder->is.addr) &&
		           (!addr_is_mapped(&holder->is.addr) || addr_is_mapped(&child->is.addr));
		if (any && holder->is.family == child->is.family)
			best = holder;
	}
	return best;
}

/* A connection has IPV6_V6ONLY from the listener that accepted it. */
static void inherit_v6only(struct explain *explain)
{
	for (size_t i = 0; i < explain->holders; i++) {
		struct holder *holder = &explain->holder[i];
		if (holder->is.v6only != KNOWN_NOT)
			continue;
		const struct holder *listener = holder_listener(explain, holder);
		if (listener)
			holder->is.v6only = listener->is.v6only;
	}
}

static int holders_of_state(struct explain *explain, bool listeners)
{
	const struct table *table = explain->facts.table;
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->row[i];
		if (row->netns || row->local_port != explain->target.port || row->proto != explain->target.proto ||
		    (proto_listens(row->proto) && row->state == STATE_LISTEN) != listeners)
			continue;
		if (holder_add(explain, (uint32_t)i) < 0)
			return -1;
	}
	return 0;
}

static void find_others(struct explain *explain)
{
	const struct table *table = explain->facts.table;
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->row[i];
		bool serves = STATE_BIT(row->state) & proto_table[row->proto].waiting;
		if (row->netns || row->local_port != explain->target.port || row->proto == explain->target.proto ||
		    !serves)
			continue;
		if (!explain->others++)
			explain->other = (uint32_t)i;
	}
}

int holders_find(struct explain *explain)
{
	if (holders_of_state(explain, true) < 0 || holders_of_state(explain, false) < 0)
		return -1;
	inherit_v6only(explain);
	find_others(explain);
	return 0;
}

/* The connections of one server are alike to the plan: those in a row get one judgement. `before` NULL: none was. */
static bool is_alike(const struct holder *before, const struct holder *holder)
{
	return before && memcmp(&before->is, &holder->is, sizeof(holder->is)) == 0;
}

void holders_judge(struct explain *explain)
{
	const struct holder *before = NULL;
	for (size_t i = 0; i < explain->holders; i++) {
		struct holder *holder = &explain->holder[i];
		bool alike = is_alike(before, holder);
		for (size_t p = 0; p < explain->plans; p++)
			holder->judged[p] = alike ? before->judged[p] : bind_judge(&explain->plan[p].bind, &holder->is);
		before = holder;
	}
}

enum bind_outcome holders_outcome(const struct explain *explain, const struct bind_plan *plan)
{
	enum bind_outcome outcome = BIND_FREE;
	const struct holder *before = NULL;
	for (size_t i = 0; i < explain->holders && outcome != BIND_IN_USE; i++) {
		const struct holder *holder = &explain->holder[i];
		struct bind_judgement one = { .outcome = outcome };
		if (!is_alike(before, holder))
			one = bind_judge(plan, &holder->is);
		if (one.outcome != BIND_FREE)
			outcome = one.outcome;
		before = holder;
	}
	return outcome;
}

/* --- crowds --- */

const struct process *holder_process(const struct explain *explain, const struct holder *holder)
{
	struct owner_span span = owners_of(explain->facts.owners, holder_row(explain, holder));
	return span.count ? &explain->facts.owners->process[span.first->process] : NULL;
}

static bool same_judgement(const struct holder *a, const struct holder *b)
{
	for (size_t p = 0; p < PLANS_MAX; p++)
		if (a->judged[p].outcome != b->judged[p].outcome || a->judged[p].why != b->judged[p].why ||
		    a->judged[p].meeting != b->judged[p].meeting)
			return false;
	return true;
}

static bool same_text(const struct owners *owners, struct process_text a, struct process_text b)
{
	struct bytes left = owners_text(owners, a), right = owners_text(owners, b);
	return left.len == right.len && (!left.len || memcmp(left.data, right.data, left.len) == 0);
}

bool process_alike(const struct owners *owners, const struct process *a, const struct process *b)
{
	return a->uid == b->uid && same_text(owners, a->program, b->program) && same_text(owners, a->cgroup, b->cgroup);
}

/* A listener, a bound socket or a UDP socket is shown by itself, but for workers; connections are put together. */
static bool is_alone(const struct holder *holder)
{
	return holder->is.state == STATE_LISTEN || holder->is.state == STATE_BOUND || !proto_listens(holder->is.proto);
}

/* Sockets that share one address by SO_REUSEPORT, a process of the same program each. */
static bool are_workers(const struct explain *explain, const struct holder *a, const struct holder *b)
{
	const struct process *left = holder_process(explain, a), *right = holder_process(explain, b);
	return left && right && left != right && a->is.state == b->is.state && a->is.state != STATE_BOUND &&
	       a->is.ifindex == b->is.ifindex && a->is.v6only == b->is.v6only && a->is.family == b->is.family &&
	       memcmp(&a->is.addr, &b->is.addr, sizeof(a->is.addr)) == 0 &&
	       process_alike(explain->facts.owners, left, right) && same_judgement(a, b);
}

static bool crowds_with(const struct explain *explain, const struct crowd *crowd, const struct holder *holder)
{
	const struct holder *first = &explain->holder[crowd->first];
	if (is_alone(holder) || is_alone(first))
		return is_alone(holder) && is_alone(first) && are_workers(explain, first, holder);
	return first->is.state == holder->is.state && first->reason == holder->reason &&
	       first->is.family == holder->is.family &&
	       memcmp(&first->is.addr, &holder->is.addr, sizeof(first->is.addr)) == 0 &&
	       holder_process(explain, first) == holder_process(explain, holder) && same_judgement(first, holder);
}

enum { CROWDS_MAX = 256 };

static int crowd_for(struct explain *explain, const struct holder *holder, uint32_t *index)
{
	for (*index = 0; *index < explain->crowds; ++*index)
		if (crowds_with(explain, &explain->crowd[*index], holder))
			return 0;
	if (explain->crowds == CROWDS_MAX) {
		/* The rest is counted with the last: the text shows 12 of them. */
		*index = CROWDS_MAX - 1;
		return 0;
	}
	struct crowd *crowd = vec_push(explain->crowd, explain->crowds, explain->crowd_capacity);
	if (!crowd)
		return -1;
	*crowd = (struct crowd){
		.first = (uint32_t)(holder - explain->holder),
		.listener = CROWD_NONE,
	};
	return 0;
}

/* True if the connection may be in the accept queue of another listener: with SO_REUSEPORT, or on another device. */
static bool waits_elsewhere(const struct explain *explain, const struct holder *child, const struct holder *listener)
{
	struct owner_waiting waiting;
	owners_waiting(explain->facts.owners, holder_row(explain, child), &waiting);
	return waiting.count > 1 || waiting.more ||
	       (waiting.listener && waiting.listener->inode != holder_row(explain, listener)->inode);
}

static void crowd_take(struct explain *explain, struct crowd *crowd, struct holder *holder)
{
	struct sock sock;
	const struct holder *listener = holder->reason == REASON_UNACCEPTED ? holder_listener(explain, holder) : NULL;
	table_get(explain->facts.table, holder->row, &sock);
	crowd->count++;
	if (listener && !waits_elsewhere(explain, holder, listener))
		crowd->listener = (uint32_t)(listener - explain->holder);
	if (sock.timer && sock.timer->kind == TIMER_TIMEWAIT && sock.timer->expires_ms > crowd->expires_ms)
		crowd->expires_ms = sock.timer->expires_ms;
	crowd->to_itself |= proto_listens(sock.row.proto) && sock.row.local_port == sock.row.remote_port &&
	                    memcmp(&sock.row.local, &sock.row.remote, sizeof(sock.row.local)) == 0;
	/* In the ephemeral range and no listener there: connect() chose the port. */
	crowd->outgoing |= sock.row.remote_port && facts_is_ephemeral(&explain->host, sock.row.local_port) &&
	                   !holder_listener(explain, holder);
	for (size_t p = 0; p < explain->plans; p++) {
		struct bind_plan plan = explain->plan[p].bind;
		if (explain->plan[p].left_out)
			continue;
		plan.reuseaddr = false;
		crowd->without = crowd->without || bind_judge(&plan, &holder->is).outcome == BIND_IN_USE;
		crowd->in_the_way |= holder->judged[p].outcome == BIND_IN_USE;
		crowd->maybe |= holder->judged[p].outcome == BIND_UNKNOWN;
	}
}

int holders_crowd(struct explain *explain)
{
	explain->crowds = 0;
	for (size_t i = 0; i < explain->holders; i++) {
		struct holder *holder = &explain->holder[i];
		if (crowd_for(explain, holder, &holder->crowd) < 0)
			return -1;
		crowd_take(explain, &explain->crowd[holder->crowd], holder);
	}
	return 0;
}
