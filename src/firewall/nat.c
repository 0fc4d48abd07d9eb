/*
 * nat.c - the rules of nftables that send a port's packets elsewhere, read over netlink (nat.h).
 *
 *   chains of type nat -> their tables' rules (nat_rule.c) -> elements of the
 *   sets they look into -> a walk from the base chains along the jumps
 *
 * A rule counts if on the way to its DNAT or REDIRECT the port was asked for
 * by name; what else it asks for (an address, an interface) is left open.
 */
#include <sockview/nat.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/exchange.h>
#include <sockview/file.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

#include "firewall/nat_rule.h"

enum { BASES_MAX = 64, RULES_KEPT_MAX = 65536, DEPTH_MAX = 16, STEPS_MAX = 100000 };

_Static_assert((int)NAT_NAME_MAX == (int)NAT_RULE_NAME_MAX, "names of rules are copied");

/* A chain with a hook: packets come to it by themselves. */
struct base {
	uint8_t family;
	bool output;
	char table[NAT_NAME_MAX], chain[NAT_NAME_MAX];
};

struct search {
	struct nat *nat;
	struct exchange exchange;
	enum proto proto;
	uint16_t port;
	struct base base[BASES_MAX];
	size_t bases;
	struct nat_seen *seen;
	size_t count, capacity;
	unsigned steps;
	bool output;     /* of the walk under way */
	size_t rules_at; /* seen[] before the table that is being read */
};

/* --- questions --- */

enum { REQUEST_SIZE = 512 };

struct nat_request {
	char bytes[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
};

static struct nlmsghdr *request_put(struct nat_request *request, unsigned type, uint8_t family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(request->bytes);
	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	return message;
}

static bool is_nft(const struct nlmsghdr *message, size_t len, unsigned type)
{
	return message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) && len >= sizeof(struct nfgenmsg);
}

static struct attrs nft_attrs(const void *payload, size_t len)
{
	return attrs_behind(payload, len, sizeof(struct nfgenmsg));
}

/*
 * The kernel's table into the search. What could not be read whole is told by
 * nat->unread, and what came is used. 0, or -1 with errno ENOMEM.
 */
static int nft_read(struct search *search, struct nlmsghdr *request, exchange_call *call, void (*forget)(void *context),
                    void *context)
{
	if (exchange_table(&search->exchange, request, call, forget, context) == 0)
		return 0;
	if (!search->nat->unread)
		search->nat->unread = errno;
	return errno == ENOMEM ? -1 : 0;
}

static int on_chain(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct search *search = context;
	const struct nfgenmsg *head = payload;
	if (!is_nft(message, len, NFT_MSG_NEWCHAIN))
		return 0;
	struct attrs chain = nft_attrs(payload, len);
	struct attrs hook = attrs_nested(chain.at[NFTA_CHAIN_HOOK]);
	uint32_t number = attr_be32(hook.at[NFTA_HOOK_HOOKNUM], ~0u);
	if (!attr_is(chain.at[NFTA_CHAIN_TYPE], "nat") ||
	    (number != NF_INET_PRE_ROUTING && number != NF_INET_LOCAL_OUT))
		return 0;
	if (search->bases == BASES_MAX) {
		search->nat->unread = E2BIG;
		return 0;
	}
	struct base *base = &search->base[search->bases++];
	base->family = head->nfgen_family;
	base->output = number == NF_INET_LOCAL_OUT;
	attr_text(base->table, sizeof(base->table), chain.at[NFTA_CHAIN_TABLE]);
	attr_text(base->chain, sizeof(base->chain), chain.at[NFTA_CHAIN_NAME]);
	return 0;
}

static void chains_forget(void *context)
{
	((struct search *)context)->bases = 0;
}

/* Of use: it goes somewhere, now or after a look into a set. */
static bool is_useful(const struct nat_seen *seen)
{
	if (seen->fails)
		return false;
	for (unsigned i = 0; i < seen->lookups; i++)
		if (seen->lookup[i].verdict)
			return true;
	return seen->action != NAT_NONE;
}

