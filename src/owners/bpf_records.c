/* bpf_records.c - from the iterator's records to findings; see bpf_records.h. */
#include "owners/bpf_records.h"

#include "owners/crew.h"
#include "owners/pidns.h"
#include "owners/process.h"

#include <sockview/vec.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* At least the kernel's own buffer (8 pages, kernel/bpf/bpf_iter.c), so that a read gives whole records. */
#define READ_SIZE   (2730 * sizeof(struct task_file))
#define NANOSECONDS 1000000000u
/* Processes; reading three files of each costs about what a thread does. */
#define RUNS_PER_THREAD 4
/* Records; so far ahead the index is fetched into the cache. */
#define AHEAD 32

/* --- reading --- */

static bool continues_run(const struct gathered *gathered, const struct task_file *record)
{
	const struct gather_run *last = gathered->run_count ? &gathered->run[gathered->run_count - 1] : NULL;
	return last && last->pid == record->pid && last->tid == record->tid &&
	       last->start_boottime == record->start_boottime;
}

static int begin_run(struct gathered *gathered, const struct task_file *record)
{
	struct gather_run *grown =
		vec_reserve(gathered->run, &gathered->run_capacity, gathered->run_count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	gathered->run = grown;
	grown[gathered->run_count++] =
		(struct gather_run){ record->pid, record->tid, record->start_boottime, gathered->entry_count };
	return 0;
}

static int keep(struct gathered *gathered, const struct task_file *record)
{
	if (!continues_run(gathered, record) && begin_run(gathered, record))
		return -1;
	struct gather_entry *grown =
		vec_reserve(gathered->entry, &gathered->entry_capacity, gathered->entry_count + 1, sizeof(*grown));
	if (!grown)
		return -1;
	gathered->entry = grown;
	grown[gathered->entry_count++] = (struct gather_entry){ record->inode, record->fd };
	return 0;
}

static int keep_each(struct gathered *gathered, const struct task_file *record, size_t count,
                     const struct inode_index *index)
{
	for (size_t i = 0; i < count; i++) {
		if (index && i + AHEAD < count)
			inode_index_prefetch(index, record[i + AHEAD].inode);
		if (index && inode_index_find(index, record[i].inode) == SLOT_NONE)
			continue;
		if (keep(gathered, &record[i]))
			return -1;
	}
	return 0;
}

/* The next records; their number, 0 at the end, -1 with errno. */
static ssize_t read_records(int fd, struct task_file *record)
{
	size_t len = 0;
	while (len < READ_SIZE) {
		ssize_t got = read(fd, (char *)record + len, READ_SIZE - len);
		/* EAGAIN: a million files passed without a record (MAX_ITER_OBJECTS); it goes on from there. */
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got < 0)
			return -1;
		len += (size_t)got;
		if (!got || len % sizeof(*record) == 0)
			break;
	}
	return (ssize_t)(len / sizeof(*record));
}

int gather_read(struct gathered *gathered, int fd, const struct inode_index *index)
{
	struct task_file *record = malloc(READ_SIZE);
	ssize_t count = record ? 0 : -1;
	while (record && (count = read_records(fd, record)) > 0)
		if (keep_each(gathered, record, (size_t)count, index)) {
			count = -1;
			break;
		}
	int saved = errno;
	free(record);
	errno = saved;
	return (int)count;
}

void gather_free(struct gathered *gathered)
{
	free(gathered->entry);
	free(gathered->run);
	*gathered = (struct gathered){ 0 };
}

/* --- processes --- */

struct reader {
	const struct gathered *gathered;
	const struct finder_request *request;
	uint64_t tick; /* nanoseconds */
	struct findings findings;
} __attribute__((aligned(64)));

