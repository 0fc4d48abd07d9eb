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
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <sockview/process_list.h>

#include "owners/crew.h"
#include "owners/pidns.h"
#include "owners/scan.h"

/* A thread costs about as much as looking at a few idle processes. */
#define PIDS_PER_THREAD 4

struct walker {
	const int32_t *pid; /* of all walkers */
	struct scan scan;
} __attribute__((aligned(64))); /* each thread's counters on cache lines of their own */

static int walk_one(void *context, size_t item)
{
	struct walker *walker = context;
	return scan_process(&walker->scan, walker->pid[item]);
}

static int init_walkers(struct walker *walker, unsigned count, const struct finder_request *request, const int32_t *pid)
{
	for (unsigned i = 0; i < count; i++) {
		walker[i].pid = pid;
		if (scan_init(&walker[i].scan, request))
			return -1;
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

int walk_processes(const struct finder_request *request, const int32_t *pid, size_t pid_count,
                   struct findings *findings)
{
	struct walker walker[CREW_MAX];
	void *member[CREW_MAX];
	unsigned count = crew_size(request->threads, pid_count, PIDS_PER_THREAD);
	memset(walker, 0, sizeof(walker));
	for (unsigned i = 0; i < count; i++)
		member[i] = &walker[i];
	int failed = init_walkers(walker, count, request, pid);
	if (!failed)
		failed = crew_run(count, pid_count, walk_one, member);
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