static int on_rule(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct search *search = context;
	struct nat_seen seen;
	if (!is_nft(message, len, NFT_MSG_NEWRULE) ||
	    !nat_rule_read(payload, len, search->proto, search->port, &seen) || !is_useful(&seen))
		return 0;
	if (search->count == RULES_KEPT_MAX) {
		search->nat->unread = E2BIG;
		return 0;
	}
	struct nat_seen *added = vec_push(search->seen, search->count, search->capacity);
	if (!added)
		return -1;
	*added = seen;
	return 0;
}

static void rules_forget(void *context)
{
	struct search *search = context;
	search->count = search->rules_at;
}

static bool table_was_asked(const struct search *search, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (search->base[i].family == search->base[index].family &&
		    strcmp(search->base[i].table, search->base[index].table) == 0)
			return true;
	return false;
}

static int read_rules(struct search *search)
{
	for (size_t i = 0; i < search->bases; i++) {
		struct nat_request request;
		if (table_was_asked(search, i))
			continue;
		struct nlmsghdr *message = request_put(&request, NFT_MSG_GETRULE, search->base[i].family);
		mnl_attr_put_strz(message, NFTA_RULE_TABLE, search->base[i].table);
		search->rules_at = search->count;
		if (nft_read(search, message, on_rule, rules_forget, search) < 0)
			return -1;
	}
	return 0;
}

/* --- sets --- */

/* One look into one set. */
struct looking {
	struct search *search;
	struct nat_seen *seen;
	struct nat_lookup *lookup;
	bool found, intervals;
	/* Sets of intervals: the nearest beginning or end at or below the port. */
	unsigned nearest;
	bool nearest_ends, some;
};

static struct attr value_of(struct attr attr)
{
	return attrs_nested(attr).at[NFTA_DATA_VALUE];
}

/* Where the element sends to: an address, a port, or both behind each other. */
static void take_target(struct nat_seen *seen, const uint8_t *data, size_t len)
{
	size_t addr_len = len == 4 || len == 8 ? 4 : len == 16 || len == 20 ? 16 : 0;
	if (addr_len && !seen->to_family) {
		seen->to_family = addr_len == 4 ? AF_INET : AF_INET6;
		memcpy(&seen->to, data, addr_len);
	}
	if ((len == 2 || len == addr_len + 4) && len >= addr_len + 2)
		seen->to_port = (uint16_t)(data[addr_len] << 8 | data[addr_len + 1]);
}

static void take_element(struct looking *looking, const struct attrs *element)
{
	struct attrs data = attrs_nested(element->at[NFTA_SET_ELEM_DATA]);
	struct attrs verdict = attrs_nested(data.at[NFTA_DATA_VERDICT]);
	struct attr value = data.at[NFTA_DATA_VALUE];
	int32_t code = (int32_t)attr_be32(verdict.at[NFTA_VERDICT_CODE], 0);
	looking->found = true;
	if (looking->lookup->verdict && (code == NFT_JUMP || code == NFT_GOTO)) {
		looking->seen->action = NAT_JUMP;
		attr_text(looking->seen->jump, sizeof(looking->seen->jump), verdict.at[NFTA_VERDICT_CHAIN]);
	}
	if (looking->lookup->map && value.data)
		take_target(looking->seen, value.data, value.len);
}

/*
 * A set of plain intervals lists where each begins and, flagged, where it has
 * ended, in any order: what stands nearest below the port decides.
 */
static void take_boundary(struct looking *looking, const struct attrs *element, unsigned at, bool ends)
{
	if (at > looking->search->port || (looking->some && at < looking->nearest) ||
	    (looking->some && at == looking->nearest && ends))
		return;
	looking->some = true;
	looking->nearest = at;
	looking->nearest_ends = ends;
	looking->found = false;
	if (!ends)
		take_element(looking, element);
}

