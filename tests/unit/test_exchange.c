// SPDX-License-Identifier: MIT
/*
 * test_exchange.c - the netlink loop by itself, attributes, and who is believed on a live socket.
 *
 * What the loop does for sock_diag's dumps is in test_netlink.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/exchange.h>

#include "../tests/helpers/netlink_script.h"

#include "skip.h"

enum { TYPE = 24, NUMBERS_MAX = 64 };

/* The numbers of the messages that came. */
struct fixture {
	struct script script;
	struct exchange exchange;
	unsigned number[NUMBERS_MAX];
	size_t count;
	unsigned forgotten;
	size_t stop_at; /* 0: never */
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	script_init(&fixture->script);
	assert_int_equal(exchange_start(&fixture->exchange, &fixture->script.wire), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	exchange_close(&fixture->exchange);
	free(fixture);
	return 0;
}

static int take(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct fixture *fixture = context;
	assert_int_equal(message->nlmsg_type, TYPE);
	if (len < sizeof(unsigned) || fixture->count == NUMBERS_MAX)
		return exchange_malformed(&fixture->exchange, message);
	memcpy(&fixture->number[fixture->count++], payload, sizeof(unsigned));
	if (fixture->count == fixture->stop_at) {
		errno = ENOMEM;
		return -1;
	}
	return 0;
}

static void forget(void *context)
{
	struct fixture *fixture = context;
	fixture->count = 0;
	fixture->forgotten++;
}

static void put_numbers(struct script_step *step, unsigned first, unsigned last, uint16_t flags)
{
	for (unsigned i = first; i <= last; i++)
		script_put(step, TYPE, NLM_F_MULTI | flags, &i, sizeof(i));
}

static int table(struct fixture *fixture, bool again)
{
	struct nlmsghdr request = { .nlmsg_len = sizeof(request), .nlmsg_type = TYPE };
	return exchange_table(&fixture->exchange, &request, take, again ? forget : NULL, fixture);
}

static void assert_numbers(const struct fixture *fixture, unsigned last)
{
	assert_int_equal(fixture->count, last);
	for (unsigned i = 0; i < last; i++)
		assert_int_equal(fixture->number[i], i + 1);
}

static void a_table_comes_whole(void **state)
{
	struct fixture *fixture = *state;
	put_numbers(script_step(&fixture->script), 1, 3, 0);
	struct script_step *step = script_step(&fixture->script);
	put_numbers(step, 4, 5, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(table(fixture, true), 0);
	assert_numbers(fixture, 5);
}

/* libmnl's loop takes this for the end of a whole table. */
static void an_errno_in_done_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct script_step *step = script_step(&fixture->script);
	put_numbers(step, 1, 3, 0);
	script_put_done(step, -EIO, 0);
	assert_int_equal(table(fixture, true), -1);
	assert_int_equal(errno, EIO);
	assert_numbers(fixture, 3);
}

/* libmnl's loop ends at the mark, with the rest of the datagram unread. */
static void what_is_behind_the_mark_of_a_change_is_read(void **state)
{
	struct fixture *fixture = *state;
	struct script_step *step = script_step(&fixture->script);
	put_numbers(step, 1, 1, NLM_F_DUMP_INTR);
	put_numbers(step, 2, 4, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(table(fixture, false), -1);
	assert_int_equal(errno, EINTR);
	assert_numbers(fixture, 4);
}

static void a_table_that_changed_is_asked_for_again(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 2; i++) {
		struct script_step *step = script_step(&fixture->script);
		put_numbers(step, 1, 3, i ? 0 : NLM_F_DUMP_INTR);
		script_put_done(step, 0, 0);
	}
	assert_int_equal(table(fixture, true), 0);
	assert_numbers(fixture, 3);
	assert_int_equal(fixture->script.sent, 2);
}

static void but_not_for_ever(void **state)
{
	struct fixture *fixture = *state;
	for (int i = 0; i < 10; i++) {
		struct script_step *step = script_step(&fixture->script);
		put_numbers(step, 1, 3, NLM_F_DUMP_INTR);
		script_put_done(step, 0, 0);
	}
	assert_int_equal(table(fixture, true), -1);
	assert_int_equal(errno, EINTR);
	assert_numbers(fixture, 3);
	assert_int_equal(fixture->script.sent, 3);
}

static void what_was_lost_is_told(void **state)
{
	struct fixture *fixture = *state;
	put_numbers(script_step(&fixture->script), 1, 2, 0);
	script_put(script_step(&fixture->script), NLMSG_OVERRUN, 0, "", 0);
	script_put_done(script_step(&fixture->script), 0, 0);
	assert_int_equal(table(fixture, false), -1);
	assert_int_equal(errno, ENOBUFS);
	assert_numbers(fixture, 2);
}

static void a_refusal_is_told(void **state)
{
	struct fixture *fixture = *state;
	script_put_error(script_step(&fixture->script), -EPERM);
	assert_int_equal(table(fixture, true), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fixture->script.sent, 1);
}

static void an_acknowledgement_is_an_end(void **state)
{
	struct fixture *fixture = *state;
	script_put_error(script_step(&fixture->script), 0);
	assert_int_equal(table(fixture, true), 0);
}

static void a_message_that_cannot_be_read_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct script_step *step = script_step(&fixture->script);
	script_put(step, TYPE, NLM_F_MULTI, "", 0);
	put_numbers(step, 1, 2, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(table(fixture, false), -1);
	assert_int_equal(errno, EBADMSG);
	assert_numbers(fixture, 2);
}

static void the_calls_errno_is_kept(void **state)
{
	struct fixture *fixture = *state;
	fixture->stop_at = 2;
	put_numbers(script_step(&fixture->script), 1, 3, 0);
	assert_int_equal(table(fixture, true), -1);
	assert_int_equal(errno, ENOMEM);
	assert_numbers(fixture, 2);
}

static void answers_to_an_earlier_request_are_passed_over(void **state)
{
	struct fixture *fixture = *state;
	struct script_step *step = script_step(&fixture->script);
	put_numbers(step, 9, 9, 0);
	((struct nlmsghdr *)step->bytes)->nlmsg_seq = 4711;
	put_numbers(step, 1, 2, 0);
	script_put_done(step, 0, 0);
	assert_int_equal(table(fixture, true), 0);
	assert_numbers(fixture, 2);
}

static void no_length_is_believed(void **state)
{
	struct fixture *fixture = *state;
	static const uint32_t lengths[] = { 0, 1, 15, 21, 200, 0x7fffffff, 0x80000000, 0xfffffffd, 0xffffffff };
	for (size_t i = 0; i < countof(lengths); i++) {
		struct script_step *step = script_step(&fixture->script);
		put_numbers(step, 9, 9, 0);
		((struct nlmsghdr *)step->bytes)->nlmsg_len = lengths[i];
	}
	script_put_done(script_step(&fixture->script), 0, 0);
	assert_int_equal(table(fixture, false), -1);
	assert_int_equal(errno, EBADMSG);
	assert_int_equal(fixture->count, 0);
	assert_int_equal(fixture->exchange.malformed, countof(lengths));
}

/* --- attributes --- */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define U16(value) (value) & 0xff, (value) >> 8
#define U32(value) U16((value)&0xffff), U16((value) >> 16)
#else
#define U16(value) (value) >> 8, (value)&0xff
#define U32(value) U16((value) >> 16), U16((value)&0xffff)
#endif

static void attributes_of_any_length_stay_inside(void **state)
{
	(void)state;
	/* { 8, 1, 7 }, { 6, 2, 0x1234 }, { 7, 3, "ab" }; the second value is in network byte order. */
	static const uint8_t bytes[] = { U16(8), U16(1), U32(7), U16(6), U16(0x8002), 0x12, 0x34,
		                         0,      0,      U16(7), U16(3), 'a',         'b',  0 };
	long page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, (size_t)page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_int_equal(mprotect(pages + page, (size_t)page, PROT_NONE), 0);
	for (size_t len = 0; len <= sizeof(bytes); len++) {
		char *at = pages + page - len;
		char text[8];
		memcpy(at, bytes, len);
		struct attrs attrs = attrs_behind(at, len, 0);
		assert_int_equal(attr_u32(attrs.at[1], 99), len >= 8 ? 7 : 99);
		assert_int_equal(attr_be16(attrs.at[2], 99), len >= 14 ? 0x1234 : 99);
		attr_text(text, sizeof(text), attrs.at[3]);
		assert_string_equal(text, len == sizeof(bytes) ? "ab" : "");
		assert_int_equal(attr_is(attrs.at[3], "ab"), len == sizeof(bytes));
	}
	for (unsigned length = 0; length < 4; length++) {
		struct attr_walk walk = { pages + page - 8, 8 };
		struct attr attr;
		memset(pages + page - 8, 0, 8);
		pages[page - 8] = (char)length;
		assert_false(attr_next(&walk, &attr));
	}
	munmap(pages, (size_t)page * 2);
}

static void a_value_of_another_size_is_absent(void **state)
{
	(void)state;
	const struct attr none = { 0 }, name = { "eth0\0junk", 9, 1 }, two = { "\1\2", 2, 1 };
	char text[4];
	assert_int_equal(attr_u32(two, 5), 5);
	assert_int_equal(attr_be32(two, 5), 5);
	assert_int_equal(attr_be16(none, 5), 5);
	assert_int_equal(attr_be16(two, 5), 0x0102);
	attr_text(text, sizeof(text), name);
	assert_string_equal(text, "eth");
	attr_text(text, sizeof(text), none);
	assert_string_equal(text, "");
	assert_false(attr_is(none, ""));
	assert_false(attr_is(name, "eth0"));
	assert_true(attr_is((struct attr){ "eth0", 5, 1 }, "eth0"));
	assert_true(attr_is((struct attr){ "eth0", 4, 1 }, "eth0"));
	assert_false(attr_is((struct attr){ "eth01", 5, 1 }, "eth0"));
	assert_int_equal(attrs_nested(none).at[1].len, 0);
}

/* --- a live socket --- */

/*
 * NETLINK_USERSOCK is the bus on which every process may send to every other
 * (net/netlink/af_netlink.c, netlink_add_usersock_entry); nothing of the
 * kernel's is on it.
 */
static void a_datagram_of_another_process_is_no_answer(void **state)
{
	(void)state;
	struct wire *wire = wire_open(NETLINK_USERSOCK);
	int other = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	struct sockaddr_nl to;
	socklen_t len = sizeof(to);
	struct nlmsghdr forged = { .nlmsg_len = sizeof(forged), .nlmsg_type = NLMSG_DONE };
	char buffer[WIRE_BUFFER];
	/* qemu-user passes no such socket on. */
	if ((!wire || other < 0) && (errno == EPFNOSUPPORT || errno == EPROTONOSUPPORT))
		skip_because("NETLINK_USERSOCK: %s", strerror(errno));
	assert_true(wire && other >= 0);
	assert_int_equal(getsockname(wire->fd, (struct sockaddr *)&to, &len), 0);
	assert_int_not_equal(to.nl_pid, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(sendto(other, &forged, sizeof(forged), 0, (struct sockaddr *)&to, sizeof(to)),
		                 sizeof(forged));
	/* It waits for the kernel's: not here. */
	assert_int_equal(fcntl(wire->fd, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(wire->receive(wire, buffer, sizeof(buffer)), -1);
	assert_int_equal(errno, EAGAIN);
	close(other);
	wire_close(wire);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_table_comes_whole),
		CASE(an_errno_in_done_is_told),
		CASE(what_is_behind_the_mark_of_a_change_is_read),
		CASE(a_table_that_changed_is_asked_for_again),
		CASE(but_not_for_ever),
		CASE(what_was_lost_is_told),
		CASE(a_refusal_is_told),
		CASE(an_acknowledgement_is_an_end),
		CASE(a_message_that_cannot_be_read_is_told),
		CASE(the_calls_errno_is_kept),
		CASE(answers_to_an_earlier_request_are_passed_over),
		CASE(no_length_is_believed),
		cmocka_unit_test(attributes_of_any_length_stay_inside),
		cmocka_unit_test(a_value_of_another_size_is_absent),
		cmocka_unit_test(a_datagram_of_another_process_is_no_answer),
	};
	alarm(300); /* a length that is taken for a step of nothing is a failure, not a loop for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
