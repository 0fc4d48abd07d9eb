// SPDX-License-Identifier: MIT
/*
 * connect.c - --connect: the stages of a connection, one after the other (sockview/connect.h).
 *
 *   name -> route -> source -> ephemeral -> output -> neighbour -> listener -> queue -> input
 *                                                               \-> remote
 *
 * A name may have several addresses, and a program tries one after the other: the
 * answer is that of the first that works, else of the first that is not known to
 * fail, else of the first.
 */
#include <sockview/connect.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/cgroup.h>
#include <sockview/countof.h>
#include <sockview/error.h>
#include <sockview/file.h>
#include <sockview/packet.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

#include "exposure/bpf_attached.h"
#include "exposure/connect_parts.h"
#include "exposure/connect_route.h"

/* --- sentences --- */

void connect_say(struct connect *connect, const char *format, ...)
{
	va_list list;
	char *text = NULL;
	va_start(list, format);
	int len = vasprintf(&text, format, list);
	va_end(list);
	char **item = len < 0 ? NULL : vec_push(connect->evidence, connect->evidence_count, connect->evidence_capacity);
	if (item)
		*item = text;
	else if (len >= 0)
		free(text);
	connect->no_memory |= !item;
}

bool connect_end_set(struct connect_end *end, enum connect_verdict verdict, enum stage stage, int number)
{
	if (end->verdict == CONNECT_FAILS || (end->verdict == CONNECT_UNKNOWN && verdict == CONNECT_UNKNOWN))
		return false;
	end->verdict = verdict;
	end->stage = stage;
	end->number = number;
	end->headline[0] = end->advice[0] = '\0';
	return true;
}

void connect_place(char *text, const union addr *addr, int family, uint16_t port)
{
	bool six = family == AF_INET6;
	*text = '[';
	char *at = addr_text(text + six, addr, family, false);
	sprintf(at, "%s:%u", six ? "]" : "", port);
}

/* --- the target --- */

/*
 * An IPv4 address in an IPv6 one is connected to by IPv4 (tcp_v6_connect()). 0.0.0.0 and :: are this host
 * (ip_route_output_key_hash_rcu(), tcp_v6_connect()).
 */
static int add_end(struct connect *connect, int family, const union addr *typed, uint32_t ifindex)
{
	static const union addr four = { .byte = { 127, 0, 0, 1 } }, six = { .byte = { [15] = 1 } };
	bool mapped = family == AF_INET6 && addr_is_mapped(typed);
	union addr addr = mapped ? addr_unmapped(typed) : *typed;
	if (mapped)
		family = AF_INET;
	if (addr_is_any(&addr, false))
		addr = family == AF_INET ? four : six;
	if (connect->options.family != AF_UNSPEC && connect->options.family != family)
		return 0;
	if (connect->ends == ENDS_MAX) {
		connect->ends_left_out++;
		return 0;
	}
	struct connect_end *end = &connect->end[connect->ends++];
	*end = (struct connect_end){ .addr = addr, .family = (uint8_t)family, .ifindex = ifindex };
	end->used = calloc(PORT_WORDS, sizeof(*end->used));
	return end->used ? 0 : -1;
}

/* getaddrinfo(3) puts them in the order in which a program should try them. */
static int find_host(struct connect *connect)
{
	struct addrinfo hints = { .ai_family = connect->options.family, .ai_socktype = SOCK_STREAM }, *list;
	connect->name_error = getaddrinfo(connect->host, NULL, &hints, &list);
	connect->name_errno = errno;
	if (connect->name_error)
		return connect->name_error == EAI_MEMORY ? -1 : 0;
	int answer = 0;
	for (const struct addrinfo *info = list; info && answer == 0; info = info->ai_next) {
		union addr addr = { .word = { 0 } };
		if (info->ai_family == AF_INET)
			memcpy(&addr, &((const struct sockaddr_in *)(const void *)info->ai_addr)->sin_addr, 4);
		else
			memcpy(&addr, &((const struct sockaddr_in6 *)(const void *)info->ai_addr)->sin6_addr, 16);
		answer = add_end(connect, info->ai_family, &addr, 0);
	}
	freeaddrinfo(list);
	return answer;
}

