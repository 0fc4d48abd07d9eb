// SPDX-License-Identifier: MIT
/* bpf_records.c - from the iterator's records to findings; see bpf_records.h. */
#include "owners/bpf_records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sockview/vec.h>

#include "owners/crew.h"
#include "owners/process.h"

/* At least the kernel's own buffer (8 pages, kernel/bpf/bpf_iter.c), so that a read gives whole records. */
#define READ_SIZE   (2730 * sizeof(struct task_file))
#define NANOSECONDS 1000000000u
/* Processes; reading three files of each costs about what a thread does. */
#define RUNS_PER_THREAD 4
/* Records; so far ahead the index is fetched into the cache. */
#define AHEAD 32

/* --- reading --- */

/* The records of one table come one after the other. */
static bool continues_run(const struct bpf_records *records, const struct task_file *record)
{
	const struct bpf_run *last = records->run_count ? &records->run[records->run_count - 1] : NULL;
	return last && last->pid == record->pid && last->tid == record->tid &&
	       last->start_boottime == record->start_boottime;
}

static int records_add(struct bpf_records *records, const struct task_file *record)
{
	if (!continues_run(records, record)) {
		struct bpf_run *run = vec_push(records->run, records->run_count, records->run_capacity);
		if (!run)
			return -1;
		*run = (struct bpf_run){ record->pid, record->tid, record->start_boottime, records->entry_count };
	}
	struct bpf_entry *entry = vec_push(records->entry, records->entry_count, records->entry_capacity);
	if (!entry)
		return -1;
	*entry = (struct bpf_entry){ record->inode, record->fd & ~TASK_FILE_SOLE };
	return 0;
}

/* Which of them are kept, and how many sockets may still have a descriptor that was not read. */
struct record_filter {
	const struct inode_index *index; /* NULL: all are kept */
	bool *settled;                   /* by slot: those are not kept */
	size_t open;
};

/* 0, or -1 with errno ENOMEM. */
static int filter_init(struct record_filter *filter, const struct inode_index *index, const bool *known)
{
	*filter = (struct record_filter){ .index = index, .open = index ? index->count : 1 };
	if (!index)
		return 0;
	filter->settled = calloc(index->count + 1, sizeof(*filter->settled));
	if (!filter->settled)
		return -1;
	for (size_t slot = 0; known && slot < index->count; slot++) {
		filter->settled[slot] = known[slot];
		filter->open -= known[slot];
	}
	return 0;
}

/* A sole descriptor is the last of its socket, too. */
static bool records_want(struct record_filter *filter, const struct task_file *record)
{
	if (!filter->index)
		return true;
	uint32_t slot = inode_index_find(filter->index, record->inode);
	if (slot == SLOT_NONE || filter->settled[slot])
		return false;
	filter->settled[slot] = record->fd & TASK_FILE_SOLE;
	filter->open -= filter->settled[slot];
	return true;
}

static int records_add_each(struct bpf_records *records, const struct task_file *record, size_t count,
                            struct record_filter *filter)
{
	for (size_t i = 0; i < count; i++) {
		if (filter->index && i + AHEAD < count)
			inode_index_prefetch(filter->index, record[i + AHEAD].inode);
		if (records_want(filter, &record[i]) && records_add(records, &record[i]))
			return -1;
	}
	return 0;
}

/* The next records; their number, 0 at the end, -1 with errno. */
static ssize_t records_read_some(const struct task_file_programs *programs, int fd, struct task_file *record)
{
	size_t len = 0;
	while (len < READ_SIZE) {
		ssize_t got = read(fd, (char *)record + len, READ_SIZE - len);
		/* EAGAIN: a million files passed without a record (MAX_ITER_OBJECTS); it goes on from there. */
		if (got < 0 && (errno == EINTR || (errno == EAGAIN && !(programs && task_file_stopped(programs)))))
			continue;
		if (got < 0)
			return -1;
		len += (size_t)got;
		if (!got || len % sizeof(*record) == 0)
			break;
	}
	return (ssize_t)(len / sizeof(*record));
}

int bpf_records_read(struct bpf_records *records, int fd, const struct task_file_programs *programs,
                     const struct inode_index *index, const bool *known)
{
	struct record_filter filter;
	int failed = filter_init(&filter, index, known);
	struct task_file *record = failed ? NULL : malloc(READ_SIZE);
	ssize_t count = record ? 0 : -1;
	while (record && filter.open && (count = records_read_some(programs, fd, record)) > 0)
		if (records_add_each(records, record, (size_t)count, &filter)) {
			count = -1;
			break;
		}
	int saved = errno;
	free(filter.settled);
	free(record);
	errno = saved;
	return count < 0 ? -1 : 0;
}

