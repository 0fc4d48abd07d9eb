// SPDX-License-Identifier: MIT
/* events.c - the watch: what is loaded, the loop, the filter, what was lost (sockview/events.h). */
#include <sockview/events.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <sockview/cgroup.h>
#include <sockview/destroy.h>
#include <sockview/event_kind.h>
#include <sockview/message.h>

#include "events/dumps.h"
#include "events/event_out.h"
#include "events/event_process.h"
#include "events/event_record.h"
#include "events/programs.h"
#include "events/unreachable.h"

/* Records are read so often; nothing is woken in between. */
#define TICK_NS 50000000
/* So many records between two looks at the clock and the output. */
#define BATCH 20000

/* The closes of one network namespace. */
struct destroyed {
	struct events *events;
	struct destroy destroy;
	uint16_t netns; /* its place among those of -N; 0 */
};

struct events {
	const struct events_request *request;
	struct events_result *result;
	struct error *error;
	struct event_stamp stamp;
	struct event_style style;
	struct programs tcp, udp;
	struct destroyed *destroyed; /* one a namespace */
	size_t destroyed_count;
	int destroyed_errno; /* why a namespace has none */
	bool unwatched;      /* one has none */
	unsigned dumped;     /* PROTO_BIT()s that are told of by dumps and the multicast */
	struct dumps dumps;
	struct dumps seed; /* what was there when the programs began */
	bool stop;
	uint64_t lost, undecided, untold, losses;
	int64_t clock_ns;                  /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	uint32_t netns;                    /* our own */
	struct event_processes *processes; /* NULL: nothing of them is told */
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
	int failed = table_add(&table, &sock) || inode_index_build(&events->owners.index, &table, false);
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
	if (events->stop || !family || !judge_event(events, event))
		return 0;
	if (events->processes)
		event_processes_fill(events->processes, event);
	if (event_out(&events->style, event) < 0)
		return error_set(events->error, errno, "format", "");
	events->result->told++;
	events->stop = request->count && events->result->told == request->count;
	return 0;
}

static int record_event(struct events *events, enum proto proto, const struct event_record *record)
{
	struct event event;
	if (!event_of_record(&event, record, proto, events->clock_ns)) {
		events->undecided++;
		return 0;
	}
	events->untold += record->kind == EVENT_CLOSE && record->flags & RECORD_UNTOLD ? 1 : 0;
	/* It was there before, and the iterator did not meet it. */
	if (!event.pid)
		dumps_own(&events->seed, &event);
	return events_tell(events, &event);
}

static int record_tcp(void *context, const struct event_record *record)
{
	return record_event(context, PROTO_TCP, record);
}

static int record_udp(void *context, const struct event_record *record)
{
	return record_event(context, PROTO_UDP, record);
}

/* Of dumps and messages: the row knows its namespace's place. */
static int looked_event(void *context, struct event *event)
{
	struct events *events = context;
	const struct netns_list *list = events->request->netns;
	event->netns = list ? (uint32_t)list->item[event->row.netns].inode : events->netns;
	return events_tell(events, event);
}

static int destroyed_sock(void *context, const struct sock *sock)
{
	struct destroyed *destroyed = context;
	struct events *events = destroyed->events;
	struct event event;
	struct sock there = *sock;
	there.row.netns = destroyed->netns;
	if (dumps_close(&events->dumps, &there, clock_read(CLOCK_REALTIME), &event))
		return looked_event(events, &event);
	events->undecided += sock->row.remote_port != 0;
	return 0;
}

/* --- looks --- */

static bool owner_known(void *context, const struct row *row)
{
	const struct dumped *dumped = dumps_find(context, row->cookie);
	return dumped && dumped->pid;
}

/* Behind the programs' own pass over open files: whom that did not tell is of this look. */
static int events_look_first(struct events *events, unsigned protos)
{
	const struct events_request *request = events->request;
	if (!protos)
		return 0;
	if (request->look(request->context, protos, true, owner_known, &events->seed) < 0)
		return 0;
	if (dumps_compare(&events->seed, request->table, request->owners, clock_read(CLOCK_REALTIME), false) < 0)
		return error_set(events->error, errno, "compare sockets", "");
	return 0;
}

