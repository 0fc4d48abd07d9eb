/*
 * nat_rule.c - one nftables rule, expression by expression (nat_rule.h).
 *
 * nft's own expressions (payload, meta, cmp, range, lookup, immediate, nat,
 * redir: include/uapi/linux/netfilter/nf_tables.h, Linux 6.18), and those that
 * iptables-nft wraps: "match" tcp, udp, multiport and "target" DNAT, REDIRECT
 * with iptables' own structs inside (xt_tcpudp.h, xt_multiport.h, nf_nat.h).
 */
#include "firewall/nat_rule.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <netinet/in.h>
#include <string.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/proto.h>

struct rule {
	struct nat_seen *seen;
	uint8_t proto; /* IPPROTO_* */
	uint16_t port;
	uint8_t kind[NAT_SLOTS];
	uint8_t data[NAT_SLOTS][4]; /* of SLOT_DATA */
};

/* --- registers --- */

/* NFT_REG_1..4 are 16 bytes each, NFT_REG32_00.. name their quarters. NAT_SLOTS: none. */
static unsigned slot_of(uint32_t reg)
{
	unsigned slot = NAT_SLOTS;
	if (reg >= NFT_REG_1 && reg <= NFT_REG_4)
		slot = (reg - NFT_REG_1) * 4;
	else if (reg >= NFT_REG32_00 && reg <= NFT_REG32_15)
		slot = reg - NFT_REG32_00;
	return slot < NAT_SLOTS ? slot : NAT_SLOTS;
}

static void slot_set(struct rule *rule, struct attr reg, enum nat_slot_kind kind)
{
	unsigned slot = slot_of(attr_be32(reg, 0));
	/* What was in the rest of a 16-byte register is not known any more. */
	for (unsigned i = slot; i < slot + 4 && i < NAT_SLOTS; i++)
		rule->kind[i] = SLOT_OTHER;
	if (slot < NAT_SLOTS)
		rule->kind[slot] = (uint8_t)kind;
}

static void rule_fails(struct rule *rule)
{
	rule->seen->fails = true;
}

/* --- nft's expressions --- */

static void on_payload(struct rule *rule, const struct attrs *a)
{
	uint32_t base = attr_be32(a->at[NFTA_PAYLOAD_BASE], ~0u), offset = attr_be32(a->at[NFTA_PAYLOAD_OFFSET], ~0u);
	uint32_t len = attr_be32(a->at[NFTA_PAYLOAD_LEN], 0);
	enum nat_slot_kind kind = SLOT_OTHER;
	if (base == NFT_PAYLOAD_TRANSPORT_HEADER && offset == 2 && len == 2)
		kind = SLOT_PORT;
	/* The protocol's place in an IPv4 header, and in an IPv6 one. */
	if (base == NFT_PAYLOAD_NETWORK_HEADER && len == 1 && (offset == 9 || offset == 6))
		kind = SLOT_PROTO;
	slot_set(rule, a->at[NFTA_PAYLOAD_DREG], kind);
}

static void on_meta(struct rule *rule, const struct attrs *a)
{
	bool proto = attr_be32(a->at[NFTA_META_KEY], ~0u) == NFT_META_L4PROTO;
	slot_set(rule, a->at[NFTA_META_DREG], proto ? SLOT_PROTO : SLOT_OTHER);
}

/* -1, 0, 1 as our value of that slot is smaller, equal, larger; `known` false if there is none. */
static int compare_slot(const struct rule *rule, unsigned slot, const uint8_t *value, size_t len, bool *known)
{
	unsigned ours, theirs;
	*known = false;
	if (slot >= NAT_SLOTS)
		return 0;
	if (rule->kind[slot] == SLOT_PORT && len >= 2) {
		ours = rule->port;
		theirs = (unsigned)value[0] << 8 | value[1];
	} else if (rule->kind[slot] == SLOT_PROTO && len >= 1) {
		ours = rule->proto;
		theirs = value[0];
	} else {
		return 0;
	}
	*known = true;
	return ours < theirs ? -1 : ours > theirs;
}

