// SPDX-License-Identifier: MIT
/*
 * programs.h - BPF programs of one protocol, loaded; and their ring of records.
 *
 *   programs_tcp() or programs_udp() --> programs_seed() --> programs_read() ...
 *
 * Nothing of them outlives the process: no pin, and no attachment but by links.
 */
#ifndef SOCKVIEW_EVENTS_PROGRAMS_H
#define SOCKVIEW_EVENTS_PROGRAMS_H

#include <stdbool.h>

#include "events/ring.h"

/* Of which namespaces they tell, by the inodes. */
struct programs_request {
	const uint32_t *netns;
	uint32_t count;
	bool all;
	int cgroup_fd; /* programs_udp(): the directory whose sockets are seen, its children's too */
};

enum { PROGRAMS_MOST = 4 };

struct programs {
	void *skeleton;
	void (*free)(void *skeleton);
	struct ring ring;
	const volatile unsigned long long *lost;
	int seed_link;
	int link[PROGRAMS_MOST]; /* beside those of the skeleton */
	unsigned links;
	int traced[PROGRAMS_MOST]; /* programs that a tracepoint runs */
	unsigned traces;
};

/* Loads and attaches. 0, or -1 with errno (0: no call failed) and *why, in constant words. */
int programs_tcp(struct programs *programs, const struct programs_request *request, const char **why);
int programs_udp(struct programs *programs, const struct programs_request *request, const char **why);
void programs_close(struct programs *programs);

static inline bool programs_are_loaded(const struct programs *programs)
{
	return programs->skeleton != NULL;
}

/* Writes into each socket that a process has open who that is. 0, or -1 with errno. */
int programs_seed(const struct programs *programs);
/* Records that found no room. */
uint64_t programs_lost(const struct programs *programs);
/* Adds the times the kernel did not run a program since it was running; false: it does not tell. */
bool programs_missed(const struct programs *programs, uint64_t *missed);

/* --- for programs_tcp() and programs_udp() --- */

/* 0, or -1 with errno. */
int programs_settings(const struct programs_request *request, struct record_settings *settings);
/* Room in the map of namespaces. */
static inline uint32_t programs_room(const struct programs_request *request)
{
	return request->count ? request->count : 1;
}
/* Fills the map, opens the ring: 0, or -1 with errno. */
int programs_start(struct programs *programs, const struct programs_request *request, int namespaces_fd,
                   int records_fd);

#endif
