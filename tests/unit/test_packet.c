// SPDX-License-Identifier: MIT
/*
 * Packets through rules of nftables as `nft` and iptables-nft 1.8.9 put them into a
 * kernel 6.18 (files ruleNN of the fuzz corpus), and through rules put together here.
 */
#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libmnl/libmnl.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/packet.h>

#include "firewall/registers.h"
#include "firewall/ruleset.h"

#include "skip.h"

static struct nlmsghdr *begin(char buffer[4096], unsigned type, uint8_t family)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));
	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	head->nfgen_family = family;
	return message;
}

static void feed(struct ruleset *ruleset, const struct nlmsghdr *message)
{
	assert_int_equal(
		ruleset_message(ruleset, message, mnl_nlmsg_get_payload(message), mnl_nlmsg_get_payload_len(message)),
		0);
}

static void add_chain(struct ruleset *ruleset, uint8_t family, const char *table, const char *name, const char *type,
                      uint32_t policy)
{
	char buffer[4096] __attribute__((aligned(8)));
	struct nlmsghdr *message = begin(buffer, NFT_MSG_NEWCHAIN, family);
	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, name);
	mnl_attr_put_strz(message, NFTA_CHAIN_TYPE, type);
	mnl_attr_put_u32(message, NFTA_CHAIN_POLICY, htonl(policy));
	struct nlattr *hook = mnl_attr_nest_start(message, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(message, NFTA_HOOK_HOOKNUM, htonl(NF_INET_PRE_ROUTING));
	mnl_attr_put_u32(message, NFTA_HOOK_PRIORITY, htonl((uint32_t)-100));
	mnl_attr_nest_end(message, hook);
	feed(ruleset, message);
}

/* A ruleset of this one rule, in a base chain of NAT. */
static struct ruleset *rule_from_file(unsigned number)
{
	const char *top = getenv("SRCDIR");
	char path[512], buffer[4096] __attribute__((aligned(8))), table[64], chain[64];
	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/ruleset/rule%02u", top ? top : ".", number);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	size_t len = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	assert_true(len > sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg));
	const struct nlmsghdr *message = (const struct nlmsghdr *)buffer;
	const struct nfgenmsg *head = mnl_nlmsg_get_payload(message);
	struct attrs attrs = attrs_behind(head, mnl_nlmsg_get_payload_len(message), sizeof(*head));
	attr_text(table, sizeof(table), attrs.at[NFTA_RULE_TABLE]);
	attr_text(chain, sizeof(chain), attrs.at[NFTA_RULE_CHAIN]);
	struct ruleset *ruleset = calloc(1, sizeof(*ruleset));
	assert_non_null(ruleset);
	add_chain(ruleset, head->nfgen_family, table, chain, "nat", NF_ACCEPT);
	feed(ruleset, message);
	ruleset_settle(ruleset);
	return ruleset;
}

static size_t run(const struct ruleset *ruleset, int family, uint8_t proto, uint16_t port, struct packet_nats *nats)
{
	struct packet packet = { .family = (uint8_t)family,
		                 .proto = proto,
		                 .dest_port = port,
		                 .known = PACKET_DEST_LOCAL | PACKET_SOURCE_REMOTE };
	struct packet_state state;
	struct packet_answer answer;
	*nats = (struct packet_nats){ .count = 0 };
	packet_state_init(&state, &packet);
	packet_pass(ruleset, &state, HOOK_PREROUTING, &answer, nats);
	return nats->count;
}

