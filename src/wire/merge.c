// SPDX-License-Identifier: MIT
/*
 * merge.c - several wires as one: each gets a request of its own, and their answers are received side by side.
 *
 *   kernel --> [slots] --+
 *   kernel --> [slots] --+--> caller
 *   kernel --> [slots] --+
 *
 * The datagrams of each wire come in their order; which wire the next one is
 * of is as the threads have it. No datagram is kept outside the readers' slots.
 */
#include <sockview/wire.h>

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "wire/reader.h"

struct merged {
	struct wire wire;
	struct reader_meeting meeting;
	unsigned count;
	unsigned sent;    /* requests since the last answer */
	unsigned running; /* threads */
	unsigned alone;   /* readers before it had a thread, or are at their end */
	uint64_t thread;  /* a bit for each reader that had one */
	bool begun;       /* the answer */
	struct reader reader[];
};

static int merge_send(struct wire *wire, const void *request, size_t len)
{
	struct merged *self = (struct merged *)wire;
	if (self->begun) {
		for (unsigned i = 0; i < self->count; i++)
			reader_stop(&self->reader[i]);
		self->begun = false;
		self->sent = 0;
	}
	struct wire *inner = self->sent < self->count ? self->reader[self->sent].inner : NULL;
	if (!inner) {
		errno = EINVAL;
		return -1;
	}
	self->sent++;
	return inner->send(inner, request, len);
}

/* Past those that had a thread: their answers were taken from their slots. */
static void skip_threads(struct merged *self)
{
	while (self->alone < self->sent && self->thread >> self->alone & 1)
		self->alone++;
}

static void merge_begin(struct merged *self)
{
	self->begun = true;
	self->running = self->alone = 0;
	self->thread = 0;
	for (unsigned i = 0; i < self->sent; i++) {
		reader_start(&self->reader[i]);
		self->running += self->reader[i].running;
		self->thread |= (uint64_t)self->reader[i].running << i;
	}
	skip_threads(self);
}

/* The wires for which no thread could be had, one behind the other. */
static ssize_t receive_alone(struct merged *self, void *buffer, size_t len)
{
	struct wire *inner = self->reader[self->alone].inner;
	ssize_t got = inner->receive(inner, buffer, len);
	int number = errno;
	if (got > 0 ? reader_is_end(buffer, (size_t)got) : !got || (number != ENOBUFS && number != ENOSPC))
		self->alone++;
	skip_threads(self);
	errno = number;
	return got;
}

static ssize_t merge_receive(struct wire *wire, void *buffer, size_t len)
{
	struct merged *self = (struct merged *)wire;
	if (!self->begun)
		merge_begin(self);
	if (self->running) {
		bool last;
		ssize_t got = reader_give(reader_await(self->reader, self->sent), buffer, len, &last);
		self->running -= last;
		return got;
	}
	return self->alone < self->sent ? receive_alone(self, buffer, len) : 0;
}

static void merge_close(struct wire *wire)
{
	struct merged *self = (struct merged *)wire;
	for (unsigned i = 0; i < self->count; i++)
		reader_destroy(&self->reader[i]);
	reader_meeting_destroy(&self->meeting);
	free(self);
}

struct wire *wire_merge(struct wire *const inner[], unsigned count)
{
	struct merged *self = calloc(1, sizeof(*self) + count * sizeof(*self->reader));
	for (unsigned i = 0; !self && i < count; i++)
		wire_close(inner[i]);
	if (!self)
		return NULL;
	self->wire = (struct wire){ .send = merge_send, .receive = merge_receive, .close = merge_close, .fd = -1 };
	self->count = count;
	reader_meeting_init(&self->meeting);
	for (unsigned i = 0; i < count; i++)
		reader_init(&self->reader[i], inner[i], &self->meeting);
	return &self->wire;
}
