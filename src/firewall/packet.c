// SPDX-License-Identifier: MIT
/* packet.c - the whole way of a packet and of the answer to it, hook by hook (packet.h). */
#include <sockview/packet.h>

#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>

/* The fate of a further part of the way. True: it ends here. */
static bool add_answer(struct packet_answer *sum, const struct packet_answer *one)
{
	bool ends = one->fate == FATE_DROPPED || one->fate == FATE_REJECTED;
	if (ends || sum->fate == FATE_PASSES)
		*sum = *one;
	else
		sum->more |= one->fate != FATE_PASSES;
	return ends;
}

/* The answer to a packet: its ends exchanged. The caller says by which interface it goes. */
static void turn_round(struct packet_state *state)
{
	struct packet *packet = &state->packet, before = *packet;
	packet->reply = true;
	packet->source = before.dest;
	packet->dest = before.source;
	packet->source_port = before.dest_port;
	packet->dest_port = before.source_port;
	packet->known = (uint16_t)((before.known & PACKET_DEST ? PACKET_SOURCE : 0) |
	                           (before.known & PACKET_SOURCE ? PACKET_DEST : 0) |
	                           (before.known & (PACKET_SOURCE_PORT | PACKET_IIF | PACKET_OIF)));
	/* nf_conntrack_proto_tcp.c, tcp_conntracks: a SYN and ACK of no known connection is none of a new one. */
	state->invalid = state->untracked && before.proto != IPPROTO_TCP ? 2 : state->untracked;
	state->untracked = 0;
	state->seen = state->templated = false;
	/* The listener's own mark, SO_MARK or none (net.ipv4.tcp_fwmark_accept): not the packet's. */
	state->mark_known = false;
}

static void goes_out_by(struct packet *packet, const char name[16], uint32_t ifindex, bool known)
{
	packet->oif = ifindex;
	memmove(packet->oifname, name, sizeof(packet->oifname));
	packet->iif = 0;
	packet->iifname[0] = '\0';
	packet->known = (uint16_t)((packet->known & ~(PACKET_IIF | PACKET_OIF)) | (known ? PACKET_OIF : 0));
}

static void comes_in_by(struct packet *packet, const char name[16], uint32_t ifindex)
{
	packet->iif = ifindex;
	memmove(packet->iifname, name, sizeof(packet->iifname));
	packet->oif = 0;
	packet->oifname[0] = '\0';
	packet->known = (uint16_t)((packet->known & ~PACKET_OIF) | PACKET_IIF);
}

/* True: it ends at one of these hooks. */
static bool pass_hooks(const struct ruleset *ruleset, struct packet_state *state, const enum packet_hook *hooks,
                       size_t count, struct packet_answer *answer, struct packet_nats *nats)
{
	struct packet_answer one;
	for (size_t i = 0; i < count; i++) {
		packet_pass(ruleset, state, hooks[i], &one, nats);
		if (add_answer(answer, &one))
			return true;
	}
	return false;
}

static const struct packet_nat *certain_nat(const struct packet_state *state, const struct packet_nats *nats)
{
	const struct packet_nat *taken = NULL;
	for (size_t i = 0; i < nats->count && state->translated; i++)
		if (nats->nat[i].kind != NAT_TPROXY && nats->nat[i].assumed)
			return &nats->nat[i];
		else if (nats->nat[i].kind != NAT_TPROXY && nats->nat[i].certain)
			taken = &nats->nat[i];
	return taken;
}

static const enum packet_hook hooks_in[] = { HOOK_INGRESS, HOOK_PREROUTING, HOOK_INPUT };
static const enum packet_hook hooks_out[] = { HOOK_OUTPUT, HOOK_POSTROUTING, HOOK_EGRESS };

