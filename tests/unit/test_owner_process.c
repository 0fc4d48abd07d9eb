// SPDX-License-Identifier: MIT
/* test_owner_process.c - the parsers of what /proc says of a process, and of CPU quotas. */
#include <sockview/cpus.h>
#include "owners/dir.h"
#include "owners/process.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockview/countof.h>

#define TEXT(literal) literal, sizeof(literal) - 1

/* In memory of exactly that size, so that a sanitizer sees a step beyond. */
static char *exact(const char *text, size_t len)
{
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	return copy;
}

static void program_is_one_word_of_argv0(void **state)
{
	(void)state;
	static const struct {
		const char *argv0;
		size_t len;
		const char *program; /* NULL: none */
	} cases[] = {
		{ TEXT("/usr/sbin/sshd\0-D\0"), "sshd" },
		{ TEXT("python3\0-m\0http.server"), "python3" },
		{ TEXT("./a/b server\0"), "b" },
		{ TEXT("nginx: master process /usr/sbin/nginx -g daemon off;"), "nginx" },
		{ TEXT("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"), "sshd" },
		{ TEXT("-bash\0"), "-bash" },
		{ TEXT("/opt/My Program/bin/serve\0--x"), "serve" },
		{ TEXT("/opt/x/run all\0"), "run" },
		{ TEXT("tab\tbed"), "tab" },
		{ TEXT("a::"), "a:" },
		{ TEXT("two\nlines"), "two\nlines" },
		{ TEXT("\x1b[31mred\0"), "\x1b[31mred" },
		{ TEXT(""), NULL },
		{ TEXT("\0\0x"), NULL },
		{ TEXT("/"), NULL },
		{ TEXT("dir/"), NULL },
		{ TEXT(" blank first"), NULL },
		{ TEXT(":"), NULL },
		{ TEXT("/ "), NULL },
	};
	for (size_t i = 0; i < countof(cases); i++) {
		char *argv = exact(cases[i].argv0, cases[i].len);
		struct bytes word = process_program(argv, cases[i].len);
		if (!cases[i].program) {
			assert_null(word.data);
		} else {
			assert_non_null(word.data);
			assert_int_equal(word.len, strlen(cases[i].program));
			assert_memory_equal(word.data, cases[i].program, word.len);
		}
		free(argv);
	}
	assert_null(process_program(NULL, 0).data);
}

static void bracketed_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		uint32_t inode;
	} cases[] = {
		{ TEXT("socket:[1]"), 1 },
		{ TEXT("socket:[4294967295]"), UINT32_MAX },
		{ TEXT("socket:[4294967296]"), 0 },
		{ TEXT("socket:[99999999999999999999999]"), 0 },
		{ TEXT("socket:[]"), 0 },
		{ TEXT("socket:[12"), 0 },
		{ TEXT("socket:12]"), 0 },
		{ TEXT("socket:[1x]"), 0 },
		{ TEXT("socket:[-1]"), 0 },
		{ TEXT("socket:["), 0 },
		{ TEXT("pipe:[12345]"), 0 },
		{ TEXT("/tmp/socket:[12]"), 0 },
		{ TEXT(""), 0 },
	};
	for (size_t i = 0; i < countof(cases); i++) {
		char *text = exact(cases[i].text, cases[i].len);
		assert_int_equal(process_bracketed(text, cases[i].len, "socket:", 7), cases[i].inode);
		free(text);
	}
	assert_int_equal(process_bracketed(TEXT("net:[4026531840]"), "net:", 4), 4026531840u);
}

/* Fields as proc_pid_stat(5) numbers them: 4 ppid, 9 flags, 22 starttime. */
static void stat_is_read_behind_the_last_bracket(void **state)
{
	(void)state;
	static const char line[] = "77 (a) S 1 (x)) R 12 5 5 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 998877 9 9";
	static const char thread[] = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 3 0 0";
	struct process_stat stat;
	assert_true(process_parse_stat(line, sizeof(line) - 1, &stat));
	assert_int_equal(stat.ppid, 12);
	assert_int_equal(stat.state, 'R');
	assert_int_equal(stat.start_ticks, 998877);
	assert_false(stat.kernel_thread);
	assert_true(process_parse_stat(thread, sizeof(thread) - 1, &stat));
	assert_true(stat.kernel_thread);
	/* Cut anywhere before the start time it is no stat line, and nothing beyond is read. */
	for (size_t len = 0; len < sizeof(thread) - sizeof("3 0 0"); len++) {
		char *text = exact(thread, len);
		assert_false(process_parse_stat(text, len, &stat));
		free(text);
	}
}

static void cgroup_prefers_the_unified_hierarchy(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		const char *path;
	} cases[] = {
		{ TEXT("0::/system.slice/ssh.service\n"), "/system.slice/ssh.service" },
		{ TEXT("9:name=systemd:/a\n8:pids:/b\n0::/c\n"), "/c" },
		{ TEXT("9:name=systemd:/a\n8:pids:/b\n"), "/a" },
		{ TEXT("0::/with:colon\n"), "/with:colon" },
		{ TEXT("0::/no newline"), "/no newline" },
		{ TEXT("garbage\n"), NULL },
		{ TEXT("0:"), NULL },
		{ TEXT(""), NULL },
	};
	for (size_t i = 0; i < countof(cases); i++) {
		char *text = exact(cases[i].text, cases[i].len);
		struct bytes path = process_cgroup(text, cases[i].len);
		if (!cases[i].path) {
			assert_null(path.data);
		} else {
			assert_int_equal(path.len, strlen(cases[i].path));
			assert_memory_equal(path.data, cases[i].path, path.len);
		}
		free(text);
	}
}

static void names_that_are_numbers(void **state)
{
	(void)state;
	assert_int_equal(dir_number("0"), 0);
	assert_int_equal(dir_number("4194304"), 4194304);
	assert_int_equal(dir_number("2147483639"), 2147483639);
	assert_int_equal(dir_number("99999999999"), -1);
	assert_int_equal(dir_number(""), -1);
	assert_int_equal(dir_number("self"), -1);
	assert_int_equal(dir_number("12a"), -1);
	assert_int_equal(dir_number("-1"), -1);
}

/* Documentation/admin-guide/cgroup-v2.rst: "$MAX $PERIOD", microseconds. */
static void quota_is_rounded_up(void **state)
{
	(void)state;
	assert_int_equal(cpus_from_cpu_max(TEXT("max 100000\n")), 0);
	assert_int_equal(cpus_from_cpu_max(TEXT("100000 100000\n")), 1);
	assert_int_equal(cpus_from_cpu_max(TEXT("150000 100000\n")), 2);
	assert_int_equal(cpus_from_cpu_max(TEXT("10000 100000\n")), 1);
	assert_int_equal(cpus_from_cpu_max(TEXT("800000 100000")), 8);
	assert_int_equal(cpus_from_cpu_max(TEXT("800000")), 0);
	assert_int_equal(cpus_from_cpu_max(TEXT("5 0")), 0);
	assert_int_equal(cpus_from_cpu_max(TEXT("99999999999999999999 1")), 0);
	assert_true(cpus_allowed() >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(program_is_one_word_of_argv0),
		cmocka_unit_test(bracketed_numbers),
		cmocka_unit_test(stat_is_read_behind_the_last_bracket),
		cmocka_unit_test(cgroup_prefers_the_unified_hierarchy),
		cmocka_unit_test(names_that_are_numbers),
		cmocka_unit_test(quota_is_rounded_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
