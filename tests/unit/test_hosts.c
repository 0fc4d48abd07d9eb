// SPDX-License-Identifier: MIT
/*
 * test_hosts.c - host names through a getnameinfo() of our own, which answers
 * at once, says no, lies, or never comes back until it is let go.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sockview/names.h>

/* First byte of the address: what its name server is like. */
enum { GOOD = 10, DEAD = 11, NAMELESS = 12, LIAR = 13, LATE = 14 };

static atomic_uint asked[256 * 256]; /* by the last two bytes */
static atomic_uint waiting, most_waiting;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_opens = PTHREAD_COND_INITIALIZER;
static bool gate_open;

static void gate_set(bool open)
{
	pthread_mutex_lock(&gate);
	gate_open = open;
	pthread_cond_broadcast(&gate_opens);
	pthread_mutex_unlock(&gate);
}

static void gate_wait(void)
{
	unsigned now = ++waiting, most = most_waiting;
	while (now > most && !atomic_compare_exchange_weak(&most_waiting, &most, now))
		continue;
	pthread_mutex_lock(&gate);
	while (!gate_open)
		pthread_cond_wait(&gate_opens, &gate);
	pthread_mutex_unlock(&gate);
	waiting--;
}

static void gate_drain(void)
{
	gate_set(true);
	while (waiting)
		usleep(1000);
}

/* In place of libc's. */
int getnameinfo(const struct sockaddr *address, socklen_t address_len, char *host, socklen_t host_len, char *service,
                socklen_t service_len, int flags)
{
	uint8_t byte[4];
	(void)service, (void)service_len;
	if (address->sa_family == AF_INET6) {
		snprintf(host, host_len, "six.example");
		return address_len == sizeof(struct sockaddr_in6) ? 0 : EAI_FAMILY;
	}
	memcpy(byte, &((const struct sockaddr_in *)(const void *)address)->sin_addr, sizeof(byte));
	asked[byte[2] << 8 | byte[3]]++;
	if (!(flags & NI_NAMEREQD) || byte[0] == NAMELESS)
		return EAI_NONAME;
	if (byte[0] == DEAD || byte[0] == LATE)
		gate_wait();
	if (byte[0] == LIAR)
		snprintf(host, host_len, byte[3] ? "192.0.2.1" : "2001:db8::1");
	else
		snprintf(host, host_len, "host-%u-%u.example", byte[2], byte[3]);
	return 0;
}

static union addr address_of(int kind, unsigned number)
{
	return (union addr){ .byte = { (uint8_t)kind, 0, (uint8_t)(number >> 8), (uint8_t)number } };
}

static void want(struct names *names, int kind, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		union addr addr = address_of(kind, i);
		assert_int_equal(names_want_host(names, AF_INET, &addr), 0);
	}
}

static void assert_named(struct names *names, int kind, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		union addr addr = address_of(kind, i);
		char expected[64];
		snprintf(expected, sizeof(expected), "host-%u-%u.example", i >> 8 & 255, i & 255);
		const char *name = names_host(names, AF_INET, &addr);
		assert_non_null(name);
		assert_string_equal(name, expected);
	}
}

static void assert_nameless(struct names *names, int kind, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		union addr addr = address_of(kind, i);
		assert_null(names_host(names, AF_INET, &addr));
	}
}

static int setup(void **state)
{
	memset(asked, 0, sizeof(asked));
	most_waiting = 0;
	gate_set(false);
	return (*state = names_new()) ? 0 : -1;
}

/* A thread that is stuck comes back after its names are gone: a sanitizer says what it touches then. */
static int teardown(void **state)
{
	names_free(*state);
	gate_drain();
	return 0;
}

/* Longer than any of these tests may take: their end is not the deadline's doing. */
#define LONG 600000
/* Long enough for what answers at once, on a busy machine under a sanitizer too. */
#define SHORT 2000

static void each_address_is_asked_for_once_and_gets_its_own_name(void **state)
{
	want(*state, GOOD, 1, 5000);
	want(*state, GOOD, 1, 5000);
	names_resolve(*state, LONG);
	names_resolve(*state, LONG);
	assert_named(*state, GOOD, 1, 5000);
	for (unsigned i = 1; i < 5000; i++)
		assert_int_equal(asked[i], 1);
}

