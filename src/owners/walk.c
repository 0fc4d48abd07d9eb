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

#include "owners/cpus.h"
#include "owners/dir.h"
#include "owners/pidns.h"
#include "owners/scan.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define THREADS_MAX 8
/* A thread costs about as much as looking at a few idle processes. */
#define PIDS_PER_THREAD 4

struct walk {
	const int32_t *pid;
	size_t pid_count;
	atomic_size_t next;
	atomic_int error; /* errno of a thread that had to stop, 0 */
};

struct worker {
	pthread_t thread;
	struct walk *walk;
	struct scan scan;
} __attribute__((aligned(64))); /* each thread's counters on cache lines of their own */

static void *work(void *context)
{
	struct worker *worker = context;
	struct walk *walk = worker->walk;
	size_t at;
	while ((at = atomic_fetch_add_explicit(&walk->next, 1, memory_order_relaxed)) < walk->pid_count) {
		if (scan_process(&worker->scan, walk->pid[at])) {
			atomic_store(&walk->error, ENOMEM);
			break;
		}
	}
	return NULL;
}

/* Starts what threads it can; the caller is worker 0. How many there are, the caller included. */
static unsigned start_workers(struct worker *worker, unsigned count)
{
	/* Signals are the caller's, and a pending one would cut a thread's getdents64 short. */
	sigset_t all, before;
	unsigned started = 1;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started < count && !pthread_create(&worker[started].thread, NULL, work, &worker[started]))
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

static void run_workers(struct worker *worker, unsigned count)
{
	unsigned started = start_workers(worker, count);
	work(&worker[0]);
	for (unsigned i = 1; i < started; i++)
		pthread_join(worker[i].thread, NULL);
}

static unsigned choose_threads(const struct finder_request *request, size_t pid_count)
{
	size_t useful = pid_count / PIDS_PER_THREAD;
	if (useful <= 1 || request->threads == 1)
		return 1;
	unsigned count = request->threads ? request->threads : cpus_allowed();
	if (count > THREADS_MAX)
		count = THREADS_MAX;
	return count > useful ? (unsigned)useful : count;
}

static int join_findings(const struct worker *worker, unsigned count, struct owners *owners)
{
	struct findings findings[THREADS_MAX] = { 0 };
	for (unsigned i = 0; i < count; i++)
		findings[i] = worker[i].scan.findings;
	return owners_join(owners, findings, count);
}

static int free_workers(struct worker *worker, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		scan_free(&worker[i].scan);
		findings_free(&worker[i].scan.findings);
	}
	return -1;
}

static int walk_pids(const struct finder_request *request, const int32_t *pid, size_t pid_count,
                     struct owners *owners)
{
	struct worker worker[THREADS_MAX];
	struct walk walk = { .pid = pid, .pid_count = pid_count };
	unsigned count = choose_threads(request, pid_count);
	memset(worker, 0, sizeof(worker));
	for (unsigned i = 0; i < count; i++) {
		worker[i].walk = &walk;
		if (scan_init(&worker[i].scan, request))
			return free_workers(worker, i + 1);
	}
	run_workers(worker, count);
	int failed = atomic_load(&walk.error);
	if (failed) {
		free_workers(worker, count);
		errno = failed;
		return -1;
	}
	for (unsigned i = 0; i < count; i++)
		scan_free(&worker[i].scan);
	return join_findings(worker, count, owners);
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
	int result = walk_pids(request, pid, pid_count, owners);
	if (result)
		error_set(error, errno, "look for the sockets' owners", "");
	free(pid);
	return result;
}
