// SPDX-License-Identifier: MIT
/*
 * nat_ports.c - which ports may rules of NAT be about? (packet.h)
 *
 * Every number of 16 bits in the rules and sets of tables that translate at
 * prerouting is one, in either byte order: nft writes ports in network order,
 * iptables' matches in the host's. Most are no ports. The caller lets a packet
 * to each of them run through the rules, which tells.
 */
#include "firewall/ruleset.h"

#include <linux/netfilter.h>
#include <string.h>

/* True if the table has a chain of NAT at prerouting, where packets of other hosts are sent elsewhere. */
static bool table_translates(const struct ruleset *ruleset, uint8_t family, uint32_t table)
{
	for (size_t i = 0; i < ruleset->chains; i++) {
		const struct fw_chain *chain = &ruleset->chain[i];
		if (chain->base && chain->type == FW_NAT && chain->hook == NF_INET_PRE_ROUTING &&
		    chain->family == family &&
		    strcmp(ruleset_text(ruleset, chain->table), ruleset_text(ruleset, table)) == 0)
			return true;
	}
	return false;
}

static void mark_numbers(const struct ruleset *ruleset, struct fw_span span, uint64_t ports[PORT_WORDS])
{
	const uint8_t *byte = ruleset->bytes + span.offset;
	for (uint32_t i = 0; i + 1 < span.len; i += 2) {
		unsigned network = (unsigned)byte[i] << 8 | byte[i + 1], host = (unsigned)byte[i + 1] << 8 | byte[i];
		ports[network / 64] |= 1ull << (network % 64);
		ports[host / 64] |= 1ull << (host % 64);
	}
}

bool ruleset_nat_ports(const struct ruleset *ruleset, uint64_t ports[PORT_WORDS])
{
	bool any = false;
	memset(ports, 0, PORT_WORDS * sizeof(*ports));
	for (size_t i = 0; i < ruleset->rules; i++) {
		const struct fw_rule *rule = &ruleset->rule[i];
		if (!table_translates(ruleset, rule->family, rule->table))
			continue;
		any = true;
		mark_numbers(ruleset, rule->expressions, ports);
	}
	for (size_t i = 0; i < ruleset->sets; i++) {
		const struct fw_set *set = &ruleset->set[i];
		if (!table_translates(ruleset, set->family, set->table))
			continue;
		for (uint32_t j = 0; j < set->count; j++)
			mark_numbers(ruleset, ruleset->element[set->first + j].key, ports);
	}
	ports[0] &= ~1ull;
	return any;
}
