// SPDX-License-Identifier: MIT
/* test_task_runs.c - which processes may have got a file between two moments. */
#include "owners/task_runs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/countof.h>

enum { TASKS_MAX = 4, PIDS_MAX = 4 };

/* A task that left a CPU so often; `tid` 0 ends a moment. */
#define TASK(tid, pid, switches) \
	{ \
		tid, pid, 1000 + tid, switches, 0, 0 \
	}
#define YOUNGER(tid, pid, switches) \
	{ \
		tid, pid, 9000 + tid, switches, 0, 0 \
	}
#define RUNNING(tid, pid, switches) \
	{ \
		tid, pid, 1000 + tid, switches, 1, 0 \
	}

static const struct {
	const char *name;
	struct task_run before[TASKS_MAX], after[TASKS_MAX];
	int32_t changed[PIDS_MAX];
} cases[] = {
	{ "no task at all", { { 0 } }, { { 0 } }, { 0 } },
	{ "both slept", { TASK(1, 1, 5), TASK(7, 7, 9) }, { TASK(1, 1, 5), TASK(7, 7, 9) }, { 0 } },
	{ "one ran", { TASK(1, 1, 5), TASK(7, 7, 9) }, { TASK(1, 1, 5), TASK(7, 7, 10) }, { 7 } },
	{ "it runs now, and has not left the CPU yet", { TASK(7, 7, 9) }, { RUNNING(7, 7, 9) }, { 7 } },
	{ "it ran then, and may have gone on for a while", { RUNNING(7, 7, 9) }, { TASK(7, 7, 9) }, { 7 } },
	{ "it ran all the time", { RUNNING(7, 7, 9) }, { RUNNING(7, 7, 9) }, { 7 } },
	{ "a thread ran", { TASK(7, 7, 9), TASK(8, 7, 1) }, { TASK(7, 7, 9), TASK(8, 7, 2) }, { 7 } },
	{ "two threads of one ran", { TASK(7, 7, 9), TASK(8, 7, 1) }, { TASK(7, 7, 8), TASK(8, 7, 2) }, { 7 } },
	{ "a process began", { TASK(1, 1, 5) }, { TASK(1, 1, 5), TASK(7, 7, 0) }, { 7 } },
	{ "a process began before the others", { TASK(9, 9, 5) }, { TASK(7, 7, 0), TASK(9, 9, 5) }, { 7 } },
	{ "a thread began", { TASK(1, 1, 5) }, { TASK(1, 1, 5), TASK(7, 1, 0) }, { 1 } },
	{ "a thread ended, and had run for that",
	  { TASK(1, 1, 5), TASK(7, 1, 3), TASK(9, 9, 1) },
	  { TASK(1, 1, 5), TASK(9, 9, 1) },
	  { 1 } },
	{ "the last one ended", { TASK(1, 1, 5), TASK(7, 7, 3) }, { TASK(1, 1, 5) }, { 7 } },
	{ "another got the number", { TASK(7, 7, 3) }, { YOUNGER(7, 7, 3) }, { 7 } },
	{ "a thread got the number of one of another process", { TASK(7, 3, 3) }, { YOUNGER(7, 5, 3) }, { 3, 5 } },
	{ "in order of pid and each once, whatever the threads' numbers",
	  { TASK(2, 9, 1), TASK(3, 4, 1), TASK(5, 9, 1) },
	  { TASK(2, 9, 2), TASK(3, 4, 2), TASK(5, 9, 2) },
	  { 4, 9 } },
};

static struct task_runs moment(const struct task_run *run)
{
	struct task_runs runs = { .run = (struct task_run *)run };
	while (runs.count < TASKS_MAX && run[runs.count].tid)
		runs.count++;
	return runs;
}

static void who_may_have_got_a_file(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct process_list list = { 0 };
		struct task_runs before = moment(cases[i].before), after = moment(cases[i].after);
		size_t want = 0;
		assert_int_equal(task_runs_changed(&before, &after, &list), 0);
		while (want < PIDS_MAX && cases[i].changed[want])
			want++;
		bool same =
			list.count == want && (!want || !memcmp(list.pid, cases[i].changed, want * sizeof(int32_t)));
		if (!same)
			print_message("# %s: %zu processes\n", cases[i].name, list.count);
		assert_true(same);
		process_list_free(&list);
	}
}

/* In pieces of any size, as read(2) may give them. */
static void runs_are_read_whole(void **state)
{
	(void)state;
	static const struct task_run all[] = { TASK(1, 1, 5), RUNNING(7, 7, 9), TASK(8, 7, 2) };
	int ends[2];
	struct task_runs runs;
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		for (size_t at = 0; at < sizeof(all); at++) {
			ssize_t written = write(ends[1], (const char *)all + at, 1);
			usleep(written == 1 ? 100 : 0);
		}
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(task_runs_read(&runs, ends[0]), 0);
	close(ends[0]);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(runs.count, countof(all));
	assert_memory_equal(runs.run, all, sizeof(all));
	task_runs_free(&runs);
}

static void a_list_is_searched(void **state)
{
	(void)state;
	int32_t pid[] = { 3, 5, 9 };
	const struct process_list none = { 0 }, three = { .pid = pid, .count = 3 };
	assert_false(process_list_has(&none, 3));
	for (int32_t i = 0; i < 11; i++)
		assert_int_equal(process_list_has(&three, i), i == 3 || i == 5 || i == 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_may_have_got_a_file),
		cmocka_unit_test(runs_are_read_whole),
		cmocka_unit_test(a_list_is_searched),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
