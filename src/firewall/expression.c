// SPDX-License-Identifier: MIT
/*
 * expression.c - nft's expressions over a packet that is known in part (expression.h).
 *
 * A table of them by name; the numbers of attributes are those of
 * linux/netfilter/nf_tables.h. An expression that is not in the table may do anything:
 * the rule then cannot be judged. The expressions of iptables-nft are in xt.c.
 */
#include "firewall/expression.h"

/* Before linux/in.h, which gives way to it. */
#include <netinet/in.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <stdio.h>
#include <string.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>

#include "firewall/condition.h"
#include "firewall/loads.h"
#include "firewall/nft_attr.h"
#include "firewall/set_lookup.h"
#include "firewall/xt.h"

/* --- conditions --- */

static void on_cmp(struct rule_run *run, const struct attrs *a)
{
	static const char *const words[] = { [NFT_CMP_EQ] = "",    [NFT_CMP_NEQ] = "!=", [NFT_CMP_LT] = "<",
		                             [NFT_CMP_LTE] = "<=", [NFT_CMP_GT] = ">",   [NFT_CMP_GTE] = ">=" };
	static const uint8_t zeros[FW_REGISTER_BYTES];
	uint8_t ones[FW_REGISTER_BYTES];
	unsigned reg = fw_register(attr_be32(a->at[NFTA_CMP_SREG], 0));
	uint32_t op = attr_be32(a->at[NFTA_CMP_OP], ~0u);
	char what[PACKET_CONDITION_MAX] = "a comparison";
	size_t len;
	const uint8_t *value = nft_value(a->at[NFTA_CMP_DATA], &len);
	enum fw_match match = MATCH_UNREAD;
	memset(ones, 0xff, sizeof(ones));
	if (value && len <= FW_REGISTER_BYTES && op < countof(words)) {
		enum fw_match equal = fw_equal(&run->registers, reg, value, len);
		enum fw_match at_most = fw_between(&run->registers, reg, zeros, value, len);
		enum fw_match at_least = fw_between(&run->registers, reg, value, ones, len);
		const enum fw_match results[] = {
			[NFT_CMP_EQ] = equal,    [NFT_CMP_NEQ] = fw_not(equal),  [NFT_CMP_LT] = fw_not(at_least),
			[NFT_CMP_LTE] = at_most, [NFT_CMP_GT] = fw_not(at_most), [NFT_CMP_GTE] = at_least
		};
		match = results[op];
		if (match > MATCH_NO)
			condition_compare(what, &run->registers, reg, words[op], value, len, run->state->packet.family);
	}
	rule_run_settle(run, match, what);
}

static void on_range(struct rule_run *run, const struct attrs *a)
{
	unsigned reg = fw_register(attr_be32(a->at[NFTA_RANGE_SREG], 0));
	char what[PACKET_CONDITION_MAX] = "a range", high[PACKET_CONDITION_MAX] = "";
	size_t from_len, to_len;
	const uint8_t *from = nft_value(a->at[NFTA_RANGE_FROM_DATA], &from_len);
	const uint8_t *to = nft_value(a->at[NFTA_RANGE_TO_DATA], &to_len);
	bool outside = attr_be32(a->at[NFTA_RANGE_OP], NFT_RANGE_EQ) == NFT_RANGE_NEQ;
	enum fw_match match = MATCH_UNREAD;
	if (from && to && from_len == to_len && from_len <= FW_REGISTER_BYTES) {
		match = fw_between(&run->registers, reg, from, to, from_len);
		match = outside ? fw_not(match) : match;
		condition_compare(what, &run->registers, reg, outside ? "not from" : "from", from, from_len,
		                  run->state->packet.family);
		condition_compare(high, &run->registers, reg, "to", to, to_len, run->state->packet.family);
		const char *behind = strstr(high, " to ");
		size_t used = strlen(what);
		snprintf(what + used, sizeof(what) - used, "%s", behind ? behind : "");
	}
	rule_run_settle(run, match, what);
}

/* What a map gives: one value, or one of several. */
static void load_mapped(struct rule_run *run, struct attr reg, const struct set_answer *answer)
{
	const struct fw_element *element = answer->count ? &run->ruleset->element[answer->element[0]] : NULL;
	if (element && answer->count == 1 && !answer->more && element->data.len)
		load_known(run, reg, run->ruleset->bytes + element->data.offset, element->data.len, FIELD_OTHER);
	else
		load_open(run, reg, 16, BYTE_VARIES, FIELD_OTHER);
}