/* 0, 1 gone, -1 ENOMEM. `dir` is an fd of /proc/PID. */
static int add_holder_at(struct reader *reader, const struct gather_run *run, int dir)
{
	struct process_stat stat;
	struct findings *findings = &reader->findings;
	uint64_t start_ticks = run->start_boottime / reader->tick;
	if (!process_read_stat(dir, "stat", &stat) || stat.start_ticks != start_ticks)
		return 1;
	int task = dir;
	if (stat.state == 'Z' || stat.state == 'X') {
		char path[32];
		snprintf(path, sizeof(path), "task/%u", run->tid);
		task = openat(dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (task < 0)
		return 1;
	int result = process_add(findings, (int32_t)run->pid, dir, task, reader->request->details);
	if (task != dir)
		close(task);
	if (!result) /* tells the join that two tables are of the same process */
		findings->process[findings->process_count - 1].start_ticks = start_ticks;
	return result;
}

static int add_holder(struct reader *reader, const struct gather_run *run)
{
	char path[16];
	snprintf(path, sizeof(path), "%u", run->pid);
	int dir = openat(reader->request->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 1;
	int result = add_holder_at(reader, run, dir);
	close(dir);
	return result;
}

static int add_hit(struct reader *reader, const struct gather_run *run, const struct gather_entry *entry, uint32_t slot,
                   bool *known)
{
	if (!*known) {
		int result = add_holder(reader, run);
		if (result)
			return result;
		*known = true;
	}
	struct owner owner = { slot, (uint32_t)reader->findings.process_count - 1, (int32_t)run->tid,
		               (int32_t)entry->fd };
	return findings_add_owner(&reader->findings, &owner);
}

static size_t run_end(const struct gathered *gathered, size_t item)
{
	return item + 1 < gathered->run_count ? gathered->run[item + 1].first : gathered->entry_count;
}

/* One table's entries; its process is read at the first hit. */
static int read_run(void *context, size_t item)
{
	struct reader *reader = context;
	const struct gathered *gathered = reader->gathered;
	const struct inode_index *index = reader->request->index;
	bool known = false;
	reader->findings.report.processes++;
	for (size_t i = gathered->run[item].first, end = run_end(gathered, item); i < end; i++) {
		if (i + AHEAD < end)
			inode_index_prefetch(index, gathered->entry[i + AHEAD].inode);
		uint32_t slot = inode_index_find(index, gathered->entry[i].inode);
		if (slot == SLOT_NONE)
			continue;
		int result = add_hit(reader, &gathered->run[item], &gathered->entry[i], slot, &known);
		if (result < 0)
			return -1;
		if (result > 0) {
			reader->findings.report.vanished++;
			return 0;
		}
	}
	return 0;
}

static int read_runs(const struct gathered *gathered, const struct finder_request *request, struct findings *findings,
                     unsigned count)
{
	struct reader reader[CREW_MAX];
	void *member[CREW_MAX];
	uint64_t tick = NANOSECONDS / (uint64_t)sysconf(_SC_CLK_TCK);
	for (unsigned i = 0; i < count; i++) {
		reader[i] = (struct reader){ .gathered = gathered, .request = request, .tick = tick };
		member[i] = &reader[i];
	}
	int failed = crew_run(count, gathered->run_count, read_run, member);
	for (unsigned i = 0; i < count; i++)
		findings[i] = reader[i].findings;
	return failed;
}

int gather_join(struct gathered *gathered, const struct finder_request *request, struct owners *owners,
                struct error *error)
{
	struct findings findings[CREW_MAX];
	unsigned count = crew_size(request->threads, gathered->run_count, RUNS_PER_THREAD);
	int failed = read_runs(gathered, request, findings, count);
	gather_free(gathered);
	owners->report.asked = true;
	owners->report.by_bpf = true;
	if (!failed)
		failed = owners_join(owners, findings, count);
	else
		for (unsigned i = 0; i < count; i++)
			findings_free(&findings[i]);
	return failed ? error_set(error, ENOMEM, "look for the sockets' owners", "") : 0;
}

/* --- beginning --- */

static int refuse(struct owner_report *report, int number, const char *why)
{
	report->bpf_errno = number;
	report->bpf_why = why;
	return -1;
}

int gather_open(const struct finder_request *request, struct owner_report *report)
{
	const char *why;
	if (!request->proc_is_ours)
		return refuse(report, ENOTSUP, "the BPF iterator tells of this system's own /proc");
	if (!pidns_is_initial(request))
		return refuse(report, ENOTSUP, "the BPF iterator tells pids of the initial pid namespace");
	if (!pidns_has_host_time(request))
		return refuse(report, ENOTSUP, "a time namespace shifts the start times of processes");
	int fd = task_file_open(&why);
	return fd < 0 ? refuse(report, errno, why) : fd;
}
