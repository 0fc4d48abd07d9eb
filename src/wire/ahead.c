// SPDX-License-Identifier: MIT
/*
 * ahead.c - a wire whose long answers are received by a thread of its own.
 *
 *   kernel --receive--> [slot][slot][slot]... --copy--> caller
 *           the thread                          decodes, filters, formats
 *
 * The kernel makes a dump within recvmsg(2): the thread that receives it can do
 * nothing else. With a second CPU the rest costs no time: the thread receives
 * the next datagrams while the caller still works on these. Answers of a few
 * datagrams never start it, and it is gone at the end of each dump.
 *
 * The thread never waits inside receive(): it polls the wire's fd beside an
 * eventfd by which it is told to stop. pthread_cancel() would do that too, but
 * glibc loads libgcc_s for it at run time and aborts where that is not there.
 */
#include <sockview/wire.h>

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <sockview/sandbox.h>

#include "wire/framing.h"

enum {
	SHORT = 8, /* datagrams: about 2,000 sockets */
	SLOTS = 8,
	STACK = 256 * 1024, /* the thread calls little; the usual 8 MB count against a limit on memory */
	BATCH = 4,          /* slots filled before a sleeping caller is woken: a wake-up costs like ten rows */
};

struct slot {
	ssize_t got; /* receive's answer */
	int error;   /* and its errno */
	bool last;   /* the thread ends behind it */
	char *data;  /* WIRE_BUFFER bytes */
};

struct ahead {
	struct wire wire;
	struct wire *inner;
	unsigned received; /* datagrams since the last request */
	bool running;      /* the thread: started and not joined */
	pthread_t thread;
	int stop_fd;  /* an eventfd, readable when the thread shall stop; -1: not made yet */
	char *memory; /* of all slots */

	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t filled, taken;
	struct slot slot[SLOTS];
	unsigned head, count; /* slot[head] is the oldest of count filled ones */
	bool stop;
};

/* True if the end of the dump is in the datagram. Bytes that are no message are the caller's to judge. */
static bool has_end(const char *data, size_t rest)
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
static struct slot *slot_claim(struct ahead *self)
{
	pthread_mutex_lock(&self->lock);
	while (self->count == SLOTS && !self->stop)
		pthread_cond_wait(&self->taken, &self->lock);
	struct slot *slot = self->stop ? NULL : &self->slot[(self->head + self->count) % SLOTS];
	pthread_mutex_unlock(&self->lock);
	return slot;
}

static void caller_wake(struct ahead *self)
{
	pthread_mutex_lock(&self->lock);
	if (self->count)
		pthread_cond_signal(&self->filled);
	pthread_mutex_unlock(&self->lock);
}

/*
 * Waits until receive() will not: 1, 0 if the thread shall stop, or -1 with
 * errno. The caller may sleep while a few slots, less than a batch, are filled:
 * it is woken before the thread sleeps itself.
 */
static int wait_for_wire(struct ahead *self)
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
static bool slot_fill(struct ahead *self, struct slot *slot)
{
	int ready = wait_for_wire(self);
	if (!ready)
		return false;
	slot->got = ready < 0 ? -1 : self->inner->receive(self->inner, slot->data, WIRE_BUFFER);
	slot->error = errno;
	slot->last = slot->got < 0 ? !is_passing(slot->error) : !slot->got || has_end(slot->data, (size_t)slot->got);
	return true;
}

static void slot_commit(struct ahead *self, const struct slot *slot)
{
	pthread_mutex_lock(&self->lock);
	self->count++;
	if (self->count >= BATCH || slot->last || slot->got < 0)
		pthread_cond_signal(&self->filled);
	pthread_mutex_unlock(&self->lock);
}

static void *receive_on(void *context)
{
	struct ahead *self = context;
	struct slot *slot;
	bool last = false;
	if (self->inner->confined)
		sandbox_thread();
	while (!last && (slot = slot_claim(self)) && slot_fill(self, slot)) {
		last = slot->last; /* the slot is the caller's once it is committed */
		slot_commit(self, slot);
	}
	return NULL;
}