static void on_element(struct looking *looking, struct attr attr)
{
	struct attrs element = attrs_nested(attr);
	struct attr key = value_of(element.at[NFTA_SET_ELEM_KEY]);
	struct attr key_end = value_of(element.at[NFTA_SET_ELEM_KEY_END]);
	if (!key.data)
		return;
	if (looking->intervals && looking->lookup->kind[0] == SLOT_PORT && key.len == 2 && !key_end.data) {
		bool ends = attr_be32(element.at[NFTA_SET_ELEM_FLAGS], 0) & NFT_SET_ELEM_INTERVAL_END;
		take_boundary(looking, &element, attr_be16(key, 0), ends);
	} else if (!looking->found &&
	           nat_key_fits(looking->lookup, key.data, key.len, key_end.data, key_end.len,
	                        (uint8_t)proto_table[looking->search->proto].number, looking->search->port)) {
		take_element(looking, &element);
	}
}

static int on_elements(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	if (!is_nft(message, len, NFT_MSG_NEWSETELEM))
		return 0;
	struct attr_walk walk = attr_walk_nested(nft_attrs(payload, len).at[NFTA_SET_ELEM_LIST_ELEMENTS]);
	struct attr element;
	while (attr_next(&walk, &element))
		on_element(context, element);
	return 0;
}

static int on_set(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct looking *looking = context;
	if (!is_nft(message, len, NFT_MSG_NEWSET))
		return 0;
	struct attrs set = nft_attrs(payload, len);
	char name[NAT_NAME_MAX];
	attr_text(name, sizeof(name), set.at[NFTA_SET_NAME]);
	if (strcmp(name, looking->lookup->set) == 0)
		looking->intervals = attr_be32(set.at[NFTA_SET_FLAGS], 0) & NFT_SET_INTERVAL;
	return 0;
}

static int look_into(struct search *search, struct nat_seen *seen, struct nat_lookup *lookup)
{
	struct looking looking = { .search = search, .seen = seen, .lookup = lookup };
	struct nat_request request;
	struct nlmsghdr *message = request_put(&request, NFT_MSG_GETSET, seen->family);
	mnl_attr_put_strz(message, NFTA_SET_TABLE, seen->table);
	if (nft_read(search, message, on_set, NULL, &looking) < 0)
		return -1;
	message = request_put(&request, NFT_MSG_GETSETELEM, seen->family);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, seen->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, lookup->set);
	if (nft_read(search, message, on_elements, NULL, &looking) < 0)
		return -1;
	if (looking.found == lookup->inverted)
		seen->fails = true;
	else if (!lookup->inverted)
		seen->port = true;
	return 0;
}

/* Only sets with the port in their key are looked into. */
static int resolve_lookups(struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		struct nat_seen *seen = &search->seen[i];
		for (unsigned j = 0; j < seen->lookups && !seen->fails; j++)
			if (seen->lookup[j].has_port && look_into(search, seen, &seen->lookup[j]) < 0)
				return -1;
		if (seen->action == NAT_NONE)
			seen->fails = true;
	}
	return 0;
}

/* --- the walk --- */

static int compare_chains(const void *a, const void *b)
{
	const struct nat_seen *left = a, *right = b;
	int order = left->family - right->family;
	if (!order)
		order = strcmp(left->table, right->table);
	if (!order)
		order = strcmp(left->chain, right->chain);
	return order;
}

