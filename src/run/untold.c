// SPDX-License-Identifier: MIT
/*
 * untold.c - sockets that no table of the kernel's tells of, among those that it tells of (untold.h).
 *
 * TCP sockets that are only bound (bound.h) come where those of their protocol
 * and family end, vsock and XDP sockets (held.h) behind all others. A recording
 * has them as answers that say so (descriptor_record.h).
 */
#include "run/untold.h"

#include <errno.h>
#include <sys/stat.h>

#include <sockview/bound.h>
#include <sockview/descriptor_record.h>
#include <sockview/held.h>
#include <sockview/proto.h>

#include "run/namespaces.h"

/* --- recorded --- */

/* Into the section of the recording that is of the namespace, which it names where it has several. */
static int untold_record_part(struct run *run, const struct descriptor_record *part)
{
	struct namespaces *namespaces = &run->namespaces;
	struct text note = { 0 };
	int answer = 0;
	if (namespaces->list.count)
		answer = netns_record_put(&namespaces->list.item[part->netns], !part->netns, true, &note);
	if (answer == 0 && note.len)
		answer = wire_record_note(run->wire, note.data, note.len);
	text_free(&note);
	return answer ? answer : descriptor_record(run->wire, part);
}

/* Of each namespace that has some, and of the first that was asked for in any case: that it was looked. */
static int untold_record(struct run *run, const struct table *table, unsigned protos, unsigned unread)
{
	const struct namespaces *namespaces = &run->namespaces;
	size_t count = namespaces->list.count ? namespaces->list.count : 1;
	bool said = false;
	int answer = 0;
	for (size_t i = 0; i < count && answer == 0; i++) {
		struct descriptor_record part = { table, protos, (uint16_t)i, said ? 0 : unread };
		if ((namespaces->list.count && !namespaces->chosen[i]) || (said && !descriptor_record_has(&part)))
			continue;
		said = true;
		answer = untold_record_part(run, &part);
	}
	return answer ? error_set(&run->error, errno, "write the recording", run->options->record) : 0;
}

/* --- only bound --- */

static int untold_record_bound(struct run *run)
{
	struct table table;
	int answer = 0;
	table_init(&table, 0);
	for (size_t i = 0; i < run->bound.count && answer == 0; i++)
		answer = table_add(&table, &(struct sock){ .row = run->bound.row[i] });
	if (answer < 0)
		error_set(&run->error, errno, "write the recording", run->options->record);
	else
		answer = untold_record(run, &table, PROTO_BIT(PROTO_TCP), run->bound.unread);
	table_free(&table);
	return answer;
}

void untold_bound(struct run *run, const struct query *query)
{
	if (!run->options->replay && !run->bound.looked && run->options->source != SOURCE_NETLINK &&
	    bound_is_asked(query) && (run->options->source == SOURCE_PROC || !bound_is_told(&run->absent)))
		bound_find(&run->bound, run->proc_net_fd);
}

static int untold_bound_report(struct run *run)
{
	run->report.bound_unread = run->bound.unread;
	run->report.from_descriptors |= PROTO_BIT(PROTO_TCP);
	return run->options->record ? untold_record_bound(run) : 0;
}

/* A request whose rows have those of run->bound among them, each where its protocol and family end. */
struct splice {
	struct run *run;
	const struct source_request *inner;
	size_t given, marked; /* rows of run->bound */
};

/* Those that come before a row of that order. 0, or the sink's answer. */
static int splice_bound(struct splice *splice, unsigned order)
{
	const struct bound_rows *bound = &splice->run->bound;
	int answer = 0;
	while (answer == 0 && splice->given < bound->count && row_order(&bound->row[splice->given]) < order) {
		struct sock sock = { .row = bound->row[splice->given++] };
		splice->run->report.received++;
		if (query_matches(splice->inner->query, &sock.row))
			answer = splice->inner->sink(splice->inner->context, &sock);
	}
	return answer;
}

static int splice_sink(void *context, const struct sock *sock)
{
	struct splice *splice = context;
	int answer = splice->inner->ordered ? splice_bound(splice, row_order(&sock->row)) : 0;
	return answer ? answer : splice->inner->sink(splice->inner->context, sock);
}

static void splice_pause(void *context)
{
	const struct source_request *inner = ((const struct splice *)context)->inner;
	inner->pause(inner->context);
}

