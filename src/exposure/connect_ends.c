// SPDX-License-Identifier: MIT
/*
 * connect_ends.c - who is at the other end: a listener of this host, or what connections to another host show
 * (connect_parts.h).
 */
#include "exposure/bpf_attached.h"
#include "exposure/connect_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sockview/cgroup.h>
#include <sockview/names.h>
#include <sockview/netns.h>
#include <sockview/proto.h>

enum { HOLDER_MAX = 160 };

static void holder_text(const struct connect *connect, const struct row *row, char text[HOLDER_MAX])
{
	struct owner_span span = owners_of(connect->facts.owners, row);
	char name[4 * 32 + 1];
	if (!span.count) {
		snprintf(text, HOLDER_MAX, "a socket whose process was not seen");
		return;
	}
	const struct process *process = &connect->facts.owners->process[span.first->process];
	struct bytes program = owners_text(connect->facts.owners, process->program);
	*text_escape(name, program.data, program.len < 32 ? program.len : 32, TEXT_WORD) = '\0';
	snprintf(text, HOLDER_MAX, "%s (pid %d)", name, process->pid);
}

static void row_place(char text[CONNECT_PLACE_MAX], const struct row *row)
{
	bool mapped = row->flags & ROW_LOCAL_MAPPED;
	union addr addr = mapped ? addr_unmapped(&row->local) : row->local;
	connect_place(text, &addr, mapped ? AF_INET : row->family, row->local_port);
}

/* --- here --- */

/* Sockets that have the port and do not take the connection; the last of them explains most. */
enum other {
	OTHER_NONE,
	OTHER_NETNS,
	OTHER_BOUND,
	OTHER_FAMILY,
	OTHER_DEVICE,
	OTHER_ADDRESS,
	OTHER_LOOPBACK,
	OTHER_COUNT
};

struct listeners {
	size_t covering, full;
	const struct row *full_row;
	enum other other;
	const struct row *other_row;
};

static bool row_on_loopback(const struct row *row)
{
	static const union addr one = { .byte = { [15] = 1 } };
	bool mapped = row->flags & ROW_LOCAL_MAPPED;
	if (row->family == AF_INET6 && !mapped)
		return memcmp(&row->local, &one, sizeof(one)) == 0;
	return row->local.byte[mapped ? 12 : 0] == 127;
}

static enum other other_of(const struct row *row, const struct connect_end *end)
{
	if (row->netns)
		return OTHER_NETNS;
	if (!(proto_table[row->proto].waiting & STATE_BIT(row->state)))
		return OTHER_BOUND;
	if (row_covers(row, end->family, &end->addr))
		return OTHER_DEVICE;
	bool four = row->family == AF_INET || row->flags & ROW_LOCAL_MAPPED;
	if (four != (end->family == AF_INET))
		return OTHER_FAMILY;
	bool loopback = end->family == AF_INET ? end->addr.byte[0] == 127 : false;
	return row_on_loopback(row) && !loopback ? OTHER_LOOPBACK : OTHER_ADDRESS;
}

static void say_other(struct connect *connect, const struct row *row, enum other other)
{
	char place[CONNECT_PLACE_MAX], holder[HOLDER_MAX], netns[4 * 48 + 1] = "";
	static const char *const why[OTHER_COUNT] = {
		[OTHER_BOUND] = "it is bound and does not listen",
		[OTHER_FAMILY] = "of the other address family alone",
		[OTHER_DEVICE] = "bound to another interface than the one that has the address",
		[OTHER_ADDRESS] = "of another address",
		[OTHER_LOOPBACK] = "of loopback alone",
	};
	row_place(place, row);
	holder_text(connect, row, holder);
	if (other != OTHER_NETNS) {
		connect_say(connect, "%s has %s: %s", holder, place, why[other]);
		return;
	}
	const char *label = connect->facts.elsewhere && row->netns < connect->facts.elsewhere->count
	                            ? connect->facts.elsewhere->item[row->netns].label
	                            : NULL;
	*text_escape(netns, label ? label : "", label ? strnlen(label, 48) : 0, TEXT_WORD) = '\0';
	connect_say(connect, "%s has %s in another network namespace, %s", holder, place, netns);
}

