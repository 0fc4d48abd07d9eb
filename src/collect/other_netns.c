// SPDX-License-Identifier: MIT
/*
 * other_netns.c - the same port in other network namespaces (other_netns.h).
 *
 * Each is entered and asked by netlink. Where that is not allowed, its listeners
 * can be read in the /proc/PID/net of any process that lives there. The kernel
 * writes listeners first: reading ends at the first other socket, however many
 * there are.
 */
#include <sockview/other_netns.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sockview/collect.h>
#include <sockview/cpu_time.h>
#include <sockview/expr.h>
#include <sockview/proto.h>
#include <sockview/sockstat.h>

#include "collect/lines.h"
#include "collect/procnet_inet.h"

enum { LINES_MAX = 65536 }; /* of one file */

/* --- one namespace --- */

struct netns_reading {
	enum proto proto;
	int family;
	uint16_t port;
	uint16_t netns;
	unsigned lines;
	struct table *table;
};

/* What take_netns_line() ends a file with: its first connection, the limit, no memory. */
enum { LISTENERS_END = 1, LINES_END, NO_MEMORY };

static int take_netns_line(void *context, const struct line *line)
{
	struct netns_reading *reading = context;
	struct sock sock = { 0 };
	struct sock_timer timer;
	if (reading->lines++ == LINES_MAX)
		return LINES_END;
	if (!line->whole ||
	    !procnet_inet_parse(line->text, line->len, reading->proto, reading->family, &sock.row, &timer))
		return 0;
	if (!(proto_table[reading->proto].waiting & STATE_BIT(sock.row.state)))
		return proto_listens(reading->proto) ? LISTENERS_END : 0;
	if (sock.row.local_port != reading->port)
		return 0;
	sock.row.netns = reading->netns;
	return table_add(reading->table, &sock) < 0 ? NO_MEMORY : 0;
}

static int read_place(struct elsewhere *elsewhere, int proc_fd, const struct netns *place,
                      struct netns_reading *reading)
{
	for (int six = 0; six < 2; six++) {
		reading->family = six ? AF_INET6 : AF_INET;
		const char *file = proto_table[reading->proto].file[six];
		struct error ignored;
		char folder[32], path[64];
		uint32_t count;
		snprintf(folder, sizeof(folder), "%d/net/", place->pid);
		/* Without a socket in use the kernel need not walk its whole table to say that there is no listener. */
		bool none = sockstat_in_use(proc_fd, folder, reading->proto, reading->family, &count) && !count;
		if (!file || none)
			continue;
		snprintf(path, sizeof(path), "%s%s", folder, file);
		int fd = lines_open(proc_fd, path, &ignored);
		if (fd < 0)
			continue;
		reading->lines = 0;
		int answer = lines_read(fd, path, take_netns_line, reading, &ignored);
		close(fd);
		if (answer == NO_MEMORY)
			return -1;
		elsewhere->cut += answer == LINES_END;
	}
	return 0;
}

/* --- those that can be entered --- */

struct netns_asking {
	struct elsewhere *elsewhere;
	struct table *table;
	struct query query;
	uint16_t port;
	size_t index;
	unsigned absent; /* of struct sources */
};

static int take_netns_sock(void *context, const struct sock *sock)
{
	struct netns_asking *asking = context;
	struct sock there = *sock;
	/* Nothing but the port was asked for, but the kernel may ignore a filter. */
	if (sock->row.local_port != asking->port)
		return 0;
	there.row.netns = (uint16_t)asking->index;
	return table_add(asking->table, &there);
}

static size_t netns_mark(const void *context)
{
	return ((const struct netns_asking *)context)->table->count;
}

static void netns_rewind(void *context, size_t mark)
{
	table_truncate(((struct netns_asking *)context)->table, mark);
}

