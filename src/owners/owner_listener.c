/* owner_listener.c - whose accept() a connection waits for: listeners by port and address. */
#include <sockview/owner.h>

#include <stdlib.h>
#include <string.h>

/* A v4-mapped address as the IPv4 address in it, so that a listener on either meets the connection. */
static union addr local_unmapped(const struct row *row)
{
	return row->flags & ROW_LOCAL_MAPPED ? addr_unmapped(&row->local) : row->local;
}

static bool listens_here(const struct row *row)
{
	return row_is_inet(row) && row->state == STATE_LISTEN && !row->netns;
}

static int compare_listeners(const void *a, const void *b)
{
	const struct owner_listener *left = a, *right = b;
	if (left->port != right->port)
		return left->port < right->port ? -1 : 1;
	return left->any - right->any;
}

int owners_add_listeners(struct owners *owners, const struct table *table)
{
	size_t count = 0;
	for (size_t i = 0; i < table->count; i++)
		count += listens_here(&table->row[i]);
	owners->listener = calloc(count ? count : 1, sizeof(*owners->listener));
	if (!owners->listener)
		return -1;
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->row[i];
		if (!listens_here(row))
			continue;
		owners->listener[owners->listener_count++] = (struct owner_listener){
			.addr = local_unmapped(row),
			.inode = row->inode,
			.port = row->local_port,
			.family = row->family,
			.mapped = row->flags & ROW_LOCAL_MAPPED,
			.any = addr_is_any(&row->local, false),
		};
	}
	qsort(owners->listener, owners->listener_count, sizeof(*owners->listener), compare_listeners);
	return 0;
}

/* The first of that port. */
static size_t find_port(const struct owners *owners, uint16_t port)
{
	size_t low = 0, high = owners->listener_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (owners->listener[middle].port < port)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* An IPv4 connection may wait on [::], never an IPv6 one on 0.0.0.0. */
const struct owner_listener *owners_listener(const struct owners *owners, const struct row *row)
{
	if (!owners)
		return NULL;
	union addr addr = local_unmapped(row);
	for (size_t i = find_port(owners, row->local_port); i < owners->listener_count; i++) {
		const struct owner_listener *listener = &owners->listener[i];
		if (listener->port != row->local_port)
			break;
		bool family = listener->family == row->family ||
		              (listener->family == AF_INET6 && row->flags & ROW_LOCAL_MAPPED);
		if (family && (listener->any || memcmp(&listener->addr, &addr, sizeof(addr)) == 0))
			return listener;
	}
	return NULL;
}
