// SPDX-License-Identifier: MIT
/*
 * fuzz_explain.c - what --explain reads of the kernel and of the command line.
 *
 * The first byte chooses the parser, the rest is its input, from a buffer of
 * its exact size: a target, a list
 * of ports, the text of an fdinfo file.
 */
#include <linux/netlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "evidence/flight.h"
#include "explain/facts.h"
#include "explain/explain_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void read_ports(const char *text, size_t size)
{
	unsigned count = port_list_count(text, size, 1000, 1999);

	if (port_list_has(text, size, 1500))
		check(count > 0);
}

static void read_info(const char *text, size_t size)
{
	const char *at = text;

	flight_scm_fds(text, size);
	while (flight_next_socket(&at, text + size))
		check(at <= text + size);
}

static void read_target(const char *text, size_t size)
{
	struct target target;
	char problem[EXPLAIN_PROBLEM_MAX] = "";
	char *word = strndup(text, size);

	if (target_parse(&target, word, PROTO_COUNT, AF_UNSPEC, problem) == 0)
		check(target.port && target.proto <= PROTO_UDPLITE);
	else
		check(*problem);
	free(word);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	size_t len = size - 1;
	char *exact = malloc(len ? len : 1);
	check(exact);
	memcpy(exact, data + 1, len);
	switch (data[0] % 4) {
	case 1:
		read_target(exact, len);
		break;
	case 2:
		read_ports(exact, len);
		break;
	case 3:
		read_info(exact, len);
		break;
	}
	free(exact);
	return 0;
}
