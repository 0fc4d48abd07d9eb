// SPDX-License-Identifier: MIT
/*
 * exposure.c - each listener against the rules, by each interface (sockview/exposure.h).
 *
 *   listener x interface x family --a first packet of another host--> fate -> reach; the best is the listener's
 *
 * The packet's source is open. So is its destination where the listener has
 * every address; only where that leaves a doubt each address of the interface
 * is tried, too.
 */
#include <sockview/exposure.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/cgroup.h>
#include <sockview/collect.h>
#include <sockview/column_source.h>
#include <sockview/column_table.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

#include "exposure/bpf_attached.h"
#include "exposure/host_layers.h"
#include "exposure/inject.h"
#include "exposure/judged.h"

static const enum reach reach_of_fate[] = {
	[FATE_PASSES] = REACH_OPEN,     [FATE_DROPPED] = REACH_FILTERED, [FATE_REJECTED] = REACH_REJECTED,
	[FATE_DEPENDS] = REACH_DEPENDS, [FATE_UNKNOWN] = REACH_UNKNOWN,
};

/* One packet's way; of several the one that lets most through is kept. */
struct passage {
	enum reach reach;
	struct packet_answer answer;
	unsigned in_use;
	bool has_nat;
	struct packet_nat nat;
};

/* --- one packet --- */

/* Of several places that a rule sends packets to, none is judged: what the first would meet is no answer. */
static void doubt_place(struct passage *passage)
{
	enum reach reach = passage->reach == REACH_OPEN ? REACH_DEPENDS : REACH_UNKNOWN;
	if (passage->reach == REACH_DEPENDS || passage->reach == REACH_UNKNOWN)
		return;
	passage->reach = reach;
	passage->answer = (struct packet_answer){ .fate = reach == REACH_DEPENDS ? FATE_DEPENDS : FATE_UNKNOWN,
		                                  .rule = passage->nat.rule };
	snprintf(passage->answer.condition, sizeof(passage->answer.condition),
	         "a place that takes it, of several that it is sent to");
}

/* Traffic that is sent elsewhere does not come to the socket, whatever the rules on its way there say. */
static void apply_nat(struct passage *passage, const struct packet_nats *nats, const struct packet_nat *taken)
{
	const struct packet_nat *nat = taken ? taken : nats->count ? &nats->nat[0] : NULL;
	if (!nat)
		return;
	passage->has_nat = true;
	passage->nat = *nat;
	/* The port's own place may be one of them. */
	if (taken && taken->to_many)
		doubt_place(passage);
	if (passage->reach > REACH_DEPENDS)
		return;
	passage->reach = nat->unread ? REACH_UNKNOWN : REACH_DEPENDS;
	if (passage->answer.fate != FATE_PASSES)
		return;
	passage->answer.fate = nat->unread ? FATE_UNKNOWN : FATE_DEPENDS;
	passage->answer.rule = nat->rule;
	passage->answer.drops_if = *nat->condition;
	snprintf(passage->answer.condition, sizeof(passage->answer.condition), "%s",
	         *nat->condition ? nat->condition : "a packet that NAT leaves alone");
}

/*
 * A redirect sends it to the first address of the interface that it came in by,
 * which the kernel lists first, too; of IPv6 to the first that is no link-local
 * one, as what is asked for here is none (net/netfilter/nf_nat_redirect.c).
 */
static bool row_takes_redirect(const struct exposure *exposure, const struct row *row, const struct packet *packet)
{
	for (size_t i = 0; i < exposure->ways.own.addrs; i++) {
		const struct local_addr *at = &exposure->ways.own.addr[i];
		bool link_local = at->family == AF_INET6 && at->addr.byte[0] == 0xfe;
		if (at->ifindex == packet->iif && at->family == packet->family && !link_local && !at->tentative)
			return row_covers(row, packet->family, &at->addr);
	}
	return false;
}

/* The address stays: that of the packet, or any that the interface has. */
static bool row_takes_it_here(const struct exposure *exposure, const struct row *row, const struct packet *packet)
{
	if (packet->known & PACKET_DEST)
		return row_covers(row, packet->family, &packet->dest);
	for (size_t i = 0; i < exposure->ways.own.addrs; i++) {
		const struct local_addr *at = &exposure->ways.own.addr[i];
		if (at->ifindex == packet->iif && at->family == packet->family &&
		    row_covers(row, packet->family, &at->addr))
			return true;
	}
	return false;
}

