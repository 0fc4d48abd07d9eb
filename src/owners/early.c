/*
 * early.c - the BPF look taken while the kernel still dumps its sockets.
 *
 *   this thread    dump .......................... index -> hits -> join
 *   another one      iterator -> runs, entries ..|
 *
 * A long dump keeps one CPU busy in the kernel, and the iterator another, so
 * the owners of 200,000 sockets come almost for free. The price is that fds
 * are seen before the sockets and not after. That is no matter for a socket
 * whose fd was seen; if any socket's was not, the whole look is thrown away
 * and the caller takes the ordinary one.
 */
#include <sockview/finder.h>
#include <sockview/vec.h>

#include "owners/bpf.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Entries without their process, 8 bytes each: there may be a million. */
struct entry {
	uint32_t inode, fd;
};

/* Entries of one table, up to the next run's first. */
struct table_run {
	uint32_t pid, tid;
	unsigned long long start_boottime;
	size_t first;
};

struct finder_early {
	pthread_t thread;
	int fd;
	int error; /* errno, 0 */
	struct entry *entry;
	size_t entry_count, entry_capacity;
	struct table_run *run;
	size_t run_count, run_capacity;
};

static bool continues_run(const struct finder_early *early, const struct task_file *record)
{
	const struct table_run *last = early->run_count ? &early->run[early->run_count - 1] : NULL;
	return last && last->pid == record->pid && last->tid == record->tid &&
	       last->start_boottime == record->start_boottime;
}

static int begin_run(struct finder_early *early, const struct task_file *record)
{
	struct table_run *grown = vec_reserve(early->run, &early->run_capacity, early->run_count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	early->run = grown;
	grown[early->run_count++] = (struct table_run){ record->pid, record->tid, record->start_boottime,
	                                                early->entry_count };
	return 0;
}

static int keep(struct finder_early *early, const struct task_file *record)
{
	if (!continues_run(early, record) && begin_run(early, record))
		return -1;
	struct entry *grown = vec_reserve(early->entry, &early->entry_capacity, early->entry_count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	early->entry = grown;
	grown[early->entry_count++] = (struct entry){ record->inode, record->fd };
	return 0;
}

static int keep_all(struct finder_early *early, struct task_file *record)
{
	ssize_t count;
	while ((count = bpf_read(early->fd, record)) > 0)
		for (ssize_t i = 0; i < count; i++)
			if (keep(early, &record[i]))
				return -1;
	return (int)count;
}

static void *read_early(void *context)
{
	struct finder_early *early = context;
	struct task_file *record = malloc(BPF_READ_SIZE);
	if (!record || keep_all(early, record))
		early->error = errno;
	free(record);
	return NULL;
}

static bool start_thread(struct finder_early *early)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&early->thread, NULL, read_early, early);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return !failed;
}

static void free_early(struct finder_early *early)
{
	if (early->fd >= 0)
		close(early->fd);
	free(early->entry);
	free(early->run);
	free(early);
}

struct finder_early *finder_bpf_early(const struct finder_request *request)
{
	struct owner_report ignored = { 0 };
	struct finder_early *early = calloc(1, sizeof(*early));
	if (!early)
		return NULL;
	early->fd = bpf_open(request, &ignored);
	if (early->fd >= 0 && start_thread(early))
		return early;
	free_early(early);
	return NULL;
}

static int take_run(struct bpf_look *look, const struct finder_early *early, size_t number)
{
	const struct table_run *run = &early->run[number];
	size_t end = number + 1 < early->run_count ? run[1].first : early->entry_count;
	for (size_t i = run->first; i < end; i++) {
		if (i + BPF_AHEAD < end)
			inode_index_prefetch(look->request->index, early->entry[i + BPF_AHEAD].inode);
		struct task_file record = { early->entry[i].inode, run->pid, run->tid, early->entry[i].fd,
		                            run->start_boottime };
		if (bpf_take(look, &record))
			return -1;
	}
	return 0;
}

static int take_runs(struct finder_early *early, const struct finder_request *request,
                     struct owners *owners, struct error *error)
{
	struct bpf_look look;
	bpf_look_init(&look, request);
	for (size_t i = 0; i < early->run_count; i++)
		if (take_run(&look, early, i)) {
			findings_free(&look.findings);
			return error_set(error, errno, "look for the sockets' owners", "");
		}
	free(early->entry); /* the join needs memory of its own */
	early->entry = NULL;
	return bpf_look_end(&look, owners, error);
}

static bool every_socket_has_an_owner(const struct owners *owners)
{
	for (size_t slot = 0; slot < owners->index.count; slot++)
		if (owners->start[slot] == owners->start[slot + 1])
			return false;
	return true;
}

/* All but the index. */
static void forget_owners(struct owners *owners)
{
	struct inode_index index = owners->index;
	owners->index = (struct inode_index){ 0 };
	owners_free(owners);
	owners->index = index;
}

int finder_bpf_late(struct finder_early *early, const struct finder_request *request, struct owners *owners,
                    struct error *error)
{
	pthread_join(early->thread, NULL);
	int result = early->error ? 1 : take_runs(early, request, owners, error);
	free_early(early);
	if (result || every_socket_has_an_owner(owners))
		return result;
	forget_owners(owners);
	return 1;
}

void finder_bpf_drop(struct finder_early *early)
{
	if (!early)
		return;
	pthread_join(early->thread, NULL);
	free_early(early);
}
