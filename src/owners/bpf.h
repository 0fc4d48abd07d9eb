/* bpf.h - records of the BPF iterator, and how they become findings. */
#ifndef SOCKVIEW_OWNERS_BPF_H
#define SOCKVIEW_OWNERS_BPF_H

#include <sockview/finder.h>

#include "owners/task_file.h"

#include <sys/types.h>

/* At least the kernel's own buffer (8 pages, kernel/bpf/bpf_iter.c), so that a read gives whole records. */
#define BPF_READ_SIZE (2730 * sizeof(struct task_file))
/* Records; so far ahead the index is fetched into the cache. */
#define BPF_AHEAD 32

/* The process whose records are being read: those of one table come one after the other. */
struct bpf_look {
	const struct finder_request *request;
	struct findings findings;
	uint64_t tick;             /* nanoseconds */
	uint32_t pid;              /* of the last record, 0 before the first */
	unsigned long long start;
	enum { HOLDER_UNREAD, HOLDER_KNOWN, HOLDER_GONE } holder;
};

/* The iterator's fd, ready to be read; -1 with report.bpf_errno and bpf_why set. */
int bpf_open(const struct finder_request *request, struct owner_report *report);
/* The next records into a buffer of BPF_READ_SIZE; their number, 0 at the end, -1 with errno. */
ssize_t bpf_read(int fd, struct task_file *record);

void bpf_look_init(struct bpf_look *look, const struct finder_request *request);
/* 0, or -1 with errno ENOMEM. */
int bpf_take(struct bpf_look *look, const struct task_file *record);
/* Joins what was taken. 0, or -1 with error. */
int bpf_look_end(struct bpf_look *look, struct owners *owners, struct error *error);

#endif