static int add_addresses(struct connect *connect, const struct typed_target *target)
{
	static const union addr any;
	if (!target->address_count)
		return add_end(connect, AF_INET, &any, 0) | add_end(connect, AF_INET6, &any, 0);
	int answer = 0;
	for (size_t i = 0; i < target->address_count; i++)
		answer |= add_end(connect, target->address[i].family, &target->address[i].addr, target->ifindex);
	return answer;
}

static const char *wrong_target(const struct typed_target *target, unsigned protos)
{
	if (!target->port_count)
		return "a port is missing, as in 192.0.2.7:80";
	if (target->port_count > 1 || target->port[0].low != target->port[0].high || !target->port[0].low)
		return "one port, not a range or a list";
	for (size_t i = 0; i < target->address_count; i++)
		if (target->address[i].prefix_len != (target->address[i].family == AF_INET ? 32 : 128))
			return "one address, not a network";
	if (protos & ~(PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP)) || (protos & (protos - 1)))
		return "a port of TCP or of UDP";
	return NULL;
}

/* 0; -1 with a line in `problem`, or with errno. */
static int take_place(struct connect *connect, const struct typed_target *target, char *problem)
{
	unsigned protos = target->protos            ? target->protos
	                  : connect->options.protos ? connect->options.protos
	                                            : PROTO_BIT(PROTO_TCP);
	const char *why = wrong_target(target, protos);
	if (why)
		return problem_set(problem, CONNECT_PROBLEM_MAX, "--connect: %s", why);
	connect->proto = proto_next(protos, 0);
	connect->port = (uint16_t)target->port[0].low;
	if (target->family != AF_UNSPEC)
		connect->options.family = target->family;
	if (add_addresses(connect, target) < 0)
		return -1;
	if (!connect->ends)
		return problem_set(problem, CONNECT_PROBLEM_MAX, "--connect: the target has no address of that family");
	return 0;
}

static int read_target(struct connect *connect, char *problem)
{
	const char *text = connect->options.target;
	size_t len = strlen(text), host_len;
	struct typed_target target = { 0 };
	struct filter_error error = { 0 };
	int answer = typed_target_read(&target, text, len, connect->options.lookup, connect->options.family, &error);
	if (answer == 0 && target.kind == TYPED_PLACE) {
		answer = take_place(connect, &target, problem);
	} else if (typed_host_and_port(text, len, &connect->port, &host_len)) {
		connect->proto = connect->options.protos == PROTO_BIT(PROTO_UDP) ? PROTO_UDP : PROTO_TCP;
		connect->host = strndup(text, host_len);
		answer = connect->host ? find_host(connect) : -1;
	} else {
		answer = problem_set(problem, CONNECT_PROBLEM_MAX, "--connect: %s",
		                     *error.what ? error.what : "no port, as in 192.0.2.7:80 or [::1]:80");
	}
	typed_target_free(&target);
	return answer;
}

struct connect *connect_new(const struct connect_options *options, char problem[CONNECT_PROBLEM_MAX])
{
	struct connect *connect = calloc(1, sizeof(*connect));
	*problem = '\0';
	if (!connect)
		return NULL;
	connect->options = *options;
	if (read_target(connect, problem) < 0) {
		int number = errno;
		connect_free(connect);
		errno = number;
		return NULL;
	}
	if (connect->proto == PROTO_UDP && options->probe) {
		problem_set(problem, CONNECT_PROBLEM_MAX,
		            "--probe=connect tries TCP alone: UDP has no connection to try");
		connect_free(connect);
		return NULL;
	}
	for (size_t i = 0; i < connect->ends; i++)
		connect_find_route(connect, &connect->end[i]);
	return connect;
}

void connect_free(struct connect *connect)
{
	if (!connect)
		return;
	for (size_t i = 0; i < ENDS_MAX; i++)
		free(connect->end[i].used);
	for (size_t i = 0; i < connect->evidence_count; i++)
		free(connect->evidence[i]);
	free(connect->evidence);
	free(connect->host);
	ruleset_free(connect->ruleset);
	cgroups_free(connect->cgroups);
	ways_free(&connect->ways);
	free(connect);
}