static size_t splice_mark(const void *context)
{
	struct splice *splice = (struct splice *)context;
	splice->marked = splice->given;
	return splice->inner->mark(splice->inner->context);
}

static void splice_rewind(void *context, size_t mark)
{
	struct splice *splice = context;
	splice->given = splice->marked;
	splice->inner->rewind(splice->inner->context, mark);
}

static int spliced_tables(struct run *run, const struct sources *sources, const struct source_request *inner)
{
	struct splice splice = { .run = run, .inner = inner };
	struct source_request request = *inner;
	request.sink = splice_sink;
	request.context = &splice;
	request.pause = inner->pause ? splice_pause : NULL;
	request.mark = inner->mark ? splice_mark : NULL;
	request.rewind = inner->rewind ? splice_rewind : NULL;
	if (untold_bound_report(run) < 0)
		return -1;
	int answer = collect_sockets(sources, &request, &run->report, &run->error);
	return answer ? answer : splice_bound(&splice, ROW_ORDERS);
}

static int tables_and_bound(struct run *run, const struct sources *sources, const struct source_request *request)
{
	struct splice splice = { .run = run, .inner = request };
	untold_bound(run, request->query);
	if (run->bound.looked)
		return spliced_tables(run, sources, request);
	int answer = collect_sockets(sources, request, &run->report, &run->error);
	if (answer || !run->report.bound_untold || run->options->source == SOURCE_NETLINK || run->options->replay)
		return answer;
	/* Netlink was to tell of them, and could not. */
	if (!run->bound.looked)
		bound_find(&run->bound, run->proc_net_fd);
	if (untold_bound_report(run) < 0)
		return -1;
	return splice_bound(&splice, ROW_ORDERS);
}

int untold_among(struct run *run, const struct sources *sources, const struct source_request *request)
{
	int answer = tables_and_bound(run, sources, request);
	/* Of this answer alone: the next one looks again. */
	bound_free(&run->bound);
	return answer;
}

/* --- vsock and XDP --- */

struct behind {
	struct run *run;
	const struct source_request *request;
	uint64_t netns; /* ours; 0: not known */
	struct table recorded;
};

static bool behind_place(void *context, uint64_t netns, uint16_t *index)
{
	const struct behind *self = context;
	struct namespaces *namespaces = &self->run->namespaces;
	*index = 0;
	if (!namespaces->list.count || self->run->entered)
		return !netns || !self->netns || netns == self->netns;
	size_t at = netns ? netns_list_find(&namespaces->list, netns) : namespaces->list.count;
	*index = at < namespaces->list.count ? (uint16_t)at : 0;
	return at < namespaces->list.count && namespaces->chosen[at];
}

static int behind_sink(void *context, const struct sock *sock)
{
	struct behind *self = context;
	self->run->report.received++;
	if (self->run->options->record && table_add(&self->recorded, sock) < 0)
		return -1;
	return query_matches(self->request->query, &sock->row) ? self->request->sink(self->request->context, sock) : 0;
}

unsigned untold_by_descriptors(const struct run *run)
{
	bool looks = !run->options->replay && run->proc_is_ours && run->proc_fd >= 0 &&
	             run->options->source != SOURCE_NETLINK;
	return looks ? HELD_PROTOS : 0;
}

int untold_behind(struct run *run, const struct source_request *request)
{
	unsigned protos = run->report.unavailable & request->query->protos & untold_by_descriptors(run);
	struct behind self = { .run = run, .request = request };
	struct stat status;
	const struct held_request held = {
		.proc_fd = run->proc_fd,
		.protos = protos,
		.copies = !run->privilege.elevated,
		.place = behind_place,
		.sink = behind_sink,
		.context = &self,
	};
	if (!protos)
		return 0;
	if (fstatat(run->proc_fd, "thread-self/ns/net", &status, 0) == 0)
		self.netns = status.st_ino;
	table_init(&self.recorded, WANT_DETAIL);
	int answer = held_find(&held, &run->report.held_unread);
	if (answer < 0 && !run->error.what)
		error_set(&run->error, errno, "read the descriptors of processes", "");
	run->report.unavailable &= ~protos;
	run->report.from_descriptors |= protos;
	if (answer == 0 && run->options->record)
		answer = untold_record(run, &self.recorded, protos, run->report.held_unread);
	table_free(&self.recorded);
	return answer;
}
