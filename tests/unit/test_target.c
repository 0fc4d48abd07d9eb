// SPDX-License-Identifier: MIT
/* test_target.c - every spelling of a target as data (target.h), with the names of filter_scene.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include <sockview/target.h>

#include "filter_scene.h"

#define TCP     PROTO_BIT(PROTO_TCP)
#define UDP     PROTO_BIT(PROTO_UDP)
#define UDPLITE PROTO_BIT(PROTO_UDPLITE)

struct target_case {
	const char *text;
	unsigned protos, service_protos;
	int family;
	const char *address; /* NULL: none */
	uint8_t prefix_len;
	uint32_t ifindex;
	struct expr_range port[3]; /* high 0: no further one */
};

static const struct target_case places[] = {
	{ "8080", .port = { { 8080, 8080 } } },
	{ ":8080", .port = { { 8080, 8080 } } },
	{ "*:8080", .port = { { 8080, 8080 } } },
	{ "*.8080", .port = { { 8080, 8080 } } },
	{ ":8000-8100", .port = { { 8000, 8100 } } },
	{ ":80,443", .port = { { 80, 80 }, { 443, 443 } } },
	{ ":80,:443", .port = { { 80, 80 }, { 443, 443 } } },
	{ "8000-8100,22,https", .service_protos = 0, .port = { { 22, 22 }, { 443, 443 }, { 8000, 8100 } } },
	{ ":https", .service_protos = TCP | UDP, .port = { { 443, 443 } } },
	{ "http", .service_protos = TCP, .port = { { 80, 80 } } },
	{ "biff", .service_protos = UDP, .port = { { 512, 512 } } },
	{ "tcp:https", TCP, TCP, .port = { { 443, 443 } } },
	{ "https/udp", UDP, UDP, .port = { { 443, 443 } } },
	{ "tcp:8080", TCP, .port = { { 8080, 8080 } } },
	{ "TCP/8080", TCP, .port = { { 8080, 8080 } } },
	{ "8080/tcp", TCP, .port = { { 8080, 8080 } } },
	{ "80,443/udplite", UDPLITE, .port = { { 80, 80 }, { 443, 443 } } },
	{ "tcp6:80", TCP, .family = AF_INET6, .port = { { 80, 80 } } },
	{ "192.0.2.7", .address = "192.0.2.7", .prefix_len = 32 },
	{ "10.0.0.0/8", .address = "10.0.0.0", .prefix_len = 8 },
	{ "127.0.0.1:8080", .address = "127.0.0.1", .prefix_len = 32, .port = { { 8080, 8080 } } },
	{ "127.0.0.1.8080", .address = "127.0.0.1", .prefix_len = 32, .port = { { 8080, 8080 } } },
	{ "0.0.0.0:80", .address = "0.0.0.0", .prefix_len = 32, .port = { { 80, 80 } } },
	{ "127.0.0.1:8080/tcp", TCP, .address = "127.0.0.1", .prefix_len = 32, .port = { { 8080, 8080 } } },
	{ "[::1]:631", .address = "::1", .prefix_len = 128, .port = { { 631, 631 } } },
	{ "tcp:[::]:443", TCP, .address = "::", .prefix_len = 128, .port = { { 443, 443 } } },
	{ ":::8080", .address = "::", .prefix_len = 128, .port = { { 8080, 8080 } } },
	{ "::1:3000", .address = "::1", .prefix_len = 128, .port = { { 3000, 3000 } } },
	{ "tcp6:::1:3000", TCP, .family = AF_INET6, .address = "::1", .prefix_len = 128, .port = { { 3000, 3000 } } },
	{ "::1:https", .service_protos = TCP | UDP, .address = "::1", .prefix_len = 128, .port = { { 443, 443 } } },
	{ "::ffff:127.0.0.1:80", .address = "::ffff:127.0.0.1", .prefix_len = 128, .port = { { 80, 80 } } },
	{ "2001:db8:0:0:0:0:0:5:443", .address = "2001:db8::5", .prefix_len = 128, .port = { { 443, 443 } } },
	{ "2001:db8:0:0:0:0:0:5", .address = "2001:db8::5", .prefix_len = 128 },
	{ "2001:db8::/32", .address = "2001:db8::", .prefix_len = 32 },
	{ "::1", .address = "::1", .prefix_len = 128 },
	{ "::", .address = "::", .prefix_len = 128 },
	{ "fe80::abcd", .address = "fe80::abcd", .prefix_len = 128 },
	{ "fe80::1%lo:80", .address = "fe80::1", .prefix_len = 128, .ifindex = 1, .port = { { 80, 80 } } },
	{ "[fe80::1%lo]:80", .address = "fe80::1", .prefix_len = 128, .ifindex = 1, .port = { { 80, 80 } } },
	{ "fe80::1%eth0", .address = "fe80::1", .prefix_len = 128, .ifindex = 2 },
	{ "http://[::1]:8080/x?y=[z]:1", .address = "::1", .prefix_len = 128, .port = { { 8080, 8080 } } },
	{ "https://192.0.2.7/x:1", .service_protos = TCP | UDP, .address = "192.0.2.7", .prefix_len = 32,
	  .port = { { 443, 443 } } },
	{ "http://user:word@10.0.0.5:8080", .address = "10.0.0.5", .prefix_len = 32, .port = { { 8080, 8080 } } },
};

