// SPDX-License-Identifier: MIT
/*
 * test_ahead.c - wires that read ahead, one or several as one, give what those below them give, and end when told to.
 *
 * Run under TSan too (make check-threads). Where the order of two threads
 * decides, the wire below and the caller pause for random times.
 */
#include <sockview/wire.h>

#include <errno.h>
#include <linux/netlink.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/countof.h>

/* Gives `datagrams` numbered ones after each request, the last with the dump's end in it. */
struct numbered {
	struct wire wire; /* fd: an eventfd that counts the datagrams to be had */
	int datagrams, given, sent;
	int fails_at;          /* this one is an error instead; -1: none */
	int error;             /* ENOBUFS, after which it goes on, or one that stays */
	uint32_t wrong_length; /* all but the last claim it; 0: they are right */
	bool endless;          /* the last is no end: a kernel that forgot it */
	bool fed;              /* datagrams are to be had when the test says so, not after the request */
	unsigned pause;        /* up to so many microseconds before a datagram */
	bool *closed;
};

struct datagram {
	struct nlmsghdr head;
	uint32_t number;
	struct nlmsghdr end;
	int32_t zero;
};

static void pause_up_to(unsigned microseconds)
{
	static _Thread_local unsigned seed = 1;
	if (microseconds)
		usleep((unsigned)rand_r(&seed) % microseconds);
}

static void feed(struct numbered *self, uint64_t datagrams)
{
	assert_int_equal(write(self->wire.fd, &datagrams, sizeof(datagrams)), sizeof(datagrams));
}

static int numbered_send(struct wire *wire, const void *request, size_t len)
{
	struct numbered *self = (struct numbered *)wire;
	(void)request;
	(void)len;
	close(self->wire.fd);
	self->wire.fd = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
	assert_true(self->wire.fd >= 0);
	self->given = 0;
	self->sent++;
	if (!self->fed)
		feed(self, (uint64_t)self->datagrams);
	return 0;
}

static ssize_t numbered_receive(struct wire *wire, void *buffer, size_t len)
{
	struct numbered *self = (struct numbered *)wire;
	uint64_t one;
	pause_up_to(self->pause);
	if (read(self->wire.fd, &one, sizeof(one)) != sizeof(one))
		return -1;
	int number = self->given++;
	assert_true(number < self->datagrams);
	if (len < sizeof(struct datagram)) {
		errno = ENOSPC;
		return -1;
	}
	if (number == self->fails_at) {
		errno = self->error;
		return -1;
	}
	bool last = number == self->datagrams - 1 && !self->endless;
	struct datagram datagram = {
		.head = { .nlmsg_len = sizeof(struct nlmsghdr) + 4, .nlmsg_type = 20 },
		.number = (uint32_t)number,
		.end = { .nlmsg_len = sizeof(struct nlmsghdr) + 4, .nlmsg_type = NLMSG_DONE },
	};
	if (self->wrong_length && !last)
		datagram.head.nlmsg_len = self->wrong_length - 1;
	size_t size = last ? sizeof(datagram) : offsetof(struct datagram, end);
	memcpy(buffer, &datagram, size);
	return (ssize_t)size;
}

static void numbered_close(struct wire *wire)
{
	struct numbered *self = (struct numbered *)wire;
	*self->closed = true;
	close(self->wire.fd);
	free(self);
}

static bool closed;

static struct numbered *make_inner(int datagrams, int fails_at)
{
	struct numbered *inner = calloc(1, sizeof(*inner));
	assert_non_null(inner);
	*inner = (struct numbered){
		.wire = { .send = numbered_send, .receive = numbered_receive, .close = numbered_close },
		.datagrams = datagrams,
		.fails_at = fails_at,
		.error = ENOBUFS,
		.closed = &closed,
	};
	inner->wire.fd = eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC);
	closed = false;
	return inner;
}

static struct wire *make(int datagrams, int fails_at, struct numbered **inner)
{
	*inner = make_inner(datagrams, fails_at);
	return wire_ahead(&(*inner)->wire);
}

static void read_some(struct wire *wire, int first, int end)
{
	char buffer[WIRE_BUFFER];
	for (int i = first; i < end; i++) {
		assert_true(wire->receive(wire, buffer, sizeof(buffer)) >= (ssize_t)offsetof(struct datagram, end));
		assert_int_equal(((struct datagram *)buffer)->number, i);
	}
}

