// SPDX-License-Identifier: MIT
/*
 * ruleset.c - nftables asked for all its chains, rules, sets and elements (ruleset.h).
 *
 * Four kinds of dumps of NETLINK_NETFILTER (net/netfilter/nf_tables_api.c).
 * The rules may change between them: the generation is asked for before and
 * after, and all is read again, three times at most.
 */
#include "firewall/ruleset.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/exchange.h>
#include <sockview/file.h>
#include <sockview/vec.h>

enum { REQUEST_MAX = 1024, TRIES_MAX = 3, ELEMENTS_MAX = 1 << 20, RULES_MAX = 1 << 18 };

struct ruleset_reader {
	struct ruleset *ruleset;
	struct exchange exchange;
	uint32_t generation;
};

/* --- arenas --- */

/* Offset of the text in the arena; 0 is "". UINT32_MAX with errno ENOMEM. */
static uint32_t keep_text(struct ruleset *ruleset, struct attr attr)
{
	size_t len = attr.data ? strnlen(attr.data, attr.len) : 0;
	if (!len && ruleset->text_len)
		return 0;
	char *grown = vec_reserve(ruleset->text, &ruleset->text_capacity, ruleset->text_len + len + 2, 1);
	if (!grown || ruleset->text_len + len + 2 > UINT32_MAX)
		return UINT32_MAX;
	ruleset->text = grown;
	if (!ruleset->text_len)
		grown[ruleset->text_len++] = '\0';
	uint32_t offset = len ? (uint32_t)ruleset->text_len : 0;
	if (!len)
		return 0;
	memcpy(grown + offset, attr.data, len);
	grown[offset + len] = '\0';
	ruleset->text_len += len + 1;
	return offset;
}

/* A copy at a place that netlink attributes may be read from: a multiple of 4. False: ENOMEM. */
static bool keep_bytes(struct ruleset *ruleset, const void *data, size_t len, struct fw_span *span)
{
	size_t padded = (len + 3) & ~(size_t)3;
	uint8_t *grown = vec_reserve(ruleset->bytes, &ruleset->bytes_capacity, ruleset->bytes_len + padded + 1, 1);
	if (!grown || ruleset->bytes_len + padded > UINT32_MAX)
		return false;
	ruleset->bytes = grown;
	*span = (struct fw_span){ (uint32_t)ruleset->bytes_len, (uint32_t)len };
	memset(grown + ruleset->bytes_len, 0, padded);
	if (len)
		memcpy(grown + ruleset->bytes_len, data, len);
	ruleset->bytes_len += padded;
	return true;
}

static bool keep_payload(struct ruleset *ruleset, struct attr attr, struct fw_span *span)
{
	return keep_bytes(ruleset, attr.data, attr.len, span);
}

/* --- messages --- */

static uint8_t family_of(const void *payload)
{
	return ((const struct nfgenmsg *)payload)->nfgen_family;
}

/* Adds a name and its NUL to the list; what does not fit is left out. */
static size_t add_device(char *names, size_t size, size_t used, struct attr device)
{
	if (size - used < 17) /* IFNAMSIZ and a NUL */
		return used;
	attr_text(names + used, 17, device);
	return used + strlen(names + used) + 1;
}

/* Of one device (NFTA_HOOK_DEV) or several (NFTA_HOOK_DEVS). */
static bool keep_devices(struct ruleset *ruleset, const struct attrs *hook, struct fw_span *span)
{
	struct attr_walk walk = attr_walk_nested(hook->at[NFTA_HOOK_DEVS]);
	struct attr device;
	char names[4096];
	size_t len = 0;
	while (attr_next(&walk, &device))
		len = add_device(names, sizeof(names), len, device);
	if (hook->at[NFTA_HOOK_DEV].data)
		len = add_device(names, sizeof(names), len, hook->at[NFTA_HOOK_DEV]);
	return !len || keep_bytes(ruleset, names, len, span);
}

