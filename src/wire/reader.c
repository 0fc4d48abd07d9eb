// SPDX-License-Identifier: MIT
/* reader.c - a thread that receives the answer of one wire into slots (reader.h). */
#include "wire/reader.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sockview/sandbox.h>
#include <sockview/servant.h>

#include "wire/framing.h"

enum {
	STACK = 256 * 1024, /* the thread calls little; the usual 8 MB count against a limit on memory */
	BATCH = 4,          /* slots filled before a sleeping caller is woken: a wake-up costs like ten rows */
};

bool reader_is_end(const char *data, size_t rest)
{
	size_t step;
	while ((step = message_step((const struct nlmsghdr *)data, rest))) {
		if (message_is_end((const struct nlmsghdr *)data))
			return true;
		data += step;
		rest -= step;
	}
	return false;
}

/* --- the thread --- */

/* A slot to fill, NULL if the thread shall stop. */
static struct reader_slot *slot_claim(struct reader *self)
{
	pthread_mutex_lock(&self->meeting->lock);
	while (self->count == READER_SLOTS && !self->stop)
		pthread_cond_wait(&self->taken, &self->meeting->lock);
	struct reader_slot *slot = self->stop ? NULL : &self->slot[(self->head + self->count) % READER_SLOTS];
	pthread_mutex_unlock(&self->meeting->lock);
	return slot;
}

static void caller_wake(struct reader *self)
{
	pthread_mutex_lock(&self->meeting->lock);
	if (self->count)
		pthread_cond_signal(&self->meeting->filled);
	pthread_mutex_unlock(&self->meeting->lock);
}

/*
 * Waits until receive() will not: 1, 0 if the thread shall stop, or -1 with
 * errno. The caller may sleep while a few slots, less than a batch, are filled:
 * it is woken before the thread sleeps itself.
 */
static int wait_for_wire(struct reader *self)
{
	struct pollfd fds[] = {
		{ .fd = self->inner->fd, .events = POLLIN },
		{ .fd = self->stop_fd, .events = POLLIN },
	};
	if (self->inner->fd < 0)
		return 1;
	int ready = poll(fds, 2, 0);
	if (ready == 0) {
		caller_wake(self);
		do
			ready = poll(fds, 2, WIRE_PATIENCE_MS);
		while (ready < 0 && errno == EINTR);
	}
	if (ready > 0)
		return !fds[1].revents;
	if (ready == 0)
		errno = EAGAIN;
	return -1;
}

/* An error that another receive() would not give again: the dump goes on behind what was lost. */
static bool is_passing(int error)
{
	return error == ENOBUFS || error == ENOSPC;
}

/* False if the thread shall stop. */
static bool slot_fill(struct reader *self, struct reader_slot *slot)
{
	int ready = wait_for_wire(self);
	if (!ready)
		return false;
	struct wire *wire = self->inner->behind ? self->inner->behind : self->inner;
	slot->got = ready < 0 ? -1 : wire->receive(wire, slot->data, WIRE_BUFFER);
	slot->error = errno;
	slot->last =
		slot->got < 0 ? !is_passing(slot->error) : !slot->got || reader_is_end(slot->data, (size_t)slot->got);
	return true;
}

static void slot_commit(struct reader *self, const struct reader_slot *slot)
{
	pthread_mutex_lock(&self->meeting->lock);
	self->count++;
	if (self->count >= BATCH || slot->last || slot->got < 0)
		pthread_cond_signal(&self->meeting->filled);
	pthread_mutex_unlock(&self->meeting->lock);
}

static void *receive_on(void *context)
{
	struct reader *self = context;
	struct reader_slot *slot;
	bool last = false;
	if (self->inner->confined)
		sandbox_thread();
	while (!last && (slot = slot_claim(self)) && slot_fill(self, slot)) {
		last = slot->last; /* the slot is the caller's once it is committed */
		slot_commit(self, slot);
	}
	return NULL;
}

