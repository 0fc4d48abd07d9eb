// SPDX-License-Identifier: MIT
/*
 * netns_gather.c - the sockets of more network namespaces than our own (netns_gather.h).
 *
 *   few    netns_visit() -> each asked for everything by netlink, in a thread that is in it
 *   many   netns_visit() -> each asked for listeners, UDP ..., and its counters read
 *          connections   -> one BPF pass over the descriptors of all processes
 *                        -> and where the counters say that there are more: a dump, as long as there is time
 *   others /proc/PID/net of a process there, listeners first, as long as there is time
 *
 * The kernel's tables are the host's: a walk of all connections takes as long in
 * an empty namespace as in a full one, 31 ms beside 225,000 sockets elsewhere; of
 * listeners alone 50 us. Every row gets the index of its namespace. The table of
 * owners is one for all of them: inodes of sockets are the host's, too.
 */
#include "run/netns_gather.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/cpu_time.h>
#include <sockview/proto.h>
#include <sockview/sockstat.h>
#include <sockview/task_sock.h>
#include <sockview/vec.h>

#include "run/namespaces.h"
#include "run/untold.h"

enum { FEW = 16 }; /* so many are dumped whole */

#define LISTENERS STATE_BIT(STATE_LISTEN)
#define QUICK     (LISTENERS | STATE_BIT(STATE_BOUND))
/* States in which a socket may lack a holder; SYN_RECV and TIME_WAIT always do. */
#define UNHELD \
	(STATE_BIT(STATE_ESTABLISHED) | STATE_BIT(STATE_CLOSE_WAIT) | STATE_BIT(STATE_FIN_WAIT1) | \
	 STATE_BIT(STATE_FIN_WAIT2) | STATE_BIT(STATE_CLOSING) | STATE_BIT(STATE_LAST_ACK))

struct held {
	struct row *row; /* by namespace, each socket once */
	size_t count, capacity, next;
};

struct gathering {
	struct run *run;
	const struct source_request *request;
	size_t index;             /* of the namespace under way */
	bool staged;              /* connections are asked for apart, behind the rest */
	bool counts;              /* listeners that come */
	const struct query *only; /* rows of more than was wanted come: these are */
	struct held held;
	int64_t end;   /* CPU time */
	bool sections; /* a recording names namespaces */
	bool many;     /* descriptors were read by BPF */
};

/* --- one namespace's part of the request --- */

static int part_take(void *context, const struct sock *sock)
{
	const struct gathering *self = context;
	struct sock there = *sock;
	there.row.netns = (uint16_t)self->index;
	if (self->counts && sock->row.proto == PROTO_TCP && sock->row.state == STATE_LISTEN)
		self->run->namespaces.part[self->index].listeners++;
	if (self->only && !query_matches(self->only, &sock->row))
		return 0;
	return self->request->sink(self->request->context, &there);
}

static size_t part_mark(const void *context)
{
	const struct gathering *self = context;
	return self->request->mark(self->request->context);
}

static void part_rewind(void *context, size_t mark)
{
	const struct gathering *self = context;
	self->run->namespaces.part[self->index].listeners = 0;
	self->request->rewind(self->request->context, mark);
}

static void report_add(struct report *all, const struct report *one)
{
	all->received += one->received;
	all->requests += one->requests;
	all->interrupted += one->interrupted;
	all->lost += one->lost;
	all->malformed += one->malformed;
	all->unavailable |= one->unavailable;
	all->from_netlink |= one->from_netlink;
	all->from_proc |= one->from_proc;
	all->netlink_errno = all->netlink_errno ? all->netlink_errno : one->netlink_errno;
	all->cut_errno = all->cut_errno ? all->cut_errno : one->cut_errno;
	all->failed |= one->failed;
	all->bound_untold |= one->bound_untold;
}

/* `later`: PROTO_BIT()s that are looked for elsewhere. */
static bool report_is_whole(const struct report *report, unsigned later)
{
	return !report->interrupted && !report->lost && !report->malformed && !(report->unavailable & ~later) &&
	       !report->failed && !report->out_of_time;
}

