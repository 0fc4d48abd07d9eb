// SPDX-License-Identifier: MIT
/*
 * walk.c - the finder that works everywhere: through /proc/PID/fd, process by process.
 *
 *   /proc --getdents--> pids --one at a time, to a free thread--> scan, findings
 *                                                                    scan, findings --join--> owners
 *
 * Threads share the list of pids, the counter into it and the inode index,
 * which is not written any more; findings are private until the join.
 */
#include "owners/walk.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <sockview/process_list.h>
#include <sockview/vec.h>

#include "owners/crew.h"
#include "owners/pidns.h"
#include "owners/scan.h"

/* A thread costs about as much as looking at a few idle processes. */
#define PIDS_PER_THREAD 4

/* Of a table that threads share: fds in a part, more where the table is larger than so many of these. */
enum { PART_LEAST = 2048, WALK_PARTS = 256 };

struct walker {
	const int32_t *pid; /* of all walkers */
	struct scan scan;
} __attribute__((aligned(64))); /* each thread's counters on cache lines of their own */

static int walk_one(void *context, size_t item)
{
	struct walker *walker = context;
	return scan_process(&walker->scan, walker->pid[item]);
}

static int init_walkers(struct walker *walker, unsigned count, const struct finder_request *request, const int32_t *pid,
                        struct scan_rests *rests)
{
	for (unsigned i = 0; i < count; i++) {
		walker[i].pid = pid;
		if (scan_init(&walker[i].scan, request))
			return -1;
		walker[i].scan.rests = rests;
	}
	return 0;
}

/* The findings stay. */
static void end_walkers(struct walker *walker, unsigned count, struct findings *findings)
{
	for (unsigned i = 0; i < count; i++) {
		scan_free(&walker[i].scan);
		findings[i] = walker[i].scan.findings;
	}
}

/* --- tables of very many fds, which were left for last --- */

struct walk_part {
	struct scan_rest *rest;
	int32_t from, end;
	enum look_end look;
	int unread; /* errno of LOOK_UNREAD */
};

struct walk_parts {
	struct walk_part *part;
	size_t count, capacity;
};

struct part_taker {
	struct walk_parts *parts; /* of all takers */
	struct walker *walker;
};

static int take_part(void *context, size_t item)
{
	const struct part_taker *taker = context;
	struct walk_part *part = &taker->parts->part[item];
	part->look = scan_part(&taker->walker->scan, part->rest, part->from, part->end);
	part->unread = taker->walker->scan.findings.unread;
	return part->look == LOOK_FAILED ? -1 : 0;
}

/* 0, or -1 with errno ENOMEM. */
static int walk_parts_add(struct walk_parts *parts, struct scan_rest *rest)
{
	int32_t step = (rest->end - rest->from) / WALK_PARTS + 1;
	step = step < PART_LEAST ? PART_LEAST : step;
	int64_t from = rest->from;
	do {
		struct walk_part *part = vec_push(parts->part, parts->count, parts->capacity);
		if (!part)
			return -1;
		/* A table may have grown meanwhile: the last part has no end. */
		int64_t end = from + step < rest->end ? from + step : INT32_MAX;
		*part = (struct walk_part){ .rest = rest, .from = (int32_t)from, .end = (int32_t)end };
		from = end;
	} while (from < rest->end);
	return 0;
}

static int walk_parts_take(struct walk_parts *parts, struct walker *walker, unsigned count)
{
	struct part_taker taker[CREW_MAX];
	void *member[CREW_MAX];
	for (unsigned i = 0; i < count; i++) {
		taker[i] = (struct part_taker){ parts, &walker[i] };
		member[i] = &taker[i];
	}
	return crew_run(count, parts->count, take_part, member);
}

/* By as many walkers as are of use, whatever the number of processes: `count` are there, and more are made. */
static int share_rests(struct walker *walker, unsigned *count, struct scan_rests *rests)
{
	const struct finder_request *request = walker->scan.request;
	struct walk_parts parts = { 0 };
	int failed = 0;
	for (size_t i = 0; i < rests->count && !failed; i++)
		failed = walk_parts_add(&parts, &rests->rest[i]);
	unsigned crew = crew_size(request->threads, parts.count, 1);
	if (!failed && crew > *count) {
		failed = init_walkers(walker + *count, crew - *count, request, walker->pid, NULL);
		*count = crew;
	}
	if (!failed)
		failed = walk_parts_take(&parts, walker, crew);
	for (size_t i = 0; i < parts.count; i++) {
		const struct walk_part *part = &parts.part[i];
		if (part->look <= part->rest->worst)
			continue;
		part->rest->worst = part->look;
		part->rest->unread = part->unread;
	}
	free(parts.part);
	return failed;
}

