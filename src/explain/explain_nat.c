// SPDX-License-Identifier: MIT
/*
 * explain_nat.c - what takes the port's traffic before a listener sees it, or brings it here (explain_nat.h).
 *
 * For each family of the plan two packets run through the rules: one that
 * comes in by an interface that is not said, and one of a connection made on
 * this host. Their source is open, and so is their destination's address if
 * the target names none. A third asks with any port: which rules send to ours?
 */
#include "explain/explain_nat.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <sockview/countof.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

#include "explain/explain_words.h"

static const struct {
	enum packet_hook hook;
	const char *when, *which;
	const char *redirected; /* the address that a redirect leads to (net/netfilter/nf_nat_redirect.c) */
} ways[] = {
	{ HOOK_PREROUTING, "when it comes in", "that come in", "the interface's first address" },
	{ HOOK_OUTPUT, "for connections made on this host", "made on this host", "the loopback address" },
};

/* --- the packets --- */

static struct packet packet_of(const struct explain *explain, int family, enum packet_hook hook)
{
	const struct target *target = &explain->target;
	struct packet packet = {
		.family = (uint8_t)family,
		.proto = (uint8_t)proto_table[target->proto].number,
		.known = PACKET_DEST_LOCAL,
		.dest_port = target->port,
	};
	static const union addr any;
	if (target->family == family && memcmp(&target->addr, &any, sizeof(any)) != 0) {
		packet.dest = target->addr;
		packet.known |= PACKET_DEST;
	}
	if (hook == HOOK_PREROUTING)
		packet.known |= PACKET_SOURCE_REMOTE;
	return packet;
}

static bool nat_is_known(const struct explain *explain, const struct nat_found *nat)
{
	for (size_t i = 0; i < explain->nats; i++) {
		struct nat_found *seen = &explain->nat[i];
		const struct packet_rule *one = &seen->nat.rule, *other = &nat->nat.rule;
		if (one->handle == other->handle && seen->from_any == nat->from_any && one->chain == other->chain &&
		    one->table == other->table && seen->way == nat->way)
			return true;
	}
	return false;
}

static int nat_keep(struct explain *explain, const struct nat_found *nat)
{
	if (nat_is_known(explain, nat))
		return 0;
	struct nat_found *kept = vec_push(explain->nat, explain->nats, explain->nat_capacity);
	if (!kept)
		return -1;
	*kept = *nat;
	return 0;
}

/* It ends at the target: its port on this host, or at its very address. */
static bool leads_here(const struct explain *explain, const struct packet_nat *nat)
{
	const struct target *target = &explain->target;
	if (nat->to_many || nat->to_port != target->port)
		return false;
	if (nat->kind != NAT_DNAT || !nat->to_family)
		return true;
	if (target->family == nat->to_family && memcmp(&target->addr, &nat->to, sizeof(nat->to)) == 0)
		return true;
	return facts_addr(&explain->host, nat->to_family, &nat->to);
}

static int run_packet(struct explain *explain, int family, size_t way)
{
	struct packet packet = packet_of(explain, family, ways[way].hook);
	struct packet_state state;
	struct packet_answer answer;
	struct packet_nats nats = { .count = 0 };
	packet_state_init(&state, &packet);
	packet_pass(explain->ruleset, &state, ways[way].hook, &answer, &nats);
	for (size_t i = 0; i < nats.count; i++)
		if (nat_keep(explain, &(struct nat_found){ nats.nat[i], way, false }) < 0)
			return -1;
	explain->nats_left_out += nats.left_out;
	nats = (struct packet_nats){ .count = 0 };
	packet.known |= PACKET_ANY_PORT;
	packet_state_init(&state, &packet);
	packet_pass(explain->ruleset, &state, ways[way].hook, &answer, &nats);
	for (size_t i = 0; i < nats.count; i++)
		if (leads_here(explain, &nats.nat[i]) &&
		    nat_keep(explain, &(struct nat_found){ nats.nat[i], way, true }) < 0)
			return -1;
	explain->nats_left_out += nats.left_out;
	return 0;
}

