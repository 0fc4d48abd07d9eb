/*
 * nat.c - nftables asked over netlink which rules send a port's packets elsewhere (nat.h).
 *
 *   chains of type nat -> their tables' rules (nat_rule.c) -> elements of the
 *   sets they look into -> a walk from the base chains along the jumps
 *
 * A rule counts if on the way to its DNAT or REDIRECT the port was asked for
 * by name; what else it asks for (an address, an interface) is left open.
 */
#include <sockview/nat.h>

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>
#include <sockview/file.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

#include <sockview/dump.h>
#include "firewall/nat_rule.h"

enum { BASES_MAX = 64, RULES_KEPT_MAX = 65536, DEPTH_MAX = 16, STEPS_MAX = 100000 };

/* A chain packets come to by themselves. */
struct base {
	uint8_t family;
	bool output;
	char table[NAT_NAME_MAX], chain[NAT_NAME_MAX];
};

struct search {
	struct nat *nat;
	struct dump dump;
	enum proto proto;
	uint16_t port;
	struct base base[BASES_MAX];
	size_t bases;
	struct nat_seen *seen;
	size_t count, capacity;
	unsigned steps;
	bool output; /* of the walk under way */
};

enum { ATTRS_MAX = 24 };

struct attrs {
	const struct nlattr *at[ATTRS_MAX];
};

static int collect_attr(const struct nlattr *attr, void *context)
{
	struct attrs *attrs = context;
	unsigned type = mnl_attr_get_type(attr);
	if (type < ATTRS_MAX)
		attrs->at[type] = attr;
	return MNL_CB_OK;
}

static struct attrs nested(const struct nlattr *attr)
{
	struct attrs attrs = { { NULL } };
	if (attr)
		mnl_attr_parse_nested(attr, collect_attr, &attrs);
	return attrs;
}

static void copy_name(char to[NAT_NAME_MAX], const struct nlattr *attr)
{
	size_t len = attr ? strnlen(mnl_attr_get_payload(attr), mnl_attr_get_payload_len(attr)) : 0;
	len = len < NAT_NAME_MAX ? len : NAT_NAME_MAX - 1;
	if (len)
		memcpy(to, mnl_attr_get_payload(attr), len);
	to[len] = '\0';
}

static uint32_t be32(const struct nlattr *attr, uint32_t otherwise)
{
	return attr && mnl_attr_get_payload_len(attr) >= 4 ? ntohl(mnl_attr_get_u32(attr)) : otherwise;
}

/* --- questions --- */

enum { REQUEST_SIZE = 512 };

static struct nlmsghdr *ask(char buffer[REQUEST_SIZE], unsigned type, uint8_t family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	head->nfgen_family = family;
	head->version = NFNETLINK_V0;
	return message;
}

static bool is_answer(const struct nlmsghdr *message, unsigned type)
{
	return message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) &&
	       mnl_nlmsg_get_payload_len(message) >= sizeof(struct nfgenmsg);
}

static int on_chain(const struct nlmsghdr *message, void *context)
{
	struct search *search = context;
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	struct attrs chain = { { NULL } };
	if (!is_answer(message, NFT_MSG_NEWCHAIN))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*head), collect_attr, &chain);
	const struct nlattr *type = chain.at[NFTA_CHAIN_TYPE];
	struct attrs hook = nested(chain.at[NFTA_CHAIN_HOOK]);
	uint32_t number = be32(hook.at[NFTA_HOOK_HOOKNUM], ~0u);
	if (!type || mnl_attr_get_payload_len(type) != 4 || memcmp(mnl_attr_get_payload(type), "nat", 4) != 0 ||
	    (number != NF_INET_PRE_ROUTING && number != NF_INET_LOCAL_OUT) || search->bases == BASES_MAX)
		return MNL_CB_OK;
	struct base *base = &search->base[search->bases++];
	base->family = head->nfgen_family;
	base->output = number == NF_INET_LOCAL_OUT;
	copy_name(base->table, chain.at[NFTA_CHAIN_TABLE]);
	copy_name(base->chain, chain.at[NFTA_CHAIN_NAME]);
	return MNL_CB_OK;
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

