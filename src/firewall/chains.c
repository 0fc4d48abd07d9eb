// SPDX-License-Identifier: MIT
/*
 * chains.c - a packet through the chains of a hook (packet.h).
 *
 * Every way that the packet may take is followed at once: a rule that may
 * hold or fail adds its verdict to what is possible, and the walk goes on as
 * if it had failed. So the walk is as long as the rules are many. Rules
 * behind such a one are reached for certain only if the verdict is the same.
 *
 *   doubt  none: every packet like this one is here
 *          perhaps: those for which the condition holds (or fails) are
 *          unread: an expression that was not judged decides whether it is
 */
#include <sockview/packet.h>

#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firewall/expression.h"
#include "firewall/loads.h"

enum {
	DEPTH_MAX = 16,          /* NFT_JUMP_STACK_SIZE */
	STEPS_MAX = 200000,      /* rules: a few jumps in each chain of many can multiply without end */
	CHAINS_MAX = 256,        /* base chains of one hook */
	ALL_STEPS_MAX = 4 << 20, /* of all packets together: seconds */
};

enum doubt_level { DOUBT_NONE, DOUBT_PERHAPS, DOUBT_UNREAD };

struct doubt {
	enum doubt_level level;
	char condition[PACKET_CONDITION_MAX];
};

/* Where a chain was left. */
enum flow {
	FLOW_GOES_ON, /* at its end, or by return */
	FLOW_ENDS,    /* for certain: accepted, dropped */
};

/* What may become of the packet in one base chain. */
struct outcome {
	bool known;
	struct packet_rule rule;
	struct doubt doubt;
	bool rejects;
	bool more; /* another rule may do the same */
};

struct pass {
	const struct ruleset *ruleset;
	struct packet_state *state;
	enum packet_hook hook;
	const struct fw_chain *base;
	struct packet_nats *nats;
	struct outcome accepts, drops; /* the first that may happen */
	struct outcome final;          /* that happens if nothing before does */
	bool final_drops;
	bool translated;      /* for certain: no NAT chain behind it runs */
	uint8_t source_moved; /* by SNAT, alike: 0 no, 1 yes, 2 perhaps */
	unsigned steps;
	bool unfollowed; /* a part of the rules was left out: what they do with the packet may be anything */
};

void packet_state_init(struct packet_state *state, const struct packet *packet)
{
	*state = (struct packet_state){
		.packet = *packet,
		.mark_known = true,
		.original = *packet,
		/* nf_conntrack_proto_icmpv6.c: neighbour discovery is left alone. */
		.untracked = packet->proto == IPPROTO_ICMPV6,
	};
}

static struct packet_rule rule_of(const struct pass *pass, const struct fw_rule *rule)
{
	return (struct packet_rule){ ruleset_family(rule->family), ruleset_text(pass->ruleset, rule->table),
		                     ruleset_text(pass->ruleset, rule->chain), rule->handle };
}

static struct packet_rule policy_of_chain(const struct ruleset *ruleset, const struct fw_chain *chain)
{
	return (struct packet_rule){ ruleset_family(chain->family), ruleset_text(ruleset, chain->table),
		                     ruleset_text(ruleset, chain->name), 0 };
}

/* Both hold. */
static void join_doubt(struct doubt *doubt, const char *text)
{
	size_t len = strlen(doubt->condition), room = sizeof(doubt->condition) - len;
	if (strcmp(doubt->condition, text) == 0 || strstr(doubt->condition, " and more"))
		return;
	if (strlen(" and ") + strlen(text) + strlen(" and more") < room)
		snprintf(doubt->condition + len, room, " and %s", text);
	else if (strlen(" and more") < room)
		snprintf(doubt->condition + len, room, " and more");
}

/* The worse of the two, with the text of the first that brought it there; of two that may hold, both. */
static void doubt_add(struct doubt *doubt, enum doubt_level level, const char *condition, bool negated)
{
	bool joined = negated && strstr(condition, " and ");
	char text[PACKET_CONDITION_MAX];
	if (level < doubt->level || level == DOUBT_NONE || (level == doubt->level && level == DOUBT_UNREAD))
		return;
	snprintf(text, sizeof(text), "%s%.170s%s",
	         joined    ? "not ("
	         : negated ? "not "
	                   : "",
	         condition, joined ? ")" : "");
	if (level == doubt->level) {
		join_doubt(doubt, text);
		return;
	}
	doubt->level = level;
	memcpy(doubt->condition, text, sizeof(text));
}

