// SPDX-License-Identifier: MIT
/* test_column_term.c - columns as keys of a filter, over the sockets of filter_scene.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include <sockview/expr.h>
#include <sockview/names.h>

#include "filter_scene.h"

static struct column_context context;

static int setup(void **state)
{
	(void)state;
	context.names = names_new();
	return context.names ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	names_free(context.names);
	return 0;
}

static void check(const char *text, const char *expected)
{
	static const struct owners nobody;
	char letters[SCENE_MAX + 1];
	struct filter_error error;
	struct filter *filter = filter_new(&scene_names);
	assert_non_null(filter);
	if (filter_add_text(filter, text, strlen(text), AF_UNSPEC, &error) < 0)
		fail_msg("\"%s\": at %zu %s, expected %s", text, error.position, error.what, error.expected);
	assert_int_equal(filter_close(filter), 0);
	filter_set_context(filter, &context);
	scene_judge(filter, &nobody, VERDICT_YES, letters);
	if (strcmp(letters, expected) != 0)
		fail_msg("\"%s\" gives %s, not %s", text, letters, expected);
	filter_free(filter);
}

static void numbers(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "local_port = 22", "abc" },
		{ "local_port = 22,80", "abcdf" },
		{ "local_port = 8000-8100,443", "el" },
		/* A raw socket has no port; nor has a unix socket. */
		{ "local_port < 54", "abcg" },
		{ "local_port != 22", "defghlm" },
		{ "not local_port = 22", "defghijklm" },
		{ "not local_port != 22", "abcijk" },
		{ "remote_port > 0", "cdefhm" },
		{ "remote_port = 8080", "m" },
		{ "remote_port >= 51k", "c" },
		{ "local_port > 40k", "m" },
		{ "local_port > 39.0625Ki", "m" },
		{ "local_port >= 0x1bb", "ehlm" },
		{ "uid = 33", "de" },
		{ "uid > 33", "glm" },
		{ "mark != 0", "ce" },
		{ "mark = 0xff", "e" },
		{ "inode = 101-103", "abc" },
		{ "inode >= 112", "lm" },
		{ "inode < 103", "ab" },
		{ "ifindex = 2", "h" },
		{ "not ifindex = 2", "abcdefgijklm" },
		{ "ip_protocol = 1", "i" },
		/* Nothing was told of these. */
		{ "rtt > 0", "" },
		{ "rtt <= 1h", "" },
		{ "not rtt > 0", "abcdefghijklm" },
		{ "v6only = true", "" },
		{ "recv_q >= 0", "" },
		{ "fd = 3", "" },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check(cases[i].text, cases[i].expected);
}

static void texts(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "proto = tcp", "abcdeflm" },
		{ "proto = TCP", "abcdeflm" },
		{ "proto = udp,raw", "ghi" },
		{ "proto = u*", "ghjk" },
		{ "proto != tcp", "ghijk" },
		{ "not proto != tcp", "abcdeflm" },
		{ "proto = nosuch", "" },
		{ "family = inet6", "bdeh" },
		{ "family = inet", "acfgilm" },
		{ "family = inet*", "abcdefghilm" },
		{ "family != inet,inet6", "jk" },
		{ "scope = loopback", "glm" },
		{ "scope = private", "cdf" },
		{ "scope != loopback", "abcdefhi" },
		{ "not scope = loopback", "abcdefhijk" },
		{ "remote_scope = *", "cdefhm" },
		{ "local_address = 10.0.0.5", "cdf" },
		{ "local_address = 10.0.0.0/8", "cdf" },
		{ "local_address = 10.*", "cdf" },
		{ "local_address = 2001:db8:0::5", "e" },
		{ "remote_address = 192.0.2.0/24", "df" },
		{ "remote_address != 192.0.2.0/24", "cehm" },
		{ "not remote_address = 192.0.2.0/24", "abceghijklm" },
		{ "remote_address = 0.0.0.0", "" },
		{ "path = /run/*", "j" },
		{ "path = /run/docker*", "" },
		{ "path = @0a1f9", "k" },
		{ "path != '@0a1f9'", "j" },
		{ "path = '*,*'", "" },
		{ "port_class = system", "abcdefgh" },
		{ "state = listen path = *", "j" },
		{ "program = *", "" },
		{ "unit = *", "" },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check(cases[i].text, cases[i].expected);
}

