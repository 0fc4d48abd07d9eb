// SPDX-License-Identifier: MIT
/* gather.c - sockets and their owners (gather.h). */
#include "run/gather.h"

#include <errno.h>
#include <stdio.h>

#include <sockview/evidence.h>
#include <sockview/proto.h>

#include "run/confine.h"
#include "run/keeping.h"
#include "run/netns_gather.h"
#include "run/open.h"
#include "run/rating.h"
#include "run/rights.h"
#include "run/untold.h"

int gather_sockets(struct run *run, const struct source_request *request)
{
	struct sources sources = {
		.from = run->options->source,
		.servant = run->servant,
		.wire = run->wire,
		.proc_net_fd = run->proc_net_fd,
		.parts = (unsigned)run->options->parts,
		.busy = run->looks_early,
		.absent = &run->absent,
	};
	struct source_request confined = *request;
	bool several = run->namespaces.list.count && !run->entered;
	confine_source(run, &sources, &confined);
	int answer = several ? netns_gather(run, request) : untold_among(run, &sources, &confined);
	if (answer == 0)
		answer = untold_behind(run, request);
	/* The collector does not know the name of the file behind its wire. */
	const char *file = run->options->replay;
	if (!file && run->wire && wire_record_failed(run->wire))
		file = run->options->record;
	if (answer < 0 && file && !run->error.subject[0])
		snprintf(run->error.subject, sizeof(run->error.subject), "%s", file);
	return answer;
}

/* --- owners --- */

static struct finder_request finder_request(const struct run *run)
{
	return (struct finder_request){
		.proc_fd = run->proc_fd,
		.proc_is_ours = run->proc_is_ours,
		.index = &run->owners.index,
		.details = run->needs.details,
		.names_unseen = run->selection.needs.owners,
		.elevated = run->privilege.elevated ? &run->privilege : NULL,
		.only = run->fitting_only ? &run->fitting : NULL,
	};
}

static bool tries_bpf(const struct run *run, const struct finder_request *request)
{
	return run->options->owners_from == OWNERS_BPF ||
	       (!request->only && run->options->owners_from == OWNERS_AUTO && finder_bpf_pays(request));
}

static bool concerns(const void *filter, const struct owners *owners, const struct process *process)
{
	return filter_concerns(filter, owners, process);
}

/* Of each socket one owner is printed, and nothing that follows from the others. */
static bool shows_one_owner(const struct run *run)
{
	return run->listing.format == &format_netstat && run->view.programs == 1 && !run->needs.evidence &&
	       !run->needs.parents;
}

/*
 * The sockets of the processes that fit: of the dump's rows no other is kept.
 * Where one of them cannot be looked into, any socket may be its.
 */
static int choose_sockets(struct run *run)
{
	struct finder_request request = finder_request(run);
	request.only = &run->fitting;
	if (!run->fitting_only)
		request.details = 0;
	if (privilege_owners(&run->privilege, true))
		return error_set(&run->error, errno, "set privileges", "");
	int answer = finder_sockets(&request, &run->chosen), number = errno;
	if (rights_away(run) < 0)
		return -1;
	if (answer < 0)
		return error_set(&run->error, number, "find the sockets of the processes that fit", "");
	run->only_chosen = !owners_unseen(&run->chosen.report);
	run->chosen_by_uid = filter_by_owner(run->selection.filter) == BY_OWNER_OR_UID;
	if (!run->only_chosen)
		owners_free(&run->chosen);
	return 0;
}

/*
 * Where only sockets of certain processes fit, those are found first, by what
 * /proc tells of them, then their sockets; without one no dump is made. A
 * process that begins, or becomes one that fits, or opens another socket
 * between this and the dump is missed, as one that ends is in the usual order.
 */