static void take_verdicts(struct rule_run *run, const struct set_answer *answer)
{
	bool sure = answer->match == MATCH_YES && answer->count == 1 && !answer->more;
	for (unsigned i = 0; i < answer->count; i++) {
		const struct fw_element *element = &run->ruleset->element[answer->element[i]];
		if (element->verdict != FW_NO_VERDICT)
			rule_run_verdict(run, element->verdict, element->jump, !sure);
	}
	if (answer->more)
		rule_run_settle(run, MATCH_UNREAD, "a map with many verdicts");
}

static void on_lookup(struct rule_run *run, const struct attrs *a)
{
	enum { SET_NAME_ANONYMOUS = '_' }; /* "__set%d": nft's names of sets without one */
	char name[FW_NAME_MAX], what[PACKET_CONDITION_MAX];
	unsigned reg = fw_register(attr_be32(a->at[NFTA_LOOKUP_SREG], 0));
	bool inverted = attr_be32(a->at[NFTA_LOOKUP_FLAGS], 0) & NFT_LOOKUP_F_INV;
	uint32_t to = attr_be32(a->at[NFTA_LOOKUP_DREG], ~0u);
	struct set_answer answer = { .match = MATCH_UNREAD };
	attr_text(name, sizeof(name), a->at[NFTA_LOOKUP_SET]);
	const struct fw_set *set =
		ruleset_set(run->ruleset, run->rule->family, ruleset_text(run->ruleset, run->rule->table), name);
	if (set)
		set_lookup(run, set, reg, &answer);
	bool anonymous = name[0] == SET_NAME_ANONYMOUS && name[1] == SET_NAME_ANONYMOUS;
	condition_lookup(what, &run->registers, reg, name, anonymous, inverted, run->state->packet.family);
	if (a->at[NFTA_LOOKUP_DREG].data && to == NFT_REG_VERDICT)
		take_verdicts(run, &answer);
	else if (a->at[NFTA_LOOKUP_DREG].data)
		load_mapped(run, a->at[NFTA_LOOKUP_DREG], &answer);
	rule_run_settle(run, inverted ? fw_not(answer.match) : answer.match, what);
}

/* It holds or fails by what came before: packets a second, bytes, connections. */
static void on_limit(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	rule_run_settle(run, MATCH_PERHAPS, "a limit");
}

/* Packets whose key is new find room (nft_dynset_new()); elements past their time count until they are collected. */
static bool set_has_room(const struct fw_set *set)
{
	enum { SIZE_UNTOLD = 0xffff }; /* nft_dynset_init() */
	uint32_t size = set->size ? set->size : SIZE_UNTOLD;
	return set->count < (set->flags & NFT_SET_TIMEOUT ? size / 2 : size);
}

/* Adds to a set: fails by the limits inside it, and where the set is full. */
static void on_dynset(struct rule_run *run, const struct attrs *a)
{
	enum { OP_DELETE = 2, FLAG_INVERT = 1 }; /* NFT_DYNSET_OP_DELETE, Linux 5.4; NFT_DYNSET_F_INV */
	char name[FW_NAME_MAX], what[PACKET_CONDITION_MAX], escaped[TEXT_ESCAPED_MAX(64) + 1];
	bool inverted = attr_be32(a->at[NFTA_DYNSET_FLAGS], 0) & FLAG_INVERT;
	attr_text(name, sizeof(name), a->at[NFTA_DYNSET_SET_NAME]);
	const struct fw_set *set =
		ruleset_set(run->ruleset, run->rule->family, ruleset_text(run->ruleset, run->rule->table), name);
	*text_escape(escaped, name, strnlen(name, 64), TEXT_LINE) = '\0';
	snprintf(what, sizeof(what), "room in @%.120s", escaped);
	if (attr_be32(a->at[NFTA_DYNSET_OP], 0) == OP_DELETE)
		return;
	if (a->at[NFTA_DYNSET_EXPR].data || a->at[10].data) /* NFTA_DYNSET_EXPRESSIONS */
		rule_run_settle(run, MATCH_PERHAPS, "a limit of a set");
	else if (!set || set->unread || !set_has_room(set))
		rule_run_settle(run, MATCH_PERHAPS, what);
	else if (inverted)
		rule_run_settle(run, MATCH_NO, what);
}