/* Behind a rule that rewrites the packet nothing is certain. */
static void doubt_rewritten(struct doubt *doubt, const struct packet_state *state)
{
	if (state->rewriter.family)
		doubt_add(doubt, DOUBT_UNREAD, "a rule that rewrites the packet", false);
}

static void outcome_add(struct outcome *outcome, const struct packet_rule *rule, const struct doubt *doubt,
                        bool rejects)
{
	/* A certain one replaces a first guess only where none was known. */
	bool more = outcome->known;
	if (!more || outcome->doubt.level < doubt->level)
		*outcome = (struct outcome){ .known = true, .rule = *rule, .doubt = *doubt, .rejects = rejects };
	outcome->more = more;
}

static void end_for_certain(struct pass *pass, const struct packet_rule *rule, bool drops, bool rejects)
{
	pass->final = (struct outcome){ .known = true, .rule = *rule, .rejects = rejects };
	pass->final_drops = drops;
}

static void keep_nat(struct pass *pass, const struct rule_run *run, const struct doubt *doubt)
{
	struct packet_nat nat = run->nat;
	nat.rule = rule_of(pass, run->rule);
	nat.certain = doubt->level == DOUBT_NONE;
	nat.unread = doubt->level == DOUBT_UNREAD;
	memcpy(nat.condition, doubt->condition, sizeof(nat.condition));
	nat.assumed = !nat.certain && pass->nats && pass->nats->count + 1 == pass->state->packet.assumed_nat;
	if (pass->nats && pass->nats->count < PACKET_NATS_MAX)
		pass->nats->nat[pass->nats->count++] = nat;
	else if (pass->nats)
		pass->nats->left_out++;
	if ((!nat.certain && !nat.assumed) || nat.kind == NAT_TPROXY || pass->translated)
		return;
	struct packet *packet = &pass->state->packet;
	pass->translated = pass->state->translated = true;
	if (nat.to_port)
		packet->dest_port = nat.to_port;
	packet->dest_of_iif = DEST_OF_ANY;
	if (nat.kind == NAT_REDIRECT) {
		packet->known &= (uint16_t)~PACKET_DEST; /* the interface's first address (nf_nat_redirect_ipv4) */
	} else if (nat.to_family && !nat.to_many) {
		packet->dest = nat.to;
		packet->known |= PACKET_DEST;
		if (!(packet->known & PACKET_NAT_STAYS))
			packet->known &= (uint16_t)~PACKET_DEST_LOCAL;
	} else if (nat.to_many) {
		packet->known &= (uint16_t) ~(PACKET_DEST | PACKET_DEST_LOCAL);
	}
}

/* Marks and tracking, as far as they are certain. */
static void change_state(struct pass *pass, const struct rule_run *run, enum doubt_level level)
{
	struct packet_state *state = pass->state;
	if (run->sets_mark) {
		state->mark_known = level == DOUBT_NONE && run->mark_known;
		state->mark = run->mark;
	}
	if (run->untracks && state->untracked != 1)
		state->untracked = level == DOUBT_NONE && run->untracks == 1 ? 1 : 2;
	/* The new source is not followed; that of the answer, which goes back to the old one, neither. */
	if (run->moves_source && run->match != MATCH_NO) {
		state->packet.known &= (uint16_t) ~(PACKET_SOURCE | PACKET_SOURCE_PORT);
		pass->source_moved = level == DOUBT_NONE ? 1 : pass->source_moved ? pass->source_moved : 2;
	}
	state->templated |= run->templates;
	if (run->retracks && state->untracked)
		state->untracked = level == DOUBT_NONE ? 0 : 2;
}

static enum flow run_chain(struct pass *pass, const struct fw_chain *chain, struct doubt doubt, unsigned depth,
                           struct doubt *left);

static enum flow jump(struct pass *pass, const struct fw_rule *rule, uint32_t name, const struct doubt *doubt,
                      unsigned depth, struct doubt *left)
{
	const struct fw_chain *target =
		ruleset_chain(pass->ruleset, rule->family, ruleset_text(pass->ruleset, rule->table),
	                      ruleset_text(pass->ruleset, name));
	if (target && depth < DEPTH_MAX)
		return run_chain(pass, target, *doubt, depth + 1, left);
	pass->unfollowed = true;
	doubt_add(left, DOUBT_UNREAD, "a jump that could not be followed", false);
	return FLOW_GOES_ON;
}