/* What the rule says of TCP to a port, read off the rule's text by hand. */
static const struct {
	unsigned file;
	uint16_t port;
	int family;
	bool translates, certain;
	enum packet_nat_kind kind;
	const char *to; /* NULL: none is told */
	uint16_t to_port;
} rules[] = {
	{ 1, 31001, AF_INET, true, true, NAT_DNAT, "192.0.2.17", 8017 },
	{ 3, 31001, AF_INET, true, true, NAT_DNAT, "192.0.2.11", 8011 },
	{ 3, 31002, AF_INET, false, false, NAT_DNAT, NULL, 0 },
	{ 4, 31002, AF_INET, true, true, NAT_REDIRECT, NULL, 8012 },
	{ 4, 31003, AF_INET, true, true, NAT_REDIRECT, NULL, 8012 },
	{ 4, 31004, AF_INET, false, false, NAT_DNAT, NULL, 0 },
	{ 5, 31004, AF_INET, true, false, NAT_DNAT, "192.0.2.14", 0 }, /* a set that was not read */
	{ 9, 31001, AF_INET, false, false, NAT_DNAT, NULL, 0 },        /* udp */
	{ 10, 31001, AF_INET, false, false, NAT_DNAT, NULL, 0 },       /* dport != 31001 */
	{ 14, 31001, AF_INET, true, false, NAT_DNAT, "172.17.0.2", 80 },
	{ 14, 31002, AF_INET, false, false, NAT_DNAT, NULL, 0 },
	{ 16, 8095, AF_INET, true, true, NAT_REDIRECT, NULL, 3128 },
	{ 16, 8100, AF_INET, false, false, NAT_DNAT, NULL, 0 },
	{ 17, 5305, AF_INET, false, false, NAT_DNAT, NULL, 0 }, /* ! --dport 5300:5310 */
	{ 18, 31001, AF_INET6, true, true, NAT_DNAT, "2001:db8::9", 443 },
	{ 18, 31001, AF_INET, false, false, NAT_DNAT, NULL, 0 }, /* the other family meets no chain of ip6 */
};

static void check_target(const struct packet_nat *nat, const char *to)
{
	union addr addr = { { 0 } };
	if (!to) {
		assert_int_equal(nat->to_family, AF_UNSPEC);
		return;
	}
	assert_int_equal(inet_pton(nat->to_family, to, &addr), 1);
	assert_memory_equal(&nat->to, &addr, sizeof(addr));
}

static void test_rules(void **state)
{
	(void)state;
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		skip_because("the files are netlink messages of a little-endian kernel");
	for (size_t i = 0; i < countof(rules); i++) {
		struct ruleset *ruleset = rule_from_file(rules[i].file);
		struct packet_nats nats;
		size_t count = run(ruleset, rules[i].family, IPPROTO_TCP, rules[i].port, &nats);
		if (count != rules[i].translates)
			fail_msg("rule %u, port %u: %zu translations", rules[i].file, rules[i].port, count);
		if (count) {
			const struct packet_nat *nat = &nats.nat[0];
			if (nat->certain != rules[i].certain || nat->kind != rules[i].kind ||
			    nat->to_port != rules[i].to_port)
				fail_msg("rule %u, port %u: certain %d, kind %d, to port %u, %s", rules[i].file,
				         rules[i].port, nat->certain, (int)nat->kind, nat->to_port, nat->condition);
			check_target(nat, rules[i].to);
		}
		ruleset_free(ruleset);
	}
}

/* Older iptables-nft wraps `-p tcp --dport`: struct xt_tcp, and struct nf_nat_ipv4_multi_range_compat behind it. */
static struct ruleset *old_iptables_rule(uint8_t inverted)
{
	char buffer[4096] __attribute__((aligned(8)));
	struct {
		uint16_t source[2], dest[2];
		uint8_t option, mask, compare, inverted;
	} tcp = { { 0, UINT16_MAX }, { 8000, 8080 }, 0, 0, 0, inverted };
	struct {
		uint32_t count, flags, min, max;
		uint16_t min_port, max_port;
	} range = { 1, 3, htonl(0xc0000205), htonl(0xc0000205), htons(81), htons(81) };
	struct nlmsghdr *message = begin(buffer, NFT_MSG_NEWRULE, NFPROTO_IPV4);
	mnl_attr_put_strz(message, NFTA_RULE_TABLE, "nat");
	mnl_attr_put_strz(message, NFTA_RULE_CHAIN, "PREROUTING");
	struct nlattr *list = mnl_attr_nest_start(message, NFTA_RULE_EXPRESSIONS);
	struct nlattr *element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, "match");
	struct nlattr *data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	mnl_attr_put_strz(message, NFTA_MATCH_NAME, "tcp");
	mnl_attr_put(message, NFTA_MATCH_INFO, sizeof(tcp), &tcp);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, element);
	element = mnl_attr_nest_start(message, NFTA_LIST_ELEM);
	mnl_attr_put_strz(message, NFTA_EXPR_NAME, "target");
	data = mnl_attr_nest_start(message, NFTA_EXPR_DATA);
	mnl_attr_put_strz(message, NFTA_TARGET_NAME, "DNAT");
	mnl_attr_put_u32(message, NFTA_TARGET_REV, htonl(0));
	mnl_attr_put(message, NFTA_TARGET_INFO, sizeof(range), &range);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, element);
	mnl_attr_nest_end(message, list);
	struct ruleset *ruleset = calloc(1, sizeof(*ruleset));
	assert_non_null(ruleset);
	add_chain(ruleset, NFPROTO_IPV4, "nat", "PREROUTING", "nat", NF_ACCEPT);
	feed(ruleset, message);
	ruleset_settle(ruleset);
	return ruleset;
}