/* A packet that DNAT sends to another host, and the answer of that one. Hooks look at the interfaces that they have. */
static void forward_both(const struct ruleset *ruleset, struct packet_state *state, const struct packet *first,
                         struct packet_answer *answer)
{
	static const enum packet_hook there[] = { HOOK_FORWARD, HOOK_POSTROUTING, HOOK_EGRESS };
	static const enum packet_hook back[] = { HOOK_INGRESS, HOOK_PREROUTING, HOOK_FORWARD, HOOK_POSTROUTING,
		                                 HOOK_EGRESS };
	struct packet *packet = &state->packet;
	if (pass_hooks(ruleset, state, there, countof(there), answer, NULL) || first->proto != IPPROTO_TCP)
		return;
	turn_round(state);
	/* A packet of another host has no mark. */
	state->mark_known = true;
	state->mark = 0;
	packet->iif = first->oif;
	memcpy(packet->iifname, first->oifname, sizeof(packet->iifname));
	packet->oif = first->iif;
	memcpy(packet->oifname, first->iifname, sizeof(packet->oifname));
	packet->known =
		(uint16_t)((packet->known & ~(PACKET_IIF | PACKET_OIF)) | PACKET_ROUTES_BACK |
	                   (first->known & PACKET_OIF ? PACKET_IIF : 0) | (first->known & PACKET_IIF ? PACKET_OIF : 0));
	pass_hooks(ruleset, state, back, countof(back), answer, NULL);
}

static void arrive(const struct ruleset *ruleset, struct packet_state *state, const struct packet *packet,
                   struct packet_answer *answer, struct packet_nats *nats, const struct packet_nat **taken)
{
	struct packet_answer one;
	*answer = (struct packet_answer){ .fate = FATE_PASSES };
	*taken = NULL;
	for (size_t i = 0; i < 2; i++) {
		packet_pass(ruleset, state, hooks_in[i], &one, nats);
		if (add_answer(answer, &one))
			return;
	}
	*taken = certain_nat(state, nats);
	if (*taken && (*taken)->kind == NAT_DNAT && !(state->packet.known & PACKET_DEST_LOCAL)) {
		forward_both(ruleset, state, packet, answer);
		return;
	}
	packet_pass(ruleset, state, HOOK_INPUT, &one, NULL);
	if (add_answer(answer, &one) || packet->proto != IPPROTO_TCP)
		return;
	turn_round(state);
	goes_out_by(&state->packet, state->packet.iifname, state->packet.iif, packet->known & PACKET_IIF);
	pass_hooks(ruleset, state, hooks_out, countof(hooks_out), answer, NULL);
}

static bool same_place(const struct packet_nat *one, const struct packet_nat *other)
{
	return one == other || (one && other && one->rule.handle == other->rule.handle &&
	                        one->rule.table == other->rule.table && one->rule.chain == other->rule.chain);
}

/* Both orders of chains of one priority: what they have in common is the answer. */
static void doubt_order(struct packet_answer *answer, const struct packet_answer *beside, bool same_way,
                        const struct packet_rule *tie)
{
	if (same_way && answer->fate == beside->fate)
		return;
	*answer = (struct packet_answer){ .fate = FATE_UNKNOWN, .rule = *tie };
	snprintf(answer->condition, sizeof(answer->condition),
	         "which of the chains of this hook and priority runs first");
}

void packet_arrive(const struct ruleset *ruleset, const struct packet *packet, struct packet_answer *answer,
                   struct packet_nats *nats, const struct packet_nat **taken)
{
	struct packet_state state, other;
	struct packet_nats other_nats = { .count = 0 };
	const struct packet_nat *other_taken;
	struct packet_answer beside;
	packet_state_init(&state, packet);
	arrive(ruleset, &state, packet, answer, nats, taken);
	if (state.tie.family) {
		packet_state_init(&other, packet);
		other.other_order = true;
		arrive(ruleset, &other, packet, &beside, &other_nats, &other_taken);
		bool same_way = same_place(*taken, other_taken) && nats->count == other_nats.count;
		doubt_order(answer, &beside, same_way, &state.tie);
		state.writes |= other.writes;
	}
	answer->writes = state.writes;
}

static void answer_leaves(const struct ruleset *ruleset, struct packet_state *state, struct packet_answer *answer)
{
	const struct packet *first = &state->original;
	/* It came in, whatever the rules there say; what they did to its connection matters to the answer. */
	for (size_t i = 0; i < countof(hooks_in); i++)
		packet_pass(ruleset, state, hooks_in[i], answer, NULL);
	*answer = (struct packet_answer){ .fate = FATE_PASSES };
	turn_round(state);
	goes_out_by(&state->packet, first->iifname, first->iif, first->known & PACKET_IIF);
	pass_hooks(ruleset, state, hooks_out, countof(hooks_out), answer, NULL);
}

