// SPDX-License-Identifier: MIT
/*
 * host_numbers.c - /proc/net/sockstat and the limits of /proc/sys/net/ipv4 (host_numbers.h).
 *
 * sockstat's inuse and tw are the network namespace's; orphan, alloc and mem
 * are counted once for the whole host (net/ipv4/proc.c, sockstat_seq_show).
 * The limits of these have no file in a namespace other than the first
 * (net/ipv4/sysctl_net_ipv4.c, ipv4_table).
 */
#include <sockview/host_numbers.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/file.h>

static const struct {
	bool net; /* a file of /proc/net */
	const char *path;
	const char *line; /* it begins so; "": the first */
	const char *word; /* the number stands behind it; NULL: it is the `field`th */
	unsigned field;
} host_files[HOST_NUMBERS] = {
	[HOST_TCP_ALLOCATED] = { true, "sockstat", "\nTCP: ", " alloc ", 0 },
	[HOST_ORPHANS] = { true, "sockstat", "\nTCP: ", " orphan ", 0 },
	[HOST_TCP_PAGES] = { true, "sockstat", "\nTCP: ", " mem ", 0 },
	[HOST_UDP_PAGES] = { true, "sockstat", "\nUDP: ", " mem ", 0 },
	[HOST_ORPHANS_MAX] = { false, "sys/net/ipv4/tcp_max_orphans", "", NULL, 0 },
	[HOST_TIME_WAIT_MAX] = { false, "sys/net/ipv4/tcp_max_tw_buckets", "", NULL, 0 },
	[HOST_TCP_PAGES_PRESSURE] = { false, "sys/net/ipv4/tcp_mem", "", NULL, 1 },
	[HOST_TCP_PAGES_MAX] = { false, "sys/net/ipv4/tcp_mem", "", NULL, 2 },
	[HOST_UDP_PAGES_MAX] = { false, "sys/net/ipv4/udp_mem", "", NULL, 2 },
	[HOST_PORT_FIRST] = { false, "sys/net/ipv4/ip_local_port_range", "", NULL, 0 },
	[HOST_PORT_LAST] = { false, "sys/net/ipv4/ip_local_port_range", "", NULL, 1 },
};

/* Where the number begins; NULL if there is none. */
static const char *host_number_at(const char *text, const char *line, const char *word, unsigned field)
{
	const char *at = strstr(text, line), *end = at ? strchr(at + strlen(line), '\n') : NULL;
	if (!at)
		return NULL;
	if (word) {
		at = strstr(at, word);
		return at && (!end || at < end) ? at + strlen(word) : NULL;
	}
	for (; field && at; field--)
		at = strchr(at, '\t') ? strchr(at, '\t') + 1 : NULL;
	return at;
}

void host_numbers_read(struct host_numbers *numbers, int proc_fd, int proc_net_fd)
{
	*numbers = (struct host_numbers){ .page_size = (uint64_t)sysconf(_SC_PAGESIZE) };
	for (unsigned i = 0; i < HOST_NUMBERS; i++) {
		char text[1024];
		int dir = host_files[i].net ? proc_net_fd : proc_fd;
		if (dir < 0)
			continue;
		file_read_string(dir, host_files[i].path, text, sizeof(text));
		const char *at = host_number_at(text, host_files[i].line, host_files[i].word, host_files[i].field);
		char *end;
		if (!at)
			continue;
		numbers->value[i] = strtoull(at, &end, 10);
		numbers->known[i] = end > at;
	}
}

bool host_counter(const char *text, const char *name, uint64_t *value)
{
	const char *numbers = strchr(text, '\n');
	size_t len = strlen(name);
	if (!numbers)
		return false;
	for (const char *at = text; *at && *at != '\n'; at++) {
		at += strcspn(at, " \n");
		numbers += strcspn(numbers + 1, " \n") + 1;
		if (*at != ' ' || *numbers != ' ')
			return false;
		if (strncmp(at + 1, name, len) == 0 && (at[1 + len] == ' ' || at[1 + len] == '\n')) {
			*value = strtoull(numbers + 1, NULL, 10);
			return true;
		}
	}
	return false;
}
