// SPDX-License-Identifier: MIT
/* test_proto.c - the table of protocols against its own promises, the words of the command line, bits of addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netdb.h>

#include <sockview/countof.h>
#include <sockview/proto.h>

static void rows_are_whole(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct row), 72);
	for (unsigned proto = 0; proto < PROTO_COUNT; proto++) {
		const struct proto_info *info = &proto_table[proto];
		bool inet = PROTO_INET_ALL & PROTO_BIT(proto);
		assert_non_null(info->name);
		assert_non_null(info->label);
		assert_non_null(info->help);
		/* SMC: sockets of a family of its own, with the addresses of TCP. */
		assert_int_equal(inet, info->domain == AF_INET || proto == PROTO_SMC);
		assert_true(info->netstat[0] && (!inet || info->netstat[1]));
		assert_true(info->waiting && !(info->waiting & ~info->states));
		assert_true(info->states & info->connected);
		/* All sockets of a family that is shown only if it is named are told without -a. */
		assert_true(!(info->waiting & info->connected) || !(info->connected & ~info->states));
		assert_true(!(info->flags & PROTO_DEFAULT) || !(info->waiting & info->connected));
		assert_int_equal(protos_by_word(info->name, strlen(info->name), NULL), PROTO_BIT(proto));
	}
}

/* /etc/protocols is another's word for the numbers and names; where it is missing, netinet/in.h's was used. */
static void numbers_are_those_of_the_host(void **state)
{
	(void)state;
	FOR_EACH_PROTO (proto, protos_with(PROTO_PORTS)) {
		const struct protoent *entry = getprotobyname(proto_name(proto));
		if (entry)
			assert_int_equal(entry->p_proto, proto_table[proto].number);
	}
}

static void words_name_protocols(void **state)
{
	static const struct {
		const char *word;
		unsigned protos;
		int family;
	} cases[] = {
		{ "tcp", PROTO_BIT(PROTO_TCP), AF_UNSPEC },
		{ "TCP6", PROTO_BIT(PROTO_TCP), AF_INET6 },
		{ "udp4", PROTO_BIT(PROTO_UDP), AF_INET },
		{ "udpl", PROTO_BIT(PROTO_UDPLITE), AF_UNSPEC },
		{ "udpl6", PROTO_BIT(PROTO_UDPLITE), AF_INET6 },
		{ "raw6", PROTO_BIT(PROTO_RAW), AF_INET6 },
		{ "unix", PROTO_BIT(PROTO_UNIX), AF_UNSPEC },
		{ "local", PROTO_BIT(PROTO_UNIX), AF_UNSPEC },
		{ "unix6", 0, AF_UNSPEC },
		{ "tcp66", 0, AF_UNSPEC },
		{ "tcp5", 0, AF_UNSPEC },
		{ "tc", 0, AF_UNSPEC },
		{ "6", 0, AF_UNSPEC },
		{ "", 0, AF_UNSPEC },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		int family = -1;
		assert_int_equal(protos_by_word(cases[i].word, strlen(cases[i].word), &family), cases[i].protos);
		assert_int_equal(family, cases[i].family);
	}
	/* netstat's first field reads back as what it was written for. */
	FOR_EACH_PROTO (proto, PROTO_INET_ALL)
		for (int six = 0; six < 2; six++) {
			const char *word = proto_table[proto].netstat[six];
			int family = -1;
			assert_int_equal(protos_by_word(word, strlen(word), &family), PROTO_BIT(proto));
			assert_int_equal(family, six ? AF_INET6 : AF_UNSPEC);
		}
}

static void words_choose(void **state)
{
	struct proto_choice choice;
	const char *word;
	(void)state;
	for (size_t i = 0; (word = proto_choice_listed(i)); i++)
		assert_true(proto_choose(word, strlen(word), &choice));
	assert_true(proto_choose("IPv6", 4, &choice) && choice.inet6 && !choice.inet && !choice.protos);
	assert_true(proto_choose("all", 3, &choice) && choice.protos == PROTO_ALL && !choice.inet && !choice.inet6);
	assert_true(proto_choose("tcp,udp", 3, &choice) && choice.protos == PROTO_BIT(PROTO_TCP));
	assert_false(proto_choose("tcp6", 4, &choice));
	assert_false(proto_choose("", 0, &choice));
}

static void sets_are_walked_in_order(void **state)
{
	unsigned seen = 0, next = 0;
	(void)state;
	FOR_EACH_PROTO (proto, PROTO_ALL & ~PROTO_BIT(PROTO_UDP)) {
		assert_true(proto >= next);
		next = proto + 1;
		seen |= PROTO_BIT(proto);
	}
	assert_int_equal(seen, PROTO_ALL & ~PROTO_BIT(PROTO_UDP));
	assert_int_equal(proto_next(~0u, PROTO_COUNT), PROTO_COUNT);
	assert_int_equal(protos_domain(PROTO_BIT(PROTO_UNIX)), AF_UNIX);
	assert_int_equal(protos_domain(PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_RAW)), AF_INET);
	assert_int_equal(protos_domain(PROTO_ALL), AF_UNSPEC);
	assert_int_equal(protos_domain(0), AF_UNSPEC);
}

static union addr addr_of(int family, const char *text)
{
	union addr addr = { .word = { 0 } };
	assert_int_equal(inet_pton(family, text, &addr), 1);
	return addr;
}

static void bits_of_addresses(void **state)
{
	union addr mapped = addr_of(AF_INET6, "::ffff:10.1.2.3"), plain = addr_of(AF_INET, "10.1.2.3");
	union addr unmapped = addr_unmapped(&mapped), other = addr_of(AF_INET, "10.1.3.3");
	union addr any = addr_of(AF_INET6, "::"), mapped_any = addr_of(AF_INET6, "::ffff:0.0.0.0");
	union addr one = addr_of(AF_INET6, "::1"), net = addr_of(AF_INET, "10.0.0.0");
	(void)state;
	assert_true(addr_is_mapped(&mapped) && addr_is_mapped(&mapped_any) && !addr_is_mapped(&any) &&
	            !addr_is_mapped(&one));
	assert_memory_equal(&unmapped, &plain, sizeof(plain));
	assert_true(addr_is_any(&any, false) && addr_is_any(&mapped_any, true));
	assert_false(addr_is_any(&mapped_any, false) || addr_is_any(&one, false) || addr_is_any(&mapped, true));
	assert_true(addr_has_prefix(plain.byte, net.byte, 8) && addr_has_prefix(mapped.byte + 12, net.byte, 15));
	assert_false(addr_has_prefix(plain.byte, net.byte, 16));
	assert_true(addr_has_prefix(plain.byte, other.byte, 23) && addr_has_prefix(plain.byte, other.byte, 0));
	assert_false(addr_has_prefix(plain.byte, other.byte, 24) || addr_has_prefix(plain.byte, other.byte, 32));
	assert_true(addr_has_prefix(mapped.byte, mapped.byte, 128));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_whole),           cmocka_unit_test(numbers_are_those_of_the_host),
		cmocka_unit_test(words_name_protocols),     cmocka_unit_test(words_choose),
		cmocka_unit_test(sets_are_walked_in_order), cmocka_unit_test(bits_of_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
