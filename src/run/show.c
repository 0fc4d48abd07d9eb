// SPDX-License-Identifier: MIT
/* show.c - rows to the format, in the order that was asked for (show.h). */
#include "run/show.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/column_table.h>
#include <sockview/names.h>

#include "run/open.h"
#include "run/pids.h"
#include "run/gather.h"
#include "run/rating.h"

enum {
	RESOLVE_DEADLINE_MS = 2000,
	AHEAD = 8, /* rows; how far ahead of the row that is printed its owners are fetched into the cache */
};

int show_prepare_owners(struct run *run)
{
	if (listing_prepare_owners(&run->listing, run->options, run->proc_fd, run->view.owners) < 0)
		return error_set(&run->error, errno, "find containers", "");
	return 0;
}

int show_begin(struct run *run)
{
	memset(run->format_state, 0, run->listing.format->state_size);
	run_find_boot_id(run);
	if (run->view.host)
		host_numbers_read(&run->listing.host_numbers, run->proc_fd, run->proc_net_fd);
	if (run->listing.groups)
		groups_clear(run->listing.groups);
	if (show_prepare_owners(run) < 0)
		return -1;
	run->begun = true;
	if (run->listing.format->begin(run->format_state, &run->view, &run->out) < 0)
		return error_set(&run->error, errno, "format", "");
	return 0;
}

/* In totals a connection is counted once: as MPTCP's where that is asked for, too. */
static bool is_counted_as_mptcp(const struct run *run, const struct sock *sock)
{
	const unsigned both = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_MPTCP);
	if (!run_counts(run->options) || sock->row.proto != PROTO_TCP || (run->query.protos & both) != both)
		return false;
	struct column_source source;
	struct value value;
	column_source_set(&source, &run->listing.context, sock);
	column_get(column_find("ulp", strlen("ulp")), &source, &value);
	return value.kind == VALUE_BYTES && value.bytes.len == strlen("mptcp") &&
	       memcmp(value.bytes.data, "mptcp", value.bytes.len) == 0;
}

static int show_sock(struct run *run, const struct sock *sock)
{
	/* Not before: a recording that cannot be read has no heading. */
	if (!run->begun && show_begin(run) < 0)
		return -1;
	const struct owners *owners = run->view.owners;
	if (run->listing.format->owned_only && !(owners && owners_of(owners, &sock->row).count)) {
		hidden_judge(&run->hidden, owners, run->selection.filter, sock, VERDICT_YES, false);
		return 0;
	}
	if (is_counted_as_mptcp(run, sock)) {
		run->subflows++;
		return 0;
	}
	if (run->options->top && !run->listing.groups && !run->options->summary && run->shown == run->options->top)
		return 0;
	run->shown++;
	run->nul_or_at += sock->unix_ && sock->unix_->has & UNIX_NUL_OR_AT;
	run->unowned += owners_hidden(owners, &sock->row);
	if (owners && run->options->verbose)
		legend_add(&run->legend, owners, &sock->row);
	if (run->listing.groups) {
		if (groups_add(run->listing.groups, &run->listing.context, sock) < 0)
			return error_set(&run->error, errno, "group", "");
		return 0;
	}
	if (run->listing.format->row(run->format_state, &run->view, &run->out, sock) < 0)
		return error_set(&run->error, errno, "format", "");
	/* Output has failed: 1 ends the dump. */
	return run->out.error ? 1 : 0;
}

/* Sink: a filter without owners decides at once. */
int show_chosen(void *context, const struct sock *sock)
{
	struct run *run = context;
	run_find_boot_id(run);
	enum verdict verdict = filter_judge(run->selection.filter, sock, NULL);
	run->undecidable += verdict == VERDICT_MAYBE;
	return verdict == VERDICT_YES ? show_sock(run, sock) : 0;
}

int show_wanted(void *context, const struct sock *sock)
{
	return rating_see(context, sock) < 0 ? -1 : show_chosen(context, sock);
}

void show_so_far(void *context)
{
	struct run *run = context;
	if (run->out.len)
		out_flush(&run->out);
}

