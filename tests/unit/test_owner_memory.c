// SPDX-License-Identifier: MIT
/*
 * test_owner_memory.c - the n-th allocation fails, for each n: an error, no crash, nothing leaked.
 *
 * The Makefile links this program with the allocator wrapped (ld's --wrap).
 */
#include <sockview/finder.h>

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "skip.h"

/* So many allocations from now one fails; below 1: none does. */
static atomic_long countdown;
static atomic_bool failed;

static bool fails_now(void)
{
	if (atomic_load(&countdown) <= 0 || atomic_fetch_sub(&countdown, 1) != 1)
		return false;
	atomic_store(&failed, true);
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_reallocarray(void *from, size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_reallocarray(void *from, size_t count, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *from, size_t count, size_t size)
{
	return fails_now() ? NULL : __real_reallocarray(from, count, size);
}

enum { SOCKETS = 40 };

static uint32_t inode[SOCKETS];

static int open_sockets(void **state)
{
	(void)state;
	for (int i = 0; i < SOCKETS; i++) {
		struct stat stat;
		int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
		if (fd < 0 || fstat(fd, &stat))
			return -1;
		inode[i] = (uint32_t)stat.st_ino;
	}
	return 0;
}

typedef int finder(const struct finder_request *request, struct owners *owners, struct error *error);

/* The whole way from rows to owners with the n-th allocation failing; the finder's answer. */
static int look_failing(finder *find, long n, unsigned threads)
{
	struct table table;
	struct owners owners = { 0 };
	struct error error = { 0 };
	table_init(&table, 0);
	for (int i = 0; i < SOCKETS; i++) {
		struct sock sock = { .row.inode = inode[i] };
		assert_int_equal(table_add(&table, &sock), 0);
	}
	struct finder_request request = { .proc_fd = open("/proc", O_RDONLY | O_DIRECTORY),
		                          .proc_is_ours = true,
		                          .index = &owners.index,
		                          .details = ~0u,
		                          .threads = threads };
	atomic_store(&failed, false);
	atomic_store(&countdown, n);
	int answer = inode_index_build(&owners.index, &table, false);
	if (answer)
		assert_int_equal(errno, ENOMEM);
	else
		answer = find(&request, &owners, &error);
	atomic_store(&countdown, 0);
	/* Memory for the threads of one process: told as of the kernel, which may have none either. */
	if (!answer && owners.report.unread[0].count)
		assert_int_equal(answer = owners.report.unread[0].number, ENOMEM);
	else if (!answer)
		assert_true(owners.owner_count >= SOCKETS);
	close(request.proc_fd);
	owners_free(&owners);
	table_free(&table);
	return answer;
}

/* Until so many allocations are allowed that none fails. */
static void fail_each(finder *find, unsigned threads)
{
	int answer;
	long n = 1;
	for (; n < 5000; n++) {
		answer = look_failing(find, n, threads);
		if (!atomic_load(&failed))
			break;
		assert_int_not_equal(answer, 0);
	}
	assert_int_equal(answer, 0);
	assert_true(n > 8);
	print_message("# %ld allocations, each failed once\n", n - 1);
}

static void the_walk_in_one_thread(void **state)
{
	(void)state;
	fail_each(finder_proc, 1);
}

static void the_walk_in_threads(void **state)
{
	(void)state;
	fail_each(finder_proc, 4);
}

static void the_bpf_iterator(void **state)
{
	(void)state;
	if (look_failing(finder_bpf, 0, 0))
		skip_because("no BPF iterator here");
	fail_each(finder_bpf, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_walk_in_one_thread),
		cmocka_unit_test(the_walk_in_threads),
		cmocka_unit_test(the_bpf_iterator),
	};
	return cmocka_run_group_tests(tests, open_sockets, NULL);
}