/* --- its sockets --- */

void connect_query(const struct connect *connect, struct query *query)
{
	*query = (struct query){ .protos = PROTO_BIT(connect->proto), .inet = true, .inet6 = true };
	query->states[connect->proto] = connect->proto == PROTO_TCP ? STATE_ALL : proto_table[connect->proto].waiting;
	query->want = WANT_TIMER | WANT_EXTRA;
}

/*
 * inet_hashtables.c, __inet_hash_connect(): a port that a socket was bound to is
 * not chosen, nor one whose connection has the same other three parts.
 */
static void count_port(struct connect_end *end, const struct row *row, uint16_t port)
{
	bool mapped = row->flags & ROW_REMOTE_MAPPED;
	union addr remote = mapped ? addr_unmapped(&row->remote) : row->remote;
	union addr local = mapped ? addr_unmapped(&row->local) : row->local;
	bool bound = row->state == STATE_LISTEN || row->state == STATE_BOUND;
	if (!bound && (row->remote_port != port || (mapped ? AF_INET : row->family) != end->family ||
	               memcmp(&remote, &end->addr, sizeof(remote)) ||
	               (end->has_source && memcmp(&local, &end->source, sizeof(local)))))
		return;
	uint64_t *word = &end->used[row->local_port / 64], bit = 1ull << (row->local_port % 64);
	end->time_wait += row->state == STATE_TIME_WAIT && !(*word & bit);
	*word |= bit;
}

bool connect_wants(struct connect *connect, const struct row *row)
{
	if (row->proto != connect->proto)
		return false;
	if (row->state == STATE_LISTEN)
		connect->listening[row->local_port / 64] |= 1ull << (row->local_port % 64);
	for (size_t i = 0; i < connect->ends && row->proto == PROTO_TCP; i++)
		count_port(&connect->end[i], row, connect->port);
	bool waits = row->local_port == connect->port &&
	             (proto_table[row->proto].waiting & STATE_BIT(row->state) || row->state == STATE_BOUND);
	return waits || row->remote_port == connect->port;
}

bool connect_looks_elsewhere(const struct connect *connect, enum proto *proto, uint16_t *port)
{
	*proto = connect->proto;
	*port = connect->port;
	for (size_t i = 0; i < connect->ends; i++)
		if (connect->end[i].is_local)
			return true;
	return false;
}

/* --- ephemeral ports --- */

static bool port_is_reserved(const char *list, unsigned port)
{
	for (const char *at = list; at && *at;) {
		char *end;
		unsigned long low = strtoul(at, &end, 10), high = low;
		if (end == at)
			return false;
		if (*end == '-')
			high = strtoul(end + 1, &end, 10);
		if (port >= low && port <= high)
			return true;
		at = *end == ',' ? end + 1 : NULL;
	}
	return false;
}

/* net.ipv4.tcp_tw_reuse: 1 for all, 2 for loopback alone, once a second has passed since. */
static bool time_wait_is_reused(const struct connect *connect, const struct connect_end *end)
{
	char text[16];
	if (file_read_string(connect->options.proc_fd, "sys/net/ipv4/tcp_tw_reuse", text, sizeof(text)) < 0)
		return false;
	bool loopback = end->family == AF_INET ? end->addr.byte[0] == 127 : end->is_local;
	return *text == '1' || (*text == '2' && loopback);
}