void bpf_records_free(struct bpf_records *records)
{
	free(records->entry);
	free(records->run);
	*records = (struct bpf_records){ 0 };
}

/* --- processes --- */

/* One thread's share of the runs. */
struct run_reader {
	const struct bpf_records *records;
	const struct finder_request *request;
	uint64_t tick; /* nanoseconds */
	struct findings findings;
} __attribute__((aligned(64)));

/* `dir` is an fd of /proc/PID, of the run's process or of one that got its pid since. */
static enum look_end reader_add_process_at(struct run_reader *reader, const struct bpf_run *run, int dir)
{
	struct process_stat stat;
	struct findings *findings = &reader->findings;
	uint64_t start_ticks = run->start_boottime / reader->tick;
	if (!process_read_stat(dir, "stat", &stat))
		return findings_end(&reader->findings, errno);
	if (stat.start_ticks != start_ticks)
		return LOOK_GONE;
	int task = dir;
	if (stat.state == 'Z' || stat.state == 'X') {
		char path[32];
		snprintf(path, sizeof(path), "task/%u", run->tid);
		task = openat(dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (task < 0)
		return findings_end(&reader->findings, errno);
	int result = process_add(findings, (int32_t)run->pid, dir, task, reader->request->details,
	                         reader->request->elevated);
	if (task != dir)
		close(task);
	if (result)
		return result < 0 ? LOOK_FAILED : LOOK_GONE;
	/* Tells the join that two tables are of the same process. */
	findings->process[findings->process_count - 1].start_ticks = start_ticks;
	return LOOK_DONE;
}

static enum look_end reader_add_process(struct run_reader *reader, const struct bpf_run *run)
{
	char path[16];
	snprintf(path, sizeof(path), "%u", run->pid);
	int dir = openat(reader->request->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return findings_end(&reader->findings, errno);
	enum look_end end = reader_add_process_at(reader, run, dir);
	close(dir);
	return end;
}

/* Its process is read at the first hit. */
static enum look_end reader_add_hits(struct run_reader *reader, const struct bpf_run *run,
                                     const struct bpf_entry *entry, size_t count)
{
	const struct inode_index *index = reader->request->index;
	struct findings *findings = &reader->findings;
	bool known = false;
	for (size_t i = 0; i < count; i++) {
		if (i + AHEAD < count)
			inode_index_prefetch(index, entry[i + AHEAD].inode);
		uint32_t slot = inode_index_find(index, entry[i].inode);
		if (slot == SLOT_NONE)
			continue;
		enum look_end end = known ? LOOK_DONE : reader_add_process(reader, run);
		if (end != LOOK_DONE)
			return end;
		known = true;
		struct owner owner = { slot, (uint32_t)findings->process_count - 1, (int32_t)run->tid,
			               (int32_t)entry[i].fd };
		if (findings_add_owner(findings, &owner))
			return LOOK_FAILED;
	}
	return LOOK_DONE;
}

static int reader_take(void *context, size_t item)
{
	struct run_reader *reader = context;
	const struct bpf_records *records = reader->records;
	const struct bpf_run *run = &records->run[item];
	size_t end = item + 1 < records->run_count ? run[1].first : records->entry_count;
	enum look_end look = reader_add_hits(reader, run, records->entry + run->first, end - run->first);
	findings_count(&reader->findings, look);
	return look == LOOK_FAILED ? -1 : 0;
}

int bpf_records_find(const struct bpf_records *records, const struct finder_request *request, struct findings *findings)
{
	struct run_reader reader[CREW_MAX];
	void *member[CREW_MAX];
	unsigned count = crew_size(request->threads, records->run_count, RUNS_PER_THREAD);
	uint64_t tick = NANOSECONDS / (uint64_t)sysconf(_SC_CLK_TCK);
	for (unsigned i = 0; i < count; i++) {
		reader[i] = (struct run_reader){ .records = records, .request = request, .tick = tick };
		member[i] = &reader[i];
	}
	int failed = crew_run(count, records->run_count, reader_take, member);
	for (unsigned i = 0; i < count; i++)
		findings[i] = reader[i].findings;
	if (!failed)
		return (int)count;
	findings_free_each(findings, count);
	errno = ENOMEM;
	return -1;
}
