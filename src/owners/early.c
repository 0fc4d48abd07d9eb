// SPDX-License-Identifier: MIT
/*
 * early.c - the BPF look taken while the kernel still dumps its sockets.
 *
 *   this thread    dump ............................. index -> hits -> missing? -> second look -> join
 *   another one      load, tasks, files -> records ..|
 *
 * A long dump keeps one CPU busy in the kernel, and the iterator another, so
 * the owners of 200,000 sockets come almost for free. The price is that fds
 * are seen before the sockets and not after. That is no matter for a socket
 * whose fd was seen. Where one was not, a second look is taken, after the dump,
 * only at the processes that ran since the first: no other can have got an fd.
 * A socket without an owner then was never in a table: the kernel's own, or in flight.
 */
#include <sockview/finder.h>

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "owners/bpf.h"
#include "owners/crew.h"
#include "owners/task_runs.h"
#include "owners/walk.h"

/* Tenths of a microsecond, on Linux 6.18: what a second look costs by /proc and by the iterator. */
enum { WALK_PROCESS = 300, WALK_FD = 20, ITERATE_FD = 4 };

struct finder_early {
	pthread_t thread;
	struct finder_request request; /* without an index */
	atomic_bool dropped;
	_Atomic(struct task_file_programs *) programs; /* NULL until they are loaded, or if they cannot be */
	int failed;
	struct task_runs before; /* the tasks before the first table was looked at */
	struct bpf_records records;
};

/* --- the other thread --- */

static int early_read_runs(struct task_file_programs *programs, struct task_runs *runs)
{
	int fd = task_file_open_runs(programs);
	*runs = (struct task_runs){ 0 };
	if (fd < 0)
		return -1;
	int failed = task_runs_read(runs, fd);
	int saved = errno;
	close(fd);
	errno = saved;
	return failed;
}

static int early_read(struct finder_early *early)
{
	struct owner_report ignored = { 0 };
	struct task_file_programs *programs = bpf_load(&early->request, &ignored);
	early->programs = programs;
	/* The one who drops the look sets `dropped` before he reads `programs`. */
	if (!programs || early->dropped || early_read_runs(programs, &early->before))
		return -1;
	return bpf_look(&early->records, programs, NULL, NULL);
}

static void *early_run(void *context)
{
	struct finder_early *early = context;
	early->failed = early_read(early);
	return NULL;
}

struct finder_early *finder_bpf_early(const struct finder_request *request)
{
	struct finder_early *early = calloc(1, sizeof(*early));
	sigset_t all, before;
	if (!early)
		return NULL;
	early->request = *request;
	early->request.index = NULL;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&early->thread, NULL, early_run, early);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failed)
		return early;
	free(early);
	return NULL;
}

static void early_free(struct finder_early *early)
{
	if (early->programs)
		task_file_unload(early->programs);
	task_runs_free(&early->before);
	bpf_records_free(&early->records);
	free(early);
}

void finder_bpf_drop(struct finder_early *early)
{
	if (!early)
		return;
	early->dropped = true;
	struct task_file_programs *programs = early->programs;
	if (programs)
		task_file_stop(programs);
	pthread_join(early->thread, NULL);
	early_free(early);
}

/* --- the second look --- */

/* By slot: has it an owner? NULL with errno ENOMEM. */
static bool *early_known(const struct finder_request *request, const struct findings *findings, size_t count,
                         size_t *missing)
{
	size_t slots = request->index->count, found = 0;
	bool *known = calloc(slots ? slots : 1, sizeof(*known));
	if (!known)
		return NULL;
	for (size_t i = 0; i < count; i++)
		for (size_t owner = 0; owner < findings[i].owner_count; owner++) {
			bool *slot = &known[findings[i].owner[owner].slot];
			found += !*slot;
			*slot = true;
		}
	*missing = slots - found;
	return known;
}

/* Sockets that the first look saw in these processes. Runs are in order of tid, but a thread's pid is no tid. */
static size_t early_sockets_of(const struct bpf_records *records, const struct process_list *list)
{
	size_t sockets = 0;
	for (size_t i = 0; i < records->run_count; i++) {
		const struct bpf_run *run = &records->run[i];
		size_t end = i + 1 < records->run_count ? run[1].first : records->entry_count;
		if (process_list_has(list, (int32_t)run->pid))
			sockets += end - run->first;
	}
	return sockets;
}

/* How many findings; -1 with errno. */
static int early_walk(const struct finder_request *all, const struct process_list *changed, struct findings *findings)
{
	struct finder_request request = *all;
	/* Tells the join that a process is one of the first look's. */
	request.details |= PROCESS_START;
	int count = walk_processes(&request, changed->pid, changed->count, findings);
	bool denied = false;
	for (int i = 0; i < count; i++)
		denied |= findings[i].report.denied > 0;
	if (!denied)
		return count;
	findings_free_each(findings, (size_t)count);
	errno = EACCES;
	return -1;
}

static int early_iterate(struct finder_early *early, const struct finder_request *request, const bool *known,
                         struct findings *findings)
{
	struct bpf_records records = { 0 };
	int failed = bpf_look(&records, early->programs, request->index, known);
	int count = failed ? -1 : bpf_records_find(&records, request, findings);
	int saved = errno;
	bpf_records_free(&records);
	errno = saved;
	return count;
}

static int early_look_at(struct finder_early *early, const struct finder_request *request,
                         const struct process_list *changed, const bool *known, struct findings *findings)
{
	if (!changed->count)
		return 0;
	size_t walk = WALK_PROCESS * changed->count + WALK_FD * early_sockets_of(&early->records, changed);
	int count = -1;
	/* Of a process whose start time the caller may not read, /proc does not tell that it is the first look's. */
	if (!request->elevated && walk < ITERATE_FD * early->records.entry_count)
		count = early_walk(request, changed, findings);
	return count >= 0 ? count : early_iterate(early, request, known, findings);
}

static int early_look_again(struct finder_early *early, const struct finder_request *request, const bool *known,
                            struct findings *findings)
{
	struct process_list changed = { 0 };
	struct task_runs after;
	int count = early_read_runs(early->programs, &after);
	if (!count)
		count = task_runs_changed(&early->before, &after, &changed);
	if (!count)
		count = early_look_at(early, request, &changed, known, findings);
	int saved = errno;
	task_runs_free(&after);
	process_list_free(&changed);
	errno = saved;
	return count;
}

/* Findings of one look or two; how many, -1 with errno. */
static int early_find(struct finder_early *early, const struct finder_request *request, struct findings *findings)
{
	size_t missing;
	int first = bpf_records_find(&early->records, request, findings);
	if (first < 0)
		return -1;
	bool *known = early_known(request, findings, (size_t)first, &missing);
	int second = known ? 0 : -1;
	if (known && missing)
		second = early_look_again(early, request, known, findings + first);
	int saved = errno;
	free(known);
	if (second < 0)
		findings_free_each(findings, (size_t)first);
	errno = saved;
	return second < 0 ? -1 : first + second;
}

int finder_bpf_late(struct finder_early *early, const struct finder_request *request, struct owners *owners,
                    struct error *error)
{
	struct findings findings[2 * CREW_MAX];
	pthread_join(early->thread, NULL);
	int count = early->failed ? -1 : early_find(early, request, findings);
	bool starved = count < 0 && !early->failed && errno == ENOMEM;
	early_free(early);
	if (starved)
		return error_set(error, ENOMEM, "look for the sockets' owners", "");
	return count < 0 ? 1 : bpf_join(request, owners, findings, (size_t)count, error);
}