int explain_nat_find(struct explain *explain)
{
	static const int families[] = { AF_INET, AF_INET6 };
	struct stat status;
	explain->ruleset = ruleset_read(explain->facts.proc_fd);
	if (!explain->ruleset)
		return -1;
	if (fstatat(explain->facts.proc_fd, "thread-self/ns/net", &status, 0) == 0)
		sk_lookups_find(&explain->sk_lookups, status.st_ino);
	else
		explain->sk_lookups.error = errno;
	for (size_t i = 0; i < countof(families); i++)
		for (size_t way = 0; way < countof(ways); way++) {
			bool meant = explain->target.family == AF_UNSPEC || explain->target.family == families[i];
			if (meant && run_packet(explain, families[i], way) < 0)
				return -1;
		}
	return 0;
}

/* --- the sentences --- */

enum { RULE_TEXT_MAX = 3 * WORDS_NAME_MAX + 64, TO_TEXT_MAX = WORDS_ADDR_MAX + 64 };

static void rule_text(char text[RULE_TEXT_MAX], const struct packet_rule *rule)
{
	char table[WORDS_NAME_MAX], chain[WORDS_NAME_MAX];
	words_bytes(table, (struct bytes){ rule->table, strlen(rule->table) }, TEXT_WORD);
	words_bytes(chain, (struct bytes){ rule->chain, strlen(rule->chain) }, TEXT_WORD);
	snprintf(text, RULE_TEXT_MAX, "table %s %s, chain %s, handle %llu", rule->family, table, chain,
	         (unsigned long long)rule->handle);
}

/* It keeps the port and stays on this host: only the address is another one. */
static bool keeps_here(const struct explain *explain, const struct packet_nat *nat)
{
	if (nat->to_many || nat->kind == NAT_TPROXY || (nat->to_port && nat->to_port != explain->target.port))
		return false;
	return nat->kind == NAT_REDIRECT || (nat->to_family && facts_addr(&explain->host, nat->to_family, &nat->to));
}

static void to_text(const struct explain *explain, char text[TO_TEXT_MAX], const struct nat_found *found)
{
	const struct packet_nat *nat = &found->nat;
	uint16_t port = nat->to_port ? nat->to_port : explain->target.port;
	if (nat->kind == NAT_REDIRECT && keeps_here(explain, nat))
		snprintf(text, TO_TEXT_MAX, "port %u of %s", port, ways[found->way].redirected);
	else if (nat->to_many)
		snprintf(text, TO_TEXT_MAX, "an address or port chosen as it comes");
	else if (nat->kind == NAT_TPROXY)
		snprintf(text, TO_TEXT_MAX, "a proxy on port %u of this host", port);
	else if (nat->kind == NAT_REDIRECT)
		snprintf(text, TO_TEXT_MAX, "port %u of this host", port);
	else if (nat->to_family)
		words_endpoint(explain, text, nat->to_family, &nat->to, port, 0);
	else
		snprintf(text, TO_TEXT_MAX, "port %u", port);
}

static const char *rule_kind(const struct packet_nat *nat)
{
	return nat->kind == NAT_TPROXY ? "A tproxy rule" : "A NAT rule";
}

/* ", for packets with ip saddr 10.0.0.0/8"; "" if it is so for all. */
static void condition_text(char text[PACKET_CONDITION_MAX + 64], const struct packet_nat *nat)
{
	text[0] = '\0';
	if (nat->unread)
		snprintf(text, PACKET_CONDITION_MAX + 64, "; whether it applies hangs on %s, which was not judged",
		         nat->condition);
	else if (!nat->certain)
		snprintf(text, PACKET_CONDITION_MAX + 64, ", for packets with %s", nat->condition);
}