static void take_listener(struct connect *connect, const struct connect_end *end, const struct row *row,
                          struct listeners *found)
{
	bool listens = proto_table[row->proto].waiting & STATE_BIT(row->state);
	/*
	 * A packet to an address of this host passes lo, and counts as come in by the interface that has the address
	 * (net/ipv4/route.c, ip_route_output_key_hash_rcu(), orig_oif; net/ipv6/ip6_input.c, ip6_rcv_core()).
	 */
	const struct local_addr *at = ways_addr(&connect->ways, end->family, &end->addr);
	bool device = row->ifindex && (!at || row->ifindex != at->ifindex);
	if (row->proto != connect->proto || row->local_port != connect->port || !(listens || row->state == STATE_BOUND))
		return;
	if (listens && !row->netns && !device && row_covers(row, end->family, &end->addr)) {
		char place[CONNECT_PLACE_MAX], holder[HOLDER_MAX];
		row_place(place, row);
		holder_text(connect, row, holder);
		bool full = row->flags & ROW_BACKLOG && row->recv_q > row->send_q;
		connect_say(connect, "%s listens on %s: %u of %u places of its accept queue are taken", holder, place,
		            row->recv_q, row->send_q + 1);
		found->covering++;
		found->full += full;
		if (full)
			found->full_row = row;
		return;
	}
	enum other other = other_of(row, end);
	say_other(connect, row, other);
	if (other > found->other) {
		found->other = other;
		found->other_row = row;
	}
}

static void advise_other(struct connect_end *end, const struct row *row, enum other other, const char *place)
{
	static const char *const advice[OTHER_COUNT] = {
		[OTHER_NONE] = "start the server",
		[OTHER_NETNS] = "connect from that namespace, by its address, or publish the port",
		[OTHER_BOUND] = "the server must call listen()",
		[OTHER_FAMILY] = "connect by the other family, or let the server bind both ([::] without IPV6_V6ONLY)",
		[OTHER_DEVICE] = "let the server not bind itself to an interface, or connect to an address of that one",
	};
	char served[CONNECT_PLACE_MAX];
	if (other < OTHER_ADDRESS) {
		snprintf(end->advice, sizeof(end->advice), "%s", advice[other]);
		return;
	}
	row_place(served, row);
	snprintf(end->advice, sizeof(end->advice), "connect to %s, or let the server bind %s or every address", served,
	         place);
}

static void nothing_listens(struct connect *connect, struct connect_end *end, const struct listeners *found)
{
	char place[CONNECT_PLACE_MAX];
	bool whole = connect->facts.whole;
	connect_place(place, &end->addr, end->family, connect->port);
	/* A rule that was not read may send it to another port. */
	bool certain = whole && !end->redirected;
	/* The first doubt stays the stage; this is what a person wants to know first. */
	if (!certain && end->verdict == CONNECT_UNKNOWN)
		snprintf(
			end->headline, sizeof(end->headline),
			"nothing that was seen listens on %s, but a rule that was not read or judged may send it elsewhere",
			place);
	if (!connect_end_set(end, certain ? CONNECT_FAILS : CONNECT_UNKNOWN, STAGE_LISTENER,
	                     certain ? ECONNREFUSED : 0))
		return;
	snprintf(end->headline, sizeof(end->headline), "nothing%s listens on %s", whole ? "" : " that was seen", place);
	advise_other(end, found->other_row, found->other, place);
}

/* Packets that come in, and the answers, meet these programs (net/core/filter.c, sk_filter_trim_cap(); ip_output.c). */
static void doubt_programs(struct connect *connect, struct connect_end *end, size_t index)
{
	struct sock sock;
	struct bytes path = { NULL, 0 };
	table_get(connect->facts.table, index, &sock);
	if (connect->cgroups && sock.extra && sock.extra->has & EXTRA_CGROUP)
		path = cgroups_path(connect->cgroups, sock.extra->cgroup_id);
	int programs = cgroup_programs(connect->cgroups, path, CGROUP_PACKETS, end->family);
	if (programs < 0)
		connect_say(connect, "it could not be asked whether BPF programs of the listener's cgroup may drop it");
	if (programs <= 0)
		return;
	connect_say(connect, "not read, and it may drop the packet: a BPF program of the listener's cgroup");
	if (!connect_end_set(end, CONNECT_UNKNOWN, STAGE_INPUT, 0))
		return;
	snprintf(end->headline, sizeof(end->headline), "a BPF program of the listener's cgroup may drop it");
	snprintf(end->advice, sizeof(end->advice), "try it: --probe=connect");
}

