// SPDX-License-Identifier: MIT
/* The TARGET of --explain. */
#include "explain/explain_target.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <sockview/countof.h>

static const struct {
	const char *text;
	enum proto proto;
	int family;
	const char *addr;
	uint16_t port;
} good[] = {
	{ "8080", PROTO_TCP, AF_UNSPEC, NULL, 8080 },
	{ ":8080", PROTO_TCP, AF_UNSPEC, NULL, 8080 },
	{ "*:8080", PROTO_TCP, AF_UNSPEC, NULL, 8080 },
	{ "tcp:8080", PROTO_TCP, AF_UNSPEC, NULL, 8080 },
	{ "TCP:8080", PROTO_TCP, AF_UNSPEC, NULL, 8080 },
	{ "udp:53", PROTO_UDP, AF_UNSPEC, NULL, 53 },
	{ "udplite:53", PROTO_UDPLITE, AF_UNSPEC, NULL, 53 },
	{ "tcp6:80", PROTO_TCP, AF_INET6, NULL, 80 },
	{ "http", PROTO_TCP, AF_UNSPEC, NULL, 80 },
	{ "tcp:https", PROTO_TCP, AF_UNSPEC, NULL, 443 },
	{ "tftp", PROTO_UDP, AF_UNSPEC, NULL, 69 },
	{ "127.0.0.1:8080", PROTO_TCP, AF_INET, "127.0.0.1", 8080 },
	{ "0.0.0.0:http", PROTO_TCP, AF_INET, "0.0.0.0", 80 },
	{ "[::1]:631", PROTO_TCP, AF_INET6, "::1", 631 },
	{ "tcp:[::]:443", PROTO_TCP, AF_INET6, "::", 443 },
	{ "udp:[::ffff:127.0.0.1]:65535", PROTO_UDP, AF_INET6, "::ffff:127.0.0.1", 65535 },
	{ "1", PROTO_TCP, AF_UNSPEC, NULL, 1 },
	{ "8080/tcp", PROTO_TCP, AF_UNSPEC, NULL, 8080 },
	{ "udp/53", PROTO_UDP, AF_UNSPEC, NULL, 53 },
	{ "::1:3000", PROTO_TCP, AF_INET6, "::1", 3000 },
	{ ":::8080", PROTO_TCP, AF_INET6, "::", 8080 },
	{ "127.0.0.1.8080", PROTO_TCP, AF_INET, "127.0.0.1", 8080 },
	{ "http://[::1]:8080/x", PROTO_TCP, AF_INET6, "::1", 8080 },
};

static const struct {
	const char *text, *part;
} bad[] = {
	{ "", "port is missing" },
	{ "tcp:", "port is missing" },
	{ "0", "port 0" },
	{ "65536", "65535" },
	{ "99999999999999999999", "65535" },
	{ "no-such-service", "neither a port" },
	{ "8080x", "neither a port" },
	{ "-1", "unknown service" },
	{ "[::1]", "port is missing" },
	{ "[::1]:", "port is missing" },
	{ "127.0.0.1.0:80", "unknown host" },
	{ "10.0.0.0/8:80", "more than one address" },
	{ "tcp4:[::1]:80", "IPv4 address" },
	{ "tcp6:127.0.0.1:80", "IPv6 address" },
	{ "host.invalid:80", "unknown host" },
	{ "[fe80::1%nosuch0]:80", "unknown interface" },
	{ "[:::]:80", "IPv6 address" },
	{ "80-90", "more than one port" },
	{ "tcp:80 ", "service" },
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		struct target target;
		char problem[EXPLAIN_PROBLEM_MAX] = "";
		union addr addr = { 0 };

		if (target_parse(&target, good[i].text, PROTO_COUNT, AF_UNSPEC, problem) < 0)
			fail_msg("'%s': %s", good[i].text, problem);
		if (good[i].addr)
			inet_pton(good[i].family, good[i].addr, &addr);
		assert_int_equal(target.proto, good[i].proto);
		assert_int_equal(target.family, good[i].family);
		assert_int_equal(target.port, good[i].port);
		assert_memory_equal(&target.addr, &addr, sizeof(addr));
	}
}

static void test_zone(void **state)
{
	(void)state;
	struct target target;
	char problem[EXPLAIN_PROBLEM_MAX];

	assert_int_equal(target_parse(&target, "[fe80::1%lo]:80", PROTO_COUNT, AF_UNSPEC, problem), 0);
	assert_int_equal(target.ifindex, 1);
	assert_int_equal(target_parse(&target, "[fe80::1%7]:80", PROTO_COUNT, AF_UNSPEC, problem), 0);
	assert_int_equal(target.ifindex, 7);
}

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct target target;
		char problem[EXPLAIN_PROBLEM_MAX] = "";

		if (target_parse(&target, bad[i].text, PROTO_COUNT, AF_UNSPEC, problem) == 0)
			fail_msg("'%s' was taken", bad[i].text);
		if (!strstr(problem, bad[i].part))
			fail_msg("'%s': %s", bad[i].text, problem);
	}
}

/* -u, -6 and the like count where the target says nothing itself. */
static void test_defaults(void **state)
{
	(void)state;
	struct target target;
	char problem[EXPLAIN_PROBLEM_MAX];

	assert_int_equal(target_parse(&target, "53", PROTO_UDP, AF_INET6, problem), 0);
	assert_true(target.proto == PROTO_UDP && target.family == AF_INET6);
	assert_int_equal(target_parse(&target, "tcp:53", PROTO_UDP, AF_INET6, problem), 0);
	assert_true(target.proto == PROTO_TCP && target.family == AF_INET6);
	assert_int_equal(target_parse(&target, "127.0.0.1:53", PROTO_UDP, AF_INET6, problem), -1);
	assert_int_equal(target_parse(&target, "tftp", PROTO_TCP, AF_UNSPEC, problem), -1);
}

/* Longer than any buffer of ours. */
static void test_long(void **state)
{
	(void)state;
	struct target target;
	char problem[EXPLAIN_PROBLEM_MAX];
	char text[4096];

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(target_parse(&target, text, PROTO_COUNT, AF_UNSPEC, problem), -1);
	memcpy(text + 2000, ":80", 4);
	assert_int_equal(target_parse(&target, text, PROTO_COUNT, AF_UNSPEC, problem), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),     cmocka_unit_test(test_zone), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_defaults), cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