static void test_old_iptables(void **state)
{
	(void)state;
	static const struct {
		uint8_t inverted, proto;
		uint16_t port;
		size_t count;
	} cases[] = {
		{ 0, IPPROTO_TCP, 8040, 1 }, { 0, IPPROTO_TCP, 8081, 0 }, { 0, IPPROTO_UDP, 8040, 0 },
		{ 2, IPPROTO_TCP, 8081, 1 }, { 2, IPPROTO_TCP, 8080, 0 },
	};
	for (size_t i = 0; i < countof(cases); i++) {
		struct ruleset *ruleset = old_iptables_rule(cases[i].inverted);
		struct packet_nats nats;
		assert_int_equal(run(ruleset, AF_INET, cases[i].proto, cases[i].port, &nats), cases[i].count);
		if (cases[i].count) {
			assert_true(nats.nat[0].certain && nats.nat[0].kind == NAT_DNAT && nats.nat[0].to_port == 81);
			check_target(&nats.nat[0], "192.0.2.5");
		}
		ruleset_free(ruleset);
	}
}

/* A policy of drop in a chain without rules. */
static void test_policy(void **state)
{
	(void)state;
	struct ruleset *ruleset = calloc(1, sizeof(*ruleset));
	struct packet packet = { .family = AF_INET, .proto = IPPROTO_TCP, .dest_port = 80 };
	struct packet_state way;
	struct packet_answer answer;
	assert_non_null(ruleset);
	add_chain(ruleset, NFPROTO_INET, "t", "pre", "filter", NF_DROP);
	ruleset_settle(ruleset);
	packet_state_init(&way, &packet);
	packet_pass(ruleset, &way, HOOK_PREROUTING, &answer, NULL);
	assert_int_equal(answer.fate, FATE_DROPPED);
	assert_string_equal(answer.rule.chain, "pre");
	assert_int_equal(answer.rule.handle, 0);
	packet_pass(ruleset, &way, HOOK_INPUT, &answer, NULL);
	assert_int_equal(answer.fate, FATE_PASSES);
	ruleset_free(ruleset);
}

/* Known bytes that differ settle a comparison whatever the open ones are. */
static void test_registers(void **state)
{
	(void)state;
	static const uint8_t addr[4] = { 10, 1, 2, 3 }, other[4] = { 10, 1, 2, 4 }, low[2] = { 0, 80 },
			     high[2] = { 0, 90 };
	struct fw_registers registers;
	memset(&registers, 0, sizeof(registers));
	fw_set_known(&registers, 0, addr, 4, FIELD_SADDR);
	assert_int_equal(fw_equal(&registers, 0, addr, 4), MATCH_YES);
	assert_int_equal(fw_equal(&registers, 0, other, 4), MATCH_NO);
	fw_set_open(&registers, 2, 2, BYTE_VARIES, FIELD_SADDR);
	assert_int_equal(fw_equal(&registers, 0, addr, 4), MATCH_PERHAPS);
	registers.byte[3] = BYTE_UNREAD;
	assert_int_equal(fw_equal(&registers, 0, addr, 4), MATCH_UNREAD);
	registers.value[0] = 11;
	assert_int_equal(fw_equal(&registers, 0, addr, 4), MATCH_NO);
	fw_set_known(&registers, 16, "\0\x55", 2, FIELD_DPORT);
	assert_int_equal(fw_between(&registers, 16, low, high, 2), MATCH_YES);
	fw_set_known(&registers, 16, "\0\x5b", 2, FIELD_DPORT);
	assert_int_equal(fw_between(&registers, 16, low, high, 2), MATCH_NO);
	fw_set_open(&registers, 17, 1, BYTE_VARIES, FIELD_DPORT);
	assert_int_equal(fw_between(&registers, 16, low, high, 2), MATCH_PERHAPS);
	registers.value[16] = 1;
	assert_int_equal(fw_between(&registers, 16, low, high, 2), MATCH_NO);
	assert_int_equal(fw_equal(&registers, FW_REGISTER_BYTES - 2, addr, 4), MATCH_UNREAD);
	assert_int_equal(fw_not(MATCH_PERHAPS), MATCH_PERHAPS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_old_iptables),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_registers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