static void find_room(struct connect *connect, struct connect_end *end)
{
	struct text reserved = { 0 };
	uint16_t low, high;
	unsigned room = 0, used = 0;
	if (connect->options.lookup->local_ports(connect->options.lookup, &low, &high) < 0)
		return;
	bool known = file_read_text(connect->options.proc_fd, "sys/net/ipv4/ip_local_reserved_ports", 1 << 20,
	                            &reserved) == 0;
	for (unsigned port = low; port <= high; port++) {
		if (known && port_is_reserved(reserved.data, port))
			continue;
		room++;
		used += (unsigned)(end->used[port / 64] >> (port % 64) & 1);
	}
	text_free(&reserved);
	if (used < room)
		return;
	char place[CONNECT_PLACE_MAX];
	connect_place(place, &end->addr, end->family, connect->port);
	connect_say(connect, "all %u local ports of %u-%u are in use towards %s, %u of them in TIME_WAIT", room, low,
	            high, place, end->time_wait);
	bool reuse = end->time_wait && time_wait_is_reused(connect, end);
	if (!connect_end_set(end, reuse ? CONNECT_UNKNOWN : CONNECT_FAILS, STAGE_EPHEMERAL, reuse ? 0 : EADDRNOTAVAIL))
		return;
	snprintf(end->headline, sizeof(end->headline), "no local port is left for a connection to %s", place);
	snprintf(end->advice, sizeof(end->advice),
	         "reuse connections, or widen net.ipv4.ip_local_port_range; who uses them: "
	         "sockview -tan --group-by program dst %s",
	         place);
}

/* --- the order of stages --- */

/* Without connection tracking nothing is translated: net/netfilter/nf_conntrack_standalone.c makes the file. */
static bool conntrack_absent(int proc_fd)
{
	struct stat status;
	return fstatat(proc_fd, "sys/net/netfilter/nf_conntrack_count", &status, 0) < 0 && errno == ENOENT &&
	       fstatat(proc_fd, "sys/net/ipv4", &status, 0) == 0;
}

static void judge_end(struct connect *connect, struct connect_end *end)
{
	if (end->verdict == CONNECT_FAILS)
		return;
	if (connect->proto == PROTO_UDP) {
		int programs = cgroup_programs_here(connect->cgroups, connect->options.proc_fd,
		                                    CGROUP_CONNECT | CGROUP_SENDMSG, end->family);
		if (programs)
			connect_say(connect,
			            "%s they may refuse it or send it elsewhere: BPF programs of this cgroup at "
			            "connect() and sendto()",
			            programs > 0 ? "not read, and"
			                         : "it could not be asked whether there are any, and");
		connect_say(connect, "UDP has no connection: whether an answer would come is not told");
		if (connect_end_set(end, CONNECT_UNKNOWN, STAGE_REMOTE, 0))
			snprintf(end->headline, sizeof(end->headline),
			         "there is a route and a source address; UDP tells no more");
		return;
	}
	find_room(connect, end);
	connect_run_rules(connect, end);
	connect_find_neighbour(connect, end);
	if (end->is_local)
		connect_find_listener(connect, end);
	else
		connect_look_remote(connect, end);
}

static void choose_end(struct connect *connect)
{
	static const enum connect_verdict order[] = { CONNECT_WORKS, CONNECT_UNKNOWN, CONNECT_FAILS };
	connect->chosen = NULL;
	for (size_t v = 0; v < countof(order); v++)
		for (size_t i = 0; i < connect->ends && !connect->chosen; i++)
			if (connect->end[i].verdict == order[v])
				connect->chosen = &connect->end[i];
}

int connect_judge(struct connect *connect, const struct connect_facts *facts)
{
	connect->facts = *facts;
	connect->conntrack_is_absent = conntrack_absent(connect->options.proc_fd);
	if (connect->ends && ways_read(&connect->ways) < 0)
		return -1;
	connect->cgroups = cgroups_open(connect->options.proc_fd, true);
	if (connect->cgroups)
		cgroups_look(connect->cgroups);
	connect->ruleset = ruleset_read(connect->options.proc_fd);
	if (!connect->ruleset)
		return -1;
	ways_join_below(&connect->ways, connect->ruleset);
	for (size_t i = 0; i < connect->ends; i++) {
		struct connect_end *end = &connect->end[i];
		judge_end(connect, end);
		if (connect->options.probe)
			connect_try(connect, end);
		if (connect->options.probe && end->verdict == CONNECT_WORKS)
			break;
	}
	if (connect->ends_left_out)
		connect_say(connect, "%zu more addresses of the name were not looked at", connect->ends_left_out);
	choose_end(connect);
	errno = ENOMEM;
	return connect->no_memory ? -1 : 0;
}

enum connect_verdict connect_verdict(const struct connect *connect)
{
	return connect->chosen ? connect->chosen->verdict : CONNECT_FAILS;
}
