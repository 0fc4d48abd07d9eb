// SPDX-License-Identifier: MIT
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

/* By port, those with an address of their own first. */
static int compare_places(const struct owner_listener *left, const struct owner_listener *right)
{
	if (left->port != right->port)
		return left->port < right->port ? -1 : 1;
	if (left->any != right->any)
		return left->any - right->any;
	int addr = memcmp(&left->addr, &right->addr, sizeof(left->addr));
	if (addr)
		return addr;
	if (left->family != right->family)
		return left->family < right->family ? -1 : 1;
	if (left->mapped != right->mapped)
		return left->mapped - right->mapped;
	if (left->ifindex != right->ifindex)
		return left->ifindex < right->ifindex ? -1 : 1;
	return 0;
}

/* Of `empty` or of full accept queues: a connection that waits is in one that is not empty. */
static bool is_empty(const struct owner_listener *listener)
{
	return listener->has_queue && !listener->accept_queue;
}

static int compare_listeners(const void *a, const void *b)
{
	const struct owner_listener *left = a, *right = b;
	int place = compare_places(left, right);
	if (place)
		return place;
	if (is_empty(left) != is_empty(right))
		return is_empty(left) - is_empty(right);
	return left->inode < right->inode ? -1 : left->inode > right->inode;
}

static bool is_waiting_full(const struct owner_waiting *waiting)
{
	return waiting->more && waiting->count == OWNER_WAITING_MAX;
}

static void add_process(struct owner_waiting *waiting, uint32_t process)
{
	for (size_t i = 0; i < waiting->count; i++)
		if (waiting->process[i] == process)
			return;
	if (waiting->count < OWNER_WAITING_MAX)
		waiting->process[waiting->count++] = process;
	else
		waiting->more = true;
}

static void add_owners(struct owner_waiting *waiting, struct owner_span span)
{
	waiting->more |= !span.count;
	for (size_t i = 0; i < span.count && !is_waiting_full(waiting); i++)
		add_process(waiting, span.first[i].process);
}

/*
 * Of listeners that the same connections may wait for, thousands with
 * SO_REUSEPORT, the first one, with the owners of all.
 */
static void unite_listeners(struct owners *owners)
{
	size_t kept = 0;
	for (size_t i = 0; i < owners->listener_count; i++) {
		const struct owner_listener *next = &owners->listener[i];
		struct owner_listener *last = kept ? &owners->listener[kept - 1] : NULL;
		struct owner_span span = owners_of(owners, &(struct row){ .inode = next->inode });
		if (!last || compare_places(last, next) || is_empty(last) != is_empty(next)) {
			last = &owners->listener[kept++];
			*last = *next;
			last->waiting.listener = last;
		}
		add_owners(&last->waiting, span);
	}
	owners->listener_count = kept;
}

int owners_add_listeners(struct owners *owners, const struct table *table, size_t from)
{
	size_t count = 0;
	for (size_t i = from; i < table->count; i++)
		count += listens_here(&table->row[i]);
	owners->listener = calloc(count ? count : 1, sizeof(*owners->listener));
	if (!owners->listener)
		return -1;
	for (size_t i = from; i < table->count; i++) {
		const struct row *row = &table->row[i];
		if (!listens_here(row))
			continue;
		owners->listener[owners->listener_count++] = (struct owner_listener){
			.addr = local_unmapped(row),
			.inode = row->inode,
			.port = row->local_port,
			.family = row->family,
			.ifindex = row->ifindex,
			.accept_queue = row->recv_q,
			.has_queue = row->flags & ROW_HAS_QUEUES,
			.mapped = row->flags & ROW_LOCAL_MAPPED,
			.any = addr_is_any(&row->local, row->flags & ROW_LOCAL_MAPPED),
		};
	}
	qsort(owners->listener, owners->listener_count, sizeof(*owners->listener), compare_listeners);
	unite_listeners(owners);
	return 0;
}

/* The first of that place, its family, address and device. */
static size_t find_place(const struct owners *owners, const struct owner_listener *place)
{
	size_t low = 0, high = owners->listener_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_places(&owners->listener[middle], place) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_waiting(const struct owner_waiting *from, struct owner_waiting *waiting)
{
	if (!waiting->listener) {
		*waiting = *from;
		return;
	}
	waiting->more |= from->more;
	for (size_t i = 0; i < from->count && !is_waiting_full(waiting); i++)
		add_process(waiting, from->process[i]);
}

static void find_at(const struct owners *owners, const struct owner_listener *place, bool empty,
                    struct owner_waiting *waiting)
{
	for (size_t i = find_place(owners, place); i < owners->listener_count; i++) {
		const struct owner_listener *listener = &owners->listener[i];
		if (compare_places(listener, place))
			break;
		if (is_empty(listener) == empty)
			add_waiting(&listener->waiting, waiting);
	}
}

/*
 * One that a listener bound to a device got is bound to it, too
 * (tcp_conn_request(), inet_csk_clone_lock()).
 */
static void find_on_devices(const struct owners *owners, struct owner_listener place, const struct row *row, bool empty,
                            struct owner_waiting *waiting)
{
	find_at(owners, &place, empty, waiting);
	place.ifindex = row->ifindex;
	if (place.ifindex)
		find_at(owners, &place, empty, waiting);
}

/* An IPv4 connection that a listener on [::] got is an AF_INET6 socket, as is the listener. */
static void find_waiting(const struct owners *owners, const struct row *row, bool empty, struct owner_waiting *waiting)
{
	struct owner_listener own = {
		.port = row->local_port,
		.family = row->family,
		.addr = local_unmapped(row),
		.mapped = row->flags & ROW_LOCAL_MAPPED,
	};
	struct owner_listener any = { .port = own.port, .family = own.family, .any = true };
	find_on_devices(owners, own, row, empty, waiting);
	find_on_devices(owners, any, row, empty, waiting);
	/* ::ffff:0.0.0.0 is IPv4's wildcard alone. */
	any.mapped = own.mapped;
	if (any.mapped)
		find_on_devices(owners, any, row, empty, waiting);
}

void owners_waiting(const struct owners *owners, const struct row *row, struct owner_waiting *waiting)
{
	*waiting = (struct owner_waiting){ .listener = NULL };
	if (!owners)
		return;
	find_waiting(owners, row, false, waiting);
	/* It came after the listeners were listed. */
	if (!waiting->listener)
		find_waiting(owners, row, true, waiting);
}
