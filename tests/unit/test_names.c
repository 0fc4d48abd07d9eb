// SPDX-License-Identifier: MIT
/* test_names.c - names against the libc functions that answer one at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <pwd.h>
#include <string.h>

#include <sockview/names.h>

static int setup(void **state)
{
	return (*state = names_new()) ? 0 : -1;
}

static int teardown(void **state)
{
	names_free(*state);
	return 0;
}

static void assert_same(const char *ours, const char *theirs)
{
	if (theirs)
		assert_string_equal(ours, theirs);
	else
		assert_null(ours);
}

/*
 * What the C library says, or `ours` where it cannot say: musl's getservbyport()
 * has a buffer of 32 bytes, two pointers in it, and finds no name of more than 15.
 */
static const char *service_of(unsigned port, const char *protocol, const char *ours)
{
	const struct servent *entry = getservbyport(htons((uint16_t)port), protocol);
#ifndef __GLIBC__
	if (!entry && ours && strlen(ours) > 15)
		return ours;
#else
	(void)ours;
#endif
	return entry ? entry->s_name : NULL;
}

static void every_port_has_the_name_getservbyport_gives(void **state)
{
	for (unsigned port = 0; port <= 65535; port++) {
		const char *ours = names_service(*state, PROTO_TCP, (uint16_t)port);
		assert_same(ours, service_of(port, "tcp", ours));
		ours = names_service(*state, PROTO_UDP, (uint16_t)port);
		assert_same(ours, service_of(port, "udp", ours));
		assert_same(names_service(*state, PROTO_UDPLITE, (uint16_t)port), ours);
	}
}

static void a_raw_socket_has_a_protocol_for_port(void **state)
{
	for (int number = 0; number < 256; number++) {
		const struct protoent *entry = getprotobynumber(number);
		assert_same(names_service(*state, PROTO_RAW, (uint16_t)number), entry ? entry->p_name : NULL);
	}
}

static void unix_sockets_have_no_service(void **state)
{
	assert_null(names_service(*state, PROTO_UNIX, 80));
}

static void users_are_those_of_getpwuid(void **state)
{
	for (int twice = 0; twice < 2; twice++) {
		for (uid_t uid = 0; uid < 200; uid++) {
			const struct passwd *entry = getpwuid(uid);
			assert_same(names_user(*state, uid), entry ? entry->pw_name : NULL);
		}
		assert_string_equal(names_user(*state, 0), "root");
		assert_null(names_user(*state, UINT32_MAX - 1));
	}
}

static void interfaces_are_those_of_the_kernel(void **state)
{
	unsigned loopback = if_nametoindex("lo");
	for (int twice = 0; twice < 2; twice++) {
		assert_string_equal(names_interface(*state, loopback), "lo");
		assert_null(names_interface(*state, 0));
		assert_null(names_interface(*state, 0x7ffffff0));
	}
}

/* Nothing was resolved, so nothing can be known; and no address stands for another. */
static void a_host_is_known_only_once_resolved(void **state)
{
	union addr addr = { .byte = { 192, 0, 2, 1 } };
	assert_null(names_host(*state, AF_INET, &addr));
	for (unsigned i = 0; i < 5000; i++) {
		addr.word[0] = htonl(0xc0000200 + i / 2);
		assert_int_equal(names_want_host(*state, AF_INET, &addr), 0);
	}
	assert_null(names_host(*state, AF_INET, &addr));
}

/* With a deadline of nothing all are given up, and asked for no more, whatever time there is then. */
static void no_time_no_names(void **state)
{
	union addr addr = { .byte = { 127, 0, 0, 1 } };
	assert_int_equal(names_want_host(*state, AF_INET, &addr), 0);
	names_resolve(*state, 0);
	names_resolve(*state, 10000);
	assert_null(names_host(*state, AF_INET, &addr));
}

/* 127.0.0.1 stands in every /etc/hosts as localhost or as this host: ask the libc which. */
static void a_mapped_address_has_the_name_of_its_ipv4(void **state)
{
	union addr mapped = { .byte = { [10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1 } };
	union addr plain = { .byte = { 127, 0, 0, 1 } };
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };
	char name[NI_MAXHOST];
	int error = getnameinfo((struct sockaddr *)&address, sizeof(address), name, sizeof(name), NULL, 0, NI_NAMEREQD);
	assert_int_equal(names_want_host(*state, AF_INET6, &mapped), 0);
	names_resolve(*state, 20000);
	assert_same(names_host(*state, AF_INET6, &mapped), error ? NULL : name);
	assert_same(names_host(*state, AF_INET, &plain), error ? NULL : name);
	assert_null(names_host(*state, AF_INET6, &plain));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_port_has_the_name_getservbyport_gives, setup, teardown),
		cmocka_unit_test_setup_teardown(a_raw_socket_has_a_protocol_for_port, setup, teardown),
		cmocka_unit_test_setup_teardown(unix_sockets_have_no_service, setup, teardown),
		cmocka_unit_test_setup_teardown(users_are_those_of_getpwuid, setup, teardown),
		cmocka_unit_test_setup_teardown(interfaces_are_those_of_the_kernel, setup, teardown),
		cmocka_unit_test_setup_teardown(a_host_is_known_only_once_resolved, setup, teardown),
		cmocka_unit_test_setup_teardown(no_time_no_names, setup, teardown),
		cmocka_unit_test_setup_teardown(a_mapped_address_has_the_name_of_its_ipv4, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