static void columns_beside_columns(void **state)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {
		{ "local_port = remote_port", "" },  { "local_port < remote_port", "cdefh" },
		{ "local_port > remote_port", "m" }, { "inode > uid", "abcdeghijk" },
		{ "uid != inode", "abcdeghijklm" },  { "local_port<remote_port and not uid=33", "cfh" },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		check(cases[i].text, cases[i].expected);
}

/* Before owners are looked for, those of a socket with an inode may decide. */
static void owners_decide_late(void **state)
{
	char letters[SCENE_MAX + 1];
	struct filter_error error;
	struct filter *filter = filter_new(&scene_names);
	(void)state;
	assert_int_equal(filter_add_text(filter, "fd > 2 or local_port = 80", 25, AF_UNSPEC, &error), 0);
	assert_int_equal(filter_close(filter), 0);
	filter_set_context(filter, &context);
	scene_judge(filter, NULL, VERDICT_MAYBE, letters);
	assert_string_equal(letters, "abceghijklm");
	scene_judge(filter, NULL, VERDICT_YES, letters);
	assert_string_equal(letters, "df");
	filter_free(filter);
}

static void only_what_can_fit_is_asked_for(void **state)
{
	struct filter_error error;
	struct query query = { .protos = PROTO_ALL, .inet = true, .inet6 = true };
	struct filter *filter = filter_new(&scene_names);
	struct expr_ports ports;
	(void)state;
	for (size_t i = 0; i < PROTO_COUNT; i++)
		query.states[i] = STATE_ALL;
	const char *text = "proto = tcp family = inet6 remote_port = 443 local_port > 1024";
	assert_int_equal(filter_add_text(filter, text, strlen(text), AF_UNSPEC, &error), 0);
	assert_int_equal(filter_close(filter), 0);
	filter_narrow(filter, &query);
	assert_int_equal(query.protos, PROTO_BIT(PROTO_TCP));
	assert_false(query.inet);
	assert_true(query.inet6);
	assert_true(expr_ports(query.expr, EXPR_REMOTE, &ports));
	assert_int_equal(ports.count, 1);
	assert_int_equal(ports.range[0].low, 443);
	assert_int_equal(ports.range[0].high, 443);
	filter_free(filter);
}

static void wrong_ones(void **state)
{
	static const struct {
		const char *text;
		size_t position;
		const char *what, *expected;
	} bad[] = {
		{ "progam = nginx", 0, "unknown key \"progam\"", "program" },
		{ "dprt = 80", 0, "unknown key \"dprt\"", "dport" },
		{ "22 and frob > 3", 7, "unknown key \"frob\"", "--list-columns" },
		{ "rt_t > 3", 0, "unknown key \"rt_t\"", "rtt" },
		{ "rtt > 5k", 6, "bad value \"5k\" of rtt", "minutes" },
		{ "rtt > recv_q", 6, "bad value \"recv_q\" of rtt", "us" },
		{ "drops > 5ms", 8, "bad value \"5ms\" of drops", "number" },
		{ "drops > -5", 8, "bad value \"-5\" of drops", "number" },
		{ "drops > 1,2", 8, "found several numbers to compare with", "one number" },
		{ "drops = 9-2", 8, "bad value \"9-2\" of drops", "number" },
		{ "drops =", 7, "it ends here", "a value" },
		{ "v6only = maybe", 9, "bad value \"maybe\" of v6only", "true or false" },
		{ "start_time > 5", 13, "bad value \"5\" of start_time", "2026" },
		{ "start_time > 2026-13-20T16:00:45Z", 13, "bad value \"2026-13-20T16:00:45Z\" of start_time", "time" },
		{ "start_time > 2026-11-20T16:00:45", 13, "bad value \"2026-11-20T16:00:45\" of start_time", "time" },
		{ "scope < b", 8, "scope has no order", "=" },
		{ "scope = a,,b", 10, "a name is missing", "text" },
		{ "local_address = 10.0.0.0/33", 25, "bad prefix length \"33\"", "0 to 32" },
	};
	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct filter_error error;
		struct filter *filter = filter_new(&scene_names);
		int result = filter_add_text(filter, bad[i].text, strlen(bad[i].text), AF_UNSPEC, &error);
		filter_free(filter);
		if (result == 0)
			fail_msg("\"%s\" was taken", bad[i].text);
		if (error.position != bad[i].position || strcmp(error.what, bad[i].what) != 0 ||
		    !strstr(error.expected, bad[i].expected))
			fail_msg("\"%s\": at %zu %s, expected %s", bad[i].text, error.position, error.what,
			         error.expected);
	}
}

