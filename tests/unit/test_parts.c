// SPDX-License-Identifier: MIT
/* Where a dump is cut into parts by ports. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockview/countof.h>

#include "collect/parts.h"

enum { ROWS = 1000 };

struct ports {
	uint16_t local[ROWS], remote[ROWS];
};

/* Ports from `low` on, `count` different ones, in no order. */
static void spread(uint16_t port[ROWS], unsigned low, unsigned count)
{
	for (unsigned i = 0; i < ROWS; i++)
		port[i] = (uint16_t)(low + i * 7919 % count);
}

/* How many of the rows are in the largest part; every row is in one. */
static size_t largest(const struct ports *ports, const struct parts_cut *cut)
{
	size_t rows[PARTS_MAX] = { 0 }, most = 0;
	assert_int_equal(cut->from[0], 0);
	for (unsigned i = 1; i < cut->count; i++)
		assert_true(cut->from[i] > cut->from[i - 1]);
	for (size_t i = 0; i < ROWS; i++) {
		uint16_t port = cut->remote ? ports->remote[i] : ports->local[i];
		unsigned part = cut->count - 1;
		while (port < cut->from[part])
			part--;
		rows[part]++;
	}
	for (unsigned i = 0; i < cut->count; i++) {
		assert_true(rows[i] > 0);
		most = rows[i] > most ? rows[i] : most;
	}
	return most;
}

static void choose(const struct ports *ports, unsigned wanted, bool any, struct parts_cut *cut)
{
	struct ports copy = *ports;
	parts_choose(copy.local, copy.remote, ROWS, wanted, any, cut);
}

static void clients_are_cut_by_local_ports(void **state)
{
	(void)state;
	struct ports ports;
	struct parts_cut cut;
	spread(ports.local, 32768, 900);
	spread(ports.remote, 443, 1);
	for (unsigned wanted = 2; wanted <= PARTS_MAX; wanted++) {
		choose(&ports, wanted, false, &cut);
		assert_false(cut.remote);
		assert_int_equal(cut.count, wanted);
		assert_in_range(largest(&ports, &cut), ROWS / wanted, ROWS / wanted + 4);
	}
}

static void servers_are_cut_by_remote_ports(void **state)
{
	(void)state;
	struct ports ports;
	struct parts_cut cut;
	spread(ports.local, 443, 1);
	spread(ports.remote, 1024, 950);
	choose(&ports, 2, false, &cut);
	assert_true(cut.remote);
	assert_int_equal(cut.count, 2);
	assert_in_range(largest(&ports, &cut), 500, 502);
}

/* Both ends of each connection: half have one of few ports, and are not torn apart where it can be helped. */
static void few_ports_are_cut_between_two(void **state)
{
	(void)state;
	struct ports ports;
	struct parts_cut cut;
	spread(ports.local, 32768, 900);
	spread(ports.remote, 443, 1);
	for (size_t i = 0; i < ROWS; i += 2) {
		ports.remote[i] = ports.local[i];
		ports.local[i] = 443;
	}
	choose(&ports, 2, false, &cut);
	assert_int_equal(cut.count, 2);
	assert_int_equal(largest(&ports, &cut), 500);
}

static void without_any_spread_it_is_one_dump(void **state)
{
	(void)state;
	struct ports ports;
	struct parts_cut cut;
	spread(ports.local, 443, 1);
	spread(ports.remote, 80, 1);
	for (int any = 0; any < 2; any++) {
		choose(&ports, 2, any, &cut);
		assert_int_equal(cut.count, 1);
	}
	/* One that stands out. */
	ports.local[17] = 9;
	choose(&ports, 2, false, &cut);
	assert_int_equal(cut.count, 1);
	choose(&ports, 2, true, &cut);
	assert_int_equal(cut.count, 2);
	assert_int_equal(largest(&ports, &cut), ROWS - 1);
}

/* Three quarters of the rows in one part win nothing. */
static void a_lopsided_cut_is_not_worth_it(void **state)
{
	(void)state;
	struct ports ports;
	struct parts_cut cut;
	for (unsigned most = 700; most <= 800; most += 100) {
		spread(ports.remote, 80, 1);
		for (size_t i = 0; i < ROWS; i++)
			ports.local[i] = i < most ? 443 : (uint16_t)(1000 + i);
		choose(&ports, 2, false, &cut);
		assert_int_equal(cut.count, most < 740 ? 2 : 1);
	}
}

static void any_ports_give_parts_that_are_in_order(void **state)
{
	(void)state;
	struct ports ports;
	struct parts_cut cut;
	unsigned seed = 4711;
	for (int turn = 0; turn < 500; turn++) {
		unsigned range = 1u << rand_r(&seed) % 17;
		for (size_t i = 0; i < ROWS; i++) {
			ports.local[i] = (uint16_t)((unsigned)rand_r(&seed) % range);
			ports.remote[i] = (uint16_t)(65535 - (unsigned)rand_r(&seed) % range);
		}
		choose(&ports, 2 + (unsigned)turn % (PARTS_MAX - 1), turn % 2, &cut);
		assert_in_range(cut.count, 1, PARTS_MAX);
		largest(&ports, &cut);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clients_are_cut_by_local_ports),
		cmocka_unit_test(servers_are_cut_by_remote_ports),
		cmocka_unit_test(few_ports_are_cut_between_two),
		cmocka_unit_test(without_any_spread_it_is_one_dump),
		cmocka_unit_test(a_lopsided_cut_is_not_worth_it),
		cmocka_unit_test(any_ports_give_parts_that_are_in_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