static int events_look(struct events *events)
{
	const struct events_request *request = events->request;
	bool closes = events->unwatched;
	for (size_t i = 0; i < events->destroyed_count; i++)
		closes |= events->destroyed[i].destroy.lost;
	if (request->look(request->context, events->dumped, false, owner_known, &events->dumps) < 0)
		return -1;
	for (size_t i = 0; i < events->destroyed_count; i++) {
		events->losses += events->destroyed[i].destroy.lost;
		events->destroyed[i].destroy.lost = false;
	}
	int answer = dumps_compare(&events->dumps, request->table, request->owners, clock_read(CLOCK_REALTIME), closes);
	return answer < 0 && !events->error->number ? error_set(events->error, errno, "compare sockets", "") : answer;
}

/* --- the loop --- */

static void events_note_loss(struct events *events)
{
	uint64_t lost = programs_lost(&events->tcp) + programs_lost(&events->udp);
	if (lost == events->lost)
		return;
	message("%llu events were lost: they came faster than they could be written",
	        (unsigned long long)(lost - events->lost));
	events->lost = lost;
}

/* `last`: all that was written until now. */
static int events_read(struct events *events, bool last)
{
	size_t limit = last ? SIZE_MAX : BATCH;
	int answer = 0;
	events->clock_ns = clock_read(CLOCK_REALTIME) - clock_read(CLOCK_MONOTONIC);
	if (programs_are_loaded(&events->tcp))
		answer = ring_read(&events->tcp.ring, limit, record_tcp, events);
	if (!answer && programs_are_loaded(&events->udp))
		answer = ring_read(&events->udp.ring, limit, record_udp, events);
	for (size_t i = 0; !answer && i < events->destroyed_count; i++) {
		struct destroyed *destroyed = &events->destroyed[i];
		if (destroy_read(&destroyed->destroy, destroyed_sock, destroyed) != 0)
			answer = events->error->number
			                 ? -1
			                 : error_set(events->error, errno, "read the kernel's messages of closes", "");
	}
	return answer;
}

/* False if the reader is gone. */
static bool events_wait(const struct events *events)
{
	sigset_t blocked, before;
	bool busy = ring_is_busy(&events->tcp.ring) || ring_is_busy(&events->udp.ring);
	const struct timespec tick = { .tv_nsec = busy ? 0 : TICK_NS };
	bool closed = false;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!*events->request->stop_asked)
		closed = out_wait_closed(events->request->style.out, -1, &tick, &before);
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
		if (events_read(events, last) < 0)
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
	if (!programs_are_loaded(&events->tcp) || !request->verbose)
		return;
	if (programs_missed(&events->tcp, &missed))
		message("the kernel did not run a program %llu times (recursion_misses)", (unsigned long long)missed);
	else
		message("how often the kernel did not run a program is not known (recursion_misses)");
}

/* --- what tells --- */

static int destroyed_open(struct events *events, size_t netns)
{
	struct destroyed *destroyed = &events->destroyed[events->destroyed_count];
	if (destroy_open(&destroyed->destroy, events->dumped) < 0)
		return -1;
	destroyed->events = events;
	destroyed->netns = (uint16_t)netns;
	events->destroyed_count++;
	return 0;
}

/* In the thread that is in the namespace. */
static int destroyed_enter(void *context, size_t index, int number)
{
	struct events *events = context;
	errno = number;
	if (number || destroyed_open(events, index) < 0) {
		events->unwatched = true;
		events->destroyed_errno = errno;
	}
	return 0;
}

/* Messages of closes are joined before the first look: nothing is missed between the two. */
static void events_join(struct events *events)
{
	const struct events_request *request = events->request;
	size_t count = request->netns ? request->netns->count : 1;
	events->destroyed = calloc(count, sizeof(*events->destroyed));
	if (!events->destroyed || !request->netns)
		destroyed_enter(events, 0, events->destroyed ? 0 : ENOMEM);
	else if (netns_visit(request->netns, request->netns_chosen, request->proc_fd, destroyed_enter, events) != 0)
		destroyed_enter(events, 0, errno);
	if (events->unwatched && !request->quiet)
		message("the kernel tells of no closes%s (%s): they are seen by looks alone",
		        events->destroyed_count ? " in some of the network namespaces" : "",
		        strerror(events->destroyed_errno));
}

static void events_seed(const struct events *events, const struct programs *programs)
{
	if (programs_seed(programs) < 0 && !events->request->quiet)
		message("the owners of the sockets that were there before are not known: %s", strerror(errno));
}

