/*
 * ahead.c - a wire whose long answers are received by a thread of its own.
 *
 *   kernel --receive--> [slot][slot][slot]... --copy--> caller
 *           the thread                          decodes, filters, formats
 *
 * The kernel makes a dump within recvmsg(2), so that who receives it can do
 * nothing else. With a second CPU the rest costs no time: the thread receives
 * the next datagrams while the caller still works on these. Answers of a few
 * datagrams never start it, and it is gone at the end of each dump.
 */
#include <sockview/wire.h>

#include <errno.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
	SHORT = 8, /* datagrams: about 2,000 sockets */
	SLOTS = 8,
	STACK = 256 * 1024, /* the thread calls little; the usual 8 MB count against a limit on memory */
	BATCH = 4,          /* slots filled before a sleeping caller is woken: a wake-up costs like ten rows */
};

struct slot {
	ssize_t got; /* receive's answer */
	int error;   /* and its errno */
	bool last;   /* nothing will come after it */
	char *data;  /* WIRE_BUFFER bytes */
};

struct ahead {
	struct wire wire;
	struct wire *inner;
	bool has_cpus;     /* there is more than one for us */
	unsigned received; /* datagrams since the last request */
	bool running;      /* the thread: started and not joined */
	pthread_t thread;
	char *memory; /* of all slots */

	pthread_mutex_t lock; /* over what follows */
	pthread_cond_t filled, taken;
	struct slot slot[SLOTS];
	unsigned head, count; /* slot[head] is the oldest of count filled ones */
	bool ended, stop;
};

static bool is_end(const struct nlmsghdr *message)
{
	return message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
}

/* The end of the dump is in it. What is no whole message is the caller's to judge. */
static bool has_end(const char *data, size_t len)
{
	while (len >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)data;
		if (is_end(message))
			return true;
		/* Before it is rounded up: NLMSG_ALIGN's mask has 32 bits, and wraps to 0. */
		if (message->nlmsg_len < sizeof(*message) || message->nlmsg_len > len)
			return false;
		size_t step = NLMSG_ALIGN((size_t)message->nlmsg_len);
		if (step > len)
			return false;
		data += step;
		len -= step;
	}
	return false;
}

/* --- the thread --- */

/* A slot to fill, NULL if the caller wants no more. */
static struct slot *slot_claim(struct ahead *self)
{
	pthread_mutex_lock(&self->lock);
	while (self->count == SLOTS && !self->stop)
		pthread_cond_wait(&self->taken, &self->lock);
	struct slot *slot = self->stop ? NULL : &self->slot[(self->head + self->count) % SLOTS];
	pthread_mutex_unlock(&self->lock);
	return slot;
}

static void slot_commit(struct ahead *self, const struct slot *slot)
{
	pthread_mutex_lock(&self->lock);
	self->count++;
	self->ended = slot->last;
	if (self->count >= BATCH || self->ended || slot->got < 0)
		pthread_cond_signal(&self->filled);
	pthread_mutex_unlock(&self->lock);
}

static void slot_fill(struct ahead *self, struct slot *slot)
{
	/* The one place where it may be told to end while it waits. */
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL);
	slot->got = self->inner->receive(self->inner, slot->data, WIRE_BUFFER);
	slot->error = errno;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	slot->last = slot->got == 0 || (slot->got > 0 && has_end(slot->data, (size_t)slot->got));
}

static void *receive_on(void *context)
{
	struct ahead *self = context;
	struct slot *slot;
	bool last = false;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL);
	while (!last && (slot = slot_claim(self))) {
		slot_fill(self, slot);
		last = slot->last;
		slot_commit(self, slot);
	}
	return NULL;
}

static bool slots_open(struct ahead *self)
{
	if (!self->memory)
		self->memory = malloc((size_t)SLOTS * WIRE_BUFFER);
	for (size_t i = 0; self->memory && i < SLOTS; i++)
		self->slot[i].data = self->memory + i * WIRE_BUFFER;
	return self->memory;
}

/* What can not be started is done without. */
static void thread_start(struct ahead *self)
{
	pthread_attr_t small;
	sigset_t all, before;
	if (!slots_open(self) || pthread_attr_init(&small))
		return;
	pthread_attr_setstacksize(&small, STACK);
	self->head = self->count = 0;
	self->ended = self->stop = false;
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

/* In the middle of a dump that nobody wants any more. */
static void thread_stop(struct ahead *self)
{
	pthread_mutex_lock(&self->lock);
	self->stop = true;
	pthread_cond_signal(&self->taken);
	pthread_mutex_unlock(&self->lock);
	pthread_cancel(self->thread);
	thread_join(self);
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

static ssize_t take(struct ahead *self, void *buffer, size_t len)
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

static ssize_t ahead_receive(struct wire *wire, void *buffer, size_t len)
{
	struct ahead *self = (struct ahead *)wire;
	if (!self->running && self->has_cpus && self->received == SHORT)
		thread_start(self);
	if (self->running)
		return take(self, buffer, len);
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
	free(self->memory);
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
	*self = (struct ahead){ .inner = inner, .has_cpus = several_cpus() };
	self->wire = (struct wire){ .send = ahead_send, .receive = ahead_receive, .close = ahead_close };
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->filled, NULL);
	pthread_cond_init(&self->taken, NULL);
	return &self->wire;
}