static bool op_holds(uint32_t op, int order)
{
	switch (op) {
	case NFT_CMP_EQ:
		return order == 0;
	case NFT_CMP_NEQ:
		return order != 0;
	case NFT_CMP_LT:
		return order < 0;
	case NFT_CMP_LTE:
		return order <= 0;
	case NFT_CMP_GT:
		return order > 0;
	case NFT_CMP_GTE:
		return order >= 0;
	}
	return true;
}

static const uint8_t *data_value(struct attr attr, size_t *len)
{
	struct attr value = attrs_nested(attr).at[NFTA_DATA_VALUE];
	*len = value.len;
	return value.data;
}

static void rule_settle(struct rule *rule, unsigned slot, bool holds)
{
	if (!holds)
		rule_fails(rule);
	else if (slot < NAT_SLOTS && rule->kind[slot] == SLOT_PORT)
		rule->seen->port = true;
}

static void on_cmp(struct rule *rule, const struct attrs *a)
{
	unsigned slot = slot_of(attr_be32(a->at[NFTA_CMP_SREG], 0));
	size_t len;
	const uint8_t *value = data_value(a->at[NFTA_CMP_DATA], &len);
	bool known = false;
	int order = value ? compare_slot(rule, slot, value, len, &known) : 0;
	if (known)
		rule_settle(rule, slot, op_holds(attr_be32(a->at[NFTA_CMP_OP], ~0u), order));
	else
		rule->seen->more = true;
}

static void on_range(struct rule *rule, const struct attrs *a)
{
	unsigned slot = slot_of(attr_be32(a->at[NFTA_RANGE_SREG], 0));
	size_t from_len, to_len;
	const uint8_t *from = data_value(a->at[NFTA_RANGE_FROM_DATA], &from_len);
	const uint8_t *to = data_value(a->at[NFTA_RANGE_TO_DATA], &to_len);
	bool known = false, known_to = false;
	if (!from || !to)
		return;
	bool inside = compare_slot(rule, slot, from, from_len, &known) >= 0 &&
	              compare_slot(rule, slot, to, to_len, &known_to) <= 0;
	if (known)
		rule_settle(rule, slot, inside == (attr_be32(a->at[NFTA_RANGE_OP], 0) == NFT_RANGE_EQ));
	else
		rule->seen->more = true;
}

static void on_lookup(struct rule *rule, const struct attrs *a)
{
	struct nat_seen *seen = rule->seen;
	unsigned from = slot_of(attr_be32(a->at[NFTA_LOOKUP_SREG], 0));
	uint32_t to = attr_be32(a->at[NFTA_LOOKUP_DREG], ~0u);
	if (from < NAT_SLOTS && seen->lookups < NAT_LOOKUPS_MAX) {
		struct nat_lookup *lookup = &seen->lookup[seen->lookups++];
		*lookup = (struct nat_lookup){
			.inverted = attr_be32(a->at[NFTA_LOOKUP_FLAGS], 0) & NFT_LOOKUP_F_INV,
			.verdict = to == NFT_REG_VERDICT,
			.map = to != ~0u && to != NFT_REG_VERDICT,
		};
		attr_text(lookup->set, sizeof(lookup->set), a->at[NFTA_LOOKUP_SET]);
		for (unsigned i = from; i < NAT_SLOTS && lookup->slots < NAT_KEY_SLOTS; i++) {
			lookup->kind[lookup->slots++] = rule->kind[i];
			lookup->has_port |= rule->kind[i] == SLOT_PORT;
		}
		seen->more |= !lookup->has_port;
	}
	if (to != ~0u && to != NFT_REG_VERDICT)
		slot_set(rule, a->at[NFTA_LOOKUP_DREG], SLOT_OTHER);
}