static int say_taken(struct explain *explain, struct nat_found *found)
{
	const struct packet_nat *nat = &found->nat;
	char rule[RULE_TEXT_MAX], to[TO_TEXT_MAX], condition[PACKET_CONDITION_MAX + 64];
	rule_text(rule, &nat->rule);
	to_text(explain, to, found);
	condition_text(condition, nat);
	return sentence_add(
		explain, SAY_NOTE, "nat", "%s (%s) sends %s port %u to %s %s%s: %s.", rule_kind(nat), rule,
		proto_name(explain->target.proto), explain->target.port, to, ways[found->way].when, condition,
		keeps_here(explain, nat) ? "a listener sees that traffic only on that address, or on every one"
					 : "a listener here does not see that traffic");
}

static int say_source(struct explain *explain, struct nat_found *found)
{
	const struct packet_nat *nat = &found->nat;
	char rule[RULE_TEXT_MAX];
	rule_text(rule, &nat->rule);
	return sentence_add(explain, SAY_NOTE, "nat-source", "Connections %s to other ports come here%s%s: %s (%s).",
	                    ways[found->way].which, nat->certain ? "" : ", those with ",
	                    nat->certain ? "" : nat->condition, rule_kind(nat), rule);
}

/* What of the sentence's rule could not be decided, for JSON. */
static void mark_unread(struct explain *explain, const struct nat_found *found, size_t before)
{
	if (!found->nat.certain && explain->sentences > before)
		explain->sentence[before].nat = found;
}

static int say_found(struct explain *explain)
{
	for (size_t i = 0; i < explain->nats; i++) {
		struct nat_found *found = &explain->nat[i];
		size_t before = explain->sentences;
		if ((found->from_any ? say_source(explain, found) : say_taken(explain, found)) < 0)
			return -1;
		mark_unread(explain, found, before);
	}
	if (!explain->nats_left_out)
		return 0;
	return sentence_add(explain, SAY_NOTE, "nat", "%zu more NAT rules for this port.", explain->nats_left_out);
}

static int say_lookups(struct explain *explain)
{
	const struct sk_lookups *found = &explain->sk_lookups;
	for (size_t i = 0; i < found->count && i < SK_LOOKUPS_MAX; i++)
		if (sentence_add(
			    explain, SAY_NOTE, "sk-lookup",
			    "A BPF program (sk_lookup, id %u) chooses the sockets of this network namespace: it may "
			    "send the port's traffic to another one.",
			    found->program[i]) < 0)
			return -1;
	if (found->error == EPERM)
		return sentence_add(explain, SAY_UNREAD, "sk-lookup",
		                    "BPF programs that choose sockets (sk_lookup) were not looked for: it takes "
		                    "CAP_SYS_ADMIN.");
	if (found->error)
		return sentence_add(explain, SAY_UNREAD, "sk-lookup",
		                    "BPF programs that choose sockets (sk_lookup) were not looked for: %s.",
		                    strerror(found->error));
	return 0;
}

int explain_nat_say(struct explain *explain)
{
	if (!explain->ruleset)
		return 0;
	const struct ruleset_gaps *gaps = ruleset_gaps(explain->ruleset);
	if (say_found(explain) < 0)
		return -1;
	if (gaps->error &&
	    sentence_add(explain, SAY_UNREAD, "nftables", "NAT rules were not read (nftables: %s%s).",
	                 words_unread(gaps->error), gaps->error == EPERM ? "; it takes CAP_NET_ADMIN" : "") < 0)
		return -1;
	if (gaps->changing && sentence_add(explain, SAY_UNREAD, "nftables",
	                                   "NAT rules changed while they were read: those named here may be old.") < 0)
		return -1;
	if (gaps->legacy &&
	    sentence_add(explain, SAY_UNREAD, "iptables-legacy",
	                 "There are rules of the older iptables, which were not read: iptables-legacy -t nat -S.") < 0)
		return -1;
	return say_lookups(explain);
}
