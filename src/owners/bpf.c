/*
 * bpf.c - the finder that asks the kernel's task_file iterator: no system call per fd.
 *
 *   iterator --read--> runs of records --several threads--> processes, hits --join--> owners
 *
 * A record names a process by pid and start time. Its name is read from
 * /proc/PID afterwards, and only believed if that directory has the same
 * start time.
 */
#include <sockview/finder.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <sockview/file.h>

#include "owners/bpf_records.h"

/*
 * Open files in the system from which on the program is loaded. On Linux 6.18
 * with two CPUs it breaks even at 2,000 (3 ms) and takes half the time at
 * 10,000 (6 ms, not 13). Below that the gain cannot be noticed, and each loading
 * is a line in the audit log.
 */
#define FILES_WORTH_BPF 10000

bool finder_bpf_pays(const struct finder_request *request)
{
	char text[64];
	if (file_read_string(request->proc_fd, "sys/fs/file-nr", text, sizeof(text)) < 0)
		return false;
	return strtoull(text, NULL, 10) >= FILES_WORTH_BPF;
}

int finder_bpf(const struct finder_request *request, struct owners *owners, struct error *error)
{
	struct bpf_records records = { 0 };
	int fd = bpf_records_open(request, &owners->report);
	if (fd < 0)
		return 1;
	int failed = bpf_records_read(&records, fd, request->index);
	int saved = errno;
	close(fd);
	if (!failed)
		return bpf_records_join(&records, request, owners, error);
	bpf_records_free(&records);
	owners->report.bpf_errno = saved;
	owners->report.bpf_why = "cannot read the BPF iterator";
	return 1;
}