/* What `query` asks for, of the namespace under way. */
static int part_ask(struct gathering *self, const struct sources *sources, const struct query *query, const char *by)
{
	struct run *run = self->run;
	struct netns_answer *answer = &run->namespaces.answer[self->index];
	struct source_request own = {
		.query = query,
		.ordered = self->request->ordered,
		.sink = part_take,
		.context = self,
		.mark = self->request->mark ? part_mark : NULL,
		.rewind = self->request->rewind ? part_rewind : NULL,
		.cpu_end_ms = sources->from == SOURCE_PROC && strcmp(by, "proc") == 0 ? self->end : 0,
		.waiting_first = run->proc_is_ours,
	};
	struct report report = { 0 };
	int result = collect_sockets(sources, &own, &report, &run->error);
	bool first = !answer->by;
	answer->by = first ? report.from_netlink || !report.from_proc ? by : "proc" : answer->by;
	answer->complete =
		(first || answer->complete) && result == 0 && report_is_whole(&report, untold_by_descriptors(run));
	if (report.out_of_time && query->protos & PROTO_BIT(PROTO_TCP))
		answer->skipped_states |= query->states[PROTO_TCP];
	run->namespaces.out_of_time |= report.out_of_time;
	report_add(&run->report, &report);
	return result;
}

/* --- entered --- */

