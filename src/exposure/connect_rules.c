// SPDX-License-Identifier: MIT
/* connect_rules.c - the rules that a connection of this host and the answers to it meet (connect_parts.h). */
#include "exposure/connect_parts.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <sockview/errno_name.h>
#include <sockview/packet.h>
#include <sockview/proto.h>

#include "exposure/bpf_attached.h"
#include "exposure/exposure_words.h"
#include "exposure/host_layers.h"

/* --- layers that are not read --- */

/* What is on the way and was not read. */
static struct host_layers layers_on_way(const struct connect *connect, const struct connect_end *end)
{
	const struct ruleset_gaps *gaps = ruleset_gaps(connect->ruleset);
	struct host_layers layers = host_layers_find(connect->options.proc_fd);
	/* These choose the socket of what comes in. */
	if (!end->is_local) {
		layers.in_use &= ~LAYER_BIT(LAYER_SK_LOOKUP);
		layers.unasked &= ~LAYER_BIT(LAYER_SK_LOOKUP);
	}
	layers.in_use |= gaps->error || gaps->changing ? LAYER_BIT(LAYER_NFTABLES) : 0;
	layers.in_use |= gaps->legacy ? LAYER_BIT(LAYER_LEGACY) : 0;
	layers.in_use |= ruleset_has_bridge(connect->ruleset) && !end->is_local ? LAYER_BIT(LAYER_BRIDGE) : 0;
	for (size_t i = 0; i < connect->ways.count && !end->is_local; i++) {
		const struct way *way = &connect->ways.way[i];
		if (way->ifindex != end->oif)
			continue;
		layers.in_use |= way->in_use;
		layers.unasked |= way->unread & ~way->in_use;
	}
	int programs = cgroup_programs_here(connect->cgroups, connect->options.proc_fd, CGROUP_PACKETS | CGROUP_CONNECT,
	                                    end->family);
	layers.in_use |= programs > 0 ? LAYER_BIT(LAYER_CGROUP) : 0;
	layers.unasked |= programs < 0 ? LAYER_BIT(LAYER_CGROUP) : 0;
	return layers;
}

/* These are no reason to doubt: most machines have none (as `unread` of --exposure). */
static void tell_unasked(struct connect *connect, unsigned layers)
{
	struct text words = { 0 };
	if (!layers)
		return;
	if (exposure_add_layers(&words, layers) < 0)
		connect->no_memory = true;
	connect_say(connect, "it could not be asked whether programs are in use that may stop it: %.*s", (int)words.len,
	            words.data);
	text_free(&words);
}

static void doubt_layers(struct connect *connect, struct connect_end *end, unsigned layers)
{
	if (!layers)
		return;
	unsigned rules = LAYER_BIT(LAYER_NFTABLES) | LAYER_BIT(LAYER_LEGACY) | LAYER_BIT(LAYER_NETFILTER_BPF);
	end->redirected =
		(layers & rules && !connect->conntrack_is_absent) || layers & LAYER_BIT(LAYER_SK_LOOKUP) ||
		cgroup_programs_here(connect->cgroups, connect->options.proc_fd, CGROUP_CONNECT, end->family) > 0;
	struct text words = { 0 };
	if (exposure_add_layers(&words, layers) < 0)
		connect->no_memory = true;
	int len = (int)words.len;
	connect_say(connect, "not read, and it may stop or redirect the connection: %.*s", len, words.data);
	if (connect_end_set(end, CONNECT_UNKNOWN, STAGE_OUTPUT, 0))
		snprintf(end->headline, sizeof(end->headline), "rules that may stop it were not read: %.*s", len,
		         words.data);
	text_free(&words);
	if (*end->advice || end->verdict != CONNECT_UNKNOWN)
		return;
	snprintf(end->advice, sizeof(end->advice), "%s, or try it: --probe=connect",
	         ruleset_gaps(connect->ruleset)->error ? "with CAP_NET_ADMIN: sudo sockview --connect"
	                                               : "look at them");
}

/* --- rules --- */

enum { RULE_MAX = 160 };

/* Cut to the room. */
static void name_rule(char text[RULE_MAX], const struct packet_rule *rule)
{
	struct text whole = { 0 };
	bool named = exposure_add_rule(&whole, rule) == 0;
	snprintf(text, RULE_MAX, "%.*s", named ? (int)whole.len : 6, named ? whole.data : "a rule");
	text_free(&whole);
}

