// SPDX-License-Identifier: MIT
/*
 * bpf.c - the finder that asks the kernel's task_file iterator: no system call per fd.
 *
 *   iterator --read--> runs of records --several threads--> processes, hits --join--> owners
 *
 * A record names a process by pid and start time. Its name is read from
 * /proc/PID afterwards, and only believed if that directory has the same
 * start time.
 */
#include "owners/bpf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/file.h>
#include <sockview/process_list.h>

#include "owners/crew.h"
#include "owners/pidns.h"
#include "owners/walk.h"

/*
 * Open files from which on the program is loaded. On Linux 6.18 with two CPUs it
 * breaks even at 2,000 (3 ms) and takes half the time at 10,000 (6 ms, not 13).
 * Below that the gain cannot be noticed, and each loading is a line in the audit log.
 */
#define FILES_WORTH_BPF 10000

/* The fds of the processes that this /proc shows, counted until they are enough. */
static bool shows_many_fds(int proc_fd)
{
	struct process_list list;
	struct stat stat;
	off_t fds = 0;
	char path[32];
	/* Before Linux 6.2 st_size is 0: then the host's number has to do. */
	if (!fstatat(proc_fd, "self/fd", &stat, 0) && !stat.st_size)
		return true;
	if (process_list_read(&list, proc_fd))
		list.count = 0;
	for (size_t i = 0; i < list.count && fds < FILES_WORTH_BPF; i++) {
		snprintf(path, sizeof(path), "%d/fd", list.pid[i]);
		fds += fstatat(proc_fd, path, &stat, 0) ? 0 : stat.st_size;
	}
	process_list_free(&list);
	return fds >= FILES_WORTH_BPF;
}

bool finder_bpf_pays(const struct finder_request *request)
{
	char text[64];
	if (file_read_string(request->proc_fd, "sys/fs/file-nr", text, sizeof(text)) < 0)
		return false;
	/* That is the host's number, whatever the pid namespace. */
	return strtoull(text, NULL, 10) >= FILES_WORTH_BPF &&
	       (!pidns_is_child(request) || shows_many_fds(request->proc_fd));
}

static void *refuse(struct owner_report *report, int number, const char *why)
{
	/* bpf(2) of a kernel that does not know all of union bpf_attr, which has fd_array since 5.14. */
	bool old = number == E2BIG;
	report->bpf_errno = old ? 0 : number;
	report->bpf_why = old ? "the BPF program takes Linux 5.14" : why;
	return NULL;
}

struct task_file_programs *bpf_load(const struct finder_request *request, struct owner_report *report)
{
	const char *why;
	if (!pidns_is_shown(request))
		return refuse(report, ENOTSUP,
		              "the BPF iterator tells pids of our own pid namespace, not of this /proc's");
	if (!pidns_has_host_time(request))
		return refuse(report, ENOTSUP, "a time namespace shifts the start times of processes");
	struct task_file_programs *programs = task_file_load(pidns_is_child(request), &why);
	return programs ? programs : refuse(report, errno, why);
}

int bpf_look(struct bpf_records *records, const struct task_file_programs *programs, const struct inode_index *index,
             const bool *known)
{
	int fd = task_file_open(programs);
	if (fd < 0)
		return -1;
	int failed = bpf_records_read(records, fd, programs, index, known);
	int saved = errno;
	close(fd);
	errno = saved;
	return failed;
}

static bool has_blank_slot(const struct owners *owners)
{
	for (size_t slot = 0; slot < owners->index.count; slot++)
		if (owners->start[slot] == owners->start[slot + 1])
			return true;
	return false;
}

int bpf_join(const struct finder_request *request, struct owners *owners, struct findings *findings, size_t count,
             struct error *error)
{
	owners->report.asked = true;
	owners->report.by_bpf = true;
	pidns_tell(request, &owners->report);
	if (owners_join(owners, findings, count))
		return error_set(error, ENOMEM, "look for the sockets' owners", "");
	/* The iterator says nothing of processes that it does not show. */
	if (has_blank_slot(owners))
		walk_count_denied(request, &owners->report);
	return 0;
}

int finder_bpf(const struct finder_request *request, struct owners *owners, struct error *error)
{
	struct bpf_records records = { 0 };
	struct findings findings[CREW_MAX];
	struct task_file_programs *programs = bpf_load(request, &owners->report);
	if (!programs)
		return 1;
	int failed = bpf_look(&records, programs, request->index, NULL);
	if (failed)
		refuse(&owners->report, errno, "cannot read the BPF iterator");
	task_file_unload(programs);
	int count = failed ? 0 : bpf_records_find(&records, request, findings);
	bpf_records_free(&records);
	if (failed)
		return 1;
	if (count < 0)
		return error_set(error, errno, "look for the sockets' owners", "");
	return bpf_join(request, owners, findings, (size_t)count, error);
}