static bool slots_open(struct ahead *self)
{
	if (self->stop_fd < 0)
		self->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!self->memory)
		self->memory = malloc((size_t)SLOTS * WIRE_BUFFER);
	for (size_t i = 0; self->memory && i < SLOTS; i++)
		self->slot[i].data = self->memory + i * WIRE_BUFFER;
	return self->memory && self->stop_fd >= 0;
}

/* If the thread cannot be started the caller receives by itself. */
static void thread_start(struct ahead *self)
{
	pthread_attr_t small;
	sigset_t all, before;
	if (!slots_open(self) || pthread_attr_init(&small))
		return;
	pthread_attr_setstacksize(&small, STACK);
	self->head = self->count = 0;
	self->stop = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	self->running = !pthread_create(&self->thread, &small, receive_on, self);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&small);
}

static void thread_join(struct ahead *self)
{
	pthread_join(self->thread, NULL);
	self->running = false;
	self->received = 0;
}

/* In the middle of a dump. */
static void thread_stop(struct ahead *self)
{
	uint64_t one = 1;
	pthread_mutex_lock(&self->lock);
	self->stop = true;
	pthread_cond_signal(&self->taken);
	pthread_mutex_unlock(&self->lock);
	/* The counter cannot overflow: it is read back to 0 before the next thread. */
	while (write(self->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	thread_join(self);
	while (read(self->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}

/* --- the wire --- */

static struct slot *slot_take(struct ahead *self)
{
	pthread_mutex_lock(&self->lock);
	while (!self->count)
		pthread_cond_wait(&self->filled, &self->lock);
	struct slot *slot = &self->slot[self->head];
	pthread_mutex_unlock(&self->lock);
	return slot;
}

static void slot_release(struct ahead *self)
{
	pthread_mutex_lock(&self->lock);
	self->head = (self->head + 1) % SLOTS;
	if (self->count-- == SLOTS)
		pthread_cond_signal(&self->taken);
	pthread_mutex_unlock(&self->lock);
}

static ssize_t ahead_take(struct ahead *self, void *buffer, size_t len)
{
	const struct slot *slot = slot_take(self);
	struct slot answer = *slot;
	if (answer.got > 0 && (size_t)answer.got > len) {
		answer.got = -1;
		answer.error = ENOSPC;
	} else if (answer.got > 0) {
		memcpy(buffer, slot->data, (size_t)answer.got);
	}
	slot_release(self);
	if (answer.last)
		thread_join(self);
	errno = answer.error;
	return answer.got;
}

/* To receive ahead takes a second CPU. Asked for when it is to begin: most answers are too short for it. */
static bool several_cpus(void)
{
	cpu_set_t set;
	return !sched_getaffinity(0, sizeof(set), &set) && CPU_COUNT(&set) > 1;
}

static ssize_t ahead_receive(struct wire *wire, void *buffer, size_t len)
{
	struct ahead *self = (struct ahead *)wire;
	if (!self->running && self->received == SHORT && several_cpus())
		thread_start(self);
	if (self->running)
		return ahead_take(self, buffer, len);
	self->received++;
	return self->inner->receive(self->inner, buffer, len);
}

static int ahead_send(struct wire *wire, const void *request, size_t len)
{
	struct ahead *self = (struct ahead *)wire;
	if (self->running)
		thread_stop(self);
	self->received = 0;
	return self->inner->send(self->inner, request, len);
}

static void ahead_close(struct wire *wire)
{
	struct ahead *self = (struct ahead *)wire;
	if (self->running)
		thread_stop(self);
	wire_close(self->inner);
	pthread_mutex_destroy(&self->lock);
	pthread_cond_destroy(&self->filled);
	pthread_cond_destroy(&self->taken);
	if (self->stop_fd >= 0)
		close(self->stop_fd);
	free(self->memory);
	free(self);
}

struct wire *wire_ahead(struct wire *inner)
{
	struct ahead *self = inner ? calloc(1, sizeof(*self)) : NULL;
	if (!self)
		return inner;
	*self = (struct ahead){ .inner = inner, .stop_fd = -1 };
	/* Nothing waits on this wire but its own receive(). */
	self->wire = (struct wire){ .send = ahead_send, .receive = ahead_receive, .close = ahead_close, .fd = -1 };
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->filled, NULL);
	pthread_cond_init(&self->taken, NULL);
	return &self->wire;
}