/* Those that go on behind the rule are others than those that left by it; by `doubt` alone, it is no rule that tells them. */
static void doubt_behind(struct doubt *rest, const struct rule_run *run, const struct doubt *doubt)
{
	if (doubt->level == DOUBT_PERHAPS && run->match == MATCH_PERHAPS)
		doubt_add(rest, doubt->level, run->condition, true);
	else if (doubt->level > rest->level)
		doubt_add(rest, doubt->level, doubt->condition, true);
}

/* One verdict of a rule that is reached under `doubt`; what it means for what stands behind it is in `rest`. */
static enum flow take_verdict(struct pass *pass, const struct rule_run *run, const struct fw_verdict *verdict,
                              const struct doubt *doubt, unsigned depth, struct doubt *rest, bool *leaves)
{
	struct packet_rule rule = rule_of(pass, run->rule);
	bool certain = doubt->level == DOUBT_NONE;
	switch (verdict->code) {
	case NF_ACCEPT:
	case NF_DROP:
		if (certain) {
			end_for_certain(pass, &rule, verdict->code == NF_DROP, run->rejects);
			return FLOW_ENDS;
		}
		outcome_add(verdict->code == NF_DROP ? &pass->drops : &pass->accepts, &rule, doubt, run->rejects);
		return FLOW_GOES_ON;
	case NFT_JUMP:
		return jump(pass, run->rule, verdict->jump, doubt, depth, rest);
	case NFT_GOTO: {
		enum flow flow = jump(pass, run->rule, verdict->jump, doubt, depth, rest);
		*leaves = certain;
		if (!certain)
			doubt_behind(rest, run, doubt);
		return flow;
	}
	case NFT_RETURN:
		*leaves = certain;
		if (!certain)
			doubt_behind(rest, run, doubt);
		return FLOW_GOES_ON;
	case NFT_CONTINUE:
	case NFT_BREAK:
		return FLOW_GOES_ON;
	default: {
		/* A queue's reader decides, or the packet is taken away: either may follow. */
		struct doubt unread = *doubt;
		doubt_add(&unread, DOUBT_UNREAD, run->match == MATCH_UNREAD ? run->condition : "a queue to a program",
		          false);
		outcome_add(&pass->drops, &rule, &unread, false);
		outcome_add(&pass->accepts, &rule, &unread, false);
		return FLOW_GOES_ON;
	}
	}
}

static enum flow take_rule(struct pass *pass, struct rule_run *run, const struct doubt *reached, unsigned depth,
                           struct doubt *rest, bool *leaves)
{
	struct doubt doubt = *reached;
	enum flow flow = FLOW_GOES_ON;
	if (run->match == MATCH_PERHAPS)
		doubt_add(&doubt, DOUBT_PERHAPS, run->condition, false);
	if (run->match == MATCH_UNREAD)
		doubt_add(&doubt, DOUBT_UNREAD, run->condition, false);
	change_state(pass, run, doubt.level);
	if (run->translates)
		keep_nat(pass, run, &doubt);
	for (unsigned i = 0; i < run->verdicts && flow == FLOW_GOES_ON && !*leaves; i++) {
		struct doubt one = doubt;
		if (run->verdict[i].perhaps) {
			/* What the elements of the map are is not told: one of them may be for all others. */
			char element[PACKET_CONDITION_MAX];
			one = *reached;
			snprintf(element, sizeof(element), "some elements of %.170s",
			         *run->condition ? run->condition : "a map");
			doubt_add(&one, doubt.level > DOUBT_PERHAPS ? doubt.level : DOUBT_PERHAPS,
			          doubt.level > DOUBT_PERHAPS ? doubt.condition : element, false);
		}
		flow = take_verdict(pass, run, &run->verdict[i], &one, depth, rest, leaves);
	}
	return flow;
}

static bool rule_is_of_other_ports(const struct fw_rule *rule, const struct packet *packet)
{
	return packet_dest_port_known(packet) &&
	       (packet->dest_port < rule->ports.low || packet->dest_port > rule->ports.high);
}