static void jump_to(struct nat_seen *seen, const struct attrs *verdict)
{
	int32_t code = (int32_t)attr_be32(verdict->at[NFTA_VERDICT_CODE], 0);
	if (code != NFT_JUMP && code != NFT_GOTO)
		return;
	seen->action = NAT_JUMP;
	attr_text(seen->jump, sizeof(seen->jump), verdict->at[NFTA_VERDICT_CHAIN]);
}

static void on_immediate(struct rule *rule, const struct attrs *a)
{
	struct attrs data = attrs_nested(a->at[NFTA_IMMEDIATE_DATA]);
	struct attr value = data.at[NFTA_DATA_VALUE];
	uint32_t reg = attr_be32(a->at[NFTA_IMMEDIATE_DREG], ~0u);
	if (reg == NFT_REG_VERDICT) {
		struct attrs verdict = attrs_nested(data.at[NFTA_DATA_VERDICT]);
		jump_to(rule->seen, &verdict);
		return;
	}
	slot_set(rule, a->at[NFTA_IMMEDIATE_DREG], SLOT_OTHER);
	unsigned slot = slot_of(reg);
	for (size_t at = 0; at < value.len && slot < NAT_SLOTS; at += 4, slot++) {
		rule->kind[slot] = SLOT_DATA;
		memset(rule->data[slot], 0, 4);
		memcpy(rule->data[slot], (const uint8_t *)value.data + at, value.len - at < 4 ? value.len - at : 4);
	}
}

static uint16_t port_in(const struct rule *rule, struct attr reg)
{
	unsigned slot = slot_of(attr_be32(reg, 0));
	if (slot >= NAT_SLOTS || rule->kind[slot] != SLOT_DATA)
		return 0;
	return (uint16_t)(rule->data[slot][0] << 8 | rule->data[slot][1]);
}

static void on_nat(struct rule *rule, const struct attrs *a)
{
	struct nat_seen *seen = rule->seen;
	unsigned slot = slot_of(attr_be32(a->at[NFTA_NAT_REG_ADDR_MIN], 0));
	unsigned words = attr_be32(a->at[NFTA_NAT_FAMILY], 0) == NFPROTO_IPV6 ? 4 : 1;
	if (attr_be32(a->at[NFTA_NAT_TYPE], ~0u) != NFT_NAT_DNAT)
		return;
	seen->action = NAT_DNAT;
	seen->to_port = port_in(rule, a->at[NFTA_NAT_REG_PROTO_MIN]);
	if (slot + words > NAT_SLOTS || rule->kind[slot] != SLOT_DATA)
		return;
	seen->to_family = words == 4 ? AF_INET6 : AF_INET;
	for (unsigned i = 0; i < words; i++)
		memcpy(&seen->to.word[i], rule->data[slot + i], 4);
}

static void on_redir(struct rule *rule, const struct attrs *a)
{
	rule->seen->action = NAT_REDIRECT;
	rule->seen->to_port = port_in(rule, a->at[NFTA_REDIR_REG_PROTO_MIN]);
}

/* What it writes is not known; "ct", "fib", "bitwise", "byteorder" and the rest have it at different numbers. */
static void on_unknown(struct rule *rule, const struct attrs *a)
{
	(void)a;
	for (unsigned i = 0; i < NAT_SLOTS; i++)
		if (rule->kind[i] != SLOT_DATA)
			rule->kind[i] = SLOT_OTHER;
}

/* --- iptables-nft's --- */

/* struct xt_tcp and struct xt_udp begin alike: ports in host byte order, both ends included. */
struct xt_ports {
	uint16_t source[2], dest[2];
};

enum { XT_INVERT_DEST = 0x02 };