int show_want_hosts(struct run *run)
{
	for (size_t i = 0; i < run->table.count; i++) {
		const struct row *row = &run->table.row[i];
		if (!row_is_inet(row))
			continue;
		if (names_want_host(run->names, row->family, &row->local) < 0 ||
		    names_want_host(run->names, row->family, &row->remote) < 0)
			return error_set(&run->error, errno, "look up hosts", "");
	}
	names_resolve(run->names, RESOLVE_DEADLINE_MS);
	return 0;
}

struct span {
	size_t first, end, count;
};

static int show_bucket(struct run *run, unsigned bucket, const struct span *span)
{
	int answer = 0;
	for (size_t i = span->first; i < span->end && !answer; i++) {
		struct sock sock;
		if (row_order(&run->table.row[i]) != bucket)
			continue;
		if (i + AHEAD < span->end)
			owners_prefetch(run->view.owners, &run->table.row[i + AHEAD]);
		table_get(&run->table, i, &sock);
		answer = show_sock(run, &sock);
	}
	return answer;
}

static int show_sorted(struct run *run)
{
	bool sections = run->listing.format->unix_apart;
	uint32_t *order = sort_order(&run->table, &run->listing.sort, &run->listing.context);
	int answer = 0;
	if (!order)
		return error_set(&run->error, errno, "sort", "");
	for (unsigned section = 0; section < (sections ? PROTO_COUNT : 1) && !answer; section++)
		for (size_t i = 0; i < run->table.count && !answer; i++) {
			struct sock sock;
			table_get(&run->table, order[i], &sock);
			if (!sections || (row_is_inet(&sock.row) ? 0 : sock.row.proto) == section)
				answer = show_sock(run, &sock);
		}
	free(order);
	return answer;
}

static int show_rows(struct run *run)
{
	if (run->listing.sort.count)
		return show_sorted(run);
	struct span spans[ROW_ORDERS] = { 0 };
	int answer = 0;
	for (size_t i = 0; i < run->table.count; i++) {
		struct span *span = &spans[row_order(&run->table.row[i])];
		span->first = span->count++ ? span->first : i;
		span->end = i + 1;
	}
	for (unsigned bucket = 0; bucket < ROW_ORDERS && !answer; bucket++)
		answer = show_bucket(run, bucket, &spans[bucket]);
	return answer;
}

/* --pids: of each wanted socket the owners that are wanted themselves. */
static int show_pids(struct run *run)
{
	struct pids pids = { 0 };
	int answer = pids_collect(&pids, &run->table, &run->owners, run->selection.filter, &run->hidden);
	if (answer < 0)
		error_set(&run->error, errno, "list pids", "");
	else
		pids_write(&pids, &run->out);
	run->shown = pids.count;
	free(pids.pid);
	return answer;
}

int show_failure(struct run *run)
{
	struct error error = run->error;
	run->listing.document.error = &run->error;
	if (!run->begun && run->listing.format->tells_errors && !run->options->pids)
		show_begin(run);
	run->error = error;
	return -1;
}

/* The groups of what was read, as the rows of the format. */
static int show_groups(struct run *run)
{
	struct groups *groups = run->listing.groups;
	uint64_t top = run->options->top;
	if (groups_order(groups, &run->listing.context) < 0)
		return -1;
	for (size_t i = 0; i < groups_count(groups) && (!top || i < top) && !run->out.error; i++)
		if (run->listing.format->row(run->format_state, &run->view, &run->out, groups_at(groups, i)) < 0)
			return -1;
	return 0;
}

int show_end(struct run *run, int answer)
{
	if (!run->begun)
		return answer;
	run->begun = false;
	if (run->listing.groups && show_groups(run) < 0 && answer >= 0)
		answer = error_set(&run->error, errno, "group", "");
	if (run->listing.format->end(run->format_state, &run->view, &run->out) < 0 && answer >= 0)
		return error_set(&run->error, errno, "format", "");
	return answer;
}

int show_table(struct run *run)
{
	if (run->options->pids)
		return show_pids(run);
	int answer = show_begin(run);
	return answer ? answer : show_rows(run);
}