/* `left`: what is doubtful for those that go on behind the chain. */
static enum flow run_chain(struct pass *pass, const struct fw_chain *chain, struct doubt doubt, unsigned depth,
                           struct doubt *left)
{
	for (uint32_t i = chain->first; i < chain->first + chain->count; i++) {
		if (rule_is_of_other_ports(&pass->ruleset->rule[i], &pass->state->packet))
			continue;
		struct rule_run run = {
			.ruleset = pass->ruleset,
			.rule = &pass->ruleset->rule[i],
			.state = pass->state,
			.hook = pass->hook,
			.priority = pass->base->priority,
		};
		doubt_rewritten(&doubt, pass->state);
		struct doubt rest = doubt;
		bool leaves = false;
		if (++pass->steps > STEPS_MAX || (pass->ruleset->steps && ++*pass->ruleset->steps > ALL_STEPS_MAX)) {
			pass->unfollowed = true;
			doubt_add(left, DOUBT_UNREAD, "more rules than are followed", false);
			return FLOW_GOES_ON;
		}
		expression_run_rule(&run);
		pass->state->writes |= run.writes;
		if (run.rewrites && !pass->state->rewriter.family)
			pass->state->rewriter = rule_of(pass, run.rule);
		if (run.match == MATCH_NO) {
			/* Changes that it made before a part failed stay (nf_tables_core.c, nft_do_chain()). */
			bool certain = doubt.level == DOUBT_NONE && run.held == MATCH_YES;
			change_state(pass, &run, certain ? DOUBT_NONE : DOUBT_PERHAPS);
			continue;
		}
		enum flow flow = take_rule(pass, &run, &doubt, depth, &rest, &leaves);
		if (flow == FLOW_ENDS)
			return FLOW_ENDS;
		if (leaves)
			return FLOW_GOES_ON;
		doubt = rest;
	}
	(void)left;
	return FLOW_GOES_ON;
}

/* --- base chains --- */

static bool arp_fits(const struct fw_chain *chain, enum packet_hook hook)
{
	enum { ARP_IN = 0, ARP_OUT = 1 }; /* linux/netfilter_arp.h: NF_ARP_IN, NF_ARP_OUT */
	return chain->family == NFPROTO_ARP &&
	       ((hook == HOOK_INPUT && chain->hook == ARP_IN) || (hook == HOOK_OUTPUT && chain->hook == ARP_OUT));
}

static bool family_fits(const struct fw_chain *chain, const struct packet *packet)
{
	return chain->family == NFPROTO_INET ||
	       chain->family == (packet->family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_IPV4);
}

/* NF_INET_INGRESS and the hooks of a device: of the interface the packet comes or goes by. */
static bool device_fits(const struct ruleset *ruleset, const struct fw_chain *chain, const char *name)
{
	if (!chain->devices.len)
		return false;
	const char *at = (const char *)ruleset->bytes + chain->devices.offset, *end = at + chain->devices.len;
	for (; at < end; at += strlen(at) + 1) {
		size_t len = strlen(at);
		/* Linux 6.16: a device's name may end in "*". */
		if (strcmp(at, name) == 0 || (len && at[len - 1] == '*' && strncmp(at, name, len - 1) == 0))
			return true;
	}
	return false;
}

bool ruleset_has_device(const struct ruleset *ruleset, const char *name)
{
	for (size_t i = 0; i < ruleset->chains; i++)
		if (ruleset->chain[i].base && ruleset->chain[i].devices.len &&
		    device_fits(ruleset, &ruleset->chain[i], name))
			return true;
	return false;
}

static bool chain_meets(const struct ruleset *ruleset, const struct fw_chain *chain, const struct packet *packet,
                        enum packet_hook hook)
{
	static const uint32_t inet_hook[HOOK_COUNT] = {
		[HOOK_INGRESS] = NF_INET_INGRESS,  [HOOK_PREROUTING] = NF_INET_PRE_ROUTING,
		[HOOK_INPUT] = NF_INET_LOCAL_IN,   [HOOK_FORWARD] = NF_INET_FORWARD,
		[HOOK_OUTPUT] = NF_INET_LOCAL_OUT, [HOOK_POSTROUTING] = NF_INET_POST_ROUTING,
		[HOOK_EGRESS] = UINT32_MAX,
	};
	enum { NETDEV_EGRESS = 1 }; /* NF_NETDEV_EGRESS, Linux 5.16 */
	if (!chain->base)
		return false;
	if (chain->family == NFPROTO_NETDEV) {
		bool in = hook == HOOK_INGRESS && chain->hook == NF_NETDEV_INGRESS;
		bool out = hook == HOOK_EGRESS && chain->hook == NETDEV_EGRESS;
		return (in && device_fits(ruleset, chain, packet->iifname)) ||
		       (out && device_fits(ruleset, chain, packet->oifname));
	}
	/* nft_do_chain_inet_ingress() lets through what is no IP. */
	if (packet_is_arp(packet))
		return arp_fits(chain, hook);
	if (!family_fits(chain, packet) || chain->hook != inet_hook[hook])
		return false;
	return hook != HOOK_INGRESS || device_fits(ruleset, chain, packet->iifname);
}

