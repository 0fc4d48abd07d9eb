// SPDX-License-Identifier: MIT
/* event_record.c - a record of the BPF programs as an event (event_record.h). */
#include "events/event_record.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <sockview/event_kind.h>

bool event_of_record(struct event *event, const struct event_record *record, enum proto proto, int64_t clock_ns)
{
	if (record->kind == EVENT_NONE || record->kind >= EVENT_KINDS || record->direction > DIRECTION_IN ||
	    record->owner_from > OWNER_SEED || record->pid > INT32_MAX ||
	    (record->family != AF_INET && record->family != AF_INET6))
		return false;
	*event = (struct event){
		.row = {
			.proto = (uint8_t)proto,
			.family = (uint8_t)record->family,
			.local_port = record->local_port,
			.remote_port = record->remote_port,
			.cookie = record->cookie,
			.uid = record->uid,
			.ifindex = record->ifindex,
			.flags = ROW_HAS_COOKIE | ROW_HAS_UID,
		},
		.kind = record->kind,
		.direction = record->direction,
		.owner_from = record->pid ? record->owner_from : (uint8_t)OWNER_UNKNOWN,
		.source = SOURCE_BPF,
		.pid = (int32_t)record->pid,
		.candidates = record->candidates,
		.time_ns = (int64_t)(record->ns + (uint64_t)clock_ns),
		.netns = record->netns,
		.error = record->error,
	};
	memcpy(event->row.local.byte, record->local, sizeof(record->local));
	memcpy(event->row.remote.byte, record->remote, sizeof(record->remote));
	memcpy(event->comm, record->comm, sizeof(event->comm));
	event->row.flags |= row_mapped(&event->row);
	event->has_error = record->kind == EVENT_FAILED || (record->kind == EVENT_CLOSE && record->error);
	/* connect() found no free port: nothing was sent, and no error is kept with the socket. */
	if (record->kind == EVENT_FAILED && !record->error && !record->local_port)
		event->error = EADDRNOTAVAIL;
	if (record->kind == EVENT_CLOSE) {
		const struct payload_counters counters = {
			.bytes_acked = record->acked,
			.bytes_received = record->received,
			.bytes_sent = record->sent,
			.bytes_retrans = record->retrans_bytes,
			.has_sent = true,
			.connecting = record->connecting,
			.fin_acked = record->fin_acked,
			.fin_received = record->fin_received,
		};
		event->has_duration = record->opened_ns;
		event->duration_ns = record->opened_ns ? record->ns - record->opened_ns : 0;
		event->has_counters = event->has_retrans = record->flags & RECORD_COUNTERS;
		event->payload = payload_count(&counters);
		event->total_retrans = record->total_retrans;
	}
	return true;
}
