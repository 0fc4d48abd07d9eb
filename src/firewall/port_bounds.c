// SPDX-License-Identifier: MIT
/*
 * port_bounds.c - where what the rules do with a packet may change as its port grows (packet.h).
 *
 * A rule compares a port with numbers: what it does changes at such a number and behind it, and between two
 * of them it does the same for every port. Each number of 16 bits that something is compared with is taken
 * for one; most are no ports, which costs the caller a packet more. iptables' matches have them in the host's
 * byte order, or in the network's.
 */
#include "firewall/ruleset.h"

#include <linux/netfilter/nf_tables_compat.h>
#include <string.h>

#include <sockview/countof.h>

#include "firewall/nft_attr.h"

struct bounds {
	uint64_t *starts;
	uint32_t port_in; /* of the rule that is read: the register that has a port; 0: none */
	bool masks_port;  /* bits of a port are looked at: then every port is by itself */
};

static void bound_port(struct bounds *bounds, unsigned port)
{
	bounds->starts[port / 64] |= 1ull << (port % 64);
}

static void bound_number(struct bounds *bounds, unsigned number)
{
	bound_port(bounds, number);
	if (number < UINT16_MAX)
		bound_port(bounds, number + 1);
}

static void bound_value(struct bounds *bounds, const uint8_t *byte, size_t len, bool either_order)
{
	for (size_t i = 0; i + 1 < len; i += 2) {
		bound_number(bounds, (unsigned)byte[i] << 8 | byte[i + 1]);
		if (either_order)
			bound_number(bounds, (unsigned)byte[i + 1] << 8 | byte[i]);
	}
}

/* Two ports are compared as one value at most. */
static void bound_compared(struct bounds *bounds, struct attr value)
{
	size_t len;
	const uint8_t *byte = nft_value(value, &len);
	if (byte && len <= 2 * sizeof(uint16_t))
		bound_value(bounds, byte, len, false);
}

static void bound_match(struct bounds *bounds, const struct attrs *data)
{
	static const char *const names[] = { "tcp", "udp", "udplite", "multiport", "conntrack" };
	for (size_t i = 0; i < countof(names); i++)
		if (attr_is(data->at[NFTA_MATCH_NAME], names[i]))
			bound_value(bounds, data->at[NFTA_MATCH_INFO].data, data->at[NFTA_MATCH_INFO].len, true);
}

static void bound_payload(struct bounds *bounds, const struct attrs *data)
{
	uint32_t to = attr_be32(data->at[NFTA_PAYLOAD_DREG], 0);
	bool port = attr_be32(data->at[NFTA_PAYLOAD_BASE], 0) == NFT_PAYLOAD_TRANSPORT_HEADER &&
	            attr_be32(data->at[NFTA_PAYLOAD_OFFSET], 4) < 4;
	if (port || to == bounds->port_in)
		bounds->port_in = port ? to : 0;
}

/* Something else takes the port's place. All of these have their destination as attribute 1. */
static void bound_load(struct bounds *bounds, struct attr name, const struct attrs *data)
{
	static const char *const names[] = { "meta", "ct", "fib", "exthdr", "socket", "rt", "immediate", "numgen" };
	for (size_t i = 0; i < countof(names); i++)
		if (attr_is(name, names[i]) && attr_be32(data->at[1], 0) == bounds->port_in)
			bounds->port_in = 0;
}

static void bound_expression(struct bounds *bounds, struct attr name, const struct attrs *data)
{
	if (attr_is(name, "cmp")) {
		bound_compared(bounds, data->at[NFTA_CMP_DATA]);
	} else if (attr_is(name, "range")) {
		bound_compared(bounds, data->at[NFTA_RANGE_FROM_DATA]);
		bound_compared(bounds, data->at[NFTA_RANGE_TO_DATA]);
	} else if (attr_is(name, "match")) {
		bound_match(bounds, data);
	} else if (attr_is(name, "payload")) {
		bound_payload(bounds, data);
	} else if (attr_is(name, "bitwise")) {
		bounds->masks_port |= bounds->port_in && attr_be32(data->at[NFTA_BITWISE_SREG], 0) == bounds->port_in;
	} else {
		bound_load(bounds, name, data);
	}
}

static void bound_rule(struct bounds *bounds, const struct ruleset *ruleset, const struct fw_rule *rule)
{
	struct attr_walk walk = { (const char *)ruleset->bytes + rule->expressions.offset, rule->expressions.len };
	struct attr element;
	bounds->port_in = 0;
	while (attr_next(&walk, &element)) {
		struct attrs expression = attrs_nested(element);
		struct attrs data = attrs_nested(expression.at[NFTA_EXPR_DATA]);
		bound_expression(bounds, expression.at[NFTA_EXPR_NAME], &data);
	}
}

/* A port, or one of several fields, each of which begins at a multiple of 4 bytes; 4 bytes are one field without a port. */
static void bound_key(struct bounds *bounds, const uint8_t *key, size_t len)
{
	for (size_t at = 0; len != 4 && at + 2 <= len; at += 4)
		bound_value(bounds, key + at, 2, false);
}

static void bound_set(struct bounds *bounds, const struct ruleset *ruleset, const struct fw_set *set)
{
	for (uint32_t i = 0; i < set->count; i++) {
		const struct fw_element *element = &ruleset->element[set->first + i];
		bound_key(bounds, ruleset->bytes + element->key.offset, element->key.len);
		bound_key(bounds, ruleset->bytes + element->key_end.offset, element->key_end.len);
	}
}

void ruleset_port_bounds(const struct ruleset *ruleset, uint64_t starts[PORT_WORDS])
{
	struct bounds bounds = { .starts = starts };
	memset(starts, 0, PORT_WORDS * sizeof(*starts));
	for (size_t i = 0; i < ruleset->rules; i++)
		bound_rule(&bounds, ruleset, &ruleset->rule[i]);
	for (size_t i = 0; i < ruleset->sets; i++)
		bound_set(&bounds, ruleset, &ruleset->set[i]);
	if (bounds.masks_port)
		memset(starts, 0xff, PORT_WORDS * sizeof(*starts));
	starts[0] = (starts[0] | 2) & ~1ull;
}