void packet_answer_leaves(const struct ruleset *ruleset, const struct packet *packet, struct packet_answer *answer)
{
	struct packet_state state, other;
	struct packet_answer beside;
	packet_state_init(&state, packet);
	answer_leaves(ruleset, &state, answer);
	if (!state.tie.family)
		return;
	packet_state_init(&other, packet);
	other.other_order = true;
	answer_leaves(ruleset, &other, &beside);
	doubt_order(answer, &beside, true, &state.tie);
}

static void leave(const struct ruleset *ruleset, struct packet_state *state, bool loops, struct packet_answer *out,
                  struct packet_answer *back, struct packet_nats *nats, const struct packet_nat **taken)
{
	const struct packet *packet = &state->original;
	char name[16];
	uint32_t ifindex = packet->oif;
	memcpy(name, packet->oifname, sizeof(name));
	*out = *back = (struct packet_answer){ .fate = FATE_PASSES };
	*taken = NULL;
	if (pass_hooks(ruleset, state, hooks_out, countof(hooks_out), out, nats))
		return;
	*taken = certain_nat(state, nats);
	if (*taken)
		return;
	/* nf_nat_core.c, nf_nat_inet_fn(): prerouting and input do not decide anew what output has decided. */
	state->nat_done = true;
	if (loops) {
		state->seen = true;
		state->packet.known |= PACKET_DEST_LOCAL;
		comes_in_by(&state->packet, name, ifindex);
		if (pass_hooks(ruleset, state, hooks_in, countof(hooks_in), back, NULL) || packet->proto != IPPROTO_TCP)
			return;
		turn_round(state);
		goes_out_by(&state->packet, name, ifindex, true);
		if (pass_hooks(ruleset, state, hooks_out, countof(hooks_out), back, NULL))
			return;
		state->seen = true;
	} else {
		turn_round(state);
	}
	comes_in_by(&state->packet, name, ifindex);
	state->packet.known |= PACKET_DEST_LOCAL | PACKET_ROUTES_BACK;
	pass_hooks(ruleset, state, hooks_in, countof(hooks_in), back, NULL);
}

void packet_leave(const struct ruleset *ruleset, const struct packet *packet, bool loops, struct packet_answer *out,
                  struct packet_answer *back, struct packet_nats *nats, const struct packet_nat **taken)
{
	struct packet_state state, other;
	struct packet_nats other_nats = { .count = 0 };
	const struct packet_nat *other_taken;
	struct packet_answer other_out, other_back;
	packet_state_init(&state, packet);
	leave(ruleset, &state, loops, out, back, nats, taken);
	if (!state.tie.family)
		return;
	packet_state_init(&other, packet);
	other.other_order = true;
	leave(ruleset, &other, loops, &other_out, &other_back, &other_nats, &other_taken);
	bool same_way = same_place(*taken, other_taken) && nats->count == other_nats.count;
	doubt_order(out, &other_out, same_way, &state.tie);
	doubt_order(back, &other_back, true, &state.tie);
}

void packet_discover(const struct ruleset *ruleset, int family, uint32_t ifindex, const char name[16],
                     struct packet_answer *answer)
{
	bool six = family == AF_INET6;
	struct packet packet = {
		.family = (uint8_t)family,
		.proto = six ? IPPROTO_ICMPV6 : 0,
		.discovery = DISCOVERY_ASKS,
		.known = PACKET_ROUTES_BACK | PACKET_SOURCE_REMOTE | PACKET_ANY_PORT,
	};
	struct packet_state state;
	comes_in_by(&packet, name, ifindex);
	packet_state_init(&state, &packet);
	*answer = (struct packet_answer){ .fate = FATE_PASSES };
	bool ends = pass_hooks(ruleset, &state, hooks_in, countof(hooks_in), answer, NULL);
	if (!ends) {
		packet.discovery = DISCOVERY_ANSWERS;
		packet.known = PACKET_ANY_PORT;
		goes_out_by(&packet, name, ifindex, true);
		packet_state_init(&state, &packet);
		ends = pass_hooks(ruleset, &state, hooks_out, countof(hooks_out), answer, NULL);
	}
	if (!ends || state.tie.family)
		*answer = (struct packet_answer){ .fate = FATE_PASSES };
}
