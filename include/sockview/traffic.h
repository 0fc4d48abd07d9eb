// SPDX-License-Identifier: MIT
/* traffic.h - what the interfaces of this network namespace carry, and which addresses are its own. */
#ifndef SOCKVIEW_TRAFFIC_H
#define SOCKVIEW_TRAFFIC_H

#include <sockview/exchange.h>
#include <sockview/row.h>

/* An interface's counters. */
struct traffic_link {
	uint32_t ifindex;
	uint64_t tx, rx; /* bytes, with the headers */
};

struct traffic_links {
	struct traffic_link *link;
	size_t count, capacity;
	int64_t time_ns;
};

/* Zero-initialised is none; traffic_close(). */
struct traffic {
	struct exchange exchange;
	bool opened;
	struct traffic_links before, now;
	union addr *own; /* IPv4 addresses as ::ffff:a.b.c.d; in order */
	size_t own_count, own_capacity;
};

/*
 * Reads the counters and the addresses. Interfaces whose packets another one
 * carries as well are left out: lo, members of a bridge or a bond, and those on
 * top of another one (VLANs). 0, or -1 with errno.
 */
int traffic_read(struct traffic *traffic, int64_t now_ns);
/* Bytes a second between the last two reads; false before the second. */
bool traffic_rates(const struct traffic *traffic, double *tx, double *rx);
/* Both ends of the connection are this host's: it goes over lo. */
bool traffic_is_local(const struct traffic *traffic, const struct row *row);
void traffic_close(struct traffic *traffic);

#endif