int netns_gather_proc_net(const struct run *run, size_t index)
{
	if (!index)
		return dup(run->proc_net_fd);
	return run->proc_is_ours ? openat(run->proc_fd, "thread-self/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

/* Of the families that are asked for. Without a file of IPv6 there is none of it. */
static void part_count(struct netns_part *part, const struct query *query, int proc_net_fd)
{
	uint32_t four = 0, six = 0;
	bool told = sockstat_in_use(proc_net_fd, "", PROTO_TCP, AF_INET, &four) &&
	            sockstat_time_wait(proc_net_fd, "", &part->time_wait);
	/* Not told: there may be anything. */
	if (!told)
		part->time_wait = UINT32_MAX;
	sockstat_in_use(proc_net_fd, "", PROTO_TCP, AF_INET6, &six);
	part->in_use = (query->inet ? four : 0) + (query->inet6 ? six : 0);
}

/* Listeners are counted, so that the filter is ours to judge. */
static int part_ask_first(struct gathering *self, const struct sources *sources, const char *by)
{
	struct netns_part *part = &self->run->namespaces.part[self->index];
	struct query query = *self->request->query;
	query.states[PROTO_TCP] = LISTENERS;
	query.expr = NULL;
	self->only = self->request->query;
	self->counts = true;
	int result = part_ask(self, sources, &query, by);
	self->only = NULL;
	self->counts = false;
	part->entered = true;
	part_count(part, &query, sources->proc_net_fd);
	return result;
}

static int part_ask_rest(struct gathering *self, const struct sources *sources, const char *by)
{
	struct query query = *self->request->query;
	query.protos = PROTO_BIT(PROTO_TCP);
	query.states[PROTO_TCP] &= ~LISTENERS;
	return part_ask(self, sources, &query, by);
}

static int netns_held_give(struct gathering *self, size_t end);

/* The wire as the recording goes on with it; NULL with errno, the wire is closed. */
static struct wire *recorded(const struct gathering *self, size_t index, struct wire *wire)
{
	struct text note = { 0 };
	const struct netns *netns = &self->run->namespaces.list.item[index];
	if (netns_record_put(netns, !index, true, &note) < 0) {
		wire_close(wire);
		return NULL;
	}
	wire = wire_record_on(self->run->wire, wire, note.data, note.len);
	int saved = errno;
	text_free(&note);
	errno = saved;
	return wire;
}

/* In the thread that is in the namespace. */
static int part_enter(void *context, size_t index, int number)
{
	struct gathering *self = context;
	struct run *run = self->run;
	struct namespaces *namespaces = &run->namespaces;
	bool rest = namespaces->part[index].dump;
	int result = rest ? netns_held_give(self, index) : 0;
	self->index = index;
	if (number && !rest)
		namespaces->answer[index].gone = number == ESRCH;
	if (number && rest)
		namespaces->answer[index].complete = false;
	if (number || result)
		return result;
	int proc_net_fd = netns_gather_proc_net(run, index);
	struct wire *wire = run->options->source == SOURCE_PROC ? NULL : wire_kernel();
	/* Where it is not there /proc is read; where only memory or a descriptor lacks that tells less for no reason. */
	if (!wire && run->options->source != SOURCE_PROC && (errno == ENOMEM || errno == EMFILE || errno == ENFILE)) {
		result = error_set(&run->error, errno, "open netlink", "");
		if (proc_net_fd >= 0)
			close(proc_net_fd);
		return result;
	}
	if (wire && run->wire && !(wire = recorded(self, index, wire)))
		return error_set(&run->error, errno, "write the recording", run->options->record);
	struct sources sources = { .from = run->options->source, .wire = wire, .proc_net_fd = proc_net_fd };
	if (!wire && sources.from == SOURCE_AUTO)
		sources.from = SOURCE_PROC;
	const char *by = wire ? "netlink" : "proc";
	result = rest           ? part_ask_rest(self, &sources, by)
	         : self->staged ? part_ask_first(self, &sources, by)
	                        : part_ask(self, &sources, self->request->query, by);
	if (result < 0 && wire && wire_record_failed(wire) && !run->error.subject[0])
		snprintf(run->error.subject, sizeof(run->error.subject), "%s", run->options->record);
	wire_close(wire);
	if (proc_net_fd >= 0)
		close(proc_net_fd);
	return result;
}

/* --- what processes hold --- */

static int netns_held_take(void *context, const struct task_sock_found *found)
{
	struct gathering *self = context;
	struct namespaces *namespaces = &self->run->namespaces;
	if (!found->row)
		return 0;
	size_t index = netns_list_find(&namespaces->list, found->netns);
	if (index == namespaces->list.count || !namespaces->chosen[index] || !namespaces->part[index].entered)
		return 0;
	struct row *row = vec_push(self->held.row, self->held.count, self->held.capacity);
	if (!row)
		return -1;
	*row = *found->row;
	row->netns = (uint16_t)index;
	return 0;
}

static int by_namespace(const void *left, const void *right)
{
	const struct row *one = left, *other = right;
	if (one->netns != other->netns)
		return one->netns > other->netns ? 1 : -1;
	if (one->family != other->family)
		return one->family > other->family ? 1 : -1;
	return (one->inode > other->inode) - (one->inode < other->inode);
}

/* A socket that several descriptors are of is one. */
static void netns_held_settle(struct gathering *self)
{
	struct held *held = &self->held;
	const struct query *query = self->request->query;
	size_t kept = 0;
	if (held->count)
		qsort(held->row, held->count, sizeof(*held->row), by_namespace);
	for (size_t i = 0; i < held->count; i++) {
		if (kept && by_namespace(&held->row[kept - 1], &held->row[i]) == 0)
			continue;
		held->row[kept++] = held->row[i];
		bool counted = held->row[i].state != STATE_BOUND &&
		               (held->row[i].family == AF_INET ? query->inet : query->inet6);
		self->run->namespaces.part[held->row[i].netns].held += counted;
	}
	held->count = kept;
}

static int netns_held_read(struct gathering *self)
{
	struct run *run = self->run;
	struct finder_request request = { .proc_fd = run->proc_fd, .proc_is_ours = run->proc_is_ours };
	const char *why;
	int answer = 1;
	if (run->options->owners_from != OWNERS_PROC)
		answer = task_socks_read(&request, true, netns_held_take, self, &why);
	if (answer)
		self->held.count = 0;
	self->many = answer == 0;
	netns_held_settle(self);
	return answer < 0 ? error_set(&run->error, errno, "keep the sockets", "") : 0;
}

/* Those of namespaces before `end` that are not dumped. */
static int netns_held_give(struct gathering *self, size_t end)
{
	struct held *held = &self->held;
	struct sock sock = { 0 };
	int answer = 0;
	for (; held->next < held->count && held->row[held->next].netns < end && !answer; held->next++) {
		sock.row = held->row[held->next];
		if (self->run->namespaces.part[sock.row.netns].dump)
			continue;
		self->run->report.received++;
		if (query_matches(self->request->query, &sock.row))
			answer = self->request->sink(self->request->context, &sock);
	}
	return answer;
}

/* --- connections of many namespaces --- */

/* The counters are explained by what has come. SYN_RECV no counter knows. */
static bool is_explained(const struct netns_part *part)
{
	return !part->time_wait && part->in_use <= part->listeners + part->held;
}

/* States that are asked for, of whose sockets nothing can be said without a dump. */
static uint32_t states_lacking(const struct gathering *self, const struct netns_part *part)
{
	uint32_t wanted = self->request->query->states[PROTO_TCP] & ~LISTENERS;
	uint32_t lacking = part->listeners ? STATE_BIT(STATE_SYN_RECV) : 0;
	if (!self->many)
		return wanted & (lacking | STATE_BIT(STATE_BOUND) | (is_explained(part) ? 0 : STATE_ALL));
	/* FIN_WAIT2 without a holder is counted and kept as TIME_WAIT is (tcp_time_wait(), net/ipv4/tcp_minisocks.c). */
	lacking |= part->time_wait ? STATE_BIT(STATE_TIME_WAIT) | STATE_BIT(STATE_FIN_WAIT2) : 0;
	lacking |= part->in_use > part->listeners + part->held ? UNHELD : 0;
	return wanted & lacking;
}

/* More than a line of netstat is asked for, which descriptors do not tell. */
static bool wants_details(const struct query *query)
{
	return query->want & (WANT_TIMER | WANT_SKMEM | WANT_EXTRA | WANT_INFO | WANT_TCP_INFO);
}

static bool wants_dump(const struct gathering *self, const struct netns_part *part)
{
	return part->entered && (!is_explained(part) || (part->held && wants_details(self->request->query)));
}

static size_t choose_dumps(struct gathering *self)
{
	struct namespaces *namespaces = &self->run->namespaces;
	size_t count = 0;
	for (size_t i = 0; i < namespaces->list.count; i++)
		count += namespaces->part[i].dump = wants_dump(self, &namespaces->part[i]);
	return count;
}

static int dump_some(struct gathering *self)
{
	struct namespaces *namespaces = &self->run->namespaces;
	bool *visit = calloc(namespaces->list.count + 1, sizeof(*visit));
	int answer = visit ? 0 : -1;
	/* One at a time, so that the clock is looked at between them. */
	for (size_t i = 0; i < namespaces->list.count && answer == 0; i++) {
		if (!namespaces->part[i].dump)
			continue;
		namespaces->part[i].dump = cpu_time_ms() < self->end;
		namespaces->out_of_time |= !namespaces->part[i].dump;
		if (!namespaces->part[i].dump)
			continue;
		visit[i] = true;
		answer = netns_visit(&namespaces->list, visit, self->run->proc_fd, part_enter, self);
		visit[i] = false;
	}
	free(visit);
	return answer;
}

static int gather_connections(struct gathering *self)
{
	struct namespaces *namespaces = &self->run->namespaces;
	uint32_t wanted = self->request->query->states[PROTO_TCP] & ~LISTENERS;
	if ((choose_dumps(self) > FEW || wanted & STATE_BIT(STATE_BOUND)) && netns_held_read(self) < 0)
		return -1;
	choose_dumps(self);
	int answer = dump_some(self);
	if (answer == 0)
		answer = netns_held_give(self, namespaces->list.count);
	for (size_t i = 0; i < namespaces->list.count; i++) {
		struct netns_part *part = &namespaces->part[i];
		if (!part->entered || part->dump)
			continue;
		if (self->many)
			namespaces->answer[i].by = "bpf";
		namespaces->answer[i].skipped_states |= states_lacking(self, part);
	}
	return answer;
}

/* --- from outside --- */

/* -1: it cannot be read, or there is no need. */
static int open_from_outside(struct gathering *self, size_t index)
{
	const struct run *run = self->run;
	const struct netns *netns = &run->namespaces.list.item[index];
	char path[32];
	if (!run->namespaces.chosen[index] || run->namespaces.answer[index].gone || !netns->pid)
		return -1;
	snprintf(path, sizeof(path), "%d/net", netns->pid);
	return openat(run->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int read_from_outside(struct gathering *self, size_t index, int proc_net_fd, const struct query *query)
{
	struct sources sources = { .from = SOURCE_PROC, .proc_net_fd = proc_net_fd };
	self->index = index;
	return part_ask(self, &sources, query, "proc");
}

static int read_round(struct gathering *self, const bool *outside, const struct query *query, bool first)
{
	struct namespaces *namespaces = &self->run->namespaces;
	int result = 0;
	for (size_t i = 0; i < namespaces->list.count && !result; i++) {
		int fd = outside[i] ? open_from_outside(self, i) : -1;
		if (fd < 0)
			continue;
		bool late = cpu_time_ms() >= self->end;
		if (!late)
			result = read_from_outside(self, i, fd, query);
		else if (!first)
			namespaces->answer[i].skipped_states |= query->states[PROTO_TCP];
		namespaces->out_of_time |= late;
		close(fd);
	}
	return result;
}

/* What could not be entered, by the /proc/PID/net of a process in it: first what listens in each of them, and UDP. */
static int gather_from_outside(struct gathering *self)
{
	struct namespaces *namespaces = &self->run->namespaces;
	const struct query *wanted = self->request->query;
	struct query first = *wanted, rest = *wanted;
	bool *outside = calloc(namespaces->list.count + 1, sizeof(*outside));
	if (!outside)
		return -1;
	for (size_t i = 0; i < namespaces->list.count; i++)
		outside[i] = !namespaces->answer[i].by && self->run->options->source != SOURCE_NETLINK;
	bool tcp = wanted->protos & PROTO_BIT(PROTO_TCP);
	bool both = tcp && wanted->states[PROTO_TCP] & LISTENERS && wanted->states[PROTO_TCP] & ~QUICK;
	if (both) {
		first.states[PROTO_TCP] &= LISTENERS;
		rest.states[PROTO_TCP] &= ~LISTENERS;
		rest.protos = PROTO_BIT(PROTO_TCP);
	}
	self->end = cpu_time_ms() + netns_gather_cpu_ms(self->run->options);
	int result = read_round(self, outside, &first, true);
	if (result == 0 && both) {
		for (size_t i = 0; i < namespaces->list.count; i++)
			outside[i] &= namespaces->answer[i].by != NULL;
		result = read_round(self, outside, &rest, false);
	}
	free(outside);
	return result;
}

/* --- all of them --- */

int64_t netns_gather_cpu_ms(const struct options *options)
{
	return options->seconds > 0 ? (int64_t)(options->seconds * 1000) : NETNS_CPU_MAX_MS;
}

/* Of what netlink told nothing the recording says that there was one. */
static int record_others(struct run *run)
{
	const struct namespaces *namespaces = &run->namespaces;
	struct text note = { 0 };
	int answer = 0;
	for (size_t i = 0; i < namespaces->list.count && answer == 0; i++) {
		const char *by = namespaces->answer[i].by;
		if (!namespaces->chosen[i] || namespaces->answer[i].gone || (by && strcmp(by, "netlink") == 0))
			continue;
		text_free(&note);
		answer = netns_record_put(&namespaces->list.item[i], !i, false, &note);
		if (answer == 0)
			answer = wire_record_note(run->wire, note.data, note.len);
	}
	if (answer < 0)
		error_set(&run->error, errno, "write the recording", run->options->record);
	text_free(&note);
	return answer;
}

/* What is told: those that were chosen and are there. */
static void tell_answers(struct namespaces *namespaces)
{
	namespaces->told = 0;
	for (size_t i = 0; i < namespaces->list.count; i++) {
		struct netns_answer answer = namespaces->answer[i];
		if (!namespaces->chosen[i] || answer.gone)
			continue;
		answer.netns = &namespaces->list.item[i];
		namespaces->not_looked += !answer.by;
		answer.by = answer.by ? answer.by : "none";
		answer.complete &= !answer.skipped_states;
		namespaces->skipped += answer.skipped_states != 0;
		namespaces->answer[namespaces->told++] = answer;
	}
}

/* --- replay --- */

static int replay_section(void *context, const void *note, size_t len)
{
	struct gathering *self = context;
	struct run *run = self->run;
	bool asked;
	if (namespaces_add_recorded(run, note, len, &self->index, &asked) < 0)
		return error_set(&run->error, errno, "read the recording", run->options->replay);
	self->sections = true;
	run->namespaces.answer[self->index].by = asked ? "netlink" : NULL;
	return 0;
}

static int replay_take(void *context, const struct sock *sock)
{
	const struct gathering *self = context;
	return self->run->namespaces.chosen[self->index] ? part_take(context, sock) : 0;
}

static int replay(struct gathering *self)
{
	struct run *run = self->run;
	struct namespaces *namespaces = &run->namespaces;
	char none[NAME_MAX];
	struct source_request request = *self->request;
	struct sources sources = { .from = run->options->source, .wire = run->wire, .proc_net_fd = run->proc_net_fd };
	request.sink = replay_take;
	request.context = self;
	request.section = replay_section;
	request.mark = NULL;
	request.rewind = NULL;
	int result = collect_sockets(&sources, &request, &run->report, &run->error);
	if (!self->sections)
		namespaces->answer[0].by = "netlink";
	namespaces->answer[0].gone = !namespaces->answer[0].by;
	for (size_t i = 0; i < namespaces->list.count; i++)
		namespaces->answer[i].complete = namespaces->answer[i].by && report_is_whole(&run->report, 0);
	if (result == 0 && !namespaces_fit(run, none))
		result = error_set(&run->error, ENOENT, "find in the recording the network namespace", none);
	tell_answers(namespaces);
	return result;
}

int netns_gather(struct run *run, const struct source_request *request)
{
	struct namespaces *namespaces = &run->namespaces;
	const struct query *query = request->query;
	struct gathering self = { .run = run, .request = request };
	size_t count = namespaces->list.count;
	namespaces->count = namespaces->not_looked = namespaces->skipped = 0;
	namespaces->out_of_time = false;
	memset(namespaces->answer, 0, count * sizeof(*namespaces->answer));
	memset(namespaces->part, 0, count * sizeof(*namespaces->part));
	for (size_t i = 0; i < count; i++)
		namespaces->count += namespaces->chosen[i];
	if (run->options->replay)
		return replay(&self);
	/* A recording has netlink's answers alone. */
	self.staged = namespaces->count > FEW && !run->options->record && query->protos & PROTO_BIT(PROTO_TCP) &&
	              query->states[PROTO_TCP] & ~LISTENERS && run->options->source != SOURCE_PROC;
	self.end = cpu_time_ms() + netns_gather_cpu_ms(run->options);
	int result = netns_visit(&namespaces->list, namespaces->chosen, run->proc_fd, part_enter, &self);
	if (result == 0 && self.staged)
		result = gather_connections(&self);
	if (result == 0)
		result = gather_from_outside(&self);
	if (result == 0 && run->options->record)
		result = record_others(run);
	if (result < 0 && !run->error.what)
		error_set(&run->error, errno, "enter network namespaces", "");
	free(self.held.row);
	tell_answers(namespaces);
	return result;
}