static void later_wants_ask_for_the_new_ones_only(void **state)
{
	want(*state, GOOD, 1, 100);
	want(*state, NAMELESS, 100, 200);
	names_resolve(*state, LONG);
	want(*state, GOOD, 1, 100);
	want(*state, NAMELESS, 100, 200);
	want(*state, GOOD, 200, 300);
	names_resolve(*state, LONG);
	assert_named(*state, GOOD, 1, 100);
	assert_nameless(*state, NAMELESS, 100, 200);
	assert_named(*state, GOOD, 200, 300);
	for (unsigned i = 1; i < 300; i++)
		assert_int_equal(asked[i], 1);
}

static void a_name_that_reads_as_an_address_is_none(void **state)
{
	want(*state, LIAR, 0, 2);
	names_resolve(*state, LONG);
	assert_nameless(*state, LIAR, 0, 2);
}

static void ipv6_and_the_wildcard(void **state)
{
	union addr six = { .byte = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } }, any = { { 0 } };
	assert_int_equal(names_want_host(*state, AF_INET6, &six), 0);
	assert_int_equal(names_want_host(*state, AF_INET6, &any), 0);
	assert_int_equal(names_want_host(*state, AF_INET, &any), 0);
	names_resolve(*state, LONG);
	assert_string_equal(names_host(*state, AF_INET6, &six), "six.example");
	assert_null(names_host(*state, AF_INET6, &any)); /* no host: it was not even asked for */
	assert_int_equal(asked[0], 0);
}

/* The dead ones come first, so every thread of the start is stuck before a good name's turn. */
static void the_dead_do_not_stall_the_rest(void **state)
{
	want(*state, DEAD, 1, 40);
	want(*state, GOOD, 40, 1000);
	names_resolve(*state, SHORT);
	assert_nameless(*state, DEAD, 1, 40);
	assert_named(*state, GOOD, 40, 1000);
}

static void a_thousand_dead_names_end_with_a_bounded_number_of_threads(void **state)
{
	want(*state, DEAD, 1, 1001);
	names_resolve(*state, SHORT);
	assert_nameless(*state, DEAD, 1, 1001);
	assert_in_range(most_waiting, 33, 256); /* more than it starts with, not more than it may */
}

/* As -c does: each time some more addresses, and the threads of the last time still stuck. */
static void again_and_again_the_threads_stay_bounded(void **state)
{
	for (unsigned round = 0; round < 4; round++) {
		want(*state, DEAD, round * 300 + 1, round * 300 + 301);
		names_resolve(*state, 300);
	}
	assert_in_range(most_waiting, 33, 256);
	gate_drain();
	want(*state, GOOD, 5000, 5100);
	names_resolve(*state, LONG);
	assert_named(*state, GOOD, 5000, 5100);
	assert_nameless(*state, DEAD, 1, 1201);
}

static void *open_when_stuck(void *so_many)
{
	while (waiting < *(const unsigned *)so_many)
		usleep(1000);
	gate_set(true);
	return NULL;
}

static void answers_that_take_their_time_are_waited_for(void **state)
{
	pthread_t thread;
	unsigned stuck = 20;
	want(*state, LATE, 1, 21);
	assert_int_equal(pthread_create(&thread, NULL, open_when_stuck, &stuck), 0);
	names_resolve(*state, LONG);
	pthread_join(thread, NULL);
	assert_named(*state, LATE, 1, 21);
}

/* The threads of a run that was given up come back in the middle of the next one. */
static void an_answer_from_before_is_not_taken_for_one_of_now(void **state)
{
	pthread_t thread;
	want(*state, LATE, 1, 101);
	names_resolve(*state, 300);
	assert_nameless(*state, LATE, 1, 101);
	unsigned stuck = waiting + 20;
	assert_true(stuck > 20);
	want(*state, LATE, 5001, 5021);
	assert_int_equal(pthread_create(&thread, NULL, open_when_stuck, &stuck), 0);
	names_resolve(*state, LONG);
	pthread_join(thread, NULL);
	assert_nameless(*state, LATE, 1, 101);
	assert_named(*state, LATE, 5001, 5021);
}

#define NAMES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMES(each_address_is_asked_for_once_and_gets_its_own_name),
		NAMES(later_wants_ask_for_the_new_ones_only),
		NAMES(a_name_that_reads_as_an_address_is_none),
		NAMES(ipv6_and_the_wildcard),
		NAMES(the_dead_do_not_stall_the_rest),
		NAMES(a_thousand_dead_names_end_with_a_bounded_number_of_threads),
		NAMES(again_and_again_the_threads_stay_bounded),
		NAMES(answers_that_take_their_time_are_waited_for),
		NAMES(an_answer_from_before_is_not_taken_for_one_of_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