void connect_find_listener(struct connect *connect, struct connect_end *end)
{
	struct listeners found = { 0 };
	const struct table *table = connect->facts.table;
	char place[CONNECT_PLACE_MAX];
	connect_place(place, &end->addr, end->family, connect->port);
	for (size_t i = 0; i < table->count; i++) {
		size_t before = found.covering;
		take_listener(connect, end, &table->row[i], &found);
		if (found.covering > before)
			doubt_programs(connect, end, i);
	}
	if (!found.covering) {
		nothing_listens(connect, end, &found);
		return;
	}
	if (!found.full)
		return;
	/* tcp_input.c, tcp_conn_request(): a SYN that comes to a full accept queue is dropped. */
	bool all = found.full == found.covering;
	if (!connect_end_set(end, all ? CONNECT_FAILS : CONNECT_UNKNOWN, STAGE_QUEUE, all ? ETIMEDOUT : 0))
		return;
	snprintf(end->headline, sizeof(end->headline), "the accept queue of %s is full: the server does not accept()",
	         place);
	snprintf(end->advice, sizeof(end->advice),
	         "sockview --health :%u; a larger backlog does not help a server that hangs", connect->port);
}

/* --- elsewhere --- */

struct remotes {
	unsigned established, silent, time_wait;
	unsigned retransmits;
};

/* Begun by this host: one whose own port is listened on, or is none that the kernel gives, may have come from there. */
static bool row_goes_to(const struct connect *connect, const struct row *row, const struct connect_end *end)
{
	const struct lookup *lookup = connect->options.lookup;
	bool mapped = row->flags & ROW_REMOTE_MAPPED;
	union addr remote = mapped ? addr_unmapped(&row->remote) : row->remote;
	int family = mapped ? AF_INET : row->family;
	uint16_t low, high, port = row->local_port;
	if (row->remote_port != connect->port || family != end->family || memcmp(&remote, &end->addr, sizeof(remote)))
		return false;
	if (row->state == STATE_SYN_SENT)
		return true;
	if (connect->listening[port / 64] >> (port % 64) & 1)
		return false;
	return lookup->local_ports(lookup, &low, &high) < 0 || (port >= low && port <= high);
}

static struct remotes count_remotes(const struct connect *connect, const struct connect_end *end)
{
	struct remotes remotes = { 0 };
	const struct table *table = connect->facts.table;
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->row[i];
		const struct sock_timer *timer = table->timer ? &table->timer[i] : NULL;
		if (row->netns || row->proto != connect->proto || !row_goes_to(connect, row, end))
			continue;
		remotes.established += row->state == STATE_ESTABLISHED;
		remotes.time_wait += row->state == STATE_TIME_WAIT;
		if (row->state != STATE_SYN_SENT || !timer || !timer->retransmits)
			continue;
		remotes.silent++;
		remotes.retransmits =
			timer->retransmits > remotes.retransmits ? timer->retransmits : remotes.retransmits;
	}
	return remotes;
}

void connect_look_remote(struct connect *connect, struct connect_end *end)
{
	struct remotes remotes = count_remotes(connect, end);
	char place[CONNECT_PLACE_MAX];
	connect_place(place, &end->addr, end->family, connect->port);
	if (remotes.silent)
		connect_say(
			connect,
			"no answer to %u connection%s of this host that %s begun now (SYN sent again up to %u times)",
			remotes.silent, remotes.silent == 1 ? "" : "s", remotes.silent == 1 ? "is" : "are",
			remotes.retransmits);
	if (remotes.established)
		connect_say(connect, "%u connection%s of this host to %s %s established: it works for others",
		            remotes.established, remotes.established == 1 ? "" : "s", place,
		            remotes.established == 1 ? "is" : "are");
	if (remotes.time_wait)
		connect_say(connect, "%u connection%s to %s ended within the last minute (TIME_WAIT)",
		            remotes.time_wait, remotes.time_wait == 1 ? "" : "s", place);
	bool worked = remotes.established || remotes.time_wait;
	/*
	 * They have begun before, and others than this user's may be let through: what was not read or judged
	 * stays in doubt for a new one (ct state new, meta skuid).
	 */
	if (worked && !remotes.silent)
		return;
	if (!connect_end_set(end, remotes.silent && !worked ? CONNECT_FAILS : CONNECT_UNKNOWN, STAGE_REMOTE,
	                     remotes.silent && !worked ? ETIMEDOUT : 0))
		return;
	if (remotes.silent)
		snprintf(end->headline, sizeof(end->headline),
		         "%s does not answer: a firewall drops it, the host is down, or its accept queue is full",
		         place);
	else
		snprintf(end->headline, sizeof(end->headline), "nothing here shows whether %s answers", place);
	snprintf(end->advice, sizeof(end->advice), "%s",
	         remotes.silent ? "look at the other host: sockview --exposure there tells these apart"
	                        : "try it: --probe=connect");
}