static void read_dump(struct wire *wire, int datagrams, int fails_at, unsigned pause)
{
	char buffer[WIRE_BUFFER];
	assert_int_equal(wire->send(wire, "", 1), 0);
	for (int i = 0; i < datagrams; i++) {
		pause_up_to(pause);
		ssize_t got = wire->receive(wire, buffer, sizeof(buffer));
		if (i == fails_at) {
			assert_int_equal(got, -1);
			assert_int_equal(errno, ENOBUFS);
			continue;
		}
		assert_int_equal(got, i == datagrams - 1 ? sizeof(struct datagram) : offsetof(struct datagram, end));
		assert_int_equal(((struct datagram *)buffer)->number, i);
	}
}

static void dumps_of_any_length_come_whole_and_in_order(void **state)
{
	(void)state;
	for (int datagrams = 1; datagrams < 60; datagrams++) {
		struct numbered *inner;
		struct wire *wire = make(datagrams, -1, &inner);
		for (int dump = 0; dump < 3; dump++)
			read_dump(wire, datagrams, -1, 0);
		assert_int_equal(inner->given, datagrams); /* nothing is asked for behind the end */
		wire_close(wire);
		assert_true(closed);
	}
}

/* The slots are empty, full, or filled while the caller goes to sleep, as chance has it. */
static void so_they_do_at_any_pace(void **state)
{
	(void)state;
	static const unsigned paces[][2] = { { 0, 200 }, { 200, 0 }, { 200, 200 }, { 50, 800 }, { 800, 50 } };
	for (int turn = 0; turn < 200; turn++) {
		struct numbered *inner;
		struct wire *wire = make(30, -1, &inner);
		inner->pause = paces[turn % 5][0];
		read_dump(wire, 30, -1, paces[turn % 5][1]);
		wire_close(wire);
	}
}

static void an_error_stands_where_it_came(void **state)
{
	(void)state;
	for (int fails_at = 0; fails_at < 39; fails_at++) {
		struct numbered *inner;
		struct wire *wire = make(40, fails_at, &inner);
		read_dump(wire, 40, fails_at, 0);
		wire_close(wire);
	}
}

/* One that the next receive() would give again is told once, and nothing is asked for behind it. */
static void an_error_that_stays_ends_the_thread(void **state)
{
	(void)state;
	char buffer[WIRE_BUFFER];
	struct numbered *inner;
	struct wire *wire = make(40, 12, &inner);
	inner->error = ENETDOWN;
	wire->send(wire, "", 1);
	read_some(wire, 0, 12);
	assert_int_equal(wire->receive(wire, buffer, sizeof(buffer)), -1);
	assert_int_equal(errno, ENETDOWN);
	assert_int_equal(inner->given, 13);
	wire_close(wire);
}

/* Bytes that are no message are passed on for the caller to judge, and looked through in bounded time. */
static void a_wrong_length_ends_nothing(void **state)
{
	(void)state;
	static const uint32_t lengths[] = { 0, 1, 15, 200, 0x7ffffffd, 0x80000000, 0xfffffffd, 0xfffffffe };
	for (size_t i = 0; i < countof(lengths); i++) {
		struct numbered *inner;
		struct wire *wire = make(40, -1, &inner);
		inner->wrong_length = lengths[i] + 1;
		read_dump(wire, 40, -1, 0);
		wire_close(wire);
	}
}

/* `| head`: the caller goes away in the middle. */
static void it_can_be_closed_at_any_datagram(void **state)
{
	(void)state;
	for (int turn = 0; turn < 200; turn++) {
		struct numbered *inner;
		struct wire *wire = make(40, -1, &inner);
		inner->pause = turn < 40 ? 0 : 100;
		wire->send(wire, "", 1);
		read_some(wire, 0, turn % 40);
		wire_close(wire);
		assert_true(closed);
	}
}

static void a_new_request_ends_the_old_answer(void **state)
{
	(void)state;
	for (int turn = 0; turn < 100; turn++) {
		struct numbered *inner;
		struct wire *wire = make(40, -1, &inner);
		inner->pause = turn ? 100 : 0;
		wire->send(wire, "", 1);
		read_some(wire, 0, 20);
		read_dump(wire, 40, -1, 0);
		wire_close(wire);
	}
}