/* Options that act on sockets must be told which: see filter_is_bounded(). */
static void bounded(void **state)
{
	static const struct {
		const char *text;
		bool bounded;
	} cases[] = {
		{ "22", true },
		{ "sport = :22", true },
		{ "sport > 22", false },
		{ "sport != 22", false },
		{ "not 22", false },
		{ "not sport != 22", true },
		{ "1-65535", false },
		{ "8000-8100,22", true },
		{ "22 or 80", true },
		{ "22 or state = listen", false },
		{ "22 and state = listen", true },
		{ "state listen", false },
		{ "", false },
		{ "tcp", false },
		{ "dst 10.0.0.0/8", true },
		{ "dst 0.0.0.0/0", false },
		{ "src ::/0 or 22", false },
		{ "dst *", false },
		{ "dst *:443", true },
		{ "pid = 812", true },
		{ "pid = 1-4000000", false },
		{ "pid > 812", false },
		{ "pid != 812", false },
		{ "program = nginx*", true },
		{ "program = *", false },
		{ "program = nginx,?*", false },
		{ "program = [!x]*", false },
		{ "user = www-data", true },
		{ "cgroup = /b", true },
		{ "cgroup = /", false },
		{ "cgroup = /*", false },
		{ "unit = ssh.service", true },
		{ "unit != ssh.service", false },
		{ "unit = *", false },
		{ "cookie = 5", true },
		{ "cookie = 0-18446744073709551615", false },
		{ "cookie > 5", false },
		{ "local_port = 22", true },
		{ "local_port < 1024", false },
		{ "local_port = remote_port", false },
		{ "remote_address = 10.0.0.7", true },
		{ "remote_address != 10.0.0.7", false },
		{ "drops = 5", false },
		{ "(22 or 80) and drops > 0", true },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct filter_error error;
		struct filter *filter = filter_new(&scene_names);
		filter_set_strict(filter);
		if (filter_add_text(filter, cases[i].text, strlen(cases[i].text), AF_UNSPEC, &error) < 0)
			fail_msg("\"%s\": at %zu %s", cases[i].text, error.position, error.what);
		assert_int_equal(filter_close(filter), 0);
		if (filter_is_bounded(filter) != cases[i].bounded)
			fail_msg("\"%s\" is taken for %s", cases[i].text, cases[i].bounded ? "unbounded" : "bounded");
		filter_free(filter);
	}
}

/* Of what acts on sockets, a bare port is the local end's. */
static void strictly(void **state)
{
	static const struct {
		const char *text, *expected; /* NULL: refused */
	} cases[] = {
		{ "8080", "l" },     { "127.0.0.1:8080", "l" }, { "port 8080", "l" },
		{ "tcp:8080", "l" }, { "dport = :8080", "m" },  { "192.0.2.7", "df" },
		{ "LISTEN", NULL },  { "::1:3000", NULL },      { "[::1]:3000", "" },
	};
	static const struct owners nobody;
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char letters[SCENE_MAX + 1];
		struct filter_error error;
		struct filter *filter = filter_new(&scene_names);
		filter_set_strict(filter);
		int result = filter_add_text(filter, cases[i].text, strlen(cases[i].text), AF_UNSPEC, &error);
		assert_int_equal(result, cases[i].expected ? 0 : -1);
		if (cases[i].expected) {
			assert_int_equal(filter_close(filter), 0);
			scene_judge(filter, &nobody, VERDICT_YES, letters);
			assert_string_equal(letters, cases[i].expected);
		}
		filter_free(filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(texts),
		cmocka_unit_test(columns_beside_columns),
		cmocka_unit_test(owners_decide_late),
		cmocka_unit_test(only_what_can_fit_is_asked_for),
		cmocka_unit_test(wrong_ones),
		cmocka_unit_test(bounded),
		cmocka_unit_test(strictly),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
