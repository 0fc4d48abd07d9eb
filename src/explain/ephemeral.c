/*
 * ephemeral.c - how many ephemeral ports the connections to one destination use up.
 *
 * connect() needs a local port that no connection with the same three other
 * parts has (net/ipv4/inet_hashtables.c, __inet_hash_connect); when all of the
 * range are in use it fails with EADDRNOTAVAIL, however idle the host is.
 */
#include "explain/verdict.h"

#include <stdlib.h>
#include <string.h>

/* Those of one pair of addresses stand together. */
static int compare_ends(const void *a, const void *b, void *context)
{
	const struct row *row = context;
	const struct row *left = &row[*(const uint32_t *)a], *right = &row[*(const uint32_t *)b];
	int order = memcmp(&left->local, &right->local, sizeof left->local);

	return order ? order : memcmp(&left->remote, &right->remote, sizeof left->remote);
}

static bool is_towards(const struct explain *explain, const struct row *row)
{
	const struct target *target = &explain->target;

	if (row->netns || row->proto != PROTO_TCP || row->remote_port != target->port ||
	    row->local_port < explain->host.ephemeral_low || row->local_port > explain->host.ephemeral_high)
		return false;
	/* A target that is an address of another host names the one destination that is meant. */
	return target->family == AF_UNSPEC || bind_addr_any(target->family, &target->addr) ||
	       (row->family == target->family && memcmp(&row->remote, &target->addr, sizeof row->remote) == 0);
}

static void find_fullest(struct explain *explain, const uint32_t *order, size_t count)
{
	const struct row *row = explain->facts.table->row;

	for (size_t i = 0, run = 0; i < count; i++) {
		run = i && compare_ends(&order[i - 1], &order[i], (void *)row) == 0 ? run + 1 : 1;
		if (run <= explain->destination.used)
			continue;
		const struct row *one = &row[order[i]];
		explain->destination.local = one->local;
		explain->destination.remote = one->remote;
		explain->destination.family = one->family;
		explain->destination.used = (unsigned)run;
		explain->destination.row = order[i];
	}
}

int ephemeral_find(struct explain *explain)
{
	const struct table *table = explain->facts.table;
	size_t count = 0;

	if (explain->target.proto != PROTO_TCP || explain->host.ephemeral_low <= 0 || !table->count)
		return 0;
	uint32_t *order = calloc(table->count, sizeof *order);
	if (!order)
		return -1;
	for (uint32_t i = 0; i < table->count; i++)
		if (is_towards(explain, &table->row[i]))
			order[count++] = i;
	qsort_r(order, count, sizeof *order, compare_ends, table->row);
	find_fullest(explain, order, count);
	free(order);
	explain->destination.range = (unsigned)(explain->host.ephemeral_high - explain->host.ephemeral_low + 1) -
	                             explain->host.reserved_in_range;
	return 0;
}
