// SPDX-License-Identifier: MIT
/*
 * bpf_records.h - what the BPF iterator tells, kept until it can be used.
 *
 *   run    { pid, tid, start time }   { ... }
 *            |  |  |                    |
 *   entry  { inode, fd } { } { } ...  { }
 *
 * A run is one fd table's share of the entries, 8 bytes each: there may be a million.
 */
#ifndef SOCKVIEW_OWNERS_BPF_RECORDS_H
#define SOCKVIEW_OWNERS_BPF_RECORDS_H

#include <sockview/finder.h>

#include "owners/findings.h"
#include "owners/task_file.h"

struct bpf_entry {
	uint32_t inode, fd;
};

struct bpf_run {
	uint32_t pid, tid;
	unsigned long long start_boottime; /* of the process, nanoseconds */
	size_t first;                      /* its entries go up to the next run's first */
};

struct bpf_records {
	struct bpf_entry *entry;
	size_t entry_count, entry_capacity;
	struct bpf_run *run;
	size_t run_count, run_capacity;
};

/*
 * Reads the iterator to its end. With an index only its sockets are kept, and
 * with `known` (by slot) only those that are not known; then it ends where every
 * one of them has been met in a descriptor that is the only one of its file:
 * no other process can have it. 0, or -1 with errno:
 * EAGAIN after task_file_stop() of the programs, which may be NULL.
 */
int bpf_records_read(struct bpf_records *records, int fd, const struct task_file_programs *programs,
                     const struct inode_index *index, const bool *known);
void bpf_records_free(struct bpf_records *records);

/*
 * Fills findings with the owners of the sockets of the request's index; details of processes
 * are read by several threads. How many were filled, at most CREW_MAX; -1 with errno ENOMEM.
 */
int bpf_records_find(const struct bpf_records *records, const struct finder_request *request,
                     struct findings *findings);

#endif