/* A socket of this host waits where NAT sends it. */
static bool target_waits(const struct exposure *exposure, const struct packet *packet, const struct packet_nat *taken)
{
	uint16_t port = taken->to_port ? taken->to_port : packet->dest_port;
	const struct way *way = ways_by_index(&exposure->ways, packet->iif);
	for (size_t i = 0; i < exposure->waiting.count; i++) {
		const struct row *row = &exposure->waiting.row[i];
		bool bound = row->ifindex && row->ifindex != packet->iif && (!way || row->ifindex != way->master);
		if (proto_table[row->proto].number != packet->proto || row->local_port != port || bound)
			continue;
		if (taken->kind == NAT_REDIRECT ? row_takes_redirect(exposure, row, packet)
		    : taken->to_family          ? row_covers(row, taken->to_family, &taken->to)
		                                : row_takes_it_here(exposure, row, packet))
			return true;
	}
	return false;
}

/* The kernel's word on what comes in by the packet's interface for another address: 0, an errno, or -1. */
static int ask_route_to(const struct exposure *exposure, const struct packet *packet, const struct packet_nat *taken,
                        bool here, uint32_t *oif)
{
	int number = -1;
	for (size_t i = 0; i < exposure->ways.own.addrs && number; i++) {
		const struct local_addr *at = &exposure->ways.own.addr[i];
		union addr source;
		if (at->ifindex == packet->iif && at->family == taken->to_family)
			number = here ? ways_ask_route(at, &taken->to, &source) : ways_ask_forward(at, &taken->to, oif);
	}
	return number;
}

/*
 * Where the packet is sent on to: a socket here, or another host by which interface. False, with the passage's end,
 * if by none.
 */
static bool find_way_on(const struct exposure *exposure, struct packet *packet, const struct packet_nat *taken,
                        struct passage *passage)
{
	uint32_t oif;
	if (taken->to_many)
		return true;
	bool stays = taken->kind == NAT_REDIRECT || !taken->to_family;
	bool here = stays || ways_addr(&exposure->ways, taken->to_family, &taken->to);
	if (here && !target_waits(exposure, packet, taken)) {
		passage->reach = REACH_LOCAL;
		return false;
	}
	if (stays)
		return true;
	int number = ask_route_to(exposure, packet, taken, here, &oif);
	const struct way *way = number || here ? NULL : ways_by_index(&exposure->ways, oif);
	if (way) {
		packet->oif = oif;
		memcpy(packet->oifname, way->name, sizeof(packet->oifname));
		packet->known |= PACKET_OIF;
		passage->in_use |= way->in_use;
	}
	if (number <= 0)
		return true;
	/* EHOSTUNREACH: forwarding is off (net/ipv4/route.c, ip_route_input_slow()). */
	passage->reach = REACH_FILTERED;
	passage->answer = (struct packet_answer){ .fate = FATE_DEPENDS };
	snprintf(passage->answer.condition, sizeof(passage->answer.condition), "a route on to there (%s%s)",
	         strerror(number), number == EHOSTUNREACH ? "; is ip_forward on?" : "");
	return false;
}

static void keep_better(struct passage *best, const struct passage *one)
{
	if (one->reach < best->reach)
		*best = *one;
}

/* Lets it arrive; what DNAT sends to an address of this host takes the hook input. */
static const struct packet_nat *let_arrive(const struct exposure *exposure, struct packet *packet,
                                           struct packet_answer *answer, struct packet_nats *nats)
{
	const struct packet_nat *taken = NULL;
	*nats = (struct packet_nats){ .count = 0 };
	packet_arrive(exposure->ruleset, packet, answer, nats, &taken);
	if (!taken || taken->kind != NAT_DNAT || !taken->to_family || taken->to_many ||
	    !ways_addr(&exposure->ways, taken->to_family, &taken->to))
		return taken;
	packet->known |= PACKET_NAT_STAYS;
	*nats = (struct packet_nats){ .count = 0 };
	packet_arrive(exposure->ruleset, packet, answer, nats, &taken);
	return taken;
}