/* In the namespace. One whose kernel part is missing is read below /proc as those that cannot be entered. */
static int ask_in_netns(void *context, size_t index, int number)
{
	struct netns_asking *asking = context;
	struct source_request request = {
		.query = &asking->query,
		.sink = take_netns_sock,
		.context = asking,
		.mark = netns_mark,
		.rewind = netns_rewind,
	};
	struct report report = { 0 };
	struct error ignored;
	asking->elsewhere->entered[index] = !index || number == ESRCH;
	if (!index || number)
		return 0;
	asking->index = index;
	struct wire *wire = wire_kernel();
	struct sources sources = { .from = SOURCE_NETLINK, .wire = wire, .proc_net_fd = -1, .absent = &asking->absent };
	if (!wire)
		return 0;
	errno = 0;
	int answer = collect_sockets(&sources, &request, &report, &ignored);
	wire_close(wire);
	if (answer < 0 && errno == ENOMEM)
		return -1;
	asking->elsewhere->entered[index] = answer == 0 && !report.unavailable && !report.lost;
	return 0;
}

/* What listens on the port, of both families. */
static int make_query(struct query *query, struct expr *expr, enum proto proto, uint16_t port)
{
	struct expr_range range = { port, port };
	struct expr_node node = { .kind = EXPR_HOST, .end = EXPR_LOCAL, .family = AF_UNSPEC };
	*query = (struct query){ .protos = PROTO_BIT(proto), .inet = true, .inet6 = true, .expr = expr };
	query->states[proto] = proto_table[proto].waiting;
	if (expr_init(expr) < 0 || expr_keep_ranges(expr, &range, 1, &node.ranges) < 0)
		return -1;
	expr->root = expr_add(expr, &node);
	return expr->root == EXPR_FAILED ? -1 : 0;
}

static int enter_all(struct elsewhere *elsewhere, int proc_fd, enum proto proto, uint16_t port, struct table *table)
{
	struct netns_asking asking = { .elsewhere = elsewhere, .table = table, .port = port };
	struct expr expr;
	int answer = make_query(&asking.query, &expr, proto, port);
	if (answer == 0)
		answer = netns_visit(&elsewhere->list, NULL, proc_fd, ask_in_netns, &asking);
	expr_free(&expr);
	return answer;
}

/* --- all of them --- */

/* The kernel walks all its buckets for each file: some 20 ms, where an answer to a request takes 50 us. */
static int read_others(struct elsewhere *elsewhere, int proc_fd, struct netns_reading *reading)
{
	int64_t end = cpu_time_ms() + NETNS_CPU_MAX_MS;
	for (size_t i = 1; i < elsewhere->list.count; i++) {
		if (elsewhere->entered[i])
			continue;
		reading->netns = (uint16_t)i;
		if (!elsewhere->list.item[i].pid || cpu_time_ms() >= end)
			elsewhere->not_looked++;
		else if (read_place(elsewhere, proc_fd, &elsewhere->list.item[i], reading) < 0)
			return -1;
	}
	return 0;
}

/* Names of containers, as they are on the machine whose processes are seen. */
static int root_of(int proc_fd)
{
	return openat(proc_fd, "self/root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int elsewhere_find(struct elsewhere *elsewhere, int proc_fd, enum proto proto, uint16_t port, struct table *table)
{
	struct netns_reading reading = { .proto = proto, .port = port, .table = table };
	size_t before = table->count;
	/* Another /proc than a live one has no others to tell of. */
	if (netns_list_read(&elsewhere->list, proc_fd) < 0)
		return errno == ENOMEM ? -1 : 0;
	elsewhere->entered = calloc(elsewhere->list.count + 1, sizeof(*elsewhere->entered));
	if (!elsewhere->entered)
		return -1;
	/* Without a thread to enter them, they are read from outside. */
	if (elsewhere->list.count > 1 && enter_all(elsewhere, proc_fd, proto, port, table) < 0 && errno == ENOMEM)
		return -1;
	if (read_others(elsewhere, proc_fd, &reading) < 0)
		return -1;
	return table->count > before ? netns_list_label(&elsewhere->list, proc_fd, root_of(proc_fd)) : 0;
}

void elsewhere_free(struct elsewhere *elsewhere)
{
	netns_list_free(&elsewhere->list);
	free(elsewhere->entered);
	*elsewhere = (struct elsewhere){ 0 };
}