static size_t first_of_chain(const struct search *search, const struct nat_seen *chain)
{
	size_t low = 0, high = search->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_chains(&search->seen[middle], chain) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const char *family_word(uint8_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : family == NFPROTO_INET ? "inet" : "?";
}

/* `at`: the rule that asked for the port by name, the one an administrator will look for. */
static void rule_keep(struct search *search, const struct nat_seen *at, const struct nat_seen *target, bool more)
{
	struct nat *nat = search->nat;
	struct nat_rule rule = {
		.output = search->output,
		.more = more,
		.redirect = target->action == NAT_REDIRECT,
		.to_family = target->to_family,
		.to = target->to,
		.to_port = target->to_port,
	};
	strcpy(rule.family, family_word(at->family));
	strcpy(rule.table, at->table);
	strcpy(rule.chain, at->chain);
	for (size_t i = 0; i < nat->rules; i++) {
		struct nat_rule *same = &nat->rule[i];
		if (strcmp(same->table, rule.table) == 0 && strcmp(same->chain, rule.chain) == 0 &&
		    strcmp(same->family, rule.family) == 0 && same->to_port == rule.to_port &&
		    memcmp(&same->to, &rule.to, sizeof(rule.to)) == 0) {
			same->output &= rule.output;
			same->more &= rule.more;
			return;
		}
	}
	if (nat->rules == NAT_RULES_MAX)
		nat->left_out++;
	else
		nat->rule[nat->rules++] = rule;
}

static void chain_walk(struct search *search, const struct nat_seen *chain, const struct nat_seen *asked, bool more,
                       unsigned depth)
{
	for (size_t i = first_of_chain(search, chain); i < search->count; i++) {
		const struct nat_seen *seen = &search->seen[i];
		const struct nat_seen *by = asked ? asked : seen->port ? seen : NULL;
		struct nat_seen next;
		if (compare_chains(seen, chain) != 0)
			return;
		if (++search->steps > STEPS_MAX) {
			search->nat->unread = E2BIG;
			return;
		}
		if (seen->fails)
			continue;
		if (seen->action != NAT_JUMP) {
			if (by)
				rule_keep(search, by, seen, more || seen->more);
			continue;
		}
		if (depth == DEPTH_MAX) {
			search->nat->unread = E2BIG;
			continue;
		}
		next = *seen;
		strcpy(next.chain, seen->jump);
		chain_walk(search, &next, by, more || seen->more, depth + 1);
	}
}

static void walk_all(struct search *search)
{
	if (!search->count)
		return; /* and no array to sort: NULL is not for qsort() */
	qsort(search->seen, search->count, sizeof(*search->seen), compare_chains);
	for (size_t i = 0; i < search->bases; i++) {
		struct nat_seen chain = { .family = search->base[i].family };
		strcpy(chain.table, search->base[i].table);
		strcpy(chain.chain, search->base[i].chain);
		search->output = search->base[i].output;
		chain_walk(search, &chain, NULL, false, 0);
	}
}

/* --- all of it --- */

/* iptables' own tables, which nftables does not show; their names only are told. */
static bool legacy_nat(int proc_fd)
{
	static const char *const files[] = { "self/net/ip_tables_names", "self/net/ip6_tables_names" };
	for (size_t i = 0; i < countof(files); i++) {
		char text[256];
		file_read_string(proc_fd, files[i], text, sizeof(text));
		if (strncmp(text, "nat\n", 4) == 0 || strstr(text, "\nnat\n"))
			return true;
	}
	return false;
}

/* 0, or -1 with errno ENOMEM. */
static int search_all(struct search *search)
{
	struct nat_request request;
	struct nlmsghdr *message = request_put(&request, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC);
	if (nft_read(search, message, on_chain, chains_forget, search) < 0 || read_rules(search) < 0 ||
	    resolve_lookups(search) < 0)
		return -1;
	walk_all(search);
	return 0;
}

int nat_find(struct nat *nat, int proc_fd, enum proto proto, uint16_t port)
{
	struct search *search = calloc(1, sizeof(*search));
	if (!search)
		return -1;
	nat->asked = true;
	nat->legacy_unread = legacy_nat(proc_fd);
	search->nat = nat;
	search->proto = proto;
	search->port = port;
	if (exchange_open(&search->exchange, NETLINK_NETFILTER) == 0) {
		if (search_all(search) < 0)
			nat->unread = ENOMEM;
		exchange_close(&search->exchange);
	} else if (errno != EPROTONOSUPPORT) {
		nat->unread = errno; /* a kernel without netfilter has no rules */
	}
	free(search->seen);
	free(search);
	if (nat->unread != ENOMEM)
		return 0;
	errno = ENOMEM;
	return -1;
}
