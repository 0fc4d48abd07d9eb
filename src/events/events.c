/* events.c - the watch: what is loaded, the loop, the filter, what was lost (sockview/events.h). */
#include <sockview/events.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <sockview/destroy.h>
#include <sockview/event_kind.h>
#include <sockview/message.h>

#include "events/dumps.h"
#include "events/event_out.h"
#include "events/sock_events.h"

/* Records are read so often; nothing is woken in between. */
#define TICK_NS 50000000
/* So many records between two looks at the clock and the output. */
#define BATCH 20000

struct events {
	const struct events_request *request;
	struct events_result *result;
	struct error *error;
	struct sock_events *programs;
	struct destroy destroy;
	bool has_destroy;
	unsigned dumped; /* PROTO_BIT()s that are told of by dumps and the multicast */
	struct dumps dumps;
	bool stop;
	uint64_t lost, undecided, untold, losses;
	int64_t clock_ns; /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint32_t netns;
	/* One socket with one owner, for the filter. */
	struct owners owners;
	struct owner owner;
	struct process process;
	uint32_t start[2];
	char strings[32];
};

static int64_t clock_read(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* --- the filter --- */

static int judge_begin(struct events *events)
{
	struct table table;
	struct sock sock = { .row.inode = 1 };
	table_init(&table, 0);
	int failed = table_add(&table, &sock) || inode_index_build(&events->owners.index, &table);
	table_free(&table);
	events->owners.owner = &events->owner;
	events->owners.process = &events->process;
	events->owners.start = events->start;
	events->owners.strings = events->strings;
	events->owners.strings_len = sizeof(events->strings);
	events->owners.report.asked = true;
	return failed ? -1 : 0;
}

static bool judge_event(struct events *events, const struct event *event)
{
	struct sock sock = { .row = event->row, .event = event->kind };
	size_t len = strnlen(event->comm, sizeof(event->comm));
	bool owned = event->pid != 0;
	/* Behind the offset 0, which says that there is no text. */
	memcpy(events->strings + 1, event->comm, len);
	events->strings[1 + len] = '\0';
	events->process = (struct process){
		.pid = event->pid,
		.has = PROCESS_NAME,
		.comm = { 1, (uint32_t)len },
		.program = { 1, (uint32_t)len },
	};
	events->start[1] = owned;
	events->owners.owner_count = events->owners.process_count = owned;
	sock.row.inode = 1; /* the one that has an owner */
	sock.row.state =
		event->kind == EVENT_LISTEN || event->kind == EVENT_UNLISTEN ? STATE_LISTEN : STATE_ESTABLISHED;
	return filter_judge(events->request->filter, &sock, &events->owners) == VERDICT_YES;
}

/* --- one event --- */

static int events_tell(void *context, struct event *event)
{
	struct events *events = context;
	const struct events_request *request = events->request;
	const struct query *query = request->query;
	bool family = event->row.family == AF_INET ? query->inet : query->inet6;
	event->netns = events->netns;
	if (events->stop || !family || !judge_event(events, event))
		return 0;
	if (event_out(&request->style, event) < 0)
		return error_set(events->error, errno, "format", "");
	events->result->told++;
	events->stop = request->count && events->result->told == request->count;
	return 0;
}

static int record_event(void *context, const struct event_record *record)
{
	struct events *events = context;
	struct event event = {
		.row = {
			.proto = PROTO_TCP,
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
		.time_ns = (int64_t)record->ns + events->clock_ns,
		.error = record->error,
	};
	memcpy(event.row.local.byte, record->local, sizeof(record->local));
	memcpy(event.row.remote.byte, record->remote, sizeof(record->remote));
	memcpy(event.comm, record->comm, sizeof(event.comm));
	event.row.flags |= row_mapped(&event.row);
	event.has_error = record->kind == EVENT_FAILED || (record->kind == EVENT_CLOSE && record->error);
	/* connect() found no free port: nothing was sent, and no error is kept with the socket. */
	if (record->kind == EVENT_FAILED && !record->error && !record->local_port)
		event.error = EADDRNOTAVAIL;
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
		event.has_duration = record->opened_ns;
		event.duration_ns = record->opened_ns ? record->ns - record->opened_ns : 0;
		event.has_counters = event.has_retrans = record->flags & RECORD_COUNTERS;
		event.payload = payload_count(&counters);
		event.total_retrans = record->total_retrans;
		events->untold += record->flags & RECORD_UNTOLD ? 1 : 0;
	}
	return events_tell(events, &event);
}

static int destroyed(void *context, const struct sock *sock)
{
	struct events *events = context;
	struct event event;
	if (dumps_close(&events->dumps, sock, clock_read(CLOCK_REALTIME), &event))
		return events_tell(events, &event);
	events->undecided += sock->row.remote_port != 0;
	return 0;
}

/* --- looks --- */

static bool owner_known(void *context, const struct row *row)
{
	const struct dumped *dumped = dumps_find(context, row->cookie);
	return dumped && dumped->pid;
}

static int events_look(struct events *events)
{
	const struct events_request *request = events->request;
	bool closes = !events->has_destroy || events->destroy.lost;
	if (request->look(request->context, owner_known, &events->dumps) < 0)
		return -1;
	events->losses += events->destroy.lost;
	events->destroy.lost = false;
	int answer = dumps_compare(&events->dumps, request->table, request->owners, clock_read(CLOCK_REALTIME), closes);
	return answer < 0 && !events->error->number ? error_set(events->error, errno, "compare sockets", "") : answer;
}

/* --- the loop --- */

static void events_note_loss(struct events *events)
{
	uint64_t lost = events->programs ? sock_events_lost(events->programs) : 0;
	if (lost == events->lost)
		return;
	message("%llu events were lost: they came faster than they could be written",
	        (unsigned long long)(lost - events->lost));
	events->lost = lost;
}

static int events_read(struct events *events)
{
	int answer = 0;
	events->clock_ns = clock_read(CLOCK_REALTIME) - clock_read(CLOCK_MONOTONIC);
	if (events->programs)
		answer = sock_events_read(events->programs, BATCH, record_event, events);
	if (!answer && events->has_destroy && destroy_read(&events->destroy, destroyed, events) != 0)
		answer = events->error->number
		                 ? -1
		                 : error_set(events->error, errno, "read the kernel's messages of closes", "");
	return answer;
}

/* False if the reader is gone. */
static bool events_wait(const struct events *events)
{
	sigset_t blocked, before;
	const struct timespec tick = { .tv_nsec = TICK_NS };
	bool closed = false;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!*events->request->stop_asked)
		closed = out_wait_closed(events->request->style.out, &tick, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !closed;
}

static int events_loop(struct events *events)
{
	const struct events_request *request = events->request;
	int64_t begun = clock_read(CLOCK_MONOTONIC), looked = begun;
	int64_t end = request->seconds > 0 ? begun + (int64_t)(request->seconds * 1e9) : INT64_MAX;
	int64_t interval = (int64_t)(request->interval * 1e9);
	for (bool last = false; !events->stop;) {
		int64_t now = clock_read(CLOCK_MONOTONIC);
		if (events_read(events) < 0)
			return -1;
		if (events->dumped && !events->stop && (now - looked >= interval || last)) {
			looked = now;
			if (events_look(events) < 0)
				return -1;
		}
		if (out_flush(request->style.out) < 0)
			return 0;
		events_note_loss(events);
		if (last)
			return 0;
		last = now >= end || *request->stop_asked;
		if (!last && !events_wait(events))
			return 0;
	}
	return out_flush(request->style.out) < 0 ? 0 : 0;
}

static void events_summary(const struct events *events)
{
	const struct events_request *request = events->request;
	uint64_t missed = 0;
	if (request->quiet)
		return;
	message("%llu events told, %llu lost, %llu undecided", (unsigned long long)events->result->told,
	        (unsigned long long)events->lost, (unsigned long long)events->undecided);
	if (events->untold)
		message("%llu connections were told when they closed and not when they opened: the kernel did not run the "
		        "program then",
		        (unsigned long long)events->untold);
	if (events->losses)
		message("the kernel's messages of closes overflowed %llu times: closes were lost, and taken from dumps "
		        "where those tell",
		        (unsigned long long)events->losses);
	if (!events->programs || !request->verbose)
		return;
	if (sock_events_missed(events->programs, &missed))
		message("the kernel did not run a program %llu times (recursion_misses)", (unsigned long long)missed);
	else
		message("how often the kernel did not run a program is not known (recursion_misses)");
}

/* The programs, or why not. Messages of closes are joined before the first look: nothing is missed between the two. */
static void events_open(struct events *events)
{
	const struct events_request *request = events->request;
	unsigned protos = request->query->protos;
	struct stat netns;
	const char *why = "cannot read /proc/self/ns/net";
	int number = 0;
	if (stat("/proc/self/ns/net", &netns) == 0)
		events->netns = (uint32_t)netns.st_ino;
	if (protos & PROTO_BIT(PROTO_TCP) && events->netns) {
		events->programs = sock_events_load(events->netns, &why);
		number = errno;
		if (events->programs && sock_events_seed(events->programs) < 0 && !request->quiet)
			message("who has the sockets that were there before is not known: %s", strerror(errno));
	}
	events->dumped = protos & ~(events->programs ? PROTO_BIT(PROTO_TCP) : 0u);
	if (protos & PROTO_BIT(PROTO_TCP) && !events->programs && !request->quiet)
		message("TCP is told by messages of closes and a look every %g s, which misses what is shorter: %s%s%s",
		        request->interval, why, number ? ": " : "", number ? strerror(number) : "");
	if (!events->dumped)
		return;
	events->has_destroy = destroy_open(&events->destroy, events->dumped) == 0;
	if (!events->has_destroy && !request->quiet)
		message("the kernel tells of no closes (%s): they are seen by looks alone", strerror(errno));
}

static int events_steps(struct events *events)
{
	const struct events_request *request = events->request;
	if (judge_begin(events) < 0)
		return error_set(events->error, errno, "start", "");
	events_open(events);
	if (events->dumped && events_look(events) < 0)
		return -1;
	if (request->ready(request->context, events->dumped != 0) < 0)
		return -1;
	event_out_header(&request->style);
	if (out_flush(request->style.out) == 0) {
		if (request->verbose)
			message("watching");
		if (events_loop(events) < 0)
			return -1;
	}
	events_summary(events);
	return 0;
}

int events_run(const struct events_request *request, struct events_result *result, struct error *error)
{
	struct events events = { .request = request, .result = result, .error = error };
	*result = (struct events_result){ 0 };
	*error = (struct error){ .offset = -1 };
	events.dumps.sink = events_tell;
	events.dumps.context = &events;
	int answer = events_steps(&events);
	sock_events_free(events.programs);
	if (events.has_destroy)
		destroy_close(&events.destroy);
	dumps_free(&events.dumps);
	inode_index_free(&events.owners.index);
	return answer;
}
