/*
 * What --explain reads of the kernel: rules of nftables as `nft` and
 * iptables-nft 1.8.9 put them into a kernel 6.18 (files ruleNN of the fuzz corpus),
 * lists of ports, fdinfo.
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

#include <sockview/countof.h>

#include "evidence/flight.h"
#include "explain/facts.h"
#include "firewall/nat_rule.h"

static bool rule_read(const struct nlmsghdr *message, enum proto proto, uint16_t port, struct nat_seen *seen)
{
	return nat_rule_read(mnl_nlmsg_get_payload(message), mnl_nlmsg_get_payload_len(message), proto, port, seen);
}

static void read_file_rule(unsigned number, uint16_t port, struct nat_seen *seen)
{
	const char *top = getenv("SRCDIR");
	char path[512], buffer[4096] __attribute__((aligned(8)));

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/explain/rule%02u", top ? top : ".", number);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	fgetc(file); /* the fuzzer's choice of a parser */
	size_t len = fread(buffer, 1, sizeof(buffer), file);
	fclose(file);
	assert_true(len > sizeof(struct nlmsghdr));
	assert_true(rule_read((struct nlmsghdr *)buffer, PROTO_TCP, port, seen));
}

/* What the rule says of TCP to a port, read off the rule's text by hand. */
static const struct {
	unsigned file;
	uint16_t port;
	bool fails, asked, more;
	enum nat_action action;
	const char *to; /* NULL: none is told */
	uint16_t to_port;
	const char *jump, *set;
} rules[] = {
	{ 1, 31001, false, false, false, NAT_DNAT, "192.0.2.17", 8017, "", NULL },
	{ 3, 31001, false, true, false, NAT_DNAT, "192.0.2.11", 8011, "", NULL },
	{ 3, 31002, true, false, false, NAT_NONE, NULL, 0, "", NULL },
	{ 4, 31002, false, true, false, NAT_REDIRECT, NULL, 8012, "", NULL },
	{ 4, 31003, false, true, false, NAT_REDIRECT, NULL, 8012, "", NULL },
	{ 4, 31004, true, false, false, NAT_NONE, NULL, 0, "", NULL },
	{ 5, 31004, false, false, false, NAT_DNAT, "192.0.2.14", 0, "", "__set0" },
	{ 6, 31006, false, false, false, NAT_DNAT, NULL, 0, "", "targets" },
	{ 8, 31007, false, false, false, NAT_NONE, NULL, 0, "", "__map0" },
	{ 9, 31001, true, false, false, NAT_NONE, NULL, 0, "", NULL },  /* udp */
	{ 10, 31001, true, false, false, NAT_NONE, NULL, 0, "", NULL }, /* dport != 31001 */
	{ 11, 31001, false, false, true, NAT_JUMP, NULL, 0, "near", NULL },
	{ 14, 31001, false, true, true, NAT_DNAT, "172.17.0.2", 80, "", NULL },
	{ 14, 31002, true, false, true, NAT_NONE, NULL, 0, "", NULL },
	{ 15, 31001, false, false, true, NAT_JUMP, NULL, 0, "DOCKER", NULL },
	{ 16, 8095, false, true, false, NAT_REDIRECT, NULL, 3128, "", NULL },
	{ 16, 8100, true, false, false, NAT_NONE, NULL, 0, "", NULL },
	{ 17, 5305, true, false, true, NAT_NONE, NULL, 0, "", NULL }, /* ! --dport 5300:5310 */
	{ 17, 5311, false, true, true, NAT_DNAT, "10.0.0.9", 0, "", NULL },
	{ 18, 31001, false, true, false, NAT_DNAT, "2001:db8::9", 443, "", NULL },
};

static void check_target(const struct nat_seen *seen, const char *to)
{
	union addr addr = { 0 };

	if (!to) {
		assert_int_equal(seen->to_family, AF_UNSPEC);
		return;
	}
	assert_int_equal(inet_pton(seen->to_family, to, &addr), 1);
	assert_memory_equal(&seen->to, &addr, sizeof(addr));
}

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(rules); i++) {
		struct nat_seen seen;
		read_file_rule(rules[i].file, rules[i].port, &seen);
		if (seen.fails != rules[i].fails)
			fail_msg("rule %u, port %u: fails %d", rules[i].file, rules[i].port, seen.fails);
		if (seen.fails)
			continue;
		if (seen.port != rules[i].asked || seen.more != rules[i].more || seen.action != rules[i].action)
			fail_msg("rule %u, port %u: asked %d more %d action %d", rules[i].file, rules[i].port,
			         seen.port, seen.more, seen.action);
		check_target(&seen, rules[i].to);
		assert_int_equal(seen.to_port, rules[i].to_port);
		assert_string_equal(seen.jump, rules[i].jump);
		assert_int_equal(seen.lookups, rules[i].set != NULL);
		if (rules[i].set)
			assert_string_equal(seen.lookup[0].set, rules[i].set);
	}
}