static void on_objref(struct rule_run *run, const struct attrs *a)
{
	uint32_t type = attr_be32(a->at[NFTA_OBJREF_IMM_TYPE], NFT_OBJECT_UNSPEC);
	if (type == NFT_OBJECT_QUOTA || type == NFT_OBJECT_LIMIT || type == NFT_OBJECT_CONNLIMIT) {
		rule_run_settle(run, MATCH_PERHAPS, "a limit");
	} else if (type == NFT_OBJECT_SYNPROXY || type == NFT_OBJECT_UNSPEC) {
		rule_run_settle(run, MATCH_UNREAD, "a named object");
		rule_run_verdict(run, NF_QUEUE, 0, false);
	}
}

/* --- verdicts --- */

static void on_immediate(struct rule_run *run, const struct attrs *a)
{
	size_t len;
	const uint8_t *value = nft_value(a->at[NFTA_IMMEDIATE_DATA], &len);
	if (attr_be32(a->at[NFTA_IMMEDIATE_DREG], ~0u) != NFT_REG_VERDICT) {
		if (value)
			load_known(run, a->at[NFTA_IMMEDIATE_DREG], value, len, FIELD_OTHER);
		return;
	}
	struct attrs data = attrs_nested(a->at[NFTA_IMMEDIATE_DATA]);
	struct attrs verdict = attrs_nested(data.at[NFTA_DATA_VERDICT]);
	struct attr chain = verdict.at[NFTA_VERDICT_CHAIN];
	int32_t code = (int32_t)attr_be32(verdict.at[NFTA_VERDICT_CODE], 0);
	uint32_t jump = 0;
	if (chain.data) {
		char name[FW_NAME_MAX];
		attr_text(name, sizeof(name), chain);
		const struct fw_chain *target = ruleset_chain(run->ruleset, run->rule->family,
		                                              ruleset_text(run->ruleset, run->rule->table), name);
		jump = target ? target->name : 0;
	}
	rule_run_verdict(run, code, jump, false);
}

static void on_reject(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	run->rejects = true;
	rule_run_verdict(run, NF_DROP, 0, false);
}

static bool take_port(struct rule_run *run, struct attr reg, uint16_t *port)
{
	unsigned offset = fw_register(attr_be32(reg, 0));
	if (!reg.data || !fw_is_known(&run->registers, offset, 2))
		return false;
	*port = (uint16_t)(run->registers.value[offset] << 8 | run->registers.value[offset + 1]);
	return true;
}

static bool same_register(const struct rule_run *run, struct attr min, struct attr max, size_t len)
{
	unsigned low = fw_register(attr_be32(min, 0)), high = fw_register(attr_be32(max, 0));
	return !max.data || low == high ||
	       (low + len <= FW_REGISTER_BYTES && high + len <= FW_REGISTER_BYTES &&
	        memcmp(run->registers.value + low, run->registers.value + high, len) == 0);
}

static void on_nat(struct rule_run *run, const struct attrs *a)
{
	struct attr addr = a->at[NFTA_NAT_REG_ADDR_MIN], port = a->at[NFTA_NAT_REG_PROTO_MIN];
	bool six = attr_be32(a->at[NFTA_NAT_FAMILY], NFPROTO_IPV4) == NFPROTO_IPV6;
	size_t len = six ? 16 : 4;
	unsigned offset = fw_register(attr_be32(addr, 0));
	if (attr_be32(a->at[NFTA_NAT_TYPE], ~0u) != NFT_NAT_DNAT) {
		run->moves_source = true;
		rule_run_verdict(run, NF_ACCEPT, 0, false);
		return;
	}
	/* A rule for the other family: nft_nat_eval() finds the packet's own before, in inet tables too. */
	if (six != (run->state->packet.family == AF_INET6)) {
		rule_run_settle(run, MATCH_NO, "");
		return;
	}
	run->translates = true;
	run->nat.kind = NAT_DNAT;
	if (addr.data && fw_is_known(&run->registers, offset, len)) {
		run->nat.to_family = six ? AF_INET6 : AF_INET;
		memcpy(run->nat.to.byte, run->registers.value + offset, len);
	}
	run->nat.to_many =
		(addr.data && (!run->nat.to_family || !same_register(run, addr, a->at[NFTA_NAT_REG_ADDR_MAX], len))) ||
		(port.data && (!take_port(run, port, &run->nat.to_port) ||
	                       !same_register(run, port, a->at[NFTA_NAT_REG_PROTO_MAX], 2)));
	rule_run_verdict(run, NF_ACCEPT, 0, false);
}

