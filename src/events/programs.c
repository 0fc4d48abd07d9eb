// SPDX-License-Identifier: MIT
/* programs.c - what the BPF programs of all protocols have in common, loaded (programs.h). */
#include "events/programs.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <sockview/bpf_skeleton.h>

/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define INITIAL_PIDNS 0xEFFFFFFCu

int programs_settings(const struct programs_request *request, struct record_settings *settings)
{
	struct stat pidns;
	if (stat("/proc/self/ns/pid", &pidns) < 0)
		return -1;
	settings->netns = request->count == 1 && !request->all ? request->netns[0] : 0;
	settings->all_netns = request->all;
	settings->nested = pidns.st_ino != INITIAL_PIDNS;
	settings->pidns_inode = pidns.st_ino;
	/* The kernel's own form of it (MKDEV()). */
	settings->pidns_dev = (unsigned long long)major(pidns.st_dev) << 20 | minor(pidns.st_dev);
	return 0;
}

void programs_close(struct programs *programs)
{
	ring_close(&programs->ring);
	for (unsigned i = 0; i < programs->links; i++)
		close(programs->link[i]);
	if (programs->skeleton)
		programs->free(programs->skeleton);
	*programs = (struct programs){ 0 };
}

uint64_t programs_lost(const struct programs *programs)
{
	return programs->lost ? __atomic_load_n(programs->lost, __ATOMIC_RELAXED) : 0;
}

int programs_start(struct programs *programs, const struct programs_request *request, int namespaces_fd, int records_fd)
{
	const unsigned char there = 1;
	for (uint32_t i = 0; i < request->count; i++)
		if (bpf_map_set(namespaces_fd, &request->netns[i], &there) < 0)
			return -1;
	return ring_open(&programs->ring, records_fd);
}

int programs_seed(const struct programs *programs)
{
	char none[256];
	int fd = bpf_iterator_open(programs->seed_link);
	ssize_t got = -1;
	if (fd < 0)
		return -1;
	/* It writes nothing: one read runs it to its end, unless the kernel gives others their turn (EAGAIN). */
	do
		got = read(fd, none, sizeof(none));
	while (got < 0 && (errno == EAGAIN || errno == EINTR));
	int saved = errno;
	close(fd);
	errno = saved;
	return got < 0 ? -1 : 0;
}

bool programs_missed(const struct programs *programs, uint64_t *missed)
{
	for (unsigned i = 0; i < programs->traces; i++) {
		uint64_t one;
		if (!bpf_program_missed(programs->traced[i], &one))
			return false;
		*missed += one;
	}
	return true;
}