/* It passes only where the rule of NAT takes it. */
static void passes_if(struct passage *passage, const struct packet_nat *nat)
{
	if (passage->reach > REACH_DEPENDS)
		return;
	if (passage->reach == REACH_OPEN) {
		passage->answer = (struct packet_answer){ .fate = FATE_DEPENDS, .rule = nat->rule };
		snprintf(passage->answer.condition, sizeof(passage->answer.condition), "%s",
		         *nat->condition ? nat->condition : "a socket where it is sent");
	}
	passage->answer.fate = nat->unread ? FATE_UNKNOWN : FATE_DEPENDS;
	passage->reach = reach_of_fate[passage->answer.fate];
}

/* What is sent elsewhere is judged on its way there; `assumed`: by this one of the rules that it may meet. */
static struct passage pass_onward(const struct exposure *exposure, const struct packet *packet, uint8_t assumed)
{
	struct passage passage = { .reach = REACH_LOCAL };
	struct packet_nats nats;
	struct packet onward = *packet;
	onward.assumed_nat = assumed;
	const struct packet_nat *taken = let_arrive(exposure, &onward, &passage.answer, &nats);
	if (!taken)
		return passage;
	passage.has_nat = true;
	passage.nat = *taken;
	if (!find_way_on(exposure, &onward, &passage.nat, &passage))
		return passage;
	nats = (struct packet_nats){ .count = 0 };
	packet_arrive(exposure->ruleset, &onward, &passage.answer, &nats, &taken);
	passage.reach = reach_of_fate[passage.answer.fate];
	/* Its neighbours answer each other directly, and not from where the connection went to. */
	if (passage.reach == REACH_OPEN && onward.known & PACKET_OIF && onward.oif == onward.iif) {
		passage.reach = REACH_DEPENDS;
		passage.answer = (struct packet_answer){ .fate = FATE_DEPENDS, .rule = passage.nat.rule };
		snprintf(passage.answer.condition, sizeof(passage.answer.condition),
		         "a source whose answers come back this way: it leaves by the interface that it came in by");
	}
	if (passage.nat.to_many)
		doubt_place(&passage);
	if (passage.nat.assumed)
		passes_if(&passage, &passage.nat);
	return passage;
}

/* What no rule sends elsewhere is of no interest; of those that may, the one that lets most through. */
static struct passage pass_published(const struct exposure *exposure, const struct packet *packet)
{
	struct packet_nats nats = { .count = 0 };
	const struct packet_nat *taken;
	struct packet_answer answer;
	struct passage best = pass_onward(exposure, packet, 0);
	packet_arrive(exposure->ruleset, packet, &answer, &nats, &taken);
	for (size_t i = 0; i < nats.count; i++) {
		const struct packet_nat *nat = &nats.nat[i];
		struct passage one = { .reach = REACH_OPEN, .has_nat = true, .nat = *nat };
		if (nat->kind == NAT_TPROXY)
			passes_if(&one, nat);
		else if (!nat->certain)
			one = pass_onward(exposure, packet, (uint8_t)(i + 1));
		else
			continue;
		keep_better(&best, &one);
	}
	if (!nats.left_out || best.reach <= REACH_UNKNOWN)
		return best;
	best.reach = REACH_UNKNOWN;
	best.answer = (struct packet_answer){ .fate = FATE_UNKNOWN };
	snprintf(best.answer.condition, sizeof(best.answer.condition), "more rules of NAT than are followed");
	return best;
}

static struct passage pass_packet(const struct exposure *exposure, const struct packet *packet, bool follow)
{
	struct passage passage = { .reach = REACH_OPEN };
	struct packet_nats nats;
	struct packet there = *packet;
	if (follow)
		return pass_published(exposure, packet);
	const struct packet_nat *taken = let_arrive(exposure, &there, &passage.answer, &nats);
	passage.reach = reach_of_fate[passage.answer.fate];
	apply_nat(&passage, &nats, taken);
	return passage;
}

