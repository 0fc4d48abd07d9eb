/*
 * walk.c - the finder that works everywhere: through /proc/PID/fd, process by process.
 *
 *   /proc --getdents--> pids --one at a time, whoever is free--> thread: scan, findings
 *                                                                thread: scan, findings --join--> owners
 *
 * Threads share the list of pids, the counter into it and the inode index,
 * which nobody writes any more; findings are private until the join.
 */
#include <sockview/finder.h>
#include <sockview/vec.h>

#include "owners/crew.h"
#include "owners/dir.h"
#include "owners/pidns.h"
#include "owners/scan.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

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

static int walk_pids(const struct finder_request *request, const int32_t *pid, size_t pid_count, struct owners *owners)
{
	struct walker walker[CREW_MAX];
	struct findings findings[CREW_MAX];
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
		return owners_join(owners, findings, count);
	for (unsigned i = 0; i < count; i++)
		findings_free(&findings[i]);
	errno = ENOMEM;
	return -1;
}

static int add_pids(struct dir *dir, int32_t **pid, size_t *count, size_t *capacity)
{
	for (const char *name; (name = dir_next(dir));) {
		int32_t number = dir_number(name);
		if (number <= 0)
			continue;
		int32_t *grown = vec_reserve(*pid, capacity, *count + 1, sizeof(*grown));
		if (!grown)
			return -1;
		*pid = grown;
		grown[(*count)++] = number;
	}
	return 0;
}

/* The processes there are now. A fresh open file, so that the directory can be read again next time. */
static int list_pids(int proc_fd, int32_t **pid, size_t *count)
{
	struct dir dir = { .fd = openat(proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	if (dir.fd < 0)
		return -1;
	size_t capacity = 0;
	int more = -1;
	dir.buffer = malloc(DIR_BUFFER_SIZE);
	if (dir.buffer)
		while ((more = dir_fill(&dir)) > 0 && !(more = add_pids(&dir, pid, count, &capacity)))
			;
	int saved = errno;
	free(dir.buffer);
	close(dir.fd);
	errno = saved;
	return more;
}

/*
 * Each pid namespace has a process 1, so a procfs without one is mounted with
 * hidepid=invisible or ptraceable: others' processes are not even listed.
 */
static bool hides_processes(int proc_fd, const int32_t *pid, size_t count)
{
	struct statfs fs;
	for (size_t i = 0; i < count; i++)
		if (pid[i] == 1)
			return false;
	return !fstatfs(proc_fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
}

int finder_proc(const struct finder_request *request, struct owners *owners, struct error *error)
{
	int32_t *pid = NULL;
	size_t pid_count = 0;
	owners->report.asked = true;
	owners->report.other_pidns = pidns_is_other(request);
	if (!request->index->count)
		return 0;
	if (list_pids(request->proc_fd, &pid, &pid_count)) {
		free(pid);
		return error_set(error, errno, "list processes", "");
	}
	owners->report.hides = hides_processes(request->proc_fd, pid, pid_count);
	int result = walk_pids(request, pid, pid_count, owners);
	if (result)
		error_set(error, errno, "look for the sockets' owners", "");
	free(pid);
	return result;
}