static int add_chain(struct ruleset *ruleset, const void *payload, size_t len)
{
	struct attrs attrs = attrs_behind(payload, len, sizeof(struct nfgenmsg));
	struct attrs hook = attrs_nested(attrs.at[NFTA_CHAIN_HOOK]);
	struct fw_chain chain = {
		.family = family_of(payload),
		.base = attrs.at[NFTA_CHAIN_HOOK].data,
		.table = keep_text(ruleset, attrs.at[NFTA_CHAIN_TABLE]),
		.name = keep_text(ruleset, attrs.at[NFTA_CHAIN_NAME]),
		.hook = attr_be32(hook.at[NFTA_HOOK_HOOKNUM], ~0u),
		.priority = (int32_t)attr_be32(hook.at[NFTA_HOOK_PRIORITY], 0),
		.policy_drops = attr_be32(attrs.at[NFTA_CHAIN_POLICY], NF_ACCEPT) == NF_DROP,
		.type = attr_is(attrs.at[NFTA_CHAIN_TYPE], "nat")     ? FW_NAT
		        : attr_is(attrs.at[NFTA_CHAIN_TYPE], "route") ? FW_ROUTE
		                                                      : FW_FILTER,
	};
	struct fw_chain *kept = vec_push(ruleset->chain, ruleset->chains, ruleset->chain_capacity);
	if (!kept || chain.table == UINT32_MAX || chain.name == UINT32_MAX ||
	    !keep_devices(ruleset, &hook, &chain.devices))
		return -1;
	*kept = chain;
	return 0;
}

/* Asked for behind the chains: those of a dormant table are on no hook (nf_tables_api.c, nf_tables_table_disable()). */
static int add_table(struct ruleset *ruleset, const void *payload, size_t len)
{
	struct attrs attrs = attrs_behind(payload, len, sizeof(struct nfgenmsg));
	if (!(attr_be32(attrs.at[NFTA_TABLE_FLAGS], 0) & NFT_TABLE_F_DORMANT))
		return 0;
	for (size_t i = 0; i < ruleset->chains; i++)
		if (ruleset->chain[i].family == family_of(payload) &&
		    attr_is(attrs.at[NFTA_TABLE_NAME], ruleset_text(ruleset, ruleset->chain[i].table)))
			ruleset->chain[i].base = false;
	return 0;
}

static int add_rule(struct ruleset *ruleset, const void *payload, size_t len)
{
	if (ruleset->rules == RULES_MAX) {
		errno = E2BIG;
		return -1;
	}
	struct attrs attrs = attrs_behind(payload, len, sizeof(struct nfgenmsg));
	struct fw_rule rule = {
		.family = family_of(payload),
		.table = keep_text(ruleset, attrs.at[NFTA_RULE_TABLE]),
		.chain = keep_text(ruleset, attrs.at[NFTA_RULE_CHAIN]),
		.handle = attr_be64(attrs.at[NFTA_RULE_HANDLE], 0),
		.order = (uint32_t)ruleset->rules,
	};
	struct fw_rule *kept = vec_push(ruleset->rule, ruleset->rules, ruleset->rule_capacity);
	if (!kept || rule.table == UINT32_MAX || rule.chain == UINT32_MAX ||
	    !keep_payload(ruleset, attrs.at[NFTA_RULE_EXPRESSIONS], &rule.expressions))
		return -1;
	*kept = rule;
	return 0;
}

static int add_set(struct ruleset *ruleset, const void *payload, size_t len)
{
	struct attrs attrs = attrs_behind(payload, len, sizeof(struct nfgenmsg));
	struct attrs desc = attrs_nested(attrs.at[NFTA_SET_DESC]);
	struct fw_set set = {
		.family = family_of(payload),
		.table = keep_text(ruleset, attrs.at[NFTA_SET_TABLE]),
		.name = keep_text(ruleset, attrs.at[NFTA_SET_NAME]),
		.flags = attr_be32(attrs.at[NFTA_SET_FLAGS], 0),
		.key_len = attr_be32(attrs.at[NFTA_SET_KEY_LEN], 0),
		.size = attr_be32(desc.at[NFTA_SET_DESC_SIZE], 0),
	};
	struct fw_set *kept = vec_push(ruleset->set, ruleset->sets, ruleset->set_capacity);
	if (!kept || set.table == UINT32_MAX || set.name == UINT32_MAX)
		return -1;
	*kept = set;
	return 0;
}

/* An element's own expression: all but those that count alone break the rule at times (nft_set_elem_update_expr()). */
static bool may_fail(struct attr attr)
{
	struct attr name = attrs_nested(attr).at[NFTA_EXPR_NAME];
	return attr.data && !attr_is(name, "counter") && !attr_is(name, "last");
}

/* NFTA_SET_ELEM_EXPRESSIONS, Linux 5.11: each in an NFTA_LIST_ELEM. */
static bool any_may_fail(struct attr list)
{
	struct attr_walk walk = attr_walk_nested(list);
	struct attr expression;
	while (list.data && attr_next(&walk, &expression))
		if (may_fail(expression))
			return true;
	return false;
}

