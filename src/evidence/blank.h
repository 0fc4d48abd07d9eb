// SPDX-License-Identifier: MIT
/* blank.h - what evidence_find() hands from one second look to the next. */
#ifndef SOCKVIEW_EVIDENCE_BLANK_H
#define SOCKVIEW_EVIDENCE_BLANK_H

#include <sockview/owner.h>

/* A row with an inode and without an owner; REASON_OWNED in `found` while nothing was found out. */
struct blank {
	uint32_t index; /* of the row in the table */
	const struct row *row;
	struct owner_evidence *found;
};

struct blanks {
	const struct table *table;
	int proc_fd;
	struct owners *owners;
	/* evidence_request's */
	int (*find)(void *context, struct owners *owners);
	void *context;
	struct blank *blank;
	size_t count;
	/* Processes with an io_uring, and with descriptors in a queue: the first, and how many. */
	int32_t ring_pid, queue_pid;
	unsigned rings, queues;
};

#endif
