// SPDX-License-Identifier: MIT
/* dumps.c - events as the difference of two looks (dumps.h). */
#include "events/dumps.h"

#include <string.h>

#include <sockview/event_kind.h>
#include <sockview/vec.h>

static int by_cookie(const void *a, const void *b)
{
	uint64_t left = ((const struct dumped *)a)->row.cookie, right = ((const struct dumped *)b)->row.cookie;
	return left < right ? -1 : left > right;
}

const struct dumped *dumps_find(const struct dumps *dumps, uint64_t cookie)
{
	const struct dumped wanted = { .row.cookie = cookie };
	return dumps->count ? bsearch(&wanted, dumps->socket, dumps->count, sizeof(wanted), by_cookie) : NULL;
}

void dumps_own(const struct dumps *dumps, struct event *event)
{
	const struct dumped *dumped = dumps_find(dumps, event->row.cookie);
	if (!dumped || !dumped->pid)
		return;
	event->pid = dumped->pid;
	event->owner_from = OWNER_DUMP;
	memcpy(event->comm, dumped->comm, sizeof(event->comm));
}

void dumps_free(struct dumps *dumps)
{
	free(dumps->socket);
	*dumps = (struct dumps){ 0 };
}

static struct event dumped_event(const struct dumped *dumped, enum event_kind kind, int64_t now)
{
	struct event event = {
		.row = dumped->row,
		.kind = (uint8_t)kind,
		.direction = dumped->direction,
		.owner_from = dumped->pid ? OWNER_DUMP : OWNER_UNKNOWN,
		.source = SOURCE_DUMP,
		.pid = dumped->pid,
		.time_ns = now,
	};
	memcpy(event.comm, dumped->comm, sizeof(event.comm));
	return event;
}

/* TIME_WAIT and SYN_RECV are no sockets yet or any more, and a socket that is only bound has not begun anything. */
static enum event_kind began(const struct row *row)
{
	if (row->proto != PROTO_TCP)
		return EVENT_BIND;
	switch (row->state) {
	case STATE_LISTEN:
		return EVENT_LISTEN;
	case STATE_SYN_SENT:
		return EVENT_CONNECT;
	case STATE_TIME_WAIT:
	case STATE_SYN_RECV:
	case STATE_BOUND:
	case STATE_CLOSE:
		return EVENT_NONE;
	default:
		return EVENT_OPEN;
	}
}

/* The listeners of TCP, and their ports, a bit each. */
struct dumped_listeners {
	const struct table *table;
	uint8_t bit[65536 / 8];
};

static void find_listeners(struct dumped_listeners *listeners, const struct table *table)
{
	*listeners = (struct dumped_listeners){ .table = table };
	for (size_t i = 0; i < table->count; i++)
		if (table->row[i].proto == PROTO_TCP && table->row[i].state == STATE_LISTEN)
			listeners->bit[table->row[i].local_port / 8] |= (uint8_t)(1u << table->row[i].local_port % 8);
}

/* True if a listener has what is sent to that end: of the remote one, a listener of any namespace may. */
static bool listens(const struct dumped_listeners *listeners, const struct row *row, bool remote)
{
	const struct table *table = listeners->table;
	uint16_t port = remote ? row->remote_port : row->local_port;
	bool mapped = row->flags & (remote ? ROW_REMOTE_MAPPED : ROW_LOCAL_MAPPED);
	union addr addr = remote ? row->remote : row->local;
	if (!(listeners->bit[port / 8] >> port % 8 & 1))
		return false;
	if (mapped)
		addr = addr_unmapped(&addr);
	for (size_t i = 0; i < table->count; i++)
		if (table->row[i].proto == PROTO_TCP && table->row[i].state == STATE_LISTEN &&
		    table->row[i].local_port == port && (remote || table->row[i].netns == row->netns) &&
		    row_covers(&table->row[i], mapped ? AF_INET : row->family, &addr))
			return true;
	return false;
}

/*
 * A port that the kernel chooses for a connect() is never a listener's
 * (__inet_hash_connect(), net/ipv4/inet_hashtables.c): only a program that binds
 * to the address and port of one before it connects is mistaken here. Where both
 * ends are listeners' nothing is said.
 */
static bool was_accepted(const struct dumped_listeners *listeners, const struct row *row)
{
	return listens(listeners, row, false) && !listens(listeners, row, true);
}

static void set_owner(struct dumped *dumped, const struct row *row, const struct owners *owners)
{
	struct owner_span span = owners_of(owners, row);
	if (!span.count)
		return;
	const struct process *process = &owners->process[span.first->process];
	struct bytes comm = owners_text(owners, process->comm);
	dumped->pid = process->pid;
	memset(dumped->comm, 0, sizeof(dumped->comm));
	if (comm.data)
		memcpy(dumped->comm, comm.data, comm.len < sizeof(dumped->comm) ? comm.len : sizeof(dumped->comm));
}

