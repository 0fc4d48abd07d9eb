// SPDX-License-Identifier: MIT
/*
 * test_spec.c - lsof's -i SPECs and -s lists. Each selects of these sockets
 * those that lsof 4.95 selected among the same ones, live.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include <sockview/countof.h>

#include "filter_scene.h"

/* Two of lsof's rows: its answers below name them by letter. */
static const struct scene_row rows[] = {
	{ 'a', PROTO_TCP, AF_INET, STATE_LISTEN, "0.0.0.0", 80, "0.0.0.0", 0, 1, 0, 0, 0, 0, NULL },
	{ 'b', PROTO_TCP, AF_INET, STATE_LISTEN, "127.0.0.1", 81, "0.0.0.0", 0, 2, 0, 0, 0, 0, NULL },
	{ 'c', PROTO_TCP, AF_INET6, STATE_LISTEN, "::", 82, "::", 0, 3, 0, 0, 0, 0, NULL },
	{ 'd', PROTO_TCP, AF_INET6, STATE_LISTEN, "::1", 83, "::", 0, 4, 0, 0, 0, 0, NULL },
	{ 'e', PROTO_UDP, AF_INET, STATE_CLOSE, "127.0.0.1", 53, "0.0.0.0", 0, 5, 0, 0, 0, 0, NULL },
	{ 'f', PROTO_TCP, AF_INET6, STATE_ESTABLISHED, "::ffff:127.0.0.1", 42536, "::ffff:127.0.0.1", 82, 6, 0, 0, 0, 0,
	  NULL },
	{ 'g', PROTO_RAW, AF_INET, STATE_CLOSE, "0.0.0.0", 1, "0.0.0.0", 0, 7, 0, 0, 0, 0, NULL },
	{ 'h', PROTO_UNIX, AF_UNIX, STATE_LISTEN, NULL, 0, NULL, 0, 8, 0, 0, 0, 0, "/run/x" },
};

static int localhost(const char *name, int family, struct lookup_address *addresses, size_t *count)
{
	if (strcmp(name, "localhost") != 0 || family == AF_INET6)
		return -1;
	addresses[0] = (struct lookup_address){ .family = AF_INET };
	inet_pton(AF_INET, "127.0.0.1", &addresses[0].addr);
	*count = 1;
	return 0;
}

static const struct lookup names = {
	scene_service,     localhost,     localhost, scene_user, scene_interface,
	scene_local_ports, scene_cgroups, NULL,      -1,         false,
};

static void selected(struct filter *filter, char *letters)
{
	assert_int_equal(filter_close(filter), 0);
	for (size_t i = 0; i < countof(rows); i++) {
		struct scene_sock one;
		scene_sock(&rows[i], &one);
		if (filter_judge(filter, &one.sock, NULL) == VERDICT_YES)
			*letters++ = rows[i].letter;
	}
	*letters = '\0';
}

static void add_spec(struct filter *filter, const char *spec)
{
	struct filter_error error;
	if (filter_add_spec(filter, spec, strlen(spec), &error) < 0)
		fail_msg("-i %s: %s, expected %s", spec, error.what, error.expected);
}

static void specs(void **state)
{
	static const struct {
		const char *first, *second, *expected;
	} cases[] = {
		{ "", NULL, "abcdef" },
		{ "4", NULL, "abe" },
		{ "6", NULL, "cdf" },
		{ "4", "6", "abcdef" },
		{ "TCP", NULL, "abcdf" },
		{ "tcp", NULL, "abcdf" },
		{ "udp", NULL, "e" },
		{ "udplite", NULL, "" },
		{ "4TCP", NULL, "abf" },
		{ "6TCP", NULL, "cd" },
		{ "4udp", NULL, "e" },
		{ "4tcp", "udp", "abef" },
		{ "6TCP", "4", "abcde" },
		{ "4TCP", "6", "abcdf" },
		{ "4:82", NULL, "f" },
		{ "6:82", NULL, "c" },
		{ ":80-82", NULL, "abcf" },
		{ ":http,81", NULL, "ab" },
		{ "@127.0.0.1", NULL, "bef" },
		{ "4@127.0.0.1", NULL, "bef" },
		{ "@localhost", NULL, "bef" },
		{ "4@localhost", NULL, "bef" },
		{ "@localhost:81", NULL, "b" },
		{ "@[::1]", NULL, "d" },
		{ "6@[::1]", NULL, "d" },
		{ "@[::1]:83", NULL, "d" },
		{ "tcp:http", NULL, "a" },
		{ "TCP@127.0.0.1:80-83", NULL, "bf" },
		{ "TCP:81,82", NULL, "bcf" },
		{ "tcp:1-http", NULL, "a" },
		{ "UDP@127.0.0.1:domain", NULL, "e" },
		{ "@localhost:http,83", NULL, "" },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char letters[SCENE_MAX + 1];
		struct filter *filter = filter_new(&names);
		add_spec(filter, cases[i].first);
		if (cases[i].second)
			add_spec(filter, cases[i].second);
		selected(filter, letters);
		if (strcmp(letters, cases[i].expected) != 0)
			fail_msg("-i %s selects %s, not %s", cases[i].first, letters, cases[i].expected);
		filter_free(filter);
	}
}

static void bad_specs(void **state)
{
	static const char *const cases[] = {
		"raw",         "tcp4",   "5",        "IPv4",        "[::1]:83", "127.0.0.1",   "@",       "tcp@:81",
		"@127.0.0.1:", ":",      "TCP:",     "6@127.0.0.1", "4@[::1]",  "6@localhost", "@nosuch", ":nosuch",
		"TCP:83-81",   ":65536", "tcp@[::1", "@[::1]x",     "tcp,udp",  "@::1",
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct filter_error error;
		struct filter *filter = filter_new(&names);
		if (filter_add_spec(filter, cases[i], strlen(cases[i]), &error) == 0)
			fail_msg("-i %s was taken", cases[i]);
		assert_true(error.what[0]);
		filter_free(filter);
	}
}

static void proto_states(void **state)
{
	static const struct {
		const char *spec, *states, *expected;
	} cases[] = {
		{ "", "TCP:LISTEN", "abcd" },
		{ "", "tcp:listen", "abcd" },
		{ "TCP", "TCP:^LISTEN", "f" },
		{ "", "TCP:^LISTEN", "ef" },
		{ "", "TCP:LISTEN,ESTABLISHED", "abcdf" },
		{ "", "TCP:LISTEN,^ESTABLISHED", "abcd" },
		{ "udp", "TCP:LISTEN", "" },
		{ "", "TCP:SYN_RECV", "" },
		{ "", "TCP:FIN_WAIT1", "" },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char letters[SCENE_MAX + 1];
		struct filter_error error;
		struct filter *filter = filter_new(&names);
		add_spec(filter, cases[i].spec);
		assert_int_equal(filter_add_proto_states(filter, cases[i].states, strlen(cases[i].states), &error), 0);
		selected(filter, letters);
		assert_string_equal(letters, cases[i].expected);
		filter_free(filter);
	}
}

static void bad_proto_states(void **state)
{
	static const char *const cases[] = { "",           "TCP",   "LISTEN", "TCP:", "TCP:SLEEPING",
		                             "XTP:LISTEN", "TCP:^", ":LISTEN" };
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct filter_error error;
		struct filter *filter = filter_new(&names);
		assert_int_equal(filter_add_proto_states(filter, cases[i], strlen(cases[i]), &error), -1);
		filter_free(filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(specs),
		cmocka_unit_test(bad_specs),
		cmocka_unit_test(proto_states),
		cmocka_unit_test(bad_proto_states),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