/* rp_filter and the routes, there and back: an address of the interface's own net is refused, another may not be. */
static void ask_routes(const struct exposure *exposure, const struct packet *packet, struct passage *passage)
{
	bool asked = false, none = true, back = false;
	union addr source = { .word = { 0 } };
	int number = 0;
	for (size_t i = 0; i < exposure->ways.own.addrs && passage->reach == REACH_OPEN; i++) {
		const struct local_addr *at = &exposure->ways.own.addr[i];
		if (at->ifindex != packet->iif || at->family != packet->family)
			continue;
		const union addr *dest = packet->known & PACKET_DEST ? &packet->dest : &at->addr;
		none = false;
		number = ways_ask_route(at, dest, &source);
		back = number == 0 && packet->proto == IPPROTO_TCP;
		if (back)
			number = ways_ask_answer(at, dest, &source, packet->dest_port);
		if (number <= 0)
			return;
		asked = true;
	}
	if (none && passage->reach == REACH_OPEN) {
		passage->reach = REACH_DEPENDS;
		passage->answer = (struct packet_answer){ .fate = FATE_DEPENDS };
		snprintf(passage->answer.condition, sizeof(passage->answer.condition),
		         "a route back to the source: the interface has no address of IPv%d",
		         packet->family == AF_INET ? 4 : 6);
	}
	if (!asked)
		return;
	char text[ADDR_TEXT_MAX];
	*addr_text(text, &source, packet->family, false) = '\0';
	passage->reach = REACH_DEPENDS;
	passage->answer = (struct packet_answer){ .fate = FATE_DEPENDS, .drops_if = false };
	snprintf(passage->answer.condition, sizeof(passage->answer.condition), "%s (%s: %s)",
	         back ? "a source to which a route leads back" : "a source that rp_filter and the routes accept there",
	         text, strerror(number));
}

static enum packet_dest_of_iif dest_of_iif(const struct ways *ways, const struct packet *packet)
{
	if (!(packet->known & PACKET_DEST) || !(packet->known & PACKET_DEST_LOCAL))
		return DEST_OF_ANY;
	for (size_t i = 0; i < ways->own.addrs; i++)
		if (ways->own.addr[i].ifindex == packet->iif && ways->own.addr[i].family == packet->family &&
		    memcmp(&ways->own.addr[i].addr, &packet->dest, sizeof(packet->dest)) == 0)
			return DEST_OF_IIF;
	return DEST_OF_OTHER;
}

/* Where the rules let no neighbour learn this host's link address, those that have it already come through. */
static void ask_discovery(const struct exposure *exposure, const struct packet *packet, const struct way *way,
                          struct passage *passage)
{
	bool six = packet->family == AF_INET6;
	if (passage->reach != REACH_OPEN || !exposure->discovery || packet_may_be_to_many(packet) ||
	    (packet->known & PACKET_DEST && !(packet->known & PACKET_DEST_LOCAL)))
		return;
	const struct packet_answer *answer = &exposure->discovery[(size_t)(way - exposure->ways.way) * 2 + six];
	if (answer->fate == FATE_PASSES)
		return;
	passage->reach = REACH_DEPENDS;
	passage->answer = (struct packet_answer){ .fate = FATE_DEPENDS, .rule = answer->rule };
	snprintf(passage->answer.condition, sizeof(passage->answer.condition),
	         "a neighbour entry of this host at the sender: %s is dropped", six ? "neighbour discovery" : "ARP");
}

static int read_discovery(struct exposure *exposure)
{
	const struct ways *ways = &exposure->ways;
	if (ruleset_is_empty(exposure->ruleset) || !ways->count)
		return 0;
	exposure->discovery = calloc(ways->count, 2 * sizeof(*exposure->discovery));
	for (size_t i = 0; exposure->discovery && i < ways->count; i++)
		for (size_t six = 0; six < 2 && ways->way[i].resolves; six++)
			packet_discover(exposure->ruleset, six ? AF_INET6 : AF_INET, ways->way[i].ifindex,
			                ways->way[i].name, &exposure->discovery[i * 2 + six]);
	return exposure->discovery ? 0 : -1;
}

static struct passage pass_way(const struct exposure *exposure, struct packet *packet, const struct way *way,
                               bool follow)
{
	packet->iif = way->ifindex;
	snprintf(packet->iifname, sizeof(packet->iifname), "%s", way->name);
	packet->dest_of_iif = (uint8_t)dest_of_iif(&exposure->ways, packet);
	struct passage best = pass_packet(exposure, packet, follow);
	bool open_dest = !(packet->known & PACKET_DEST);
	for (size_t i = 0; i < exposure->ways.own.addrs && open_dest && best.reach != REACH_OPEN; i++) {
		const struct local_addr *at = &exposure->ways.own.addr[i];
		if (at->ifindex != way->ifindex || at->family != packet->family || best.answer.fate < FATE_DEPENDS)
			continue;
		struct packet there = *packet;
		there.known |= PACKET_DEST;
		there.dest = at->addr;
		there.dest_of_iif = DEST_OF_IIF;
		struct passage one = pass_packet(exposure, &there, follow);
		keep_better(&best, &one);
	}
	if (!follow)
		ask_routes(exposure, packet, &best);
	ask_discovery(exposure, packet, way, &best);
	return best;
}

