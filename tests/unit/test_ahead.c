/* test_ahead.c - the wire that reads ahead gives what the wire below it gives, and ends when told to. */
#include <sockview/wire.h>

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Gives `datagrams` numbered ones after each request, the last with the dump's end in it. */
struct numbered {
	struct wire wire;
	int datagrams, given, sent;
	int fails_at;      /* this one is ENOBUFS instead; -1: none */
	bool wraps;        /* all but the last claim a length that rounds up to 2^32 */
	bool silent_after; /* then waits for ever, as a kernel that forgot the end */
	bool *closed;
};

struct datagram {
	struct nlmsghdr head;
	uint32_t number;
	struct nlmsghdr end;
	int32_t zero;
};

static int numbered_send(struct wire *wire, const void *request, size_t len)
{
	struct numbered *self = (struct numbered *)wire;
	(void)request;
	(void)len;
	self->given = 0;
	self->sent++;
	return 0;
}

static ssize_t numbered_receive(struct wire *wire, void *buffer, size_t len)
{
	struct numbered *self = (struct numbered *)wire;
	int number = self->given++;
	if (number >= self->datagrams && self->silent_after)
		for (;;)
			poll(NULL, 0, 1000);
	assert_true(number < self->datagrams && len >= sizeof(struct datagram));
	if (number == self->fails_at) {
		errno = ENOBUFS;
		return -1;
	}
	bool last = number == self->datagrams - 1 && !self->silent_after;
	struct datagram datagram = {
		.head = { .nlmsg_len = sizeof(struct nlmsghdr) + 4, .nlmsg_type = 20 },
		.number = (uint32_t)number,
		.end = { .nlmsg_len = sizeof(struct nlmsghdr) + 4, .nlmsg_type = NLMSG_DONE },
	};
	if (self->wraps && !last)
		datagram.head.nlmsg_len = 0xfffffffd;
	size_t size = last ? sizeof(datagram) : offsetof(struct datagram, end);
	memcpy(buffer, &datagram, size);
	return (ssize_t)size;
}

static void numbered_close(struct wire *wire)
{
	struct numbered *self = (struct numbered *)wire;
	*self->closed = true;
	free(self);
}

static bool closed;

static struct wire *make(int datagrams, int fails_at, struct numbered **inner)
{
	*inner = calloc(1, sizeof **inner);
	assert_non_null(*inner);
	**inner = (struct numbered){
		.wire = { .send = numbered_send, .receive = numbered_receive, .close = numbered_close },
		.datagrams = datagrams,
		.fails_at = fails_at,
		.closed = &closed,
	};
	closed = false;
	return wire_ahead(&(*inner)->wire);
}

static void read_dump(struct wire *wire, int datagrams, int fails_at)
{
	char buffer[WIRE_BUFFER];
	assert_int_equal(wire->send(wire, "", 1), 0);
	for (int i = 0; i < datagrams; i++) {
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
			read_dump(wire, datagrams, -1);
		assert_int_equal(inner->given, datagrams); /* nothing is asked for behind the end */
		wire_close(wire);
		assert_true(closed);
	}
}

static void an_error_stands_where_it_came(void **state)
{
	(void)state;
	for (int fails_at = 0; fails_at < 39; fails_at++) {
		struct numbered *inner;
		struct wire *wire = make(40, fails_at, &inner);
		read_dump(wire, 40, fails_at);
		wire_close(wire);
	}
}

/* What is no message is passed on for the caller to judge, and looked through in bounded time. */
static void a_length_that_wraps_ends_nothing(void **state)
{
	(void)state;
	struct numbered *inner;
	struct wire *wire = make(40, -1, &inner);
	inner->wraps = true;
	read_dump(wire, 40, -1);
	wire_close(wire);
}

/* `| head`: the caller goes away in the middle. */
static void it_can_be_closed_at_any_datagram(void **state)
{
	(void)state;
	char buffer[WIRE_BUFFER];
	for (int taken = 0; taken < 40; taken++) {
		struct numbered *inner;
		struct wire *wire = make(40, -1, &inner);
		wire->send(wire, "", 1);
		for (int i = 0; i < taken; i++)
			assert_true(wire->receive(wire, buffer, sizeof(buffer)) > 0);
		wire_close(wire);
		assert_true(closed);
	}
}

static void a_new_request_ends_the_old_answer(void **state)
{
	(void)state;
	char buffer[WIRE_BUFFER];
	struct numbered *inner;
	struct wire *wire = make(40, -1, &inner);
	wire->send(wire, "", 1);
	for (int i = 0; i < 20; i++)
		wire->receive(wire, buffer, sizeof(buffer));
	read_dump(wire, 40, -1);
	wire_close(wire);
}

static void it_can_be_closed_while_it_waits_for_the_kernel(void **state)
{
	(void)state;
	char buffer[WIRE_BUFFER];
	struct numbered *inner;
	struct wire *wire = make(12, -1, &inner);
	inner->silent_after = true;
	wire->send(wire, "", 1);
	for (int i = 0; i < 12; i++)
		assert_true(wire->receive(wire, buffer, sizeof(buffer)) > 0);
	wire_close(wire);
	assert_true(closed);
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
	/* With one CPU there is no thread, and the wire below checks by itself. */
	if (got < 0)
		assert_int_equal(errno, ENOSPC);
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
		cmocka_unit_test(an_error_stands_where_it_came),
		cmocka_unit_test(a_length_that_wraps_ends_nothing),
		cmocka_unit_test(it_can_be_closed_at_any_datagram),
		cmocka_unit_test(a_new_request_ends_the_old_answer),
		cmocka_unit_test(it_can_be_closed_while_it_waits_for_the_kernel),
		cmocka_unit_test(a_small_buffer_is_told),
		cmocka_unit_test(nothing_is_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
