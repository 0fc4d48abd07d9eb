/*
 * explain_target.c - [PROTO:][ADDR:]PORT (explain_target.h).
 *
 * The port stands behind the last colon, the protocol before the first; an
 * IPv6 address needs brackets: without them its last colon is not told from the port's.
 */
#include "explain/explain_target.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sockview/proto.h>
#include <sockview/text.h>

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

/* Takes "tcp:" off the text; what is left. */
static const char *target_take_proto(struct target *target, const char *text)
{
	size_t len = strcspn(text, ":");
	int family;
	unsigned protos = text[len] ? protos_by_word(text, len, &family) & protos_with(PROTO_PORTS) : 0;
	if (!protos)
		return text;
	target->proto = (uint8_t)proto_next(protos, 0);
	target->proto_said = true;
	if (family != AF_UNSPEC)
		target->family = (uint8_t)family;
	return text + len + 1;
}

static int service_port(struct target *target, const char *name, char problem[EXPLAIN_PROBLEM_MAX])
{
	const struct servent *service = getservbyname(name, proto_table[target->proto].service);
	FOR_EACH_PROTO (proto, service || target->proto_said ? 0 : protos_with(PROTO_DEFAULT)) {
		service = getservbyname(name, proto_table[proto].service);
		target->proto = service ? (uint8_t)proto : target->proto;
		if (service)
			break;
	}
	if (!service)
		return target_problem(problem, "--explain: '%.60s' is neither a port nor a service of /etc/services",
		                      name);
	target->port = ntohs((uint16_t)service->s_port);
	return 0;
}

static int take_port(struct target *target, const char *text, char problem[EXPLAIN_PROBLEM_MAX])
{
	uint64_t port;
	if (!*text)
		return target_problem(
			problem,
			"--explain: a port is missing; it takes [PROTO:][ADDR:]PORT, as in tcp:127.0.0.1:8080");
	if (text_parse_u64(text, strlen(text), UINT16_MAX, &port)) {
		if (port == 0)
			return target_problem(
				problem,
				"--explain: port 0 asks the kernel to choose one: there is nothing to explain");
		target->port = (uint16_t)port;
		return 0;
	}
	if (*text >= '0' && *text <= '9' && strspn(text, "0123456789") == strlen(text))
		return target_problem(problem, "--explain: '%.60s' is not a port: they end at 65535", text);
	return service_port(target, text, problem);
}

/* "fe80::1%eth0": the zone's interface. */
static int target_take_zone(struct target *target, char *address, char problem[EXPLAIN_PROBLEM_MAX])
{
	char *zone = strchr(address, '%');
	uint64_t index;
	if (!zone)
		return 0;
	*zone++ = '\0';
	if (text_parse_u64(zone, strlen(zone), UINT32_MAX, &index))
		target->ifindex = (uint32_t)index;
	else
		target->ifindex = if_nametoindex(zone);
	return target->ifindex ? 0 : target_problem(problem, "--explain: no interface '%.60s'", zone);
}

static int take_address(struct target *target, const char *text, size_t len, char problem[EXPLAIN_PROBLEM_MAX])
{
	char address[128];
	bool brackets = len >= 2 && text[0] == '[' && text[len - 1] == ']';
	uint8_t wanted = target->family;
	if (len >= sizeof(address))
		return target_problem(problem, "--explain: '%.60s...' is not an address", text);
	memcpy(address, text + brackets, len - 2 * brackets);
	address[len - 2 * brackets] = '\0';
	if (target_take_zone(target, address, problem) < 0)
		return -1;
	if (!brackets && (strcmp(address, "*") == 0 || !*address))
		return 0;
	if (!brackets && strchr(address, ':'))
		return target_problem(problem, "--explain: an IPv6 address needs brackets, as in [%.60s]:8080",
		                      address);
	target->family = brackets ? AF_INET6 : AF_INET;
	if (inet_pton(target->family, address, &target->addr) != 1)
		return target_problem(problem, "--explain: '%.60s' is not an IPv%d address", address, brackets ? 6 : 4);
	if (wanted != AF_UNSPEC && wanted != target->family)
		return target_problem(problem, "--explain: '%.60s' is not an IPv%d address", address,
		                      wanted == AF_INET ? 4 : 6);
	return 0;
}

int target_parse(struct target *target, const char *text, enum proto proto, int family,
                 char problem[EXPLAIN_PROBLEM_MAX])
{
	*target = (struct target){
		.proto = proto < PROTO_COUNT ? (uint8_t)proto : (uint8_t)proto_next(protos_with(PROTO_DEFAULT), 0),
		.family = (uint8_t)family,
		.proto_said = proto < PROTO_COUNT,
	};
	const char *rest = target_take_proto(target, text);
	const char *colon = strrchr(rest, ':');

	/* "[::1]" without a port: that colon is the address's. */
	if (colon && strchr(colon, ']'))
		return target_problem(problem, "--explain: a port is missing behind '%.60s'", rest);
	if (!colon)
		return take_port(target, rest, problem);
	if (take_address(target, rest, (size_t)(colon - rest), problem) < 0)
		return -1;
	return take_port(target, colon + 1, problem);
}