/* --- one listener --- */

static bool row_is_loopback(const struct exposure *exposure, const struct row *row)
{
	static const union addr one = { .byte = { [15] = 1 } };
	bool mapped = row->flags & ROW_LOCAL_MAPPED;
	for (size_t i = 0; i < exposure->ways.count && row->ifindex; i++)
		if (exposure->ways.way[i].ifindex == row->ifindex && exposure->ways.way[i].loopback)
			return true;
	if (row->family == AF_INET6 && !mapped)
		return memcmp(&row->local, &one, sizeof(one)) == 0;
	return row->local.byte[mapped ? 12 : 0] == 127;
}

static bool row_takes(const struct row *row, int family)
{
	bool mapped = row->flags & ROW_LOCAL_MAPPED;
	if (row->family == AF_INET || mapped)
		return family == AF_INET;
	return family == AF_INET6 || (addr_is_any(&row->local, false) && !(row->flags & ROW_V6ONLY));
}

static struct packet packet_for(const struct row *row, int family)
{
	struct packet packet = {
		.family = (uint8_t)family,
		.proto = (uint8_t)proto_table[row->proto].number,
		.known = PACKET_IIF | PACKET_ROUTES_BACK | PACKET_SOURCE_REMOTE,
		.dest_port = row->local_port,
	};
	bool mapped = row->flags & ROW_LOCAL_MAPPED;
	union addr bound = mapped ? addr_unmapped(&row->local) : row->local;
	bool multicast = family == AF_INET ? bound.byte[0] >= 224 : bound.byte[0] == 0xff;
	if (addr_is_any(&row->local, mapped)) {
		packet.known |= PACKET_DEST_LOCAL;
		return packet;
	}
	packet.dest = bound;
	packet.known |= PACKET_DEST;
	if (!multicast)
		packet.known |= PACKET_DEST_LOCAL;
	return packet;
}

/* In use on the listener's cgroup or above; or it could not be asked. */
static void find_cgroup_programs(const struct exposure *exposure, const struct sock *sock, struct judged *judged)
{
	struct cgroups *cgroups = exposure->facts.cgroups;
	struct bytes path = { NULL, 0 };
	if (cgroups && sock->extra && sock->extra->has & EXTRA_CGROUP)
		path = cgroups_path(cgroups, sock->extra->cgroup_id);
	int programs = cgroup_programs(cgroups, path, CGROUP_PACKETS, AF_UNSPEC);
	if (programs > 0)
		judged->in_use |= LAYER_BIT(LAYER_CGROUP);
	if (programs)
		judged->unread |= LAYER_BIT(LAYER_CGROUP);
}

/* A SYN that comes to a full accept queue is dropped (net/ipv4/tcp_input.c, tcp_conn_request()). */
static void doubt_queue(struct passage *passage, const struct row *row)
{
	if (passage->reach != REACH_OPEN || row->state != STATE_LISTEN || !(row->flags & ROW_BACKLOG) ||
	    row->recv_q <= row->send_q)
		return;
	passage->reach = REACH_DEPENDS;
	passage->answer = (struct packet_answer){ .fate = FATE_DEPENDS };
	snprintf(passage->answer.condition, sizeof(passage->answer.condition),
	         "a place in its accept queue: %u of %u are taken", row->recv_q, row->send_q + 1);
}

