// SPDX-License-Identifier: MIT
/*
 * ahead.c - a wire whose long answers are received by a thread of its own.
 *
 * The kernel makes a dump within recvmsg(2): the thread that receives it can do
 * nothing else. With a second CPU the rest costs no time: the thread receives
 * the next datagrams while the caller still works on these. Answers of a few
 * datagrams never start it, and it is gone at the end of each dump.
 */
#include <sockview/wire.h>

#include <sched.h>
#include <stdlib.h>

#include "wire/reader.h"

enum { SHORT = 8 /* datagrams: about 2,000 sockets */ };

struct ahead {
	struct wire wire;
	struct reader_meeting meeting;
	struct reader reader;
	bool has_cpus;     /* this process may run on more than one */
	unsigned received; /* datagrams since the last request */
};

static ssize_t ahead_receive(struct wire *wire, void *buffer, size_t len)
{
	struct ahead *self = (struct ahead *)wire;
	struct wire *inner = self->reader.inner;
	if (!self->reader.running && self->has_cpus && self->received == SHORT)
		reader_start(&self->reader);
	if (!self->reader.running) {
		self->received++;
		return inner->receive(inner, buffer, len);
	}
	bool last;
	ssize_t got = reader_give(reader_await(&self->reader, 1), buffer, len, &last);
	if (last)
		self->received = 0;
	return got;
}

static int ahead_send(struct wire *wire, const void *request, size_t len)
{
	struct ahead *self = (struct ahead *)wire;
	reader_stop(&self->reader);
	self->received = 0;
	return self->reader.inner->send(self->reader.inner, request, len);
}

static void ahead_close(struct wire *wire)
{
	struct ahead *self = (struct ahead *)wire;
	reader_destroy(&self->reader);
	reader_meeting_destroy(&self->meeting);
	free(self);
}

static bool several_cpus(void)
{
	cpu_set_t set;
	return !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) > 1;
}

struct wire *wire_ahead(struct wire *inner)
{
	struct ahead *self = inner ? calloc(1, sizeof(*self)) : NULL;
	if (!self)
		return inner;
	*self = (struct ahead){ .has_cpus = several_cpus() };
	/* Nothing waits on this wire but its own receive(). */
	self->wire = (struct wire){ .send = ahead_send, .receive = ahead_receive, .close = ahead_close, .fd = -1 };
	reader_meeting_init(&self->meeting);
	reader_init(&self->reader, inner, &self->meeting);
	return &self->wire;
}
