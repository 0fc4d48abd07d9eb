// SPDX-License-Identifier: MIT
/*
 * ephemeral.c - how many ephemeral ports the connections to one destination use up (ephemeral.h).
 *
 * connect() needs a local port that no connection with the same three other
 * parts has (net/ipv4/inet_hashtables.c, __inet_hash_connect); when all of the
 * range are in use it fails with EADDRNOTAVAIL, however idle the host is.
 */
#include "explain/ephemeral.h"

#include <stdlib.h>
#include <string.h>

#include <sockview/proto.h>
#include <sockview/vec.h>

enum { ROWS_MAX = 256 }; /* so many of them get rows, whose owners are looked for */

/* Without memory they are not counted; what the port's own sockets say stays. */
static bool ephemeral_add(struct explain *explain, const struct toward *toward)
{
	struct toward *added = vec_push(explain->toward, explain->towards, explain->toward_capacity);
	if (added)
		*added = *toward;
	return added;
}

bool ephemeral_keep(struct explain *explain, const struct row *row)
{
	struct toward toward = {
		.local = row->local,
		.remote = row->remote,
		.local_port = row->local_port,
		.family = row->family,
	};
	return proto_listens(row->proto) && ephemeral_add(explain, &toward) && explain->towards <= ROWS_MAX;
}

/* From 127.0.0.0/8 or from the address it goes to: the other end is here, and is not asked for. */
void ephemeral_keep_reversed(struct explain *explain, const struct row *row)
{
	bool here = memcmp(&row->local, &row->remote, sizeof(row->local)) == 0 ||
	            (row->family == AF_INET && row->remote.byte[0] == 127);
	struct toward toward = {
		.local = row->remote,
		.remote = row->local,
		.local_port = row->remote_port,
		.family = row->family,
	};
	if (here && proto_listens(row->proto) && row->remote_port && !row->netns)
		ephemeral_add(explain, &toward);
}

static int compare_ends(const struct toward *left, const struct toward *right)
{
	int order = memcmp(&left->remote, &right->remote, sizeof(left->remote));
	return order ? order : memcmp(&left->local, &right->local, sizeof(left->local));
}

static int compare_towards(const void *a, const void *b)
{
	const struct toward *left = a, *right = b;
	int order = compare_ends(left, right);
	return order ? order : left->local_port - right->local_port;
}

static bool is_meant(const struct explain *explain, const struct toward *toward)
{
	const struct target *target = &explain->target;
	if (!facts_is_ephemeral(&explain->host, toward->local_port))
		return false;
	return !explain->destination.named ||
	       (toward->family == target->family && memcmp(&toward->remote, &target->addr, sizeof(target->addr)) == 0);
}

/* A dump that was asked for again, or a connection seen from both ends, gives some of them twice, side by side. */
static void find_fullest(struct explain *explain)
{
	const struct toward *before = NULL;
	unsigned used = 0;
	if (explain->towards)
		qsort(explain->toward, explain->towards, sizeof(*explain->toward), compare_towards);
	for (size_t i = 0; i < explain->towards; i++) {
		const struct toward *one = &explain->toward[i];
		if (!is_meant(explain, one) || (before && compare_towards(before, one) == 0))
			continue;
		used = before && compare_ends(before, one) == 0 ? used + 1 : 1;
		before = one;
		if (used > explain->destination.used) {
			explain->destination.one = *one;
			explain->destination.used = used;
		}
	}
}

void ephemeral_find(struct explain *explain)
{
	const struct target *target = &explain->target;
	if (explain->host.ephemeral_low <= 0 || !proto_listens(target->proto))
		return;
	explain->destination = (struct destination){
		.one = { .remote = target->addr, .family = target->family },
		.named = target->family != AF_UNSPEC && !bind_addr_any(target->family, &target->addr),
		.range = (unsigned)(explain->host.ephemeral_high - explain->host.ephemeral_low + 1) -
		         explain->host.reserved_in_range,
	};
	find_fullest(explain);
}
