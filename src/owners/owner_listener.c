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

/*
 * An IPv4 connection may wait on [::], never an IPv6 one on 0.0.0.0. One that a
 * listener bound to a device got is bound to it, too (tcp_conn_request(),
 * inet_csk_clone_lock()).
 */
static bool may_have(const struct owner_listener *listener, const struct row *row, const union addr *addr)
{
	bool family =
		listener->family == row->family || (listener->family == AF_INET6 && row->flags & ROW_LOCAL_MAPPED);
	return family && (!listener->ifindex || listener->ifindex == row->ifindex) &&
	       (listener->any || memcmp(&listener->addr, addr, sizeof(*addr)) == 0);
}

static void add_waiting(const struct owners *owners, const struct owner_listener *listener,
                        struct owner_waiting *waiting)
{
	struct owner_span span = owners_of(owners, &(struct row){ .inode = listener->inode });
	if (!waiting->listener)
		waiting->listener = listener;
	waiting->more |= !span.count;
	for (size_t i = 0; i < span.count; i++) {
		uint32_t process = span.first[i].process;
		bool known = false;
		for (size_t j = 0; j < waiting->count; j++)
			known |= waiting->process[j] == process;
		if (!known && waiting->count < OWNER_WAITING_MAX)
			waiting->process[waiting->count++] = process;
		else if (!known)
			waiting->more = true;
	}
}

/* Of `empty` or of full accept queues: a connection that waits is in one that is not empty. */
static void find_waiting(const struct owners *owners, const struct row *row, bool empty, struct owner_waiting *waiting)
{
	union addr addr = local_unmapped(row);
	for (size_t i = find_port(owners, row->local_port); i < owners->listener_count; i++) {
		const struct owner_listener *listener = &owners->listener[i];
		if (listener->port != row->local_port)
			break;
		bool is_empty = listener->has_queue && !listener->accept_queue;
		if (is_empty == empty && may_have(listener, row, &addr))
			add_waiting(owners, listener, waiting);
	}
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