static void on_redir(struct rule_run *run, const struct attrs *a)
{
	struct attr port = a->at[NFTA_REDIR_REG_PROTO_MIN];
	run->translates = true;
	run->nat.kind = NAT_REDIRECT;
	run->nat.to_many = port.data && (!take_port(run, port, &run->nat.to_port) ||
	                                 !same_register(run, port, a->at[NFTA_REDIR_REG_PROTO_MAX], 2));
	rule_run_verdict(run, NF_ACCEPT, 0, false);
}

/* Gives the packet to a listening socket of its address and port, if there is one (nft_tproxy_eval_v4). */
static void on_tproxy(struct rule_run *run, const struct attrs *a)
{
	enum { NFTA_TPROXY_FAMILY_ = 1, NFTA_TPROXY_REG_ADDR_ = 2, NFTA_TPROXY_REG_PORT_ = 3 };
	unsigned offset = fw_register(attr_be32(a->at[NFTA_TPROXY_REG_ADDR_], 0));
	bool six = run->state->packet.family == AF_INET6;
	run->translates = true;
	run->nat.kind = NAT_TPROXY;
	run->nat.to_many =
		a->at[NFTA_TPROXY_REG_PORT_].data && !take_port(run, a->at[NFTA_TPROXY_REG_PORT_], &run->nat.to_port);
	if (a->at[NFTA_TPROXY_REG_ADDR_].data && fw_is_known(&run->registers, offset, six ? 16 : 4)) {
		run->nat.to_family = six ? AF_INET6 : AF_INET;
		memcpy(run->nat.to.byte, run->registers.value + offset, six ? 16 : 4);
	}
}

static void on_masq(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	run->moves_source = true;
	rule_run_verdict(run, NF_ACCEPT, 0, false);
}

/* The program that reads the queue decides. */
static void on_queue(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	rule_run_verdict(run, NF_QUEUE, 0, false);
}

/* A first packet and its answer are of no connection that is set up (nft_flow_offload_eval()). */
static void on_offload(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	rule_run_settle(run, MATCH_NO, "");
}

static void on_nothing(struct rule_run *run, const struct attrs *a)
{
	(void)run;
	(void)a;
}

static const struct {
	const char *name;
	void (*call)(struct rule_run *run, const struct attrs *attrs);
} expressions[] = {
	{ "payload", load_payload }, { "meta", load_meta },
	{ "ct", load_ct },           { "cmp", on_cmp },
	{ "range", on_range },       { "lookup", on_lookup },
	{ "bitwise", load_bitwise }, { "byteorder", load_byteorder },
	{ "fib", load_fib },         { "immediate", on_immediate },
	{ "reject", on_reject },     { "nat", on_nat },
	{ "redir", on_redir },       { "masq", on_masq },
	{ "tproxy", on_tproxy },     { "notrack", load_notrack },
	{ "limit", on_limit },       { "quota", on_limit },
	{ "connlimit", on_limit },   { "dynset", on_dynset },
	{ "objref", on_objref },     { "queue", on_queue },
	{ "numgen", load_random },   { "match", xt_match },
	{ "target", xt_target },     { "counter", on_nothing },
	{ "log", on_nothing },       { "last", on_nothing },
	{ "dup", on_nothing },       { "flow_offload", on_offload },
};

/* Limits are left out: what they keep is as before a moment later. */
static bool writes_state(struct attr name, const struct attrs *data)
{
	static const char *const names[] = { "dynset", "connlimit", "log" };
	static const char *const matches[] = { "recent", "connlimit", "hashlimit" };
	static const char *const targets[] = { "LOG", "NFLOG", "SET", "AUDIT", "TRACE" };
	bool writes = false;
	for (size_t i = 0; i < countof(names); i++)
		writes |= attr_is(name, names[i]);
	for (size_t i = 0; i < countof(matches) && attr_is(name, "match"); i++)
		writes |= attr_is(data->at[NFTA_MATCH_NAME], matches[i]);
	for (size_t i = 0; i < countof(targets) && attr_is(name, "target"); i++)
		writes |= attr_is(data->at[NFTA_TARGET_NAME], targets[i]);
	return writes;
}