static int choose_processes(struct run *run, bool *none)
{
	enum filter_by_owner by = filter_by_owner(run->selection.filter);
	struct finder_request request = finder_request(run);
	const struct options *options = run->options;
	bool live = run->proc_fd >= 0 && !options->replay && !options->record && !run->namespaces.list.count;
	/* With rates, sockets that closed since the last look are told, too. */
	live &= !(run->listing.needs.need & NEED_RATES);
	process_list_free(&run->fitting);
	owners_free(&run->chosen);
	run->fitting_only = run->only_chosen = *none = false;
	if (by == BY_OWNER_NOT || !live || options->no_pushdown || options->verbose)
		return 0;
	request.details = run->selection.needs.details;
	if (privilege_owners(&run->privilege, true))
		return error_set(&run->error, errno, "set privileges", "");
	int answer = finder_census(&request, concerns, run->selection.filter, &run->fitting);
	int number = errno;
	if (rights_away(run) < 0)
		return -1;
	if (answer < 0)
		return error_set(&run->error, number, "find the processes that fit", "");
	/* Of a socket that fits by its own uid another owner may be shown. */
	bool others = run->needs.owners_shown && !options->pids && (by == BY_OWNER_OR_UID || !shows_one_owner(run));
	run->fitting_only = answer == 0 && !run->needs.evidence && !run->needs.parents && !others;
	bool settles = by == BY_OWNER_OR_UID && run->selection.needs.settles;
	if (answer == 0 && !run->keeper.on && !settles && choose_sockets(run) < 0)
		return -1;
	*none = answer == 0 && by == BY_OWNER_ALONE &&
	        (!run->fitting.count || (run->only_chosen && !run->chosen.index.count));
	return 0;
}

/* A connection that its process has closed, or has not got yet, has neither an owner nor a uid of its own. */
static void leave_out_ownerless(struct query *query)
{
	uint32_t ownerless = STATE_BIT(STATE_TIME_WAIT) | STATE_BIT(STATE_SYN_RECV);
	FOR_EACH_PROTO (proto, query->protos & PROTO_BIT(PROTO_TCP))
		query->states[proto] &= query->states[proto] & ~ownerless ? ~ownerless : UINT32_MAX;
}

/* Of a socket's owners the first one that fits is shown, whichever way they were found. */
static void put_fitting_first(struct run *run)
{
	if (!run->owners.owner_count || filter_by_owner(run->selection.filter) == BY_OWNER_NOT || !shows_one_owner(run))
		return;
	for (size_t row = 0; row < run->table.count; row++) {
		struct sock sock;
		table_get(&run->table, row, &sock);
		struct owner_span span = owners_of(&run->owners, &sock.row);
		struct owner *owner = run->owners.owner + (span.count ? span.first - run->owners.owner : 0);
		size_t at = 0;
		while (at < span.count &&
		       filter_judge_owner(run->selection.filter, &sock, &run->owners, &owner[at]) != VERDICT_YES)
			at++;
		if (at && at < span.count) {
			struct owner fits = owner[at];
			owner[at] = owner[0];
			owner[0] = fits;
		}
	}
}

/* Whether a look for owners is worth taking beside the dump: it is where the dump takes long, that of all connections. */
static void look_early(struct run *run)
{
	struct finder_request request = finder_request(run);
	run->looks_early = false;
	uint32_t quick = STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND);
	bool long_dump = false;
	FOR_EACH_PROTO (proto, run->query.protos & protos_with(PROTO_CONNECTIONS))
		long_dump |= (run->query.states[proto] & ~quick) != 0;
	/* Its rights are the main thread's, which does not dump where there are more namespaces. */
	if (!long_dump || run->keeper.on || run->selection.needs.any || run->options->replay ||
	    run->namespaces.list.count || run->proc_fd < 0 || !run->needs.owners)
		return;
	run->looks_early = tries_bpf(run, &request);
}

/* Begun by the first socket that can have an owner; its thread has the rights that are in effect now. */
static int begin_early(struct run *run)
{
	struct finder_request request = finder_request(run);
	run->looks_early = false;
	if (privilege_owners(&run->privilege, true))
		return 0;
	run->early = finder_bpf_early(&request);
	return rights_away(run);
}

static int find_owners(struct run *run, struct owners *owners)
{
	struct finder_request request = finder_request(run);
	request.index = &owners->index;
	if (run->early) {
		int answer = finder_bpf_late(run->early, &request, owners, &run->error);
		run->early = NULL;
		if (answer <= 0)
			return answer;
	}
	if (tries_bpf(run, &request)) {
		int answer = finder_bpf(&request, owners, &run->error);
		if (answer <= 0)
			return answer;
		if (run->options->owners_from == OWNERS_BPF)
			return error_set(&run->error, owners->report.bpf_errno,
			                 "find owners by BPF:", owners->report.bpf_why ? owners->report.bpf_why : "");
	}
	return finder_proc(&request, owners, &run->error);
}

