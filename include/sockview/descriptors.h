// SPDX-License-Identifier: MIT
/*
 * descriptors.h - every socket that is a descriptor of a process, for what no table of the kernel's tells.
 */
#ifndef SOCKVIEW_DESCRIPTORS_H
#define SOCKVIEW_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>

struct descriptor {
	int32_t pid, fd;
	const char *path; /* below proc_fd: "PID/fd/N" */
	bool denied;      /* set by the call: the process's other descriptors are not worth a try */
};

struct descriptors {
	int proc_fd;        /* of this process's own pid namespace */
	int64_t cpu_end_ms; /* cpu_time_ms() from which on processes are late; 0: none is */
	/* False: those of this process are not asked for, and nothing is counted. NULL: those of all are. */
	bool (*process)(void *context, int32_t pid);
	/* Another answer than 0 ends it all. */
	int (*socket)(void *context, struct descriptor *descriptor);
	void *context;
	/* Processes of which some sockets were not given: it was not allowed, or failed; or there was no time left. */
	unsigned denied, late;
};

/* 0; the first other answer of `socket`; or -1 with errno: /proc could not be read, or memory was short. */
int descriptors_walk(struct descriptors *walk);

#endif