/* The hooks of the hierarchy's root: what is below a root of ours alone is a part. */
static int load_udp(struct events *events, struct programs_request *wanted, const char **why)
{
	struct cgroups *cgroups = cgroups_open(events->request->proc_fd, true);
	bool whole;
	*why = "cannot find the cgroup hierarchy (v2), by whose hooks UDP is told";
	if (!cgroups)
		return -1;
	wanted->cgroup_fd = cgroups_root(cgroups, &whole);
	int answer = programs_udp(&events->udp, wanted, why);
	int saved = errno;
	cgroups_free(cgroups);
	errno = saved;
	if (answer == 0 && !whole && !events->request->quiet)
		message("UDP is told of this cgroup namespace's processes alone");
	return answer;
}

static int load_programs(struct events *events, struct programs_request *wanted, const char **why)
{
	unsigned protos = events->request->query->protos;
	*why = "cannot tell our network namespace";
	if (!wanted->count && !wanted->all)
		return -1;
	if (protos & PROTO_BIT(PROTO_TCP)) {
		if (programs_tcp(&events->tcp, wanted, why) < 0)
			return -1;
		events_seed(events, &events->tcp);
		events->dumped &= ~PROTO_BIT(PROTO_TCP);
	}
	if (protos & PROTO_BIT(PROTO_UDP)) {
		if (load_udp(events, wanted, why) < 0)
			return -1;
		events_seed(events, &events->udp);
		events->dumped &= ~PROTO_BIT(PROTO_UDP);
	}
	return 0;
}

static int find_netns(const struct events *events, struct programs_request *wanted)
{
	const struct events_request *request = events->request;
	size_t count = request->netns ? request->netns->count : 1;
	uint32_t *inode = calloc(count, sizeof(*inode));
	if (!inode)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (request->netns && request->netns_chosen[i] && request->netns->item[i].inode)
			inode[wanted->count++] = (uint32_t)request->netns->item[i].inode;
	if (!request->netns && events->netns)
		inode[wanted->count++] = events->netns;
	wanted->netns = inode;
	wanted->all = request->netns_all;
	return 0;
}

/* The programs, or why not. */
static int events_open(struct events *events)
{
	const struct events_request *request = events->request;
	struct programs_request wanted = { 0 };
	struct stat netns;
	const char *why;
	if (stat("/proc/self/ns/net", &netns) == 0)
		events->netns = (uint32_t)netns.st_ino;
	events->dumped = request->query->protos;
	if (find_netns(events, &wanted) < 0)
		return error_set(events->error, errno, "start", "");
	int answer = load_programs(events, &wanted, &why), number = errno;
	free((void *)(uintptr_t)wanted.netns);
	if (answer == 0)
		return 0;
	/* bpf(2) of a kernel that does not know all of union bpf_attr. */
	if (number == E2BIG) {
		why = "the BPF programs take Linux 5.14";
		number = 0;
	}
	unsigned both = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP);
	if (!request->quiet)
		message("%s told by messages of closes and a look every %g s, which misses what is shorter: %s%s%s",
		        events->dumped == both                  ? "TCP and UDP are"
		        : events->dumped & PROTO_BIT(PROTO_TCP) ? "TCP is"
		                                                : "UDP is",
		        request->interval, why, number ? ": " : "", number ? strerror(number) : "");
	if (!request->quiet && request->netns_all)
		message("network namespaces that are made from now on are not watched: that takes the BPF programs");
	events_join(events);
	return 0;
}

static int events_steps(struct events *events)
{
	const struct events_request *request = events->request;
	if (judge_begin(events) < 0)
		return error_set(events->error, errno, "start", "");
	if (request->targets && !request->quiet)
		unreachable_note(request->targets);
	bool processes = event_columns_have(&request->style.columns, "cmdline") ||
	                 event_columns_have(&request->style.columns, "unit");
	if (processes && !(events->processes = event_processes_new(request->proc_fd)))
		return error_set(events->error, errno, "start", "");
	if (events_open(events) < 0)
		return -1;
	if (events_look_first(events, request->query->protos & ~events->dumped) < 0)
		return -1;
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
	events.style = request->style;
	events.style.stamp = &events.stamp;
	events.dumps.sink = looked_event;
	events.dumps.context = &events;
	int answer = events_steps(&events);
	programs_close(&events.tcp);
	programs_close(&events.udp);
	for (size_t i = 0; i < events.destroyed_count; i++)
		destroy_close(&events.destroyed[i].destroy);
	free(events.destroyed);
	event_processes_free(events.processes);
	dumps_free(&events.dumps);
	dumps_free(&events.seed);
	inode_index_free(&events.owners.index);
	return answer;
}