/* evidence_find()'s finder: the holders of other sockets; no details are read of them. */
static int find_holders(void *context, struct owners *owners)
{
	const struct run *run = context;
	struct finder_request request = finder_request(run);
	struct error error;
	request.index = &owners->index;
	request.details = 0;
	request.names_unseen = false;
	if (finder_proc(&request, owners, &error) < 0)
		errno = error.number;
	else if (owners->report.no_proc)
		errno = owners->report.no_proc;
	else
		return 0;
	return -1;
}

/* The one step that is taken with all our rights. */
static int look_for_owners(struct run *run)
{
	if (keeping_fits(run))
		return keeping_find(run, find_owners);
	if (find_owners(run, &run->owners) < 0)
		return -1;
	struct evidence_request evidence = {
		.table = &run->table,
		.listeners = run->listeners,
		.proc_fd = run->proc_fd,
		.find = find_holders,
		.context = run,
	};
	if (run->needs.evidence && evidence_find(&evidence, &run->owners) < 0)
		return error_set(&run->error, errno, "find owners", "");
	return 0;
}

static bool is_unaccepted(const struct row *row)
{
	return owners_reason(&(struct owners){ .index.count = 0 }, row) == REASON_UNACCEPTED;
}

static bool has_unaccepted(const struct table *table)
{
	for (size_t i = 0; i < table->count; i++)
		if (is_unaccepted(&table->row[i]))
			return true;
	return false;
}

/*
 * All listeners behind the table's rows, from run->listeners on, whatever the
 * selection: of an unaccepted connection it takes them all to tell whose it is.
 * One dump of a short table, never recorded. Without it that is not known.
 */
static int add_listeners(struct run *run)
{
	struct query query = { .protos = PROTO_BIT(PROTO_TCP),
		               .inet = true,
		               .inet6 = true,
		               .states = { [PROTO_TCP] = STATE_BIT(STATE_LISTEN) } };
	struct sources sources = { .from = run->options->source,
		                   .proc_net_fd = run->proc_net_fd,
		                   .absent = &run->absent };
	struct source_request request = { .query = &query, .sink = table_sink, .context = &run->table };
	struct report report = { 0 };
	struct error error = { 0 };
	run->listeners = 0;
	if (!run->needs.evidence || !has_unaccepted(&run->table))
		return 0;
	run->listeners = run->table.count;
	collect_sockets(&sources, &request, &report, &error);
	return error.number == ENOMEM ? error_set(&run->error, ENOMEM, "find owners", "") : 0;
}

static int gather_owners_of(struct run *run)
{
	if (run->only_chosen && run->fitting_only) {
		run->owners = run->chosen;
		run->chosen = (struct owners){ 0 };
		return 0;
	}
	if (inode_index_build(&run->owners.index, &run->table, run->needs.peers) < 0)
		return error_set(&run->error, errno, "find owners", "");
	if (run->owners.index.count && run->proc_fd < 0 && !run->options->replay)
		run->owners.report.no_proc = run->proc_errno;
	if (!run->owners.index.count || !run_proc_fits(run))
		return 0;
	if (privilege_owners(&run->privilege, true))
		return error_set(&run->error, errno, "set privileges", "");
	int answer = look_for_owners(run);
	if (rights_away(run) < 0 || answer < 0)
		return -1;
	if (run->privilege.sees_fds)
		run->owners.report.denied_cause = owners_denied_cause(run->proc_fd, &run->owners.report);
	if (run->needs.parents && finder_parents(run->proc_fd, &run->owners) < 0)
		return error_set(&run->error, errno, "find the owners' parents", "");
	return 0;
}

int gather_owners(struct run *run)
{
	size_t rows = run->table.count;
	int answer = add_listeners(run);
	if (answer == 0)
		answer = gather_owners_of(run);
	table_truncate(&run->table, rows);
	return answer;
}

/* Sockets selected or listed by owner cannot be told without owners: no empty answer stands for that. */
static int gather_no_proc(struct run *run)
{
	const struct options *options = run->options;
	if (!run->owners.report.no_proc || !(run->undecided || options->pids || run->listing.format->owned_only))
		return 0;
	return error_set(&run->error, run->owners.report.no_proc, "find the owners that were asked for in",
	                 options->proc_root ? options->proc_root : "/proc");
}

/* --- what is wanted --- */

int gather_keep(struct run *run, const struct sock *sock)
{
	if (table_sink(&run->table, sock) == 0)
		return 0;
	return error_set(&run->error, errno, "keep the sockets", "");
}

