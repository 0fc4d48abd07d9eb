// SPDX-License-Identifier: MIT
/* test_denied.c - what /proc/PID/uid_map proves of a process that may not be looked into. */
#include <sockview/owner.h>

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/countof.h>

/* A /proc of ourselves and of process 5; NULL: without that file. */
static void file_made(int proc, const char *path, const char *text)
{
	if (!text)
		return;
	int fd = openat(proc, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void maps_prove_another_user_namespace(void **state)
{
	(void)state;
	static const struct {
		const char *own, *theirs;
		enum owner_denied_cause cause;
	} cases[] = {
		/* The same text may be of the same namespace. */
		{ "         0          0          1\n", "         0          0          1\n", DENIED_NOT_KNOWN },
		{ "0 100000 65536\n", "0 100000 65536\n", DENIED_NOT_KNOWN },
		/* Ids that are none of ours. */
		{ "0 0 1\n", "0 0 4294967295\n", DENIED_BY_USER_NAMESPACE },
		{ "0 100000 65536\n", "0 4294967295 4294967295\n", DENIED_BY_USER_NAMESPACE },
		{ "0 100000 65536\n", "0 1000 1\n1 65536 1\n", DENIED_BY_USER_NAMESPACE },
		{ "", "0 4294967295 4294967295\n", DENIED_BY_USER_NAMESPACE },
		/* A namespace below ours, in which our capabilities count. */
		{ "0 100000 65536\n", "0 1000 1\n", DENIED_NOT_KNOWN },
		{ "1 100000 65535\n0 1000 1\n", "0 0 65536\n", DENIED_NOT_KNOWN },
		/* Nothing is mapped yet, or nothing can be read. */
		{ "0 0 1\n", "", DENIED_NOT_KNOWN },
		{ "0 0 1\n", "gibberish", DENIED_NOT_KNOWN },
		{ "0 0 1\n", NULL, DENIED_NOT_KNOWN },
		{ NULL, "0 0 4294967295\n", DENIED_NOT_KNOWN },
	};
	static const char *const folders[] = { "self", "self/ns", "5" };
	static const char *const files[] = { "self/uid_map", "self/ns/user", "self/exe", "5/uid_map" };
	const struct owner_report report = { .denied = 1, .denied_who = { { .pid = 5 } } };
	for (size_t i = 0; i < countof(cases); i++) {
		char folder[] = "/tmp/test_denied.XXXXXX";
		assert_non_null(mkdtemp(folder));
		int proc = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(proc >= 0);
		for (size_t f = 0; f < countof(folders); f++)
			assert_int_equal(mkdirat(proc, folders[f], 0700), 0);
		file_made(proc, "self/uid_map", cases[i].own);
		file_made(proc, "self/ns/user", "");
		assert_int_equal(symlinkat("/bin/true", proc, "self/exe"), 0);
		file_made(proc, "5/uid_map", cases[i].theirs);
		if (owners_denied_cause(proc, &report) != cases[i].cause)
			fail_msg("case %zu", i);
		for (size_t f = 0; f < countof(files); f++)
			unlinkat(proc, files[f], 0);
		for (size_t f = countof(folders); f-- > 0;)
			unlinkat(proc, folders[f], AT_REMOVEDIR);
		close(proc);
		rmdir(folder);
	}
}

static void who_was_seen_has_no_cause(void **state)
{
	(void)state;
	const struct owner_report report = { .denied = 0 };
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(owners_denied_cause(proc, &report), DENIED_NOT_KNOWN);
	close(proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(maps_prove_another_user_namespace),
		cmocka_unit_test(who_was_seen_has_no_cause),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