static void match_ports(struct rule *rule, const uint8_t *info, size_t len, bool tcp)
{
	struct xt_ports ports;
	size_t flags_at = tcp ? 11 : 8;
	if (len <= flags_at)
		return;
	memcpy(&ports, info, sizeof(ports));
	bool inverted = info[flags_at] & XT_INVERT_DEST;
	if (ports.dest[0] == 0 && ports.dest[1] == UINT16_MAX && !inverted)
		return;
	bool inside = ports.dest[0] <= rule->port && rule->port <= ports.dest[1];
	if (inside == inverted)
		rule_fails(rule);
	else
		rule->seen->port = true;
}

/* struct xt_multiport_v1 (linux/netfilter/xt_multiport.h). */
struct xt_multiport {
	uint8_t flags; /* 0 source, 1 destination, 2 either */
	uint8_t count;
	uint16_t port[15];
	uint8_t begins_range[15];
	uint8_t inverted;
};

static void match_multiport(struct rule *rule, const uint8_t *info, size_t len)
{
	struct xt_multiport list;
	bool found = false;
	if (len < sizeof(list))
		return;
	memcpy(&list, info, sizeof(list));
	if (list.flags == 0)
		return;
	for (unsigned i = 0; i < list.count && i < 15; i++) {
		uint16_t low = list.port[i], high = low;
		if (list.begins_range[i] && i + 1 < 15)
			high = list.port[++i];
		found |= low <= rule->port && rule->port <= high;
	}
	if (found == (list.inverted != 0) && list.flags == 1)
		rule_fails(rule);
	else if (found)
		rule->seen->port = true;
}

static void on_match(struct rule *rule, const struct attrs *a)
{
	struct attr name = a->at[NFTA_MATCH_NAME], info = a->at[NFTA_MATCH_INFO];
	bool tcp = attr_is(name, "tcp");
	if (!info.data)
		return;
	if (tcp || attr_is(name, "udp") || attr_is(name, "udplite")) {
		if (tcp != (rule->proto == IPPROTO_TCP))
			rule_fails(rule);
		else
			match_ports(rule, info.data, info.len, tcp);
	} else if (attr_is(name, "multiport")) {
		match_multiport(rule, info.data, info.len);
	} else if (!attr_is(name, "comment")) {
		rule->seen->more = true;
	}
}

/* struct nf_nat_ipv4_multi_range_compat: revision 0 of IPv4's targets. */
struct nat_range4 {
	uint32_t count, flags, min_addr, max_addr;
	uint16_t min_port, max_port; /* network byte order */
};

/* struct nf_nat_range and what of nf_nat_range2 we need. */
struct nat_range {
	uint32_t flags;
	union addr min_addr, max_addr;
	uint16_t min_port, max_port;
};

enum { RANGE_ADDRESSES = 1, RANGE_PORTS = 2 };

static void range4_to(struct nat_seen *seen, const uint8_t *info, size_t len)
{
	struct nat_range4 range;
	if (len < sizeof(range))
		return;
	memcpy(&range, info, sizeof(range));
	if (range.flags & RANGE_ADDRESSES) {
		seen->to_family = AF_INET;
		seen->to.word[0] = range.min_addr;
	}
	if (range.flags & RANGE_PORTS)
		seen->to_port = ntohs(range.min_port);
}

static void range_to(struct nat_seen *seen, const uint8_t *info, size_t len)
{
	struct nat_range range;
	if (len < sizeof(range))
		return;
	memcpy(&range, info, sizeof(range));
	if (range.flags & RANGE_ADDRESSES) {
		seen->to_family = seen->family == NFPROTO_IPV6 ? AF_INET6 : AF_INET;
		memcpy(&seen->to, &range.min_addr, seen->to_family == AF_INET ? 4 : 16);
	}
	if (range.flags & RANGE_PORTS)
		seen->to_port = ntohs(range.min_port);
}