/* --- all of it --- */

int walk_processes(const struct finder_request *request, const int32_t *pid, size_t pid_count,
                   struct findings *findings)
{
	struct walker walker[CREW_MAX];
	void *member[CREW_MAX];
	struct scan_rests rests = { .lock = PTHREAD_MUTEX_INITIALIZER };
	unsigned count = crew_size(request->threads, pid_count, PIDS_PER_THREAD);
	memset(walker, 0, sizeof(walker));
	for (unsigned i = 0; i < count; i++)
		member[i] = &walker[i];
	int failed = init_walkers(walker, count, request, pid, request->threads == 1 ? NULL : &rests);
	if (!failed)
		failed = crew_run(count, pid_count, walk_one, member);
	if (!failed && rests.count)
		failed = share_rests(walker, &count, &rests);
	for (size_t i = 0; i < rests.count; i++)
		failed |= scan_rest_end(&walker[0].scan, &rests.rest[i]);
	end_walkers(walker, count, findings);
	if (!failed)
		return (int)count;
	findings_free_each(findings, count);
	errno = ENOMEM;
	return -1;
}

static int walk_listed(const struct finder_request *request, const struct process_list *list, struct owners *owners)
{
	struct findings findings[CREW_MAX];
	int count = walk_processes(request, list->pid, list->count, findings);
	return count < 0 ? -1 : owners_join(owners, findings, (size_t)count);
}

/* From inodes, which are in place of slots, to slots. */
static int walk_number(struct inode_index *index, struct findings *findings, size_t count)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += findings[i].owner_count;
	if (inode_index_begin(index, total) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		for (size_t o = 0; o < findings[i].owner_count; o++)
			findings[i].owner[o].slot = inode_index_add(index, findings[i].owner[o].slot);
	return 0;
}

int finder_sockets(const struct finder_request *request, struct owners *owners)
{
	struct finder_request all = *request;
	struct findings findings[CREW_MAX];
	all.index = NULL;
	owners->report.asked = true;
	pidns_tell(request, &owners->report);
	int count = walk_processes(&all, request->only->pid, request->only->count, findings);
	if (count < 0)
		return -1;
	if (walk_number(&owners->index, findings, (size_t)count) < 0) {
		findings_free_each(findings, (size_t)count);
		errno = ENOMEM;
		return -1;
	}
	return owners_join(owners, findings, (size_t)count);
}

/*
 * Each pid namespace has a process 1, so a procfs without one is mounted with
 * hidepid=invisible or ptraceable: others' processes are not even listed.
 */
bool walk_hides(int proc_fd)
{
	struct statfs fs;
	struct stat stat;
	return fstatat(proc_fd, "1", &stat, 0) && errno == ENOENT && !fstatfs(proc_fd, &fs) &&
	       fs.f_type == PROC_SUPER_MAGIC;
}

void walk_count_denied(const struct finder_request *request, struct owner_report *report)
{
	struct process_list list;
	if (process_list_read(&list, request->proc_fd))
		list.count = 0;
	for (size_t i = 0; i < list.count; i++) {
		char path[32], target[1];
		/* The same right as a descriptor's link takes (proc_fd_access_allowed(), fs/proc/base.c). */
		snprintf(path, sizeof(path), "%d/exe", list.pid[i]);
		if (readlinkat(request->proc_fd, path, target, sizeof(target)) < 0 &&
		    (errno == EACCES || errno == EPERM))
			owners_count_denied(report, request->proc_fd, list.pid[i]);
	}
	process_list_free(&list);
	report->hides |= walk_hides(request->proc_fd);
}

int finder_proc(const struct finder_request *request, struct owners *owners, struct error *error)
{
	struct process_list list;
	owners->report.asked = true;
	pidns_tell(request, &owners->report);
	if (!request->index->count)
		return 0;
	int failed = process_list_read(&list, request->proc_fd) ? errno : 0;
	/* The kernel's ENOMEM cannot be told from ours. */
	if (failed == ENOMEM) {
		process_list_free(&list);
		return error_set(error, failed, "list processes", "");
	}
	/* A /proc without any process, this one among them, is no /proc: an empty mount point as a rule. */
	if (failed || !list.count) {
		owners->report.no_proc = failed ? failed : ENOENT;
		process_list_free(&list);
		return 0;
	}
	owners->report.hides = walk_hides(request->proc_fd);
	int result = walk_listed(request, request->only ? request->only : &list, owners);
	if (result)
		error_set(error, errno, "look for the sockets' owners", "");
	process_list_free(&list);
	return result;
}
