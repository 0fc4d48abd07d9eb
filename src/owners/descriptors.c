// SPDX-License-Identifier: MIT
/*
 * descriptors.c - every socket that is a descriptor of a process (descriptors.h).
 *
 * One process at a time, one descriptor after the other. The finders of owners
 * look for many sockets at once, in threads or by BPF; here a system call or
 * more follows for each socket.
 */
#include <sockview/descriptors.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <sockview/cpu_time.h>
#include <sockview/file.h>
#include <sockview/process_list.h>

/* True if there is no time left. */
static bool descriptors_late(const struct descriptors *walk)
{
	return walk->cpu_end_ms && cpu_time_ms() >= walk->cpu_end_ms;
}

/* The numbers of its descriptors. False: there are none to be had; that is counted, unless it has ended. */
static bool descriptors_list(struct descriptors *walk, int32_t pid, struct process_list *fds)
{
	char path[24];
	snprintf(path, sizeof(path), "%d/fd", pid);
	int dir = openat(walk->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool read = dir >= 0 && process_list_read(fds, dir) == 0;
	walk->denied += !read && errno != ENOENT && errno != ESRCH;
	if (dir >= 0)
		close(dir);
	return read;
}

static int descriptors_of(struct descriptors *walk, int32_t pid)
{
	struct process_list fds = { 0 };
	int answer = 0;
	bool late = false, denied = false;
	if (!descriptors_list(walk, pid, &fds)) {
		process_list_free(&fds);
		return 0;
	}
	for (size_t i = 0; i < fds.count && answer == 0 && !late && !denied; i++) {
		char path[48];
		struct descriptor descriptor = { .pid = pid, .fd = fds.pid[i], .path = path };
		snprintf(path, sizeof(path), "%d/fd/%d", pid, fds.pid[i]);
		errno = 0;
		if (file_is_socket(walk->proc_fd, path))
			answer = walk->socket(walk->context, &descriptor);
		else
			/* CAP_DAC_READ_SEARCH lists them, and CAP_SYS_PTRACE is missing to look at one. */
			descriptor.denied = errno == EACCES || errno == EPERM;
		denied = descriptor.denied;
		late = descriptors_late(walk) && i + 1 < fds.count;
	}
	walk->denied += denied;
	walk->late += late;
	process_list_free(&fds);
	return answer;
}

int descriptors_walk(struct descriptors *walk)
{
	struct process_list processes;
	int answer = process_list_read(&processes, walk->proc_fd);
	for (size_t i = 0; i < processes.count && answer == 0; i++) {
		if (walk->process && !walk->process(walk->context, processes.pid[i]))
			continue;
		if (descriptors_late(walk))
			walk->late++;
		else
			answer = descriptors_of(walk, processes.pid[i]);
	}
	process_list_free(&processes);
	return answer;
}