static int judge_ways(struct exposure *exposure, const struct row *row, struct judged *judged, bool loopback)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct passage best = { .reach = REACH_LOCAL };
	bool follow = judged_is_published(exposure, judged);
	judged->first_way = exposure->way_count;
	for (size_t i = 0; i < exposure->ways.count; i++) {
		struct way *way = &exposure->ways.way[i];
		struct passage of_way = { .reach = REACH_LOCAL };
		bool bound = row->ifindex && row->ifindex != way->ifindex && row->ifindex != way->master;
		if (way_is_closed(&exposure->ways, way) || bound ||
		    (loopback && !way_takes_localnet(&exposure->ways, way)))
			continue;
		for (size_t f = 0; f < 2; f++) {
			if (!row_takes(row, families[f]) || !ways_have(&exposure->ways, families[f]))
				continue;
			struct packet packet = packet_for(row, families[f]);
			struct passage one = pass_way(exposure, &packet, way, follow);
			keep_better(&of_way, &one);
			/* Of one address family alone, perhaps: the other lets more through. */
			if (one.has_nat && !judged->has_nat)
				judged->nat = one.nat;
			judged->has_nat |= one.has_nat;
		}
		if (of_way.reach == REACH_LOCAL)
			continue;
		doubt_queue(&of_way, row);
		of_way.in_use |= way->in_use | judged->in_use | exposure->in_use;
		judged->unread |= way->unread | way->in_use;
		enum reach by_rules = of_way.reach;
		if (of_way.in_use)
			of_way.reach = REACH_UNKNOWN;
		struct reach_way *added = vec_push(exposure->way, exposure->way_count, exposure->way_capacity);
		if (!added)
			return -1;
		*added = (struct reach_way){ .in_use = of_way.in_use, .by_rules = (uint8_t)by_rules };
		memcpy(added->name, way->name, sizeof(added->name));
		added->reach = (uint8_t)of_way.reach;
		keep_better(&best, &of_way);
	}
	judged->ways = exposure->way_count - judged->first_way;
	judged->reach = best.reach;
	judged->answer = best.answer;
	judged->in_use = best.in_use;
	if (best.has_nat)
		judged->nat = best.nat;
	return 0;
}

static const char *scope_word(const struct sock *sock)
{
	static const struct column_context none;
	struct column_source source;
	struct value value;
	column_source_set(&source, &none, sock);
	column_get(column_find("scope", strlen("scope")), &source, &value);
	return value.kind == VALUE_WORD ? value.word : "";
}

static int judge_row(struct exposure *exposure, size_t index)
{
	struct sock sock;
	table_get(exposure->facts.table, index, &sock);
	struct judged *judged = vec_push(exposure->judged, exposure->count, exposure->capacity);
	if (!judged)
		return -1;
	*judged = (struct judged){ .row = index, .reach = REACH_LOCAL, .scope = scope_word(&sock) };
	const struct judged local = *judged;
	bool loopback = row_is_loopback(exposure, &sock.row);
	if (loopback && (sock.row.ifindex || !row_takes(&sock.row, AF_INET)))
		return 0;
	judged->unread = exposure->unread | exposure->in_use;
	struct packet packet = packet_for(&sock.row, row_takes(&sock.row, AF_INET) ? AF_INET : AF_INET6);
	if (packet.known & PACKET_DEST && packet.known & PACKET_DEST_LOCAL &&
	    !ways_addr(&exposure->ways, packet.family, &packet.dest)) {
		judged->not_here = true;
		judged->reach = REACH_UNKNOWN;
		return 0;
	}
	find_cgroup_programs(exposure, &sock, judged);
	if (judge_ways(exposure, &sock.row, judged, loopback) < 0)
		return -1;
	/* That nothing comes to loopback is not the firewall's doing. */
	if (loopback && judged->reach >= REACH_REJECTED) {
		exposure->way_count = judged->first_way;
		*judged = local;
	}
	return 0;
}

/* --- a port that docker-proxy has for a container --- */

static void judge_proxy(const struct exposure *exposure, struct judged *judged)
{
	static const char name[] = "docker-proxy";
	const struct owners *owners = exposure->facts.owners;
	struct owner_span span = { 0 };
	if (owners)
		span = owners_of(owners, judged_row(exposure, judged));
	const struct process *process = span.count ? &owners->process[span.first->process] : NULL;
	struct bytes program = process ? owners_text(owners, process->program) : (struct bytes){ 0 };
	struct packet_nat to;
	/* Any process can bear that name and such words: it is dockerd's, root's or that of the user who asks. */
	const struct row *row = judged_row(exposure, judged);
	if (!(row->flags & ROW_HAS_UID) || (row->uid && row->uid != geteuid()))
		return;
	if (judged->has_nat || program.len != strlen(name) || memcmp(program.data, name, program.len) != 0 ||
	    !proxy_target(owners_text(owners, process->cmdline), &to))
		return;
	judged->proxied = true;
	judged->nat = to;
}

static bool any_is_proxied(const struct exposure *exposure)
{
	for (size_t i = 0; i < exposure->count; i++)
		if (exposure->judged[i].proxied)
			return true;
	return false;
}

/* --- a port that NAT sends elsewhere --- */