/* Older iptables-nft wraps `-p tcp --dport`: struct xt_tcp, and struct nf_nat_ipv4_multi_range_compat behind it. */
static struct nlmsghdr *old_iptables_rule(char buffer[1024], uint8_t inverted)
{
	struct {
		uint16_t source[2], dest[2];
		uint8_t option, mask, compare, inverted;
	} tcp = { { 0, UINT16_MAX }, { 8000, 8080 }, 0, 0, 0, inverted };
	struct {
		uint32_t count, flags, min, max;
		uint16_t min_port, max_port;
	} range = { 1, 3, htonl(0xc0000205), htonl(0xc0000205), htons(81), htons(81) };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *head = mnl_nlmsg_put_extra_header(message, sizeof(*head));

	head->nfgen_family = NFPROTO_IPV4;
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
	return message;
}

static void test_old_iptables(void **state)
{
	(void)state;
	char buffer[1024] __attribute__((aligned(8)));
	struct nat_seen seen;

	assert_true(rule_read(old_iptables_rule(buffer, 0), PROTO_TCP, 8040, &seen));
	assert_true(!seen.fails && seen.port && seen.action == NAT_DNAT && seen.to_port == 81);
	check_target(&seen, "192.0.2.5");
	assert_true(rule_read(old_iptables_rule(buffer, 0), PROTO_TCP, 8081, &seen) && seen.fails);
	assert_true(rule_read(old_iptables_rule(buffer, 0), PROTO_UDP, 8040, &seen) && seen.fails);
	assert_true(rule_read(old_iptables_rule(buffer, 2), PROTO_TCP, 8081, &seen) && !seen.fails && seen.port);
	assert_true(rule_read(old_iptables_rule(buffer, 2), PROTO_TCP, 8080, &seen) && seen.fails);
}

static void test_keys(void **state)
{
	(void)state;
	struct nat_lookup lookup = { .slots = 2, .kind = { SLOT_PROTO, SLOT_PORT } };
	const uint8_t key[] = { 6, 0, 0, 0, 0x1f, 0x90 }, key_end[] = { 6, 0, 0, 0, 0x1f, 0x9a };

	assert_true(nat_key_fits(&lookup, key, sizeof(key), NULL, 0, 6, 8080));
	assert_false(nat_key_fits(&lookup, key, sizeof(key), NULL, 0, 6, 8081));
	assert_false(nat_key_fits(&lookup, key, sizeof(key), NULL, 0, 17, 8080));
	assert_true(nat_key_fits(&lookup, key, sizeof(key), key_end, sizeof(key_end), 6, 8090));
	assert_false(nat_key_fits(&lookup, key, sizeof(key), key_end, sizeof(key_end), 6, 8091));
}

static void test_ports(void **state)
{
	(void)state;
	static const char list[] = "80,1000-1500,1999,9000-9010\n";

	assert_true(port_list_has(list, sizeof(list) - 1, 80));
	assert_true(port_list_has(list, sizeof(list) - 1, 1500));
	assert_false(port_list_has(list, sizeof(list) - 1, 1501));
	assert_true(port_list_has(list, sizeof(list) - 1, 9010));
	assert_int_equal(port_list_count(list, sizeof(list) - 1, 1400, 9001), 101 + 1 + 2);
	assert_int_equal(port_list_count("\n", 1, 0, 65535), 0);
	assert_int_equal(port_list_count("5-", 2, 0, 65535), 0);
	assert_false(port_list_has("x,80", 4, 80));
}

static void test_flight(void **state)
{
	(void)state;
	static const char info[] = "pos:\t0\nflags:\t02\nscm_fds: 2\n";
	static const char ring[] =
		"UserFiles:\t2\n    0: socket:[4711]\n    1: /dev/null\n    2: socket:[12]\n socket:[";
	const char *at = ring, *end = ring + sizeof(ring) - 1;

	assert_int_equal(flight_scm_fds(info, sizeof(info) - 1), 2);
	assert_int_equal(flight_scm_fds("scm_fds:\t0\n", 11), 0);
	assert_int_equal(flight_scm_fds("pos:\t0\n", 7), 0);
	assert_int_equal(flight_next_socket(&at, end), 4711);
	assert_int_equal(flight_next_socket(&at, end), 12);
	assert_int_equal(flight_next_socket(&at, end), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules), cmocka_unit_test(test_old_iptables), cmocka_unit_test(test_keys),
		cmocka_unit_test(test_ports), cmocka_unit_test(test_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
