// SPDX-License-Identifier: MIT
/* host_numbers.h - what the kernel counts beside its tables of sockets, and the limits of that. */
#ifndef SOCKVIEW_HOST_NUMBERS_H
#define SOCKVIEW_HOST_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

enum host_number {
	HOST_TCP_ALLOCATED, /* sockets; this and the next three are the whole host's in each network namespace */
	HOST_ORPHANS,
	HOST_TCP_PAGES, /* memory of buffers, in pages */
	HOST_UDP_PAGES,
	HOST_ORPHANS_MAX,
	HOST_TIME_WAIT_MAX,
	HOST_TCP_PAGES_PRESSURE,
	HOST_TCP_PAGES_MAX,
	HOST_UDP_PAGES_MAX,
	HOST_PORT_FIRST, /* the range of ephemeral ports */
	HOST_PORT_LAST,
	HOST_NUMBERS
};

struct host_numbers {
	bool known[HOST_NUMBERS];
	uint64_t value[HOST_NUMBERS];
	uint64_t page_size;
};

/* Each dir may be -1. A number that cannot be read is not known. */
void host_numbers_read(struct host_numbers *numbers, int proc_fd, int proc_net_fd);

/*
 * A counter of this name (snmp_counter.rst) in the text of /proc/net/netstat or
 * /proc/net/snmp: a line of names and one of numbers for each kind. False: it has none.
 */
bool host_counter(const char *text, const char *name, uint64_t *value);

#endif
