/* tables.c - threads with an fd table of their own; see tables.h. */
#include "owners/tables.h"

#include "owners/dir.h"

#include <sockview/vec.h>

#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static int add_tid(struct scan *scan, int32_t tid)
{
	int32_t *grown = vec_reserve(scan->tid, &scan->tid_capacity, scan->tid_count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	scan->tid = grown;
	scan->tid[scan->tid_count++] = tid;
	return 0;
}

static int list_tids(struct scan *scan, int task_dir)
{
	struct dir dir = { .fd = task_dir, .buffer = scan->buffer };
	int more;
	scan->tid_count = 0;
	while ((more = dir_fill(&dir)) > 0)
		for (const char *name; (name = dir_next(&dir));) {
			int32_t tid = dir_number(name);
			if (tid > 0 && add_tid(scan, tid))
				return -1;
		}
	if (scan->tid_count) /* in order of creation so far; numbers may have wrapped */
		qsort(scan->tid, scan->tid_count, sizeof(*scan->tid), compare_tids);
	return more;
}

/* The leader's table is known from the start, unless it has none any more. */
static void know_leader(struct tables *tables)
{
	struct scan *scan = tables->scan;
	for (size_t i = 0; i < scan->tid_count; i++) {
		if (scan->tid[i] != tables->pid)
			continue;
		memmove(scan->tid + 1, scan->tid, i * sizeof(*scan->tid));
		scan->tid[0] = tables->pid;
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

int tables_open(struct tables *tables)
{
	tables->task_dir = openat(tables->dir, "task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tables->task_dir < 0)
		return -1;
	if (list_tids(tables->scan, tables->task_dir)) {
		tables_close(tables);
		return -1;
	}
	know_leader(tables);
	tables->leader_fds = -1;
	if (!tables->scan->compares && !tables->leader_dead)
		tables->leader_fds = count_fds(tables, tables->pid);
	return 0;
}

/*
 * Looks for tid's table among the known ones, by halves. True if it is new,
 * and then stands among them. The known tids are in front of the ones yet to
 * be looked at, so there is always room.
 */
static bool is_new_table(struct tables *tables, int32_t tid)
{
	int32_t *known = tables->scan->tid;
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
	if (tables->leader_dead || !tables->scan->counts_fds)
		return tables->leader_dead;
	int64_t fds = count_fds(tables, tid);
	return fds > 0 && fds != tables->leader_fds;
}

int32_t tables_next(struct tables *tables)
{
	struct scan *scan = tables->scan;
	while (tables->at < scan->tid_count) {
		int32_t tid = scan->tid[tables->at++];
		if (scan->compares ? is_new_table(tables, tid) : seems_new_table(tables, tid))
			return tid;
	}
	return 0;
}

void tables_close(struct tables *tables)
{
	if (tables->task_dir >= 0)
		close(tables->task_dir);
	tables->task_dir = -1;
}