static void it_can_be_closed_while_it_waits_for_the_kernel(void **state)
{
	(void)state;
	for (int turn = 0; turn < 20; turn++) {
		struct numbered *inner;
		struct wire *wire = make(12, -1, &inner);
		inner->endless = true;
		wire->send(wire, "", 1);
		read_some(wire, 0, 12);
		/* The thread waits already, most times. */
		usleep(turn * 100u);
		wire_close(wire);
		assert_true(closed);
	}
}

/* Lets the wire have one datagram more whenever the caller has taken one. */
struct feeder {
	struct numbered *wire;
	int taken; /* an eventfd that counts them */
	int datagrams;
};

static void *feed_one_by_one(void *context)
{
	struct feeder *feeder = context;
	uint64_t one;
	for (int i = 0; i < feeder->datagrams; i++) {
		/* So that the caller sleeps already, most times. */
		usleep(500);
		feed(feeder->wire, 1);
		assert_int_equal(read(feeder->taken, &one, sizeof(one)), sizeof(one));
	}
	return NULL;
}

/*
 * Fewer datagrams than the caller is woken for, and then none: it must get
 * them all the same before the thread waits for more.
 */
static void what_came_is_given_before_the_thread_waits(void **state)
{
	(void)state;
	char buffer[WIRE_BUFFER];
	for (int turn = 0; turn < 20; turn++) {
		struct numbered *inner;
		struct wire *wire = make(30, -1, &inner);
		struct feeder feeder = { inner, eventfd(0, EFD_SEMAPHORE | EFD_CLOEXEC), 30 };
		uint64_t one = 1;
		pthread_t thread;
		inner->fed = true;
		wire->send(wire, "", 1);
		assert_int_equal(pthread_create(&thread, NULL, feed_one_by_one, &feeder), 0);
		for (int i = 0; i < 30; i++) {
			assert_true(wire->receive(wire, buffer, sizeof(buffer)) > 0);
			assert_int_equal(((struct datagram *)buffer)->number, i);
			assert_int_equal(write(feeder.taken, &one, sizeof(one)), sizeof(one));
		}
		pthread_join(thread, NULL);
		close(feeder.taken);
		wire_close(wire);
	}
}

static void a_small_buffer_is_told(void **state)
{
	(void)state;
	char buffer[WIRE_BUFFER];
	struct numbered *inner;
	struct wire *wire = make(40, -1, &inner);
	wire->send(wire, "", 1);
	for (int i = 0; i < 10; i++)
		wire->receive(wire, buffer, sizeof(buffer));
	ssize_t got = wire->receive(wire, buffer, 8);
	assert_int_equal(got, -1);
	assert_int_equal(errno, ENOSPC);
	wire_close(wire);
}

/* --- several as one --- */

enum { MERGED = 3 };

/* Each gives `datagrams` and so many more as it is farther behind; those of the first are numbered from 0 and so on. */
static struct wire *make_merged(int datagrams, unsigned pause, struct numbered *inner[MERGED])
{
	struct wire *wire[MERGED];
	for (int i = 0; i < MERGED; i++) {
		inner[i] = make_inner(datagrams + i, -1);
		inner[i]->pause = pause;
		wire[i] = &inner[i]->wire;
	}
	return wire_merge(wire, MERGED);
}

static void ask_each(struct wire *wire)
{
	for (int i = 0; i < MERGED; i++)
		assert_int_equal(wire->send(wire, "", 1), 0);
}

/* Every number as often as there are wires that give it; each wire's in order, so that none comes before all below it. */
static void read_merged(struct wire *wire, int datagrams, unsigned pause)
{
	int seen[64] = { 0 }, ends = 0, total = MERGED * datagrams + MERGED * (MERGED - 1) / 2;
	char buffer[WIRE_BUFFER];
	ask_each(wire);
	for (int i = 0; i < total; i++) {
		pause_up_to(pause);
		ssize_t got = wire->receive(wire, buffer, sizeof(buffer));
		assert_true(got > 0);
		uint32_t number = ((struct datagram *)buffer)->number;
		seen[number]++;
		assert_true(number == 0 || seen[number] <= seen[number - 1]);
		ends += got == sizeof(struct datagram);
	}
	assert_int_equal(ends, MERGED);
	for (int i = 0; i < datagrams + MERGED - 1; i++)
		assert_int_equal(seen[i], i < datagrams ? MERGED : MERGED - (i - datagrams + 1));
}