/* What is told of a row, and what of it is kept. */
static int compare_row(struct dumps *dumps, const struct dumps *before, const struct table *table, size_t index,
                       const struct owners *owners, const struct dumped_listeners *listeners, int64_t now)
{
	const struct row *row = &table->row[index];
	enum event_kind kind = began(row);
	const struct dumped *known = dumps_find(before, row->cookie);
	if (kind == EVENT_NONE || !(row->flags & ROW_HAS_COOKIE))
		return 0;
	struct dumped *dumped = vec_push(dumps->socket, dumps->count, dumps->capacity);
	if (!dumped)
		return -1;
	if (known)
		*dumped = *known;
	bool changed = known && (known->row.state == STATE_SYN_SENT) != (row->state == STATE_SYN_SENT);
	dumped->row = *row;
	dumped->missing = false;
	if (!dumped->pid)
		set_owner(dumped, row, owners);
	if (kind == EVENT_CONNECT || (changed && kind == EVENT_OPEN))
		dumped->direction = DIRECTION_OUT;
	else if (kind == EVENT_OPEN && !known && was_accepted(listeners, row))
		dumped->direction = DIRECTION_IN;
	if (!before->begun || (known && !changed))
		return 0;
	struct event event = dumped_event(dumped, kind, now);
	return dumps->sink(dumps->context, &event);
}

/* One that was in neither of two looks is gone, and no message told of it. */
static int compare_gone(struct dumps *dumps, const struct dumps *before, size_t kept, int64_t now)
{
	for (size_t i = 0; i < before->count; i++) {
		struct dumped *old = &before->socket[i];
		const struct dumps now_there = { .socket = dumps->socket, .count = kept };
		if (dumps_find(&now_there, old->row.cookie))
			continue;
		if (!old->missing) {
			struct dumped *dumped = vec_push(dumps->socket, dumps->count, dumps->capacity);
			if (!dumped)
				return -1;
			*dumped = *old;
			dumped->missing = true;
			continue;
		}
		struct event event =
			dumped_event(old, old->row.state == STATE_LISTEN ? EVENT_UNLISTEN : EVENT_CLOSE, now);
		int answer = dumps->sink(dumps->context, &event);
		if (answer)
			return answer;
	}
	return 0;
}

int dumps_compare(struct dumps *dumps, const struct table *table, const struct owners *owners, int64_t now, bool closes)
{
	struct dumps before = *dumps;
	struct dumped_listeners listeners;
	int answer = 0;
	find_listeners(&listeners, table);
	dumps->socket = NULL;
	dumps->count = dumps->capacity = 0;
	dumps->begun = true;
	for (size_t i = 0; i < table->count && !answer; i++)
		answer = compare_row(dumps, &before, table, i, owners, &listeners, now);
	size_t kept = dumps->count;
	if (kept)
		qsort(dumps->socket, kept, sizeof(*dumps->socket), by_cookie);
	if (!answer && closes)
		answer = compare_gone(dumps, &before, kept, now);
	if (dumps->count)
		qsort(dumps->socket, dumps->count, sizeof(*dumps->socket), by_cookie);
	free(before.socket);
	return answer;
}

static void dumps_forget(struct dumps *dumps, const struct dumped *dumped)
{
	size_t at = (size_t)(dumped - dumps->socket);
	memmove(&dumps->socket[at], &dumps->socket[at + 1], (--dumps->count - at) * sizeof(*dumped));
}

bool dumps_close(struct dumps *dumps, const struct sock *sock, int64_t now, struct event *event)
{
	const struct dumped *known = dumps_find(dumps, sock->row.cookie);
	struct payload_counters facts = { 0 };
	struct dumped fresh = { .row = sock->row };
	bool tcp = sock->row.proto == PROTO_TCP;
	if (known) {
		facts.connecting = known->direction == DIRECTION_OUT  ? PAYLOAD_YES
		                   : known->direction == DIRECTION_IN ? PAYLOAD_NO
		                                                      : PAYLOAD_UNKNOWN;
		fresh = *known;
	} else if (tcp ? !sock->row.remote_port : !sock->row.local_port) {
		/* It never was more than a number to its program. */
		return false;
	}
	*event = dumped_event(&fresh, EVENT_CLOSE, now);
	event->source = SOURCE_DESTROY;
	bool listening = known && tcp && known->row.state == STATE_LISTEN;
	bool connecting = known && tcp && known->row.state == STATE_SYN_SENT;
	if (listening)
		event->kind = EVENT_UNLISTEN;
	else if (tcp)
		event_count(event, sock->blob[BLOB_TCP_INFO], facts);
	if (known)
		dumps_forget(dumps, known);
	if (listening || !tcp)
		return true;
	/* Neither the SYN nor a byte was acknowledged: it may have failed, or been reset before anything was sent. */
	bool silent = event->has_counters && !event->payload.acked && !event->payload.received;
	if (connecting && silent)
		event->kind = EVENT_FAILED;
	return known || !silent;
}
