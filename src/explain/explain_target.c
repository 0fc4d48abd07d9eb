// SPDX-License-Identifier: MIT
/* explain_target.c - one port, and where it would be bound (explain_target.h). */
#include "explain/explain_target.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sockview/proto.h>
#include <sockview/target.h>

static int target_problem(char problem[EXPLAIN_PROBLEM_MAX], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int target_problem(char problem[EXPLAIN_PROBLEM_MAX], const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(problem, EXPLAIN_PROBLEM_MAX, format, args);
	va_end(args);
	return -1;
}

static int target_take_port(struct target *target, const struct typed_target *typed, const char *text, uint16_t port,
                            char problem[EXPLAIN_PROBLEM_MAX])
{
	target->port = port;
	if (port)
		return 0;
	if (typed->kind == TYPED_WORD)
		return target_problem(problem, "--explain: '%.60s' is neither a port nor a service of /etc/services",
		                      text);
	if (typed->kind != TYPED_PLACE || !typed->port_count)
		return target_problem(
			problem,
			"--explain: a port is missing in '%.60s'; it takes [PROTO:][ADDR:]PORT, as in tcp:127.0.0.1:8080",
			text);
	if (typed->port_count > 1 || typed->port[0].low != typed->port[0].high)
		return target_problem(problem, "--explain: '%.60s' is more than one port", text);
	if (!typed->port[0].low)
		return target_problem(problem,
		                      "--explain: port 0 asks the kernel to choose one: there is nothing to explain");
	target->port = (uint16_t)typed->port[0].low;
	return 0;
}

/* The protocol that was typed; else the one that the options name; else one that has the service. */
static int take_proto(struct target *target, const struct typed_target *typed, const char *text,
                      char problem[EXPLAIN_PROBLEM_MAX])
{
	if (typed->protos && !(target->proto_said && typed->protos & PROTO_BIT(target->proto))) {
		target->proto = (uint8_t)proto_next(typed->protos, 0);
		target->proto_said = true;
	}
	if (!typed->service_protos || typed->service_protos & PROTO_BIT(target->proto))
		return 0;
	if (target->proto_said)
		return target_problem(problem, "--explain: '%.60s' is neither a port nor a service of %s", text,
		                      proto_name(target->proto));
	target->proto = (uint8_t)proto_next(typed->service_protos, 0);
	return 0;
}

static int target_take_address(struct target *target, const struct typed_target *typed, const char *text,
                               char problem[EXPLAIN_PROBLEM_MAX])
{
	const struct typed_address *address = &typed->address[0];
	uint8_t wanted = typed->family != AF_UNSPEC ? (uint8_t)typed->family : target->family;
	target->family = wanted;
	target->ifindex = typed->ifindex;
	if (!typed->address_count)
		return 0;
	if (typed->address_count > 1 || address->prefix_len != (address->family == AF_INET ? 32 : 128))
		return target_problem(problem, "--explain: '%.60s' is more than one address", text);
	if (wanted != AF_UNSPEC && wanted != address->family)
		return target_problem(problem, "--explain: the address of '%.60s' is not an IPv%d address", text,
		                      wanted == AF_INET ? 4 : 6);
	target->family = address->family;
	target->addr = address->addr;
	return 0;
}

int target_parse(struct target *target, const char *text, enum proto proto, int family,
                 char problem[EXPLAIN_PROBLEM_MAX])
{
	return target_parse_port(target, text, proto, family, 0, problem);
}

int target_parse_port(struct target *target, const char *text, enum proto proto, int family, uint16_t port,
                      char problem[EXPLAIN_PROBLEM_MAX])
{
	struct lookup names = lookup_host(-1, false);
	struct typed_target typed;
	struct filter_error error;
	int result;
	*target = (struct target){
		.proto = proto < PROTO_COUNT ? (uint8_t)proto : (uint8_t)proto_next(protos_with(PROTO_DEFAULT), 0),
		.family = (uint8_t)family,
		.proto_said = proto < PROTO_COUNT,
	};
	problem[0] = '\0';
	if (text[0] == '/' || strncmp(text, "unix:", 5) == 0)
		return target_problem(problem,
		                      "--explain is about ports: sockview -xap src '%.60s' tells who has a unix socket",
		                      text[0] == '/' ? text : text + 5);
	if (typed_target_read(&typed, text, strlen(text), &names, family, &error) < 0)
		result = error.what[0] ? target_problem(problem, "--explain: %s; expected %s", error.what,
		                                        error.expected[0] ? error.expected : "one that exists")
		                       : -1;
	else if (target_take_port(target, &typed, text, port, problem) < 0 ||
	         take_proto(target, &typed, text, problem) < 0)
		result = -1;
	else
		result = target_take_address(target, &typed, text, problem);
	typed_target_free(&typed);
	return result;
}
