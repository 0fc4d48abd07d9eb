// SPDX-License-Identifier: MIT
/* What --explain reads of the kernel: lists of ports, fdinfo. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockview/countof.h>

#include "evidence/flight.h"
#include "explain/facts.h"
#include <sockview/socket_unit.h>

static void test_ports(void **state)
{
	(void)state;
	static const char list[] = "80,1000-1500,1999,9000-9010\n";

	assert_true(port_list_has(list, sizeof(list) - 1, 80));
	assert_true(port_list_has(list, sizeof(list) - 1, 1500));
	assert_false(port_list_has(list, sizeof(list) - 1, 1501));
	assert_true(port_list_has(list, sizeof(list) - 1, 9010));
	assert_int_equal(port_list_count(list, sizeof(list) - 1, 1400, 9001), 101 + 1 + 2);
	assert_int_equal(port_list_count("\n", 1, 0, 65535), 0);
	assert_int_equal(port_list_count("5-", 2, 0, 65535), 0);
	assert_false(port_list_has("x,80", 4, 80));
}

static void test_socket_units(void **state)
{
	(void)state;
	static const struct {
		const char *said, *unit; /* NULL: none, or not one alone */
	} cases[] = {
		{ "Listen=0.0.0.0:8080 (Stream)\nId=web.socket\n", "web.socket" },
		{ "Id=web.socket\nListen=/run/x (Stream)\nListen=[::]:8080 (Stream)\n\nId=b.socket\n", "web.socket" },
		{ "Id=a.socket\nListen=[::]:80 (Stream)\n\nId=web.socket\nListen=[::]:8080 (Stream)", "web.socket" },
		{ "Id=a.socket\nListen=[::]:18080 (Stream)\n", NULL },
		{ "Id=a.socket\nListen=[::]:8080 (Datagram)\n", NULL },
		{ "Id=a.socket\nListen=[::]:8080 (Stream)\n\nId=b.socket\nListen=1.2.3.4:8080 (Stream)\n", NULL },
		{ "Id=a.service\nListen=[::]:8080 (Stream)\n", NULL },
		{ "Id=a b.socket\nListen=[::]:8080 (Stream)\n", NULL },
		{ "Id=-b.socket\nListen=[::]:8080 (Stream)\n", NULL },
		{ "Id=$(reboot).socket\nListen=[::]:8080 (Stream)\n", NULL },
		{ "Listen=[::]:8080 (Stream)\n\nId=a.socket\n", NULL },
		{ "", NULL },
		{ "\n\n\n", NULL },
	};
	for (size_t i = 0; i < countof(cases); i++) {
		char name[SOCKET_UNIT_MAX] = "";
		bool found = socket_unit_read(cases[i].said, PROTO_TCP, 8080, name);
		assert_int_equal(found, cases[i].unit != NULL);
		if (found)
			assert_string_equal(name, cases[i].unit);
	}
}

static void test_flight(void **state)
{
	(void)state;
	static const char info[] = "pos:\t0\nflags:\t02\nscm_fds: 2\n";
	static const char ring[] =
		"UserFiles:\t2\n    0: socket:[4711]\n    1: /dev/null\n    2: socket:[12]\n socket:[";
	const char *at = ring, *end = ring + sizeof(ring) - 1;

	assert_int_equal(flight_scm_fds(info, sizeof(info) - 1), 2);
	assert_int_equal(flight_scm_fds("scm_fds:\t0\n", 11), 0);
	assert_int_equal(flight_scm_fds("pos:\t0\n", 7), 0);
	assert_int_equal(flight_next_socket(&at, end), 4711);
	assert_int_equal(flight_next_socket(&at, end), 12);
	assert_int_equal(flight_next_socket(&at, end), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_flight),
		cmocka_unit_test(test_socket_units),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
