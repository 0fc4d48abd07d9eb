/*
 * bpf.c - the finder that asks the kernel's task_file iterator: no system call per fd.
 *
 *   iterator --records--> gather --several threads--> processes, hits --join--> owners
 *
 * A record names a process by pid and start time. Its name is read from
 * /proc/PID afterwards, and only believed if that directory has the same
 * start time.
 */
#include <sockview/finder.h>

#include "owners/bpf_records.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/*
 * Open files in the system from which on the program is loaded. On Linux 6.18
 * with two CPUs it breaks even at 2,000 (3 ms) and takes half the time at
 * 10,000 (6 ms, not 13). Below that nobody would notice, and each loading is a
 * line in the audit log.
 */
#define FILES_WORTH_BPF 10000

bool finder_bpf_pays(const struct finder_request *request)
{
	char text[64];
	uint64_t files = 0;
	int fd = openat(request->proc_fd, "sys/fs/file-nr", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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
	struct gathered gathered = { 0 };
	int fd = gather_open(request, &owners->report);
	if (fd < 0)
		return 1;
	int failed = gather_read(&gathered, fd, request->index);
	int saved = errno;
	close(fd);
	if (!failed)
		return gather_join(&gathered, request, owners, error);
	gather_free(&gathered);
	owners->report.bpf_errno = saved;
	owners->report.bpf_why = "cannot read the BPF iterator";
	return 1;
}
