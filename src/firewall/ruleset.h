// SPDX-License-Identifier: MIT
/*
 * ruleset.h - the rules of nftables in memory, as the kernel told them.
 *
 *   chain[] --first, count--> rule[] --bytes--> expressions (netlink attributes)
 *   set[]   --first, count--> element[]
 *
 * Names, expressions and keys are offsets into two arenas.
 */
#ifndef SOCKVIEW_FIREWALL_RULESET_H
#define SOCKVIEW_FIREWALL_RULESET_H

#include <sockview/packet.h>

#include "firewall/rule_ports.h"

struct fw_span {
	uint32_t offset, len;
};

enum fw_type { FW_FILTER, FW_ROUTE, FW_NAT };

struct fw_chain {
	uint8_t family; /* NFPROTO_* */
	bool base;
	uint32_t table, name; /* offsets of text */
	uint32_t hook;        /* NF_INET_* or NF_NETDEV_* */
	int32_t priority;
	enum fw_type type;
	bool policy_drops;
	struct fw_span devices; /* of netdev and ingress: NUL-terminated names one behind the other */
	uint32_t first, count;  /* rules */
};

struct fw_rule {
	uint8_t family;
	uint32_t table, chain; /* offsets of text */
	uint64_t handle;
	uint32_t order; /* as the kernel told it */
	struct fw_span expressions;
	struct rule_ports ports; /* for others it does not hold */
};

struct fw_set {
	uint8_t family;
	uint32_t table, name;
	uint32_t flags; /* NFT_SET_* */
	uint32_t key_len;
	uint32_t size;         /* elements there is room for; 0: not told */
	bool unread;           /* its elements could not be asked for */
	uint32_t first, count; /* elements */
};

struct fw_element {
	uint32_t flags; /* NFT_SET_ELEM_* */
	struct fw_span key, key_end, data;
	int32_t verdict; /* NFT_JUMP, NF_ACCEPT ...; FW_NO_VERDICT */
	uint32_t jump;   /* text */
	bool limited;    /* it has an expression or a timeout of its own */
};

#define FW_NO_VERDICT INT32_MAX

struct ruleset {
	struct ruleset_gaps gaps;
	char *text;
	uint8_t *bytes;
	size_t text_len, text_capacity, bytes_len, bytes_capacity;
	struct fw_chain *chain;
	struct fw_rule *rule;
	struct fw_set *set;
	struct fw_element *element;
	uint64_t *steps; /* rules that were run over packets, all together; NULL: not counted */
	size_t chains, chain_capacity, rules, rule_capacity, sets, set_capacity, elements, element_capacity;
};

static inline const char *ruleset_text(const struct ruleset *ruleset, uint32_t offset)
{
	return ruleset->text + offset;
}

struct nlmsghdr;

enum { FW_NAME_MAX = 257 }; /* NFT_NAME_MAXLEN and a NUL */

/*
 * Adds what one message of nf_tables tells; an exchange_call whose context is
 * the ruleset. -1 with errno ENOMEM, or E2BIG past a bound of ours.
 */
int ruleset_message(void *ruleset, const struct nlmsghdr *message, const void *payload, size_t len);
/* After the last message: each chain finds its rules. */
void ruleset_settle(struct ruleset *ruleset);

/* NULL if there is none of that name in the table. */
const struct fw_chain *ruleset_chain(const struct ruleset *ruleset, uint8_t family, const char *table,
                                     const char *name);
const struct fw_set *ruleset_set(const struct ruleset *ruleset, uint8_t family, const char *table, const char *name);

/* nft's word: "ip", "ip6", "inet" ... */
const char *ruleset_family(uint8_t family);

#endif
