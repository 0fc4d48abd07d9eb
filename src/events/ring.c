// SPDX-License-Identifier: MIT
/* ring.c - a BPF ring buffer read without libbpf (ring.h). */
#include "events/ring.h"

#include <sys/mman.h>
#include <unistd.h>

/* Before each record: its length and two bits, then a number (include/uapi/linux/bpf.h). */
#define RING_BUSY      (1u << 31)
#define RING_DISCARDED (1u << 30)
#define RING_HEAD      8u

static void *ring_map(size_t len, int protection, int fd, size_t at)
{
	void *place = mmap(NULL, len, protection, MAP_SHARED, fd, (off_t)at);
	return place == MAP_FAILED ? NULL : place;
}

int ring_open(struct ring *ring, int map_fd)
{
	ring->page = (size_t)sysconf(_SC_PAGESIZE);
	ring->size = RECORD_RING;
	ring->consumed = ring_map(ring->page, PROT_READ | PROT_WRITE, map_fd, 0);
	ring->produced = ring_map(ring->page + 2 * ring->size, PROT_READ, map_fd, ring->page);
	return ring->consumed && ring->produced ? 0 : -1;
}

void ring_close(struct ring *ring)
{
	if (ring->consumed)
		munmap(ring->consumed, ring->page);
	if (ring->produced)
		munmap((void *)(uintptr_t)ring->produced, ring->page + 2 * ring->size);
	*ring = (struct ring){ 0 };
}

int ring_read(struct ring *ring, size_t limit, int (*sink)(void *context, const struct event_record *record),
              void *context)
{
	const char *data = ring->produced + ring->page;
	unsigned long at = __atomic_load_n(ring->consumed, __ATOMIC_ACQUIRE);
	unsigned long end = __atomic_load_n((const unsigned long *)ring->produced, __ATOMIC_ACQUIRE);
	int answer = 0;
	for (; limit && at < end && !answer; limit--) {
		const char *place = data + (at & (ring->size - 1));
		uint32_t head = __atomic_load_n((const uint32_t *)place, __ATOMIC_ACQUIRE);
		uint32_t len = head & ~(RING_BUSY | RING_DISCARDED);
		if (head & RING_BUSY)
			break;
		if (!(head & RING_DISCARDED) && len == sizeof(struct event_record))
			answer = sink(context, (const struct event_record *)(place + RING_HEAD));
		at += (len + RING_HEAD + 7) & ~7ul;
		__atomic_store_n(ring->consumed, at, __ATOMIC_RELEASE);
	}
	return answer;
}

bool ring_is_busy(const struct ring *ring)
{
	if (!ring->produced)
		return false;
	unsigned long end = __atomic_load_n((const unsigned long *)ring->produced, __ATOMIC_ACQUIRE);
	return end - __atomic_load_n(ring->consumed, __ATOMIC_ACQUIRE) > ring->size / 4;
}