static void on_target(struct rule *rule, const struct attrs *a)
{
	struct attr name = a->at[NFTA_TARGET_NAME], info = a->at[NFTA_TARGET_INFO];
	struct nat_seen *seen = rule->seen;
	bool redirect = attr_is(name, "REDIRECT");
	if (!info.data || (!redirect && !attr_is(name, "DNAT")))
		return;
	seen->action = redirect ? NAT_REDIRECT : NAT_DNAT;
	bool old = attr_be32(a->at[NFTA_TARGET_REV], 0) == 0 && seen->family == NFPROTO_IPV4;
	(old ? range4_to : range_to)(seen, info.data, info.len);
}

/* --- a rule --- */

static void on_nothing(struct rule *rule, const struct attrs *a)
{
	(void)rule;
	(void)a;
}

static const struct {
	const char *name;
	void (*call)(struct rule *rule, const struct attrs *attrs);
} expressions[] = {
	{ "payload", on_payload }, { "meta", on_meta },           { "cmp", on_cmp },         { "range", on_range },
	{ "lookup", on_lookup },   { "immediate", on_immediate }, { "nat", on_nat },         { "redir", on_redir },
	{ "match", on_match },     { "target", on_target },       { "counter", on_nothing }, { "log", on_nothing },
	{ "limit", on_nothing },   { "quota", on_nothing },
};

static void on_expression(struct rule *rule, struct attr element)
{
	struct attrs expression = attrs_nested(element);
	struct attrs data = attrs_nested(expression.at[NFTA_EXPR_DATA]);
	for (size_t i = 0; i < countof(expressions); i++)
		if (attr_is(expression.at[NFTA_EXPR_NAME], expressions[i].name)) {
			expressions[i].call(rule, &data);
			return;
		}
	on_unknown(rule, &data);
}

bool nat_rule_read(const void *payload, size_t len, enum proto proto, uint16_t port, struct nat_seen *seen)
{
	const struct nfgenmsg *head = payload;
	struct attrs attrs = attrs_behind(payload, len, sizeof(*head));
	struct rule rule = { .seen = seen, .proto = (uint8_t)proto_table[proto].number, .port = port };
	*seen = (struct nat_seen){ 0 };
	if (!attrs.at[NFTA_RULE_CHAIN].data || !attrs.at[NFTA_RULE_EXPRESSIONS].data)
		return false;
	seen->family = head->nfgen_family;
	attr_text(seen->table, sizeof(seen->table), attrs.at[NFTA_RULE_TABLE]);
	attr_text(seen->chain, sizeof(seen->chain), attrs.at[NFTA_RULE_CHAIN]);
	struct attr_walk walk = attr_walk_nested(attrs.at[NFTA_RULE_EXPRESSIONS]);
	struct attr expression;
	while (!seen->fails && attr_next(&walk, &expression))
		on_expression(&rule, expression);
	return true;
}

/* --- elements --- */

static bool slot_fits(enum nat_slot_kind kind, const uint8_t *low, const uint8_t *high, uint8_t proto, uint16_t port)
{
	unsigned low_port = (unsigned)low[0] << 8 | low[1], high_port = (unsigned)high[0] << 8 | high[1];
	if (kind == SLOT_PORT)
		return low_port <= port && port <= high_port;
	if (kind == SLOT_PROTO)
		return low[0] <= proto && proto <= high[0];
	return true;
}

bool nat_key_fits(const struct nat_lookup *lookup, const uint8_t *key, size_t len, const uint8_t *key_end,
                  size_t end_len, uint8_t proto, uint16_t port)
{
	/* Each part of a concatenation is padded to whole slots, the last to its own length. */
	for (unsigned slot = 0; slot < lookup->slots && slot * 4 < len; slot++) {
		uint8_t low[4] = { 0 }, high[4] = { 0 };
		size_t at = slot * 4, rest = len - at < 4 ? len - at : 4;
		memcpy(low, key + at, rest);
		memcpy(high, low, 4);
		if (key_end && end_len >= at + rest)
			memcpy(high, key_end + at, rest);
		if (!slot_fits(lookup->kind[slot], low, high, proto, port))
			return false;
	}
	return true;
}