static int add_element(struct ruleset *ruleset, struct attr attr)
{
	struct attrs attrs = attrs_nested(attr);
	struct attrs key = attrs_nested(attrs.at[NFTA_SET_ELEM_KEY]);
	struct attrs key_end = attrs_nested(attrs.at[NFTA_SET_ELEM_KEY_END]);
	struct attrs data = attrs_nested(attrs.at[NFTA_SET_ELEM_DATA]);
	struct attrs verdict = attrs_nested(data.at[NFTA_DATA_VERDICT]);
	struct fw_element element = {
		.flags = attr_be32(attrs.at[NFTA_SET_ELEM_FLAGS], 0),
		.verdict = verdict.at[NFTA_VERDICT_CODE].data ? (int32_t)attr_be32(verdict.at[NFTA_VERDICT_CODE], 0)
		                                              : FW_NO_VERDICT,
		.jump = keep_text(ruleset, verdict.at[NFTA_VERDICT_CHAIN]),
		.limited = attrs.at[NFTA_SET_ELEM_EXPIRATION].data || attrs.at[NFTA_SET_ELEM_TIMEOUT].data ||
		           may_fail(attrs.at[NFTA_SET_ELEM_EXPR]) || any_may_fail(attrs.at[11]),
	};
	if (ruleset->elements == ELEMENTS_MAX) {
		errno = E2BIG;
		return -1;
	}
	struct fw_element *kept = vec_push(ruleset->element, ruleset->elements, ruleset->element_capacity);
	if (!kept || element.jump == UINT32_MAX || !keep_payload(ruleset, key.at[NFTA_DATA_VALUE], &element.key) ||
	    !keep_payload(ruleset, key_end.at[NFTA_DATA_VALUE], &element.key_end) ||
	    !keep_payload(ruleset, data.at[NFTA_DATA_VALUE], &element.data))
		return -1;
	*kept = element;
	return 0;
}

/* The elements of one set come one behind the other; what is of no set that was told is left out. */
static int add_elements(struct ruleset *ruleset, const void *payload, size_t len)
{
	struct attrs attrs = attrs_behind(payload, len, sizeof(struct nfgenmsg));
	struct attr_walk walk = attr_walk_nested(attrs.at[NFTA_SET_ELEM_LIST_ELEMENTS]);
	char table[FW_NAME_MAX], name[FW_NAME_MAX];
	struct attr element;
	attr_text(table, sizeof(table), attrs.at[NFTA_SET_ELEM_LIST_TABLE]);
	attr_text(name, sizeof(name), attrs.at[NFTA_SET_ELEM_LIST_SET]);
	const struct fw_set *found = ruleset_set(ruleset, family_of(payload), table, name);
	struct fw_set *set = found ? &ruleset->set[found - ruleset->set] : NULL;
	if (!set)
		return 0;
	if (!set->count)
		set->first = (uint32_t)ruleset->elements;
	while (set->first + set->count == ruleset->elements && attr_next(&walk, &element)) {
		if (add_element(ruleset, element) < 0)
			return -1;
		set->count++;
	}
	return 0;
}

int ruleset_message(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	static const struct {
		unsigned type;
		int (*add)(struct ruleset *ruleset, const void *payload, size_t len);
	} messages[] = {
		{ NFT_MSG_NEWCHAIN, add_chain }, { NFT_MSG_NEWTABLE, add_table },      { NFT_MSG_NEWRULE, add_rule },
		{ NFT_MSG_NEWSET, add_set },     { NFT_MSG_NEWSETELEM, add_elements },
	};
	for (size_t i = 0; i < countof(messages) && len >= sizeof(struct nfgenmsg); i++)
		if (message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | messages[i].type))
			return messages[i].add(context, payload, len);
	return 0;
}

static int on_generation(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct ruleset_reader *reader = context;
	if (message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN)) {
		struct attrs attrs = attrs_behind(payload, len, sizeof(struct nfgenmsg));
		reader->generation = attr_be32(attrs.at[NFTA_GEN_ID], 0);
	}
	return 0;
}

/* --- requests --- */

static struct nlmsghdr *question(char *buffer, unsigned type, uint8_t family, uint16_t flags)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	return message;
}