static bool slots_open(struct reader *self)
{
	if (self->stop_fd < 0)
		self->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!self->memory)
		self->memory = malloc((size_t)READER_SLOTS * WIRE_BUFFER);
	for (size_t i = 0; self->memory && i < READER_SLOTS; i++)
		self->slot[i].data = self->memory + i * WIRE_BUFFER;
	return self->memory && self->stop_fd >= 0;
}

/* The thread has the capabilities of the one that starts it. */
static ssize_t thread_start(void *context)
{
	struct reader *self = context;
	pthread_attr_t small;
	sigset_t all, before;
	if (pthread_attr_init(&small))
		return 0;
	pthread_attr_setstacksize(&small, STACK);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	self->running = !pthread_create(&self->thread, &small, receive_on, self);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&small);
	return 0;
}

/*
 * Had the servant to be asked for each datagram, that would wake two threads
 * each time: an eighth of what -ee took at 200,000 sockets.
 */
void reader_start(struct reader *self)
{
	if (!slots_open(self))
		return;
	self->head = self->count = 0;
	self->stop = false;
	if (self->inner->servant)
		servant_call(self->inner->servant, thread_start, self);
	else
		thread_start(self);
}

static void thread_join(struct reader *self)
{
	pthread_join(self->thread, NULL);
	self->running = false;
}

void reader_stop(struct reader *self)
{
	uint64_t one = 1;
	if (!self->running)
		return;
	pthread_mutex_lock(&self->meeting->lock);
	self->stop = true;
	pthread_cond_signal(&self->taken);
	pthread_mutex_unlock(&self->meeting->lock);
	/* The counter cannot overflow: it is read back to 0 before the next thread. */
	while (write(self->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	thread_join(self);
	while (read(self->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* --- the caller --- */

struct reader *reader_await(struct reader *reader, unsigned count)
{
	struct reader_meeting *meeting = reader->meeting;
	struct reader *most = reader;
	pthread_mutex_lock(&meeting->lock);
	for (;;) {
		for (unsigned i = 0; i < count; i++)
			if (reader[i].running && reader[i].count > (most->running ? most->count : 0))
				most = &reader[i];
		if (most->running && most->count)
			break;
		pthread_cond_wait(&meeting->filled, &meeting->lock);
	}
	pthread_mutex_unlock(&meeting->lock);
	return most;
}

static void slot_release(struct reader *self)
{
	pthread_mutex_lock(&self->meeting->lock);
	self->head = (self->head + 1) % READER_SLOTS;
	if (self->count-- == READER_SLOTS)
		pthread_cond_signal(&self->taken);
	pthread_mutex_unlock(&self->meeting->lock);
}

ssize_t reader_give(struct reader *self, void *buffer, size_t len, bool *last)
{
	/* The thread writes to no slot that is filled. */
	const struct reader_slot *slot = &self->slot[self->head];
	struct reader_slot answer = *slot;
	if (answer.got > 0 && (size_t)answer.got > len) {
		answer.got = -1;
		answer.error = ENOSPC;
	} else if (answer.got > 0) {
		memcpy(buffer, slot->data, (size_t)answer.got);
	}
	slot_release(self);
	if (answer.last)
		thread_join(self);
	*last = answer.last;
	errno = answer.error;
	return answer.got;
}

/* --- its life --- */

void reader_meeting_init(struct reader_meeting *meeting)
{
	pthread_mutex_init(&meeting->lock, NULL);
	pthread_cond_init(&meeting->filled, NULL);
}

void reader_meeting_destroy(struct reader_meeting *meeting)
{
	pthread_mutex_destroy(&meeting->lock);
	pthread_cond_destroy(&meeting->filled);
}

void reader_init(struct reader *self, struct wire *inner, struct reader_meeting *meeting)
{
	*self = (struct reader){ .inner = inner, .meeting = meeting, .stop_fd = -1 };
	pthread_cond_init(&self->taken, NULL);
}

void reader_destroy(struct reader *self)
{
	reader_stop(self);
	wire_close(self->inner);
	pthread_cond_destroy(&self->taken);
	if (self->stop_fd >= 0)
		close(self->stop_fd);
	free(self->memory);
}