static void apply_fate(struct connect *connect, struct connect_end *end, const struct packet_answer *answer,
                       enum stage stage)
{
	static const char *const done[] = {
		[FATE_DROPPED] = "drops",
		[FATE_REJECTED] = "rejects",
		[FATE_DEPENDS] = "may stop",
		[FATE_UNKNOWN] = "may stop",
	};
	const char *what = stage == STAGE_OUTPUT ? "the packet that leaves"
	                   : end->is_local       ? "the packet or its answer as it comes in"
	                                         : "the answer";
	char rule[RULE_MAX];
	if (answer->fate == FATE_PASSES)
		return;
	name_rule(rule, &answer->rule);
	bool certain = answer->fate == FATE_DROPPED || answer->fate == FATE_REJECTED;
	struct text condition = { 0 };
	if (!certain && exposure_add_condition(&condition, answer) < 0)
		connect->no_memory = true;
	connect_say(connect, "%s %s %s%s%.*s", rule, done[answer->fate], what, certain ? "" : ": ", (int)condition.len,
	            condition.len ? condition.data : "");
	text_free(&condition);
	/* A dropped SYN is sent again until the time is up: tcp_connect() takes no notice of EPERM. */
	int number = answer->fate == FATE_DROPPED ? ETIMEDOUT : 0;
	if (!connect_end_set(end, certain ? CONNECT_FAILS : CONNECT_UNKNOWN, stage, number))
		return;
	snprintf(end->headline, sizeof(end->headline), "a rule of this host %s it: %s", done[answer->fate], rule);
	snprintf(end->advice, sizeof(end->advice), "nft -a list ruleset; the rule is %s", rule);
}

/* False: of several places, or by TPROXY. */
static bool sent_to(const struct connect *connect, const struct connect_end *end, const struct packet_nat *nat,
                    char to[CONNECT_PLACE_MAX])
{
	/* At output a redirect goes to loopback (net/netfilter/nf_nat_redirect.c). */
	static const union addr four = { .byte = { 127, 0, 0, 1 } }, six = { .byte = { [15] = 1 } };
	const union addr *addr = nat->to_family           ? &nat->to
	                         : nat->kind == NAT_DNAT  ? &end->addr
	                         : end->family == AF_INET ? &four
	                                                  : &six;
	if (nat->to_many || nat->kind == NAT_TPROXY)
		return false;
	connect_place(to, addr, nat->to_family ? nat->to_family : end->family,
	              nat->to_port ? nat->to_port : connect->port);
	return true;
}

static void apply_redirect(struct connect *connect, struct connect_end *end, const struct packet_nat *nat)
{
	end->redirected = true;
	char rule[RULE_MAX], to[CONNECT_PLACE_MAX] = "elsewhere";
	name_rule(rule, &nat->rule);
	bool known = sent_to(connect, end, nat, to);
	connect_say(connect, "%s sends it to %s%s%s", rule, to, nat->certain ? "" : ", if ",
	            nat->certain ? "" : nat->condition);
	if (!connect_end_set(end, CONNECT_UNKNOWN, STAGE_OUTPUT, 0))
		return;
	snprintf(end->headline, sizeof(end->headline), "a NAT rule sends it to %s", to);
	if (known)
		snprintf(end->advice, sizeof(end->advice), "sockview --connect %s, or try it: --probe=connect", to);
	else
		snprintf(end->advice, sizeof(end->advice), "try it: --probe=connect");
}

static struct packet leaving_packet(const struct connect *connect, const struct connect_end *end)
{
	struct packet packet = {
		.family = end->family,
		.proto = (uint8_t)proto_table[connect->proto].number,
		/* iif 0: it comes in by no interface. */
		.known = PACKET_DEST | PACKET_IIF | PACKET_OIF | (end->has_source ? PACKET_SOURCE : 0) |
		         (end->is_local ? PACKET_DEST_LOCAL : 0),
		.source = end->source,
		.dest = end->addr,
		.dest_port = connect->port,
		.oif = end->is_local ? LOOPBACK_INDEX : end->oif,
	};
	if (end->is_local)
		snprintf(packet.oifname, sizeof(packet.oifname), "lo");
	else
		memcpy(packet.oifname, end->oif_name, sizeof(packet.oifname));
	return packet;
}

void connect_run_rules(struct connect *connect, struct connect_end *end)
{
	struct packet packet = leaving_packet(connect, end);
	struct packet_answer out, back;
	struct packet_nats nats = { .count = 0 };
	const struct packet_nat *taken;
	struct host_layers layers = layers_on_way(connect, end);
	doubt_layers(connect, end, layers.in_use);
	tell_unasked(connect, layers.unasked);
	packet_leave(connect->ruleset, &packet, end->is_local, &out, &back, &nats, &taken);
	apply_fate(connect, end, &out, STAGE_OUTPUT);
	if (nats.count && out.fate != FATE_DROPPED && out.fate != FATE_REJECTED)
		apply_redirect(connect, end, taken ? taken : &nats.nat[0]);
	if (!taken)
		apply_fate(connect, end, &back, STAGE_INPUT);
}