/* 0, or -1 with errno; what changed meanwhile is asked for again as a whole, by its generation. */
static int ask(struct ruleset_reader *reader, struct nlmsghdr *request, exchange_call *call, void *context)
{
	enum exchange_end end = exchange_ask(&reader->exchange, request, call, context);
	if (end == EXCHANGE_STOPPED)
		return -1; /* errno is the call's */
	errno = reader->exchange.interrupted ? EINTR : reader->exchange.lost ? ENOBUFS : reader->exchange.number;
	return end == EXCHANGE_DONE && !reader->exchange.interrupted && !reader->exchange.lost ? 0 : -1;
}

static int read_elements(struct ruleset_reader *reader)
{
	struct ruleset *ruleset = reader->ruleset;
	for (size_t i = 0; i < ruleset->sets; i++) {
		char buffer[REQUEST_MAX];
		struct fw_set *set = &ruleset->set[i];
		struct nlmsghdr *message = question(buffer, NFT_MSG_GETSETELEM, set->family, NLM_F_DUMP);
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, ruleset_text(ruleset, set->table));
		mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, ruleset_text(ruleset, set->name));
		int answer = ask(reader, message, ruleset_message, ruleset);
		set = &ruleset->set[i];
		if (answer < 0 && errno == ENOMEM)
			return -1;
		set->unread = answer < 0;
	}
	return 0;
}

static int read_generation(struct ruleset_reader *reader)
{
	char buffer[REQUEST_MAX];
	return ask(reader, question(buffer, NFT_MSG_GETGEN, AF_UNSPEC, NLM_F_ACK), on_generation, reader);
}

static void forget(struct ruleset *ruleset)
{
	ruleset->chains = ruleset->rules = ruleset->sets = ruleset->elements = 0;
	ruleset->text_len = ruleset->bytes_len = 0;
}

static int read_once(struct ruleset_reader *reader)
{
	static const unsigned dumps[] = { NFT_MSG_GETCHAIN, NFT_MSG_GETTABLE, NFT_MSG_GETRULE, NFT_MSG_GETSET };
	char buffer[REQUEST_MAX];
	forget(reader->ruleset);
	if (keep_text(reader->ruleset, (struct attr){ 0 }) == UINT32_MAX)
		return -1;
	for (size_t i = 0; i < countof(dumps); i++) {
		struct nlmsghdr *message = question(buffer, dumps[i], NFPROTO_UNSPEC, NLM_F_DUMP);
		if (ask(reader, message, ruleset_message, reader->ruleset) < 0)
			return -1;
	}
	return read_elements(reader);
}

static int read_all(struct ruleset_reader *reader)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		if (read_generation(reader) < 0)
			return -1;
		uint32_t before = reader->generation;
		if (read_once(reader) < 0 && errno != EINTR)
			return -1;
		if (read_generation(reader) < 0)
			return -1;
		if (before == reader->generation)
			return 0;
	}
	reader->ruleset->gaps.changing = true;
	return 0;
}

/* --- the order of rules --- */

static int compare_place(uint8_t family, uint8_t other_family, uint32_t table, uint32_t other_table, uint32_t chain,
                         uint32_t other_chain, const char *text)
{
	int order = family - other_family;
	if (!order)
		order = strcmp(text + table, text + other_table);
	return order ? order : strcmp(text + chain, text + other_chain);
}

static int compare_rules(const void *a, const void *b, void *text)
{
	const struct fw_rule *left = a, *right = b;
	int order =
		compare_place(left->family, right->family, left->table, right->table, left->chain, right->chain, text);
	return order ? order : left->order < right->order ? -1 : 1;
}

/* Rules stand chain by chain: each chain finds its own. */
void ruleset_settle(struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->rules; i++) {
		struct fw_rule *rule = &ruleset->rule[i];
		rule->ports = rule_ports_of((struct attr_walk){ (const char *)ruleset->bytes + rule->expressions.offset,
		                                                rule->expressions.len });
	}
	if (ruleset->rules)
		qsort_r(ruleset->rule, ruleset->rules, sizeof(*ruleset->rule), compare_rules, ruleset->text);
	for (size_t i = 0; i < ruleset->chains; i++) {
		struct fw_chain *chain = &ruleset->chain[i];
		size_t low = 0, high = ruleset->rules;
		while (low < high) {
			size_t middle = low + (high - low) / 2;
			const struct fw_rule *rule = &ruleset->rule[middle];
			if (compare_place(rule->family, chain->family, rule->table, chain->table, rule->chain,
			                  chain->name, ruleset->text) < 0)
				low = middle + 1;
			else
				high = middle;
		}
		chain->first = (uint32_t)low;
		for (; low < ruleset->rules; low++) {
			const struct fw_rule *rule = &ruleset->rule[low];
			if (compare_place(rule->family, chain->family, rule->table, chain->table, rule->chain,
			                  chain->name, ruleset->text) != 0)
				break;
			chain->count++;
		}
	}
}