static int typed_read(const char *text, struct typed_target *target, struct filter_error *error)
{
	return typed_target_read(target, text, strlen(text), &scene_names, AF_UNSPEC, error);
}

static void check_ports(const struct target_case *one, const struct typed_target *target)
{
	size_t count = 0;
	while (count < 3 && one->port[count].high)
		count++;
	assert_int_equal(target->port_count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(target->port[i].low, one->port[i].low);
		assert_int_equal(target->port[i].high, one->port[i].high);
	}
}

static void check_place(const struct target_case *one)
{
	struct typed_target target;
	struct filter_error error;
	union addr addr = { 0 };
	if (typed_read(one->text, &target, &error) < 0)
		fail_msg("\"%s\": at %zu %s", one->text, error.position, error.what);
	print_message("%s\n", one->text);
	assert_int_equal(target.kind, TYPED_PLACE);
	assert_int_equal(target.protos, one->protos);
	assert_int_equal(target.service_protos, one->service_protos);
	assert_int_equal(target.family, one->family);
	assert_int_equal(target.ifindex, one->ifindex);
	assert_int_equal(target.address_count, one->address != NULL);
	if (one->address) {
		int family = strchr(one->address, ':') ? AF_INET6 : AF_INET;
		inet_pton(family, one->address, &addr);
		assert_int_equal(target.address[0].family, family);
		assert_int_equal(target.address[0].prefix_len, one->prefix_len);
		assert_memory_equal(&target.address[0].addr, &addr, sizeof(addr));
	}
	check_ports(one, &target);
	typed_target_free(&target);
}

static void each_spelling(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(places); i++)
		check_place(&places[i]);
}

/* A host's name has every address of its own. */
static void hosts(void **state)
{
	static const char *const texts[] = { "box:80", "http://box", "http://box:80/", "tcp:box:80" };
	struct typed_target target;
	struct filter_error error;
	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		assert_int_equal(typed_read(texts[i], &target, &error), 0);
		assert_int_equal(target.kind, TYPED_PLACE);
		assert_int_equal(target.address_count, 2);
		assert_int_equal(target.port_count, 1);
		assert_int_equal(target.port[0].low, 80);
		typed_target_free(&target);
	}
	assert_int_equal(typed_target_read(&target, "box:80", 6, &scene_names, AF_INET6, &error), 0);
	assert_int_equal(target.address_count, 1);
	assert_int_equal(target.address[0].family, AF_INET6);
	typed_target_free(&target);
}

static void pids_and_words(void **state)
{
	static const char *const words[] = { "nginx", "listen", "LISTEN", "box", "my-server_2" };
	struct typed_target target;
	struct filter_error error;
	(void)state;
	assert_int_equal(typed_read("pid:812", &target, &error), 0);
	assert_int_equal(target.kind, TYPED_PID);
	assert_int_equal(target.pid, 812);
	typed_target_free(&target);
	for (size_t i = 0; i < countof(words); i++) {
		assert_int_equal(typed_read(words[i], &target, &error), 0);
		assert_int_equal(target.kind, TYPED_WORD);
		assert_true(error.what[0]);
		assert_int_equal(target.port_count, 0);
		typed_target_free(&target);
	}
}

static void wrong_ones(void **state)
{
	static const struct {
		const char *text, *part;
	} bad[] = {
		{ "65536", "out of range" },
		{ "8100-8000", "is empty" },
		{ "tcp:99999", "out of range" },
		{ "pid:x", "bad pid" },
		{ "pid:", "bad pid" },
		{ "nosuch:80", "unknown host" },
		{ "127.0.0.1:nosuch", "service" },
		{ "[::1:80", "bad address" },
		{ "[fe80::1%nosuch]:80", "interface" },
		{ "10.0.0.0/33", "prefix length" },
		{ "http://", "without a host" },
		{ "nosuch://127.0.0.1", "service" },
		{ "http://[::1", "bad address" },
		{ "http://[x]:1", "bad address" },
		{ "127.0.0.1.99999", "out of range" },
		{ "::1:99999", "out of range" },
		{ "80,,443", "missing" },
		{ "http://[::1]x:80", "bad address" },
	};
	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct typed_target target;
		struct filter_error error;
		if (typed_read(bad[i].text, &target, &error) == 0)
			fail_msg("\"%s\" was taken", bad[i].text);
		if (!strstr(error.what, bad[i].part))
			fail_msg("\"%s\": %s", bad[i].text, error.what);
		typed_target_free(&target);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_spelling),
		cmocka_unit_test(hosts),
		cmocka_unit_test(pids_and_words),
		cmocka_unit_test(wrong_ones),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
