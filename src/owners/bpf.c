/*
 * bpf.c - the finder that asks the kernel's task_file iterator: no system call per fd.
 *
 *   iterator --records--> inode index --hits--> process by (pid, start time) --> findings --join--> owners
 *
 * A record names a process by pid and start time. Its name is read from
 * /proc/PID afterwards, and only believed if that directory has the same
 * start time.
 */
#include <sockview/finder.h>

#include "owners/bpf.h"
#include "owners/pidns.h"
#include "owners/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Open files in the system from which on loading the program is cheaper than reading links. */
#define FILES_WORTH_BPF 20000
#define NANOSECONDS 1000000000u

/* 0, 1 gone, -1 ENOMEM. `dir` is an fd of /proc/PID. */
static int add_holder_at(struct bpf_look *look, const struct task_file *record, int dir)
{
	struct process_stat stat;
	uint64_t start_ticks = record->start_boottime / look->tick;
	if (!process_read_stat(dir, "stat", &stat) || stat.start_ticks != start_ticks)
		return 1;
	int task = dir;
	if (stat.state == 'Z' || stat.state == 'X') {
		char path[32];
		snprintf(path, sizeof(path), "task/%u", record->tid);
		task = openat(dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	}
	if (task < 0)
		return 1;
	int result = process_add(&look->findings, (int32_t)record->pid, dir, task, look->request->details);
	if (task != dir)
		close(task);
	if (!result) /* tells the join that two looks at a pid met the same process */
		look->findings.process[look->findings.process_count - 1].start_ticks = start_ticks;
	return result;
}

static int add_holder(struct bpf_look *look, const struct task_file *record)
{
	char path[16];
	snprintf(path, sizeof(path), "%u", record->pid);
	int dir = openat(look->request->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 1;
	int result = add_holder_at(look, record, dir);
	close(dir);
	return result;
}

static void next_holder(struct bpf_look *look, const struct task_file *record)
{
	if (look->pid == record->pid && look->start == record->start_boottime)
		return;
	look->pid = record->pid;
	look->start = record->start_boottime;
	look->holder = HOLDER_UNREAD;
	look->findings.report.processes++;
}

int bpf_take(struct bpf_look *look, const struct task_file *record)
{
	next_holder(look, record);
	uint32_t slot = inode_index_find(look->request->index, record->inode);
	if (slot == SLOT_NONE || look->holder == HOLDER_GONE)
		return 0;
	if (look->holder == HOLDER_UNREAD) {
		int result = add_holder(look, record);
		if (result < 0)
			return -1;
		look->holder = result ? HOLDER_GONE : HOLDER_KNOWN;
		look->findings.report.vanished += result != 0;
		if (result)
			return 0;
	}
	struct owner owner = { slot, (uint32_t)look->findings.process_count - 1, (int32_t)record->tid,
	                       (int32_t)record->fd };
	return findings_add_owner(&look->findings, &owner);
}

ssize_t bpf_read(int fd, struct task_file *record)
{
	size_t len = 0;
	while (len < BPF_READ_SIZE) {
		ssize_t got = read(fd, (char *)record + len, BPF_READ_SIZE - len);
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

static int take_each(struct bpf_look *look, const struct task_file *record, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i + BPF_AHEAD < count)
			inode_index_prefetch(look->request->index, record[i + BPF_AHEAD].inode);
		if (bpf_take(look, &record[i]))
			return -1;
	}
	return 0;
}

static int take_records(struct bpf_look *look, int fd)
{
	struct task_file *record = malloc(BPF_READ_SIZE);
	ssize_t count = record ? 0 : -1;
	while (record && (count = bpf_read(fd, record)) > 0)
		if (take_each(look, record, (size_t)count)) {
			free(record);
			return -1;
		}
	int saved = errno;
	free(record);
	errno = saved;
	return (int)count;
}

void bpf_look_init(struct bpf_look *look, const struct finder_request *request)
{
	*look = (struct bpf_look){ .request = request, .tick = NANOSECONDS / (uint64_t)sysconf(_SC_CLK_TCK) };
}

int bpf_look_end(struct bpf_look *look, struct owners *owners, struct error *error)
{
	owners->report.asked = true;
	owners->report.by_bpf = true;
	if (owners_join(owners, &look->findings, 1))
		return error_set(error, errno, "look for the sockets' owners", "");
	return 0;
}

static int refuse(struct owner_report *report, int number, const char *why)
{
	report->bpf_errno = number;
	report->bpf_why = why;
	return -1;
}

int bpf_open(const struct finder_request *request, struct owner_report *report)
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

bool finder_bpf_pays(const struct finder_request *request)
{
	char text[64];
	uint64_t files = 0;
	int fd = openat(request->proc_fd, "sys/fs/file-nr", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t len = read(fd, text, sizeof(text) - 1);
	close(fd);
	for (ssize_t i = 0; i < len && text[i] >= '0' && text[i] <= '9' && i < 18; i++)
		files = files * 10 + (uint64_t)(text[i] - '0');
	return files >= FILES_WORTH_BPF;
}

int finder_bpf(const struct finder_request *request, struct owners *owners, struct error *error)
{
	struct bpf_look look;
	int fd = bpf_open(request, &owners->report);
	if (fd < 0)
		return 1;
	bpf_look_init(&look, request);
	int failed = take_records(&look, fd);
	int saved = errno;
	close(fd);
	if (!failed)
		return bpf_look_end(&look, owners, error);
	findings_free(&look.findings);
	refuse(&owners->report, saved, "cannot read the BPF iterator");
	return 1;
}
