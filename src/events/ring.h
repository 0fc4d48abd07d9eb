// SPDX-License-Identifier: MIT
/* ring.h - a BPF ring buffer read without libbpf: records as the programs wrote them. */
#ifndef SOCKVIEW_EVENTS_RING_H
#define SOCKVIEW_EVENTS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events/record.h"

/* Two pages before the data: how far we have read, how far the programs have written (kernel/bpf/ringbuf.c). */
struct ring {
	unsigned long *consumed;
	const char *produced;
	size_t page, size; /* of the data, a power of two; the data is mapped twice in a row */
};

/* 0, or -1 with errno; ring_close() after both. */
int ring_open(struct ring *ring, int map_fd);
void ring_close(struct ring *ring);
/* Records that are there, in the order they were written, at most `limit`. The sink's answer if it is not 0. */
int ring_read(struct ring *ring, size_t limit, int (*sink)(void *context, const struct event_record *record),
              void *context);
/* Much of it is waiting to be read. */
bool ring_is_busy(const struct ring *ring);

#endif
