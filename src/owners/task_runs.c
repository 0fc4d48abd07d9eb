// SPDX-License-Identifier: MIT
/* task_runs.c - which processes ran between two moments (task_runs.h). */
#include "owners/task_runs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <sockview/vec.h>

/* Larger than the kernel's own buffer (8 pages, kernel/bpf/bpf_iter.c) on machines with pages of 4 KiB. */
#define RUNS_AT_ONCE 2048

int task_runs_read(struct task_runs *runs, int fd)
{
	*runs = (struct task_runs){ 0 };
	for (size_t part = 0;;) {
		/* A read may end within a record: `part` bytes of the next one are there. */
		struct task_run *grown =
			vec_reserve(runs->run, &runs->capacity, runs->count + RUNS_AT_ONCE, sizeof(*grown));
		if (!grown)
			return -1;
		runs->run = grown;
		ssize_t got = read(fd, (char *)(grown + runs->count) + part, RUNS_AT_ONCE * sizeof(*grown) - part);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return (int)got;
		part += (size_t)got;
		runs->count += part / sizeof(*grown);
		part %= sizeof(*grown);
	}
}

void task_runs_free(struct task_runs *runs)
{
	free(runs->run);
	*runs = (struct task_runs){ 0 };
}

static bool task_run_same(const struct task_run *before, const struct task_run *after)
{
	return before->tid == after->tid && before->start_boottime == after->start_boottime &&
	       before->switches == after->switches && !before->running && !after->running;
}

static int task_run_add(struct process_list *list, const struct task_run *run)
{
	int32_t *pid = vec_push(list->pid, list->count, list->capacity);
	if (!pid)
		return -1;
	*pid = (int32_t)run->pid;
	return 0;
}

static int task_run_compare(const void *a, const void *b)
{
	int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
	return left < right ? -1 : left > right;
}

int task_runs_changed(const struct task_runs *before, const struct task_runs *after, struct process_list *list)
{
	const struct task_run *old = before->run, *old_end = old + before->count;
	const struct task_run *now = after->run, *now_end = now + after->count;
	while (old < old_end || now < now_end) {
		bool is_old = now == now_end || (old < old_end && old->tid <= now->tid);
		bool is_new = old == old_end || (now < now_end && now->tid <= old->tid);
		if (is_old && is_new && task_run_same(old, now)) {
			old++;
			now++;
			continue;
		}
		if (is_old && task_run_add(list, old++))
			return -1;
		if (is_new && task_run_add(list, now++))
			return -1;
	}
	if (list->count)
		qsort(list->pid, list->count, sizeof(*list->pid), task_run_compare);
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (!kept || list->pid[i] != list->pid[kept - 1])
			list->pid[kept++] = list->pid[i];
	list->count = kept;
	return 0;
}