static bool same_rule(const struct packet_rule *one, const struct packet_rule *other)
{
	/* Texts of one ruleset: the same rule has the same ones. */
	return one->handle == other->handle && one->table == other->table && one->chain == other->chain;
}

static bool same_nat(const struct packet_nat *one, const struct packet_nat *other)
{
	return one->kind == other->kind && same_rule(&one->rule, &other->rule) && one->to_family == other->to_family &&
	       one->to_many == other->to_many && one->to_port == other->to_port &&
	       memcmp(&one->to, &other->to, sizeof(one->to)) == 0;
}

static bool same_ways(const struct exposure *exposure, const struct judged *one, const struct judged *other)
{
	const struct reach_way *way = &exposure->way[one->first_way], *beside = &exposure->way[other->first_way];
	bool same = one->ways == other->ways;
	for (size_t i = 0; i < one->ways && same; i++)
		same = way[i].reach == beside[i].reach && way[i].in_use == beside[i].in_use &&
		       strcmp(way[i].name, beside[i].name) == 0;
	return same;
}

/* Of ports that are next to each other, and whose packets meet the same: one row. True: the last is part of the one before. */
static bool joins_the_last(struct exposure *exposure, const struct judged *judged)
{
	const struct judged *before = judged - 1;
	if (judged == exposure->judged || !judged_is_published(exposure, before))
		return false;
	const struct row *row = judged_row(exposure, judged), *row_before = judged_row(exposure, before);
	if (row->proto != row_before->proto || row->family != row_before->family || row->flags != row_before->flags ||
	    row->local_port != judged_last_port(exposure, before) + 1 || judged->reach != before->reach ||
	    judged->answer.fate != before->answer.fate || !same_rule(&judged->answer.rule, &before->answer.rule) ||
	    strcmp(judged->answer.condition, before->answer.condition) != 0 || judged->unread != before->unread ||
	    !same_nat(&judged->nat, &before->nat) || !same_ways(exposure, judged, before))
		return false;
	exposure->published.item[before->row - exposure->facts.table->count].last = judged_last_port(exposure, judged);
	return true;
}

static int judge_published(struct exposure *exposure, size_t index)
{
	struct sock sock = { .row = exposure->published.item[index].row };
	struct judged *judged = vec_push(exposure->judged, exposure->count, exposure->capacity);
	if (!judged)
		return -1;
	*judged = (struct judged){ .row = exposure->facts.table->count + index,
		                   .reach = REACH_LOCAL,
		                   .scope = scope_word(&sock) };
	judged->unread = exposure->unread | exposure->in_use;
	if (judge_ways(exposure, &sock.row, judged, false) < 0)
		return -1;
	if (judged->reach == REACH_LOCAL || !judged->has_nat || joins_the_last(exposure, judged)) {
		exposure->way_count = judged->first_way;
		exposure->count--;
		return 0;
	}
	judged->tenant =
		judged->nat.to_family ? tenants_name(&exposure->tenants, judged->nat.to_family, &judged->nat.to) : NULL;
	return 0;
}

/* All that waits here, also what the filter has not chosen: a port that it has may be sent there. */
static int collect_waiting(struct table *table)
{
	struct query query = { .protos = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP), .inet = true, .inet6 = true };
	struct sources sources = { .from = SOURCE_NETLINK, .proc_net_fd = -1 };
	struct source_request request = { .query = &query, .sink = table_sink, .context = table };
	struct report report = { 0 };
	struct error ignored;
	query.states[PROTO_TCP] = proto_table[PROTO_TCP].waiting;
	query.states[PROTO_UDP] = proto_table[PROTO_UDP].waiting;
	return collect_sockets(&sources, &request, &report, &ignored);
}

static int judge_all_published(struct exposure *exposure)
{
	if (ruleset_translates(exposure->ruleset) && collect_waiting(&exposure->waiting) < 0)
		return -1;
	if (published_find(&exposure->published, exposure->ruleset, &exposure->waiting, exposure->facts.wanted,
	                   exposure->facts.context) < 0)
		return -1;
	if ((exposure->published.count || any_is_proxied(exposure)) &&
	    tenants_read(&exposure->tenants, exposure->facts.proc_fd) < 0)
		return -1;
	for (size_t i = 0; i < exposure->count; i++) {
		struct judged *judged = &exposure->judged[i];
		if (judged->proxied)
			judged->tenant = tenants_name(&exposure->tenants, judged->nat.to_family, &judged->nat.to);
	}
	for (size_t i = 0; i < exposure->published.count; i++)
		if (judge_published(exposure, i) < 0)
			return -1;
	return 0;
}