/* True if owners, names or the other rows decide what the row alone does not. */
static bool is_decided_later(const struct run *run)
{
	const struct filter_needs *needs = &run->selection.needs;
	return needs->owners || needs->settles || needs->columns & (NEED_HOSTS | NEED_CONTAINERS);
}

/* Sink: keeps the sockets that the filter wants, and those about which it needs the owners. */
static int gather_chosen(void *context, const struct sock *sock)
{
	struct run *run = context;
	if (run->selection.needs.settles) {
		filter_see(run->selection.filter, &sock->row);
		if (!query_matches(&run->query, &sock->row))
			return 0;
	}
	bool chosen = !run->only_chosen || inode_index_find(&run->chosen.index, sock->row.inode) != SLOT_NONE;
	if (!chosen && !run->chosen_by_uid)
		return 0;
	run_find_boot_id(run);
	enum verdict verdict = filter_judge(run->selection.filter, sock, NULL);
	if (!chosen && verdict == VERDICT_MAYBE)
		return 0;
	if (verdict == VERDICT_MAYBE && !is_decided_later(run)) {
		run->undecidable++;
		return 0;
	}
	if (verdict == VERDICT_NO)
		return 0;
	run->undecided += verdict == VERDICT_MAYBE;
	if (run->looks_early && sock->row.inode && begin_early(run) < 0)
		return -1;
	return gather_keep(run, sock);
}

/* Sink: a row of the dump. */
static int gather_wanted(void *context, const struct sock *sock)
{
	return rating_see(context, sock) < 0 ? -1 : gather_chosen(context, sock);
}

static bool gather_is_wanted(void *context, const struct sock *sock)
{
	struct run *run = context;
	const struct filter *filter = run->selection.filter;
	enum verdict verdict = filter_judge(filter, sock, &run->owners);
	run->undecidable += verdict == VERDICT_MAYBE;
	bool lists = !run->options->pids && !run->listing.format->owned_only;
	/* Those that fit and are left out for want of an owner are counted where that is done. */
	if (verdict == VERDICT_NO || lists)
		hidden_judge(&run->hidden, &run->owners, filter, sock, verdict, lists);
	return verdict == VERDICT_YES;
}

bool gather_waits_for_names(const struct run *run)
{
	return run->undecided && run->selection.needs.columns & (NEED_HOSTS | NEED_CONTAINERS);
}

void gather_decide(struct run *run)
{
	if (run->undecided)
		table_keep(&run->table, gather_is_wanted, run);
}

size_t gather_mark(const void *context)
{
	return ((const struct run *)context)->table.count;
}

void gather_rewind(void *context, size_t mark)
{
	table_truncate(&((struct run *)context)->table, mark);
}

int gather_table(struct run *run)
{
	/* Rows that are not wanted tell of those that are: sockets in every state have addresses. */
	struct query wide = run->query;
	wide.inet = wide.inet6 = true;
	wide.expr = NULL;
	FOR_EACH_PROTO (proto, wide.protos)
		wide.states[proto] = STATE_ALL;
	struct query narrow = run->query;
	struct source_request request = {
		.query = run->selection.needs.settles ? &wide : &narrow,
		.sink = gather_wanted,
		.context = run,
		.mark = gather_mark,
		.rewind = gather_rewind,
	};
	bool none;
	if (choose_processes(run, &none) < 0)
		return -1;
	if (run->only_chosen && !run->selection.needs.settles)
		leave_out_ownerless(&narrow);
	look_early(run);
	int answer = none ? 0 : gather_sockets(run, &request);
	run->owners.report.asked |= none;
	if (answer == 0)
		answer = rating_end(run, gather_chosen);
	if (answer == 0 && (run->needs.owners_shown || (run->undecided && run->selection.needs.owners))) {
		answer = gather_owners(run) < 0 ? -1 : gather_no_proc(run);
		run->view.owners = &run->owners;
		run->view.table = &run->table;
	}
	finder_bpf_drop(run->early); /* before privileges are dropped: its thread has its own copy of them */
	run->early = NULL;
	if (answer == 0 && run->needs.owners &&
	    hidden_begin(&run->hidden, &run->owners, run->selection.filter, run->selection.needs.details) < 0)
		answer = error_set(&run->error, errno, "find owners", "");
	if (answer == 0 && !gather_waits_for_names(run))
		gather_decide(run);
	if (answer == 0)
		put_fitting_first(run);
	return answer;
}