/* Expressions that give a value which is compared, and no verdict. */
static const char *const loaders[] = { "exthdr", "socket", "hash", "rt", "osf", "xfrm", "tunnel", "inner" };

static void run_expression(struct rule_run *run, struct attr element)
{
	struct attrs expression = attrs_nested(element);
	struct attrs data = attrs_nested(expression.at[NFTA_EXPR_DATA]);
	struct attr name = expression.at[NFTA_EXPR_NAME];
	bool loads = false;
	char what[PACKET_CONDITION_MAX], escaped[TEXT_ESCAPED_MAX(32) + 1];
	run->writes |= writes_state(name, &data);
	for (size_t i = 0; i < countof(expressions); i++)
		if (attr_is(name, expressions[i].name)) {
			expressions[i].call(run, &data);
			return;
		}
	/* It may write to any register, and end the rule; one of which not even that is known may end the packet's way, too. */
	for (size_t i = 0; i < countof(loaders); i++)
		loads |= attr_is(name, loaders[i]);
	if (!loads)
		rule_run_verdict(run, NF_QUEUE, 0, false);
	fw_set_open(&run->registers, 0, FW_REGISTER_BYTES, BYTE_UNREAD, FIELD_OTHER);
	char plain[32];
	attr_text(plain, sizeof(plain), name);
	*text_escape(escaped, plain, strlen(plain), TEXT_LINE) = '\0';
	snprintf(what, sizeof(what), "the expression %s", *escaped ? escaped : "?");
	rule_run_settle(run, MATCH_UNREAD, what);
}

/* "dport >= 20" and "dport <= 30" are "dport 20-30"; others stand side by side, as far as there is room. */
static void join_condition(char text[PACKET_CONDITION_MAX], const char *what)
{
	size_t len = strlen(text), used = strcspn(what, "<");
	const char *low = strstr(text, " >= ");
	bool range = low && used && what[used] && !strncmp(what + used, "<= ", 3) && !strstr(low + 1, " >= ") &&
	             (size_t)(low + 1 - text) == used && !strncmp(text, what, used);
	if (!*what)
		return;
	if (range) {
		char from[PACKET_CONDITION_MAX];
		snprintf(from, sizeof(from), "%s", low + strlen(" >= "));
		snprintf(text + used, PACKET_CONDITION_MAX - used, "%s-%s", from, what + used + strlen("<= "));
	} else if (len + strlen(" and ") + strlen(what) < PACKET_CONDITION_MAX) {
		snprintf(text + len, PACKET_CONDITION_MAX - len, " and %s", what);
	} else if (len + strlen(" and more") < PACKET_CONDITION_MAX && !strstr(text, " and more")) {
		snprintf(text + len, PACKET_CONDITION_MAX - len, " and more");
	}
}

void rule_run_settle(struct rule_run *run, enum fw_match match, const char *what)
{
	if (match == MATCH_NO || run->match == MATCH_NO) {
		run->held = run->match == MATCH_NO ? run->held : run->match;
		run->match = MATCH_NO;
		return;
	}
	if (match > MATCH_NO && match > run->match) {
		run->match = match;
		snprintf(run->condition, sizeof(run->condition), "%s", what);
	} else if (match == MATCH_PERHAPS && run->match == MATCH_PERHAPS) {
		join_condition(run->condition, what);
	}
}

void rule_run_verdict(struct rule_run *run, int32_t code, uint32_t jump, bool perhaps)
{
	if (run->verdicts < FW_VERDICTS_MAX)
		run->verdict[run->verdicts++] = (struct fw_verdict){ code, jump, perhaps };
}

void expression_run_rule(struct rule_run *run)
{
	struct attr_walk walk = { (const char *)run->ruleset->bytes + run->rule->expressions.offset,
		                  run->rule->expressions.len };
	struct attr element;
	run->match = MATCH_YES;
	fw_set_open(&run->registers, 0, FW_REGISTER_BYTES, BYTE_UNREAD, FIELD_OTHER);
	while (run->match != MATCH_NO && attr_next(&walk, &element))
		run_expression(run, element);
}