static int on_rule(const struct nlmsghdr *message, void *context)
{
	struct search *search = context;
	struct nat_seen seen;
	if (!is_answer(message, NFT_MSG_NEWRULE) || !nat_rule_read(message, search->proto, search->port, &seen) ||
	    !is_useful(&seen))
		return MNL_CB_OK;
	if (search->count == RULES_KEPT_MAX) {
		search->nat->unread = E2BIG;
		return MNL_CB_OK;
	}
	struct nat_seen *grown = vec_reserve(search->seen, &search->capacity, search->count + 1, sizeof(*grown));
	if (!grown)
		return MNL_CB_ERROR;
	search->seen = grown;
	search->seen[search->count++] = seen;
	return MNL_CB_OK;
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
		char buffer[REQUEST_SIZE];
		if (table_was_asked(search, i))
			continue;
		struct nlmsghdr *message = ask(buffer, NFT_MSG_GETRULE, search->base[i].family);
		mnl_attr_put_strz(message, NFTA_RULE_TABLE, search->base[i].table);
		if (dump_run(&search->dump, message, on_rule, search) < 0)
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

static const uint8_t *value_of(const struct nlattr *attr, size_t *len)
{
	struct attrs data = nested(attr);
	const struct nlattr *value = data.at[NFTA_DATA_VALUE];
	*len = value ? mnl_attr_get_payload_len(value) : 0;
	return value ? mnl_attr_get_payload(value) : NULL;
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
	struct attrs data = nested(element->at[NFTA_SET_ELEM_DATA]);
	struct attrs verdict = nested(data.at[NFTA_DATA_VERDICT]);
	int32_t code = (int32_t)be32(verdict.at[NFTA_VERDICT_CODE], 0);
	size_t len;
	looking->found = true;
	if (looking->lookup->verdict && (code == NFT_JUMP || code == NFT_GOTO)) {
		looking->seen->action = NAT_JUMP;
		copy_name(looking->seen->jump, verdict.at[NFTA_VERDICT_CHAIN]);
	}
	const uint8_t *value = value_of(element->at[NFTA_SET_ELEM_DATA], &len);
	if (looking->lookup->map && value)
		take_target(looking->seen, value, len);
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

static int on_element(const struct nlattr *attr, void *context)
{
	struct looking *looking = context;
	struct attrs element = nested(attr);
	size_t len, end_len;
	const uint8_t *key = value_of(element.at[NFTA_SET_ELEM_KEY], &len);
	const uint8_t *key_end = value_of(element.at[NFTA_SET_ELEM_KEY_END], &end_len);
	if (!key)
		return MNL_CB_OK;
	if (looking->intervals && looking->lookup->kind[0] == SLOT_PORT && len == 2 && !key_end) {
		bool ends = be32(element.at[NFTA_SET_ELEM_FLAGS], 0) & NFT_SET_ELEM_INTERVAL_END;
		take_boundary(looking, &element, (unsigned)key[0] << 8 | key[1], ends);
	} else if (!looking->found &&
	           nat_key_fits(looking->lookup, key, len, key_end, end_len,
	                        (uint8_t)proto_ip_number(looking->search->proto), looking->search->port)) {
		take_element(looking, &element);
	}
	return MNL_CB_OK;
}

static int on_elements(const struct nlmsghdr *message, void *context)
{
	struct attrs list = { { NULL } };
	if (!is_answer(message, NFT_MSG_NEWSETELEM))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(struct nfgenmsg), collect_attr, &list);
	if (list.at[NFTA_SET_ELEM_LIST_ELEMENTS])
		mnl_attr_parse_nested(list.at[NFTA_SET_ELEM_LIST_ELEMENTS], on_element, context);
	return MNL_CB_OK;
}

static int on_set(const struct nlmsghdr *message, void *context)
{
	struct looking *looking = context;
	struct attrs set = { { NULL } };
	char name[NAT_NAME_MAX];
	if (!is_answer(message, NFT_MSG_NEWSET))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(struct nfgenmsg), collect_attr, &set);
	copy_name(name, set.at[NFTA_SET_NAME]);
	if (strcmp(name, looking->lookup->set) == 0)
		looking->intervals = be32(set.at[NFTA_SET_FLAGS], 0) & NFT_SET_INTERVAL;
	return MNL_CB_OK;
}

static int look_into(struct search *search, struct nat_seen *seen, struct nat_lookup *lookup)
{
	struct looking looking = { .search = search, .seen = seen, .lookup = lookup };
	char buffer[REQUEST_SIZE];
	struct nlmsghdr *message = ask(buffer, NFT_MSG_GETSET, seen->family);
	mnl_attr_put_strz(message, NFTA_SET_TABLE, seen->table);
	if (dump_run(&search->dump, message, on_set, &looking) < 0)
		return -1;
	message = ask(buffer, NFT_MSG_GETSETELEM, seen->family);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_TABLE, seen->table);
	mnl_attr_put_strz(message, NFTA_SET_ELEM_LIST_SET, lookup->set);
	if (dump_run(&search->dump, message, on_elements, &looking) < 0)
		return -1;
	if (looking.found == lookup->inverted)
		seen->fails = true;
	else if (!lookup->inverted)
		seen->port = true;
	return 0;
}

/* A look whose key has nothing to do with the port says nothing. */
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
static void keep(struct search *search, const struct nat_seen *at, const struct nat_seen *target, bool more)
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

static void walk(struct search *search, const struct nat_seen *chain, const struct nat_seen *asked, bool more,
                 unsigned depth)
{
	for (size_t i = first_of_chain(search, chain); i < search->count; i++) {
		const struct nat_seen *seen = &search->seen[i];
		const struct nat_seen *by = asked ? asked : seen->port ? seen : NULL;
		struct nat_seen next;
		if (compare_chains(seen, chain) != 0 || ++search->steps > STEPS_MAX)
			return;
		if (seen->fails)
			continue;
		if (seen->action != NAT_JUMP) {
			if (by)
				keep(search, by, seen, more || seen->more);
			continue;
		}
		if (depth == DEPTH_MAX)
			continue;
		next = *seen;
		strcpy(next.chain, seen->jump);
		walk(search, &next, by, more || seen->more, depth + 1);
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
		walk(search, &chain, NULL, false, 0);
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

static int search_all(struct search *search)
{
	char buffer[REQUEST_SIZE];
	if (dump_run(&search->dump, ask(buffer, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC), on_chain, search) < 0 ||
	    read_rules(search) < 0 || resolve_lookups(search) < 0)
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
	if (dump_open(&search->dump, NETLINK_NETFILTER) == 0) {
		if (search_all(search) < 0)
			nat->unread = errno;
		dump_close(&search->dump);
	} else if (errno != EPROTONOSUPPORT) {
		nat->unread = errno; /* a kernel without netfilter has no rules */
	}
	free(search->seen);
	free(search);
	return nat->unread == ENOMEM ? -1 : 0;
}
