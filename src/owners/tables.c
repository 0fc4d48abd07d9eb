// SPDX-License-Identifier: MIT
/* tables.c - threads with an fd table of their own; see tables.h. */
#include "owners/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "owners/dir.h"

/* -1 with errno; else 0 the same, 1 less, 2 more: an order that lets tables be searched (kcmp(2)). */
static long compare_files(int32_t left, int32_t right)
{
	return syscall(SYS_kcmp, left, right, KCMP_FILES, 0, 0);
}

bool tables_comparable(void)
{
	pid_t pid = getpid();
	return compare_files(pid, pid) == 0;
}

static int compare_tids(const void *a, const void *b)
{
	int32_t left = *(const int32_t *)a, right = *(const int32_t *)b;
	return left < right ? -1 : left > right;
}

static int list_tids(struct tables *tables)
{
	struct dir dir = { .fd = tables->task_dir, .buffer = tables->buffer };
	tables->tid_count = 0;
	if (dir_read_numbers(&dir, &tables->tid, &tables->tid_count, &tables->tid_capacity) < 0)
		return -1;
	if (tables->tid_count) /* in order of creation so far; numbers may have wrapped */
		qsort(tables->tid, tables->tid_count, sizeof(*tables->tid), compare_tids);
	return 0;
}

/* The leader's table is known from the start, unless it has none any more. */
static void know_leader(struct tables *tables)
{
	int32_t *tid = tables->tid;
	tables->at = tables->known = 0;
	for (size_t i = 0; i < tables->tid_count; i++) {
		if (tid[i] != tables->pid)
			continue;
		memmove(tid + 1, tid, i * sizeof(*tid));
		tid[0] = tables->pid;
		tables->at = 1;
		tables->known = tables->leader_dead ? 0 : 1;
		return;
	}
}

static int64_t count_fds(const struct tables *tables, int32_t tid)
{
	char path[32];
	struct stat stat;
	snprintf(path, sizeof(path), "%d/fd", tid);
	return fstatat(tables->task_dir, path, &stat, 0) ? -1 : (int64_t)stat.st_size;
}

int tables_open(struct tables *tables, int dir, int32_t pid, bool leader_dead)
{
	tables->pid = pid;
	tables->leader_dead = leader_dead;
	tables->task_dir = openat(dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tables->task_dir < 0)
		return -1;
	if (list_tids(tables)) {
		int saved = errno;
		tables_close(tables);
		errno = saved;
		return -1;
	}
	know_leader(tables);
	tables->leader_fds = tables->compares || leader_dead ? -1 : count_fds(tables, pid);
	return 0;
}

/*
 * Looks for tid's table among the known ones, by halves. True if it is new,
 * and then stands among them. The known tids are in front of the ones yet to
 * be looked at, so there is always room.
 */
static bool is_new_table(struct tables *tables, int32_t tid)
{
	int32_t *known = tables->tid;
	size_t low = 0, high = tables->known;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		long order = compare_files(tid, known[middle]);
		if (order == 0)
			return false;
		if (order < 0) /* one of the two has exited, or there is no order: look at it */
			return true;
		if (order == 1)
			high = middle;
		else
			low = middle + 1;
	}
	memmove(known + low + 1, known + low, (tables->known - low) * sizeof(*known));
	known[low] = tid;
	tables->known++;
	return true;
}

/* Without kcmp; see tables.h. A dead leader's threads are all looked at: the join removes doubles. */
static bool seems_new_table(const struct tables *tables, int32_t tid)
{
	if (tables->leader_dead || !tables->counts_fds)
		return tables->leader_dead;
	int64_t fds = count_fds(tables, tid);
	return fds > 0 && fds != tables->leader_fds;
}

int32_t tables_next(struct tables *tables)
{
	while (tables->at < tables->tid_count) {
		int32_t tid = tables->tid[tables->at++];
		if (tables->compares ? is_new_table(tables, tid) : seems_new_table(tables, tid))
			return tid;
	}
	return 0;
}

void tables_close(struct tables *tables)
{
	close(tables->task_dir);
	tables->task_dir = -1;
}

void tables_free(struct tables *tables)
{
	free(tables->tid);
	tables->tid = NULL;
	tables->tid_count = tables->tid_capacity = 0;
}
