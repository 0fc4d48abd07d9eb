// SPDX-License-Identifier: MIT
/*
 * act_signal.c - a process by a pidfd, and what it holds (sockview/act.h).
 *
 * A pid may be another process's a moment later. A pidfd refers to one process for good:
 * if the process ends after pidfd_open(), pidfd_send_signal() gives ESRCH, also
 * when the pid has been given away again. So a second look that comes after
 * pidfd_open() is at the process that gets the signal, or the signal reaches
 * none.
 */
#include <sockview/act.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sockview/file.h>

int act_pidfd(int proc_fd, int32_t pid)
{
	char path[48], text[512];
	int fd = (int)syscall(SYS_pidfd_open, pid, 0), number = errno;
	if (fd < 0)
		return -number;
	/* Which pid it has in this /proc: another pid namespace's may be mounted there. */
	snprintf(path, sizeof(path), "self/fdinfo/%d", fd);
	ssize_t len = file_read_string(proc_fd, path, text, sizeof(text));
	const char *at = len > 0 ? strstr(text, "Pid:") : NULL;
	long is = at ? strtol(at + 4, NULL, 10) : 0;
	if (is == pid)
		return fd;
	close(fd);
	return is < 0 ? -ESRCH : -EXDEV;
}

int act_holds(int proc_fd, int32_t pid, const struct owner *owner, uint32_t inode)
{
	char path[64], is[64], wanted[64];
	snprintf(path, sizeof(path), "%d/task/%d/fd/%d", pid, owner->tid, owner->fd);
	ssize_t len = readlinkat(proc_fd, path, is, sizeof(is) - 1);
	if (len < 0)
		return errno == ENOENT || errno == ESRCH ? 0 : -errno;
	is[len] = '\0';
	snprintf(wanted, sizeof(wanted), "socket:[%" PRIu32 "]", inode);
	return strcmp(is, wanted) == 0;
}

int act_signal(int pidfd, int number)
{
	return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) < 0 ? errno : 0;
}

bool act_catches(int proc_fd, int32_t pid, int number)
{
	char path[32], text[4096];
	snprintf(path, sizeof(path), "%d/status", pid);
	const char *at = file_read_string(proc_fd, path, text, sizeof(text)) > 0 ? strstr(text, "\nSigCgt:") : NULL;
	return at && strtoull(at + strlen("\nSigCgt:"), NULL, 16) >> (number - 1) & 1;
}