/* nf_nat's own hook: destinations at -100, sources at 100 (NF_IP_PRI_NAT_DST, NF_IP_PRI_NAT_SRC). */
static int64_t nat_priority(enum packet_hook hook)
{
	return hook == HOOK_PREROUTING || hook == HOOK_OUTPUT ? -100 : 100;
}

#define PLACE_STEP (INT64_C(1) << 32)

/*
 * NAT chains run within that hook, by their own priority among themselves
 * (nf_nat_inet_fn). Whether another chain of priority -100 (100) stands before
 * it depends on which was registered first: before it, or by `other` behind it.
 */
static int64_t place_of(const struct fw_chain *chain, enum packet_hook hook, bool other)
{
	if (chain->type == FW_NAT)
		return nat_priority(hook) * PLACE_STEP + (int64_t)chain->priority + INT32_MAX;
	return chain->priority * PLACE_STEP + (other ? UINT32_MAX : 0);
}

static bool same_table(const struct ruleset *ruleset, const struct fw_chain *one, const struct fw_chain *other)
{
	return one->family == other->family &&
	       strcmp(ruleset_text(ruleset, one->table), ruleset_text(ruleset, other->table)) == 0;
}

/* The order of both is known, which is the other way round than they were made: those of one table are dumped so. */
static bool order_is_known(const struct pass *pass, const struct fw_chain *one, const struct fw_chain *other)
{
	/* A chain of devices is registered anew for each that is added to it. */
	return pass->hook != HOOK_INGRESS && pass->hook != HOOK_EGRESS && same_table(pass->ruleset, one, other);
}

/*
 * `earlier` stands before `later` in the dump. Of equal priorities the one that
 * was registered last runs first (net/netfilter/core.c, nf_hook_entries_grow).
 */
static bool runs_behind(const struct pass *pass, const struct fw_chain *earlier, const struct fw_chain *later)
{
	bool other = pass->state->other_order;
	int64_t place = place_of(earlier, pass->hook, other), place_later = place_of(later, pass->hook, other);
	if (place != place_later)
		return place > place_later;
	return !other || order_is_known(pass, earlier, later);
}

/* Chains of one priority whose order the dump does not tell. */
static void note_tie(const struct pass *pass, const struct fw_chain *const *order, size_t count)
{
	struct packet_state *state = pass->state;
	bool nat = pass->hook == HOOK_POSTROUTING && state->packet.reply && state->translated;
	const struct fw_chain *tied = NULL;
	for (size_t i = 0; i < count && !nat; i++)
		nat = order[i]->type == FW_NAT;
	for (size_t i = 0; i < count; i++) {
		if (i && place_of(order[i], pass->hook, false) == place_of(order[i - 1], pass->hook, false) &&
		    !order_is_known(pass, order[i], order[i - 1]))
			tied = order[i];
		if (nat && order[i]->type != FW_NAT && order[i]->priority == nat_priority(pass->hook))
			tied = order[i];
	}
	if (!tied || state->tie.family)
		return;
	state->tie = policy_of_chain(pass->ruleset, tied);
}

static size_t chains_at(const struct pass *pass, const struct fw_chain *order[CHAINS_MAX], bool *more)
{
	size_t count = 0;
	for (size_t i = 0; i < pass->ruleset->chains; i++) {
		const struct fw_chain *chain = &pass->ruleset->chain[i];
		bool idle = !chain->count && !chain->policy_drops;
		if (idle || !chain_meets(pass->ruleset, chain, &pass->state->packet, pass->hook))
			continue;
		if (count == CHAINS_MAX) {
			*more = true;
			break;
		}
		size_t at = count++;
		for (; at && runs_behind(pass, order[at - 1], chain); at--)
			order[at] = order[at - 1];
		order[at] = chain;
	}
	note_tie(pass, order, count);
	return count;
}

static void answer_doubt(struct packet_answer *answer, const struct outcome *outcome, bool drops_if, bool reply)
{
	if (answer->fate != FATE_PASSES) {
		answer->more = true; /* the first that it hangs on */
		return;
	}
	answer->fate = outcome->doubt.level == DOUBT_UNREAD ? FATE_UNKNOWN : FATE_DEPENDS;
	answer->rule = outcome->rule;
	answer->drops_if = drops_if;
	answer->more = outcome->more;
	/* The ends of an answer are the other way round: its dport is the client's port. */
	snprintf(answer->condition, sizeof(answer->condition), "%s%.150s",
	         reply && answer->fate == FATE_DEPENDS ? "an answer that has " : "", outcome->doubt.condition);
}