/* --- all of it --- */

/* iptables' own tables, which nftables does not show: their names alone can be read. */
static bool legacy_tables(int proc_fd)
{
	static const char *const files[] = { "thread-self/net/ip_tables_names", "thread-self/net/ip6_tables_names" };
	char text[64];
	for (size_t i = 0; i < countof(files); i++)
		if (proc_fd >= 0 && file_read(proc_fd, files[i], text, sizeof(text)) > 0)
			return true;
	return false;
}

struct ruleset *ruleset_read(int proc_fd)
{
	struct ruleset *ruleset = calloc(1, sizeof(*ruleset));
	struct ruleset_reader reader = { .ruleset = ruleset };
	if (!ruleset)
		return NULL;
	ruleset->steps = calloc(1, sizeof(*ruleset->steps));
	if (!ruleset->steps) {
		free(ruleset);
		return NULL;
	}
	ruleset->gaps.legacy = legacy_tables(proc_fd);
	if (exchange_open(&reader.exchange, NETLINK_NETFILTER) < 0) {
		/* A kernel without netfilter has no rules. */
		ruleset->gaps.error = errno == EPROTONOSUPPORT ? 0 : errno;
		return ruleset;
	}
	/* EINVAL: a kernel without nf_tables (nfnetlink_rcv_msg finds no such subsystem). */
	if (read_all(&reader) < 0)
		ruleset->gaps.error = errno == EINVAL || errno == EOPNOTSUPP ? 0 : errno;
	exchange_close(&reader.exchange);
	if (ruleset->gaps.error)
		forget(ruleset);
	ruleset_settle(ruleset);
	if (ruleset->gaps.error == ENOMEM) {
		ruleset_free(ruleset);
		errno = ENOMEM;
		return NULL;
	}
	return ruleset;
}

void ruleset_free(struct ruleset *ruleset)
{
	if (!ruleset)
		return;
	free(ruleset->steps);
	free(ruleset->text);
	free(ruleset->bytes);
	free(ruleset->chain);
	free(ruleset->rule);
	free(ruleset->set);
	free(ruleset->element);
	free(ruleset);
}

const struct ruleset_gaps *ruleset_gaps(const struct ruleset *ruleset)
{
	return &ruleset->gaps;
}

bool ruleset_is_empty(const struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->chains; i++)
		if (ruleset->chain[i].base)
			return false;
	return true;
}

bool ruleset_has_bridge(const struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->chains; i++)
		if (ruleset->chain[i].base && ruleset->chain[i].family == NFPROTO_BRIDGE)
			return true;
	return false;
}

const struct fw_chain *ruleset_chain(const struct ruleset *ruleset, uint8_t family, const char *table, const char *name)
{
	for (size_t i = 0; i < ruleset->chains; i++) {
		const struct fw_chain *chain = &ruleset->chain[i];
		if (chain->family == family && strcmp(ruleset_text(ruleset, chain->name), name) == 0 &&
		    strcmp(ruleset_text(ruleset, chain->table), table) == 0)
			return chain;
	}
	return NULL;
}

const struct fw_set *ruleset_set(const struct ruleset *ruleset, uint8_t family, const char *table, const char *name)
{
	for (size_t i = 0; i < ruleset->sets; i++) {
		const struct fw_set *set = &ruleset->set[i];
		if (set->family == family && strcmp(ruleset_text(ruleset, set->name), name) == 0 &&
		    strcmp(ruleset_text(ruleset, set->table), table) == 0)
			return set;
	}
	return NULL;
}

const char *ruleset_family(uint8_t family)
{
	static const char *const words[] = {
		[NFPROTO_INET] = "inet",     [NFPROTO_IPV4] = "ip",       [NFPROTO_ARP] = "arp",
		[NFPROTO_NETDEV] = "netdev", [NFPROTO_BRIDGE] = "bridge", [NFPROTO_IPV6] = "ip6",
	};
	return family < countof(words) && words[family] ? words[family] : "?";
}

bool ruleset_translates(const struct ruleset *ruleset)
{
	for (size_t i = 0; i < ruleset->chains; i++) {
		const struct fw_chain *chain = &ruleset->chain[i];
		if (chain->base && chain->type == FW_NAT && chain->hook == NF_INET_PRE_ROUTING)
			return true;
	}
	return false;
}
