/*
 * other_netns.c - the same port in other network namespaces (other_netns.h).
 *
 * Without entering a namespace, its listeners can be read in the /proc/PID/net
 * of any process that lives there. The kernel writes listeners first: reading
 * ends at the first other socket, however many there are.
 */
#include "explain/other_netns.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/lines.h>
#include <sockview/process_list.h>
#include <sockview/procnet_inet.h>
#include <sockview/proto.h>
#include <sockview/sockstat.h>
#include <sockview/text.h>
#include <sockview/vec.h>

enum {
	PLACES_MAX = 256,  /* containers on a large host; what is left out is counted */
	LINES_MAX = 65536, /* of one file */
};

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

static int read_place(struct elsewhere *elsewhere, int proc_fd, const struct place *place,
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

/* --- all processes --- */

static uint64_t netns_of(int proc_fd, const char *process)
{
	char path[64];
	struct stat status;
	snprintf(path, sizeof(path), "%.32s/ns/net", process);
	return fstatat(proc_fd, path, &status, 0) == 0 ? status.st_ino : 0;
}

static int place_add(struct elsewhere *elsewhere, uint64_t inode, int32_t pid)
{
	for (size_t i = 0; i < elsewhere->places; i++)
		if (elsewhere->place[i].inode == inode)
			return 0;
	if (elsewhere->places == PLACES_MAX) {
		elsewhere->left_out++;
		return 0;
	}
	struct place *place = vec_push(elsewhere->place, elsewhere->places, elsewhere->capacity);
	if (!place)
		return -1;
	*place = (struct place){ inode, pid };
	return 0;
}

static int list_places(struct elsewhere *elsewhere, int proc_fd, const struct process_list *list, uint64_t ours)
{
	int answer = 0;
	for (size_t i = 0; i < list->count && answer == 0; i++) {
		char process[16];
		snprintf(process, sizeof(process), "%d", list->pid[i]);
		uint64_t inode = netns_of(proc_fd, process);
		if (!inode)
			elsewhere->hidden += errno == EACCES || errno == EPERM;
		else if (inode != ours)
			answer = place_add(elsewhere, inode, list->pid[i]);
	}
	return answer;
}

int elsewhere_find(struct elsewhere *elsewhere, int proc_fd, enum proto proto, uint16_t port, struct table *table)
{
	uint64_t ours = netns_of(proc_fd, "self");
	struct netns_reading reading = { .proto = proto, .port = port, .table = table };
	struct process_list list;
	if (!ours)
		return 0;
	int answer = process_list_read(&list, proc_fd);
	if (answer == 0)
		answer = list_places(elsewhere, proc_fd, &list, ours);
	else if (errno != ENOMEM)
		answer = 0;
	process_list_free(&list);
	for (size_t i = 0; i < elsewhere->places && answer == 0; i++) {
		reading.netns = (uint16_t)(i + 1);
		answer = read_place(elsewhere, proc_fd, &elsewhere->place[i], &reading);
	}
	return answer;
}

void elsewhere_free(struct elsewhere *elsewhere)
{
	free(elsewhere->place);
	*elsewhere = (struct elsewhere){ 0 };
}