/* What this chain did to the answer. True: no chain behind it is met. */
static bool conclude(const struct pass *pass, struct packet_answer *answer)
{
	bool may_pass = !pass->final_drops || pass->accepts.known;
	if (!may_pass) {
		*answer = (struct packet_answer){
			/* Of an answer its sender is told: the peer waits in vain. */
			.fate = pass->final.rejects && !pass->state->packet.reply ? FATE_REJECTED : FATE_DROPPED,
			.rule = pass->final.rule,
		};
		return true;
	}
	if (pass->final_drops)
		answer_doubt(answer, &pass->accepts, false, pass->state->packet.reply);
	else if (pass->drops.known)
		answer_doubt(answer, &pass->drops, true, pass->state->packet.reply);
	return false;
}

/*
 * The answer to a translated packet leaves from where that was sent to: so it
 * is again from nf_nat's hook of postrouting on (nf_nat_core.c, nf_nat_packet()).
 */
static void restore_source(struct packet_state *state)
{
	struct packet *packet = &state->packet;
	packet->source = state->original.dest;
	packet->source_port = state->original.dest_port;
	packet->known = (uint16_t)((packet->known & ~PACKET_SOURCE) |
	                           (state->original.known & PACKET_DEST ? PACKET_SOURCE : 0));
}

void packet_pass(const struct ruleset *ruleset, struct packet_state *state, enum packet_hook hook,
                 struct packet_answer *answer, struct packet_nats *nats)
{
	const struct fw_chain *order[CHAINS_MAX];
	struct pass pass = { .ruleset = ruleset, .state = state, .hook = hook, .nats = nats };
	bool more = false, translated = false;
	size_t count = chains_at(&pass, order, &more);
	bool restores = hook == HOOK_POSTROUTING && state->packet.reply && state->translated;
	*answer = (struct packet_answer){ .fate = more ? FATE_UNKNOWN : FATE_PASSES };
	if (more)
		snprintf(answer->condition, sizeof(answer->condition), "more than %d chains", CHAINS_MAX);
	for (size_t i = 0; i < count; i++) {
		struct doubt first = { .level = DOUBT_NONE }, left = first;
		/* Without NEW no connection is translated. */
		if (order[i]->type == FW_NAT &&
		    (translated || state->packet.reply || state->nat_done || state->untracked == 1))
			continue;
		if (restores && place_of(order[i], hook, state->other_order) > nat_priority(hook) * PLACE_STEP)
			restore_source(state);
		pass.base = order[i];
		pass.accepts = pass.drops = pass.final = (struct outcome){ 0 };
		pass.translated = pass.unfollowed = false;
		struct packet_rule policy = policy_of_chain(ruleset, pass.base);
		if (order[i]->type == FW_NAT && pass.source_moved == 1)
			continue;
		if (order[i]->type == FW_NAT && pass.source_moved == 2) {
			doubt_add(&first, DOUBT_PERHAPS, "a source that is not translated", false);
			outcome_add(&pass.accepts, &policy, &first, false);
		}
		if (order[i]->type == FW_NAT && state->untracked == 2) {
			/* Others pass by the chain. */
			doubt_add(&first, DOUBT_PERHAPS, CT_HAS_CONNECTION, false);
			outcome_add(&pass.accepts, &policy, &first, false);
		}
		if (run_chain(&pass, order[i], first, 0, &left) == FLOW_GOES_ON) {
			end_for_certain(&pass, &policy, order[i]->policy_drops, false);
		}
		translated |= pass.translated;
		if (state->rewriter.family) {
			struct doubt rewritten = { .level = DOUBT_NONE };
			doubt_rewritten(&rewritten, state);
			outcome_add(&pass.accepts, &state->rewriter, &rewritten, false);
			outcome_add(&pass.drops, &state->rewriter, &rewritten, false);
		}
		if (pass.unfollowed) {
			doubt_add(&left, DOUBT_UNREAD, "more rules than are followed", false);
			outcome_add(pass.final_drops ? &pass.accepts : &pass.drops, &policy, &left, false);
		}
		if (conclude(&pass, answer))
			return;
	}
	if (restores)
		restore_source(state);
}