/* --- all of them --- */

static void find_layers(struct exposure *exposure)
{
	const struct ruleset_gaps *gaps = ruleset_gaps(exposure->ruleset);
	struct host_layers layers = host_layers_find(exposure->facts.proc_fd);
	exposure->in_use |= layers.in_use;
	exposure->unread |= layers.unasked;
	if (gaps->error || gaps->changing)
		exposure->in_use |= LAYER_BIT(LAYER_NFTABLES);
	if (gaps->legacy)
		exposure->in_use |= LAYER_BIT(LAYER_LEGACY);
	if (ruleset_has_bridge(exposure->ruleset))
		exposure->in_use |= LAYER_BIT(LAYER_BRIDGE);
	ways_join_below(&exposure->ways, exposure->ruleset);
}

static int judged_compare(const void *a, const void *b, void *exposure)
{
	const struct judged *one = a, *other = b;
	const struct row *row = judged_row(exposure, one), *other_row = judged_row(exposure, other);
	if (one->reach != other->reach)
		return one->reach < other->reach ? -1 : 1;
	if (row->local_port != other_row->local_port)
		return row->local_port < other_row->local_port ? -1 : 1;
	return one->row < other->row ? -1 : one->row > other->row;
}

static int judge_all(struct exposure *exposure)
{
	const struct table *table = exposure->facts.table;
	if (ways_read(&exposure->ways) < 0)
		return -1;
	exposure->ruleset = exposure->facts.ruleset ? exposure->facts.ruleset : ruleset_read(exposure->facts.proc_fd);
	if (!exposure->ruleset || read_discovery(exposure) < 0)
		return -1;
	find_layers(exposure);
	for (size_t i = 0; i < table->count; i++)
		if (judge_row(exposure, i) < 0)
			return -1;
	for (size_t i = 0; i < exposure->count && !exposure->facts.rows_alone; i++)
		judge_proxy(exposure, &exposure->judged[i]);
	if (exposure->facts.probe && inject_all(exposure) < 0)
		return -1;
	if (!exposure->facts.rows_alone && judge_all_published(exposure) < 0)
		return -1;
	if (exposure->count)
		qsort_r(exposure->judged, exposure->count, sizeof(*exposure->judged), judged_compare, exposure);
	return 0;
}

struct exposure *exposure_new(const struct exposure_facts *facts)
{
	struct exposure *exposure = calloc(1, sizeof(*exposure));
	if (!exposure)
		return NULL;
	exposure->facts = *facts;
	table_init(&exposure->waiting, 0);
	if (judge_all(exposure) == 0)
		return exposure;
	int number = errno;
	exposure_free(exposure);
	errno = number;
	return NULL;
}

int exposure_probes(const struct exposure *exposure)
{
	errno = exposure->probe_errno;
	return errno ? -1 : (int)exposure->probes;
}

size_t exposure_unprobed(const struct exposure *exposure, size_t number, const char **why)
{
	enum { REASONS_MAX = 16 };
	const char *seen[REASONS_MAX];
	size_t reasons = 0, count = 0;
	*why = NULL;
	/* Reasons are literals of inject.c. */
	for (size_t i = 0; i < exposure->way_count; i++) {
		const char *refused = exposure->way[i].probe_refused;
		bool known = !refused;
		for (size_t j = 0; j < reasons && !known; j++)
			known = seen[j] == refused;
		if (!known && reasons < REASONS_MAX)
			seen[reasons++] = refused;
	}
	if (number < reasons)
		*why = seen[number];
	for (size_t i = 0; i < exposure->way_count && *why; i++)
		count += exposure->way[i].probe_refused == *why;
	return count;
}

bool exposure_has_rows(const struct exposure *exposure)
{
	return exposure->count;
}

void exposure_free(struct exposure *exposure)
{
	if (!exposure)
		return;
	if (!exposure->facts.ruleset)
		ruleset_free(exposure->ruleset);
	ways_free(&exposure->ways);
	free(exposure->discovery);
	free(exposure->judged);
	free(exposure->way);
	free(exposure->published.item);
	table_free(&exposure->waiting);
	tenants_free(&exposure->tenants);
	free(exposure);
}