static void merged_answers_are_whole_and_each_in_order(void **state)
{
	(void)state;
	static const unsigned paces[][2] = { { 0, 0 }, { 0, 200 }, { 200, 0 }, { 200, 200 } };
	struct numbered *inner[MERGED];
	for (int turn = 0; turn < 120; turn++) {
		struct wire *wire = make_merged(1 + turn % 40, paces[turn % 4][0], inner);
		read_merged(wire, 1 + turn % 40, paces[turn % 4][1]);
		read_merged(wire, 1 + turn % 40, 0);
		for (int i = 0; i < MERGED; i++)
			assert_int_equal(inner[i]->given, inner[i]->datagrams);
		wire_close(wire);
	}
}

static void merged_answers_may_be_given_up(void **state)
{
	(void)state;
	char buffer[WIRE_BUFFER];
	struct numbered *inner[MERGED];
	for (int turn = 0; turn < 60; turn++) {
		struct wire *wire = make_merged(40, turn % 2 ? 100 : 0, inner);
		ask_each(wire);
		for (int i = 0; i < turn; i++)
			assert_true(wire->receive(wire, buffer, sizeof(buffer)) > 0);
		if (turn % 3)
			read_merged(wire, 40, 0);
		wire_close(wire);
		assert_true(closed);
	}
}

/* It is told once; the others are there to be read. */
static void an_error_of_one_is_told(void **state)
{
	(void)state;
	char buffer[WIRE_BUFFER];
	static const int errors[] = { ENETDOWN, ENOBUFS };
	for (size_t k = 0; k < countof(errors); k++) {
		struct numbered *inner[MERGED];
		struct wire *wire = make_merged(20, 0, inner);
		int failed = 0, read = 0, ends = 0;
		inner[1]->fails_at = 7;
		inner[1]->error = errors[k];
		ask_each(wire);
		int total = 20 + 22 + (errors[k] == ENOBUFS ? 21 : 8);
		for (int i = 0; i < total; i++) {
			ssize_t got = wire->receive(wire, buffer, sizeof(buffer));
			failed += got < 0 && errno == errors[k];
			read += got > 0;
			ends += got == sizeof(struct datagram);
		}
		assert_int_equal(failed, 1);
		assert_int_equal(read, total - 1);
		assert_int_equal(ends, errors[k] == ENOBUFS ? 3 : 2);
		wire_close(wire);
	}
}

static void a_request_too_many_is_refused(void **state)
{
	(void)state;
	struct numbered *inner[MERGED];
	struct wire *wire = make_merged(5, 0, inner);
	ask_each(wire);
	assert_int_equal(wire->send(wire, "", 1), -1);
	assert_int_equal(errno, EINVAL);
	wire_close(wire);
}

static void nothing_is_nothing(void **state)
{
	(void)state;
	assert_null(wire_ahead(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dumps_of_any_length_come_whole_and_in_order),
		cmocka_unit_test(so_they_do_at_any_pace),
		cmocka_unit_test(an_error_stands_where_it_came),
		cmocka_unit_test(an_error_that_stays_ends_the_thread),
		cmocka_unit_test(a_wrong_length_ends_nothing),
		cmocka_unit_test(it_can_be_closed_at_any_datagram),
		cmocka_unit_test(a_new_request_ends_the_old_answer),
		cmocka_unit_test(it_can_be_closed_while_it_waits_for_the_kernel),
		cmocka_unit_test(what_came_is_given_before_the_thread_waits),
		cmocka_unit_test(a_small_buffer_is_told),
		cmocka_unit_test(merged_answers_are_whole_and_each_in_order),
		cmocka_unit_test(merged_answers_may_be_given_up),
		cmocka_unit_test(an_error_of_one_is_told),
		cmocka_unit_test(a_request_too_many_is_refused),
		cmocka_unit_test(nothing_is_nothing),
	};
	alarm(300); /* a lost wake-up is a failure, not a wait for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
