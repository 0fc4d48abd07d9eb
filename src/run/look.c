// SPDX-License-Identifier: MIT
/* look.c - one look at the sockets, from privileges to report; again with -c (look.h). */
#include "run/look.h"

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <sockview/message.h>

#include <sockview/held.h>
#include <sockview/proto.h>

#include "run/gather.h"
#include "run/meant.h"
#include "run/namespaces.h"
#include "run/notes.h"
#include "run/rating.h"
#include "run/rights.h"
#include "run/show.h"
#include "run/sought.h"
#include "run/untold.h"

void look_plan(struct run *run)
{
	const struct options *options = run->options;
	const struct filter_needs *selected = &run->selection.needs;
	const struct column_needs *listed = &run->listing.needs;
	bool shown = listed->need & NEED_OWNERS || options->pids;
	selection_query(&run->selection, options, &run->query);
	run->query.want |= listed->want;
	/* A replay may be asked for what this look is not. */
	if (options->record && run->query.want & WANT_UNIX)
		run->query.want |= WANT_PEER | WANT_VFS;
	/* The kernel refuses the whole dump to those that it does not tell. */
	run->storage_hidden = run->query.want & WANT_STORAGE && !run->privilege.has_storage && !options->replay;
	if (run->storage_hidden)
		run->query.want &= ~(unsigned)WANT_STORAGE;
	/* The ULP of a TCP connection: is_counted_as_mptcp(), show.c. */
	if (run_counts(options) && run->query.protos & PROTO_BIT(PROTO_MPTCP))
		run->query.want |= WANT_INFO;
	run->needs = (struct run_needs){
		.owners = shown || selected->owners,
		.owners_shown = shown,
		/* The second look is taken only where its result is printed. */
		.evidence = (options->verbose || listed->need & NEED_EVIDENCE) && !options->replay,
		.parents = listed->need & NEED_PARENTS,
		.peers = (listed->need | selected->columns) & NEED_PEERS,
		.hosts = options->resolve || listed->need & NEED_HOSTS,
		.secrets = listed->need & NEED_NET_ADMIN || selected->mark,
		.details = selected->details | listed->details,
		.privileges = (run->namespaces.list.count && !options->replay ? PRIVILEGE_NETNS : 0u) |
		              (listed->need & NEED_CGROUPS && !options->replay ? PRIVILEGE_CGROUPS : 0u) |
		              (run->query.want & WANT_STORAGE && !options->replay ? PRIVILEGE_STORAGE : 0u),
	};
	/* A number may be a pid: whose descriptors its caller may look at, no more. */
	if (meant_number(run->selection.text.data) && !options->replay && !run->privilege.elevated)
		run->needs.privileges |= PRIVILEGE_FDS;
	if (run->query.protos & HELD_PROTOS && !options->replay && !run->privilege.elevated)
		run->needs.privileges |= PRIVILEGE_FDS;
	/* By copies of descriptors, where no table tells of them; PRIVILEGE_MARK is CAP_NET_ADMIN. */
	if (bound_is_asked(&run->query) && !options->replay && !run->privilege.elevated)
		run->needs.privileges |= PRIVILEGE_FDS | PRIVILEGE_MARK;
}

static void look_clear(struct run *run)
{
	run->report = (struct report){ 0 };
	bound_free(&run->bound);
	run->shown = run->subflows = run->nul_or_at = run->unowned = run->undecided = run->undecidable = 0;
	run->legend = (struct legend){ 0 };
	table_clear(&run->table);
	owners_free(&run->owners);
	hidden_free(&run->hidden);
	run->view.owners = NULL;
}

/* Several ports that no socket has together: from now on either. A recording is of one look. */
static int look_for_either(struct run *run)
{
	selection_free(&run->selection);
	if (selection_make_either(&run->selection, run->options, &run->lookup) < 0)
		return error_set(&run->error, ENOMEM, "read the filter", "");
	run->selection.ports = false;
	filter_set_context(run->selection.filter, &run->listing.context);
	run->view.chosen = run->selection.needs.items ? run->selection.filter : NULL;
	look_plan(run);
	look_clear(run);
	if (!run->options->quiet)
		notes_either(run->selection.text.data);
	return gather_table(run);
}

struct elsewhere {
	const struct run *run;
	uint64_t count;
};

static int count_fitting(void *context, const struct sock *sock)
{
	const struct run *run = ((struct elsewhere *)context)->run;
	((struct elsewhere *)context)->count += filter_judge(run->selection.filter, sock, NULL) == VERDICT_YES;
	return 0;
}

static bool look_is_for_listeners(const struct run *run)
{
	return run->options->listening && !run->options->all && !run->selection.needs.states_chosen;
}

static bool look_is_on_terminal(const struct run *run)
{
	return run->on_terminal && !run->options->continuous;
}

/* The port that was looked for; NULL: none, or several. */
static const char *look_port(const struct run *run)
{
	const struct filter_needs *needs = &run->selection.needs;
	return needs->target && !needs->owners ? meant_number(run->selection.text.data) : NULL;
}

/*
 * Of an empty answer, for a person who reads it: whether the port that was
 * looked for in the states of -l has sockets in others.
 */
static bool look_elsewhere(struct run *run)
{
	if (run->table.count || !look_port(run) || !look_is_for_listeners(run) || run->options->replay ||
	    run->namespaces.list.count || run->options->quiet || !look_is_on_terminal(run))
		return false;
	struct options all = *run->options;
	struct query query;
	struct elsewhere elsewhere = { .run = run };
	struct sources sources = { .from = all.source, .proc_net_fd = run->proc_net_fd };
	struct source_request request = { .query = &query, .sink = count_fitting, .context = &elsewhere };
	struct report report = { 0 };
	struct error error = { 0 };
	all.all = true;
	selection_query(&run->selection, &all, &query);
	return collect_sockets(&sources, &request, &report, &error) == 0 && elsewhere.count;
}

/* Everything is read before the first byte is written. */
static int look_whole(struct run *run, bool last)
{
	const struct options *options = run->options;
	int answer = gather_table(run);
	if (answer == 0 && run->selection.ports && !run->table.count && !options->replay && !options->record)
		answer = look_for_either(run);
	if (answer == 0)
		sought_look(run);
	/* Before the rights are given up: another user's process is looked into. */
	const char *number = meant_number(run->selection.text.data);
	run->number_is_pid =
		number && answer == 0 && !run->table.count && !options->replay && meant_pid(run->proc_fd, number);
	run->listing.document.netns_answer = run->namespaces.answer;
	run->listing.document.netns_answers = run->namespaces.told;
	listing_find_cgroups(&run->listing, &run->table);
	if (rights_drop(run, last) < 0)
		return -1;
	if (answer == 0 && run->needs.hosts)
		answer = show_want_hosts(run);
	if (answer == 0 && gather_waits_for_names(run)) {
		answer = show_prepare_owners(run);
		gather_decide(run);
	}
	run->elsewhere = answer == 0 && look_elsewhere(run);
	return answer ? answer : show_table(run);
}

/* Nothing needs all rows: each is written as it comes, in constant memory. */
static int look_streaming(struct run *run, bool last, bool served)
{
	struct source_request request = {
		.query = &run->query,
		.ordered = true,
		.sink = show_wanted,
		.context = run,
		.pause = run->options->continuous ? NULL : show_so_far,
	};
	/* The kernel tells secrets only to a thread that has the right to them: not to the one that writes. */
	if (served && !rights_serve(run))
		return look_whole(run, last);
	if (rights_drop(run, last) < 0) {
		rights_serve_end(run);
		return -1;
	}
	run->streaming = true;
	int answer = gather_sockets(run, &request);
	run->streaming = false;
	if (answer == 0)
		answer = rating_end(run, show_chosen);
	rights_serve_end(run);
	return answer || run->begun ? answer : show_begin(run);
}

static void look_report(struct run *run)
{
	const struct options *options = run->options;
	const struct filter_needs *needs = &run->selection.needs;
	/* A hidden process is worth a note where it may be a missing owner: -pp wants all of them. */
	const struct owner_report *looked = &run->owners.report;
	bool trouble = looked->no_proc || looked->starved || looked->unread[0].count || looked->partly.count;
	bool owners = run->unowned || trouble || looked->veiled || options->programs > 1 || options->verbose;
	notes_report(&run->report, owners ? &run->owners.report : NULL, rights_unused(run) ? NULL : &run->privilege,
	             options->verbose);
	if (options->record)
		notes_recording(&run->report);
	if (options->replay) {
		struct origin origin = origin_read(wire_origin(run->wire));
		notes_replay(&run->report, &origin, options->verbose);
	}
	hidden_say(&run->hidden, &run->owners, rights_unused(run) ? NULL : &run->privilege);
	if (!run->shown && run->number_is_pid)
		notes_pid(meant_number(run->selection.text.data));
	if (options->verbose)
		legend_say(&run->legend, &run->owners);
	if (run->listing.groups)
		notes_groups(groups_shared(run->listing.groups));
	notes_subflows(run->subflows);
	rating_say(run);
	notes_names(run->names);
	notes_cgroups(listing_cgroups_unread(&run->listing));
	notes_recorded_elsewhere(run->report.elsewhere);
	namespaces_say(&run->namespaces);
	notes_selection(&(struct notes_selection){
		.report = &run->report,
		.filtered = needs->any,
		.protos = run->query.protos,
		.listening = look_is_for_listeners(run),
		.terminal = look_is_on_terminal(run),
		.port = look_port(run),
		.elsewhere = run->elsewhere,
		.storage_hidden = run->storage_hidden,
		.marks_hidden = needs->mark && !run->privilege.has_net_admin && !options->replay,
		.netlink_only = needs->netlink,
		.connected_only = run->query.protos && selection_is_connected(&run->selection, options),
		.shown = run->shown,
		.nul_or_at = run->nul_or_at,
		.undecidable = run->undecidable,
		.verbose = options->verbose,
	});
}

/*
 * True, with error, if nothing that was asked for could be read. A part of the
 * answer is one if it has a row; a protocol that the kernel does not know has none.
 */
static bool look_is_void(struct run *run)
{
	const struct report *report = &run->report;
	int refused = 0;
	if (report->cut_errno && !run->shown_ever) {
		error_set(&run->error, report->cut_errno, "list all sockets (netlink)", "");
		return true;
	}
	if ((report->unavailable & run->query.protos) != run->query.protos)
		return false;
	FOR_EACH_PROTO (proto, run->query.protos)
		refused = refused ? refused : report->refused[proto];
	/* Netlink alone was to be asked. */
	if (!refused && run->options->source == SOURCE_NETLINK)
		refused = report->netlink_errno;
	if (refused)
		error_set(&run->error, refused, "list the sockets (netlink)", "");
	return refused;
}

/* 0, or -1 with error. */
static int look_once(struct run *run, bool last)
{
	const struct run_needs *needs = &run->needs;
	/* Told only while a privilege is in effect that ends before the first byte is printed. */
	bool secrets = needs->privileges & PRIVILEGE_STORAGE || run->query.protos & HELD_PROTOS;
	bool served = needs->secrets && run->privilege.has_net_admin;
	bool several = run->namespaces.list.count, first = !run->looked;
	secrets |= served && (run->privilege.elevated || run->wire);
	bool whole = several || needs->owners || run->selection.needs.settles || run->selection.ports ||
	             meant_number(run->selection.text.data) || needs->hosts || run->listing.sort.count || secrets;
	if (listing_prepare(&run->listing, run->options, run->proc_fd, run->proc_is_ours) < 0)
		return error_set(&run->error, errno, "start", "");
	/*
	 * Cgroups that only our rights let us see are not seen behind the first row,
	 * which comes without them. A servant keeps them, but not in a sandbox,
	 * where it opens no folder and from the first byte on no handle.
	 */
	bool cgroups_first = served ? run->confined : run->privilege.has_read_search;
	if (!whole && first && cgroups_first && listing_read_cgroups(&run->listing) < 0)
		return error_set(&run->error, errno, "start", "");
	look_clear(run);
	if (rights_raise(run) < 0 || (several && !first && namespaces_choose_again(run) < 0))
		return -1;
	run->looked = true;
	run->told = run->elsewhere = false;
	/* With the rights that rows which come do without. */
	if (!whole)
		untold_bound(run, &run->query);
	if (rating_begin(run) < 0)
		return -1;
	int answer = whole ? look_whole(run, last) : look_streaming(run, last, served);
	run->shown_ever += run->shown;
	run->report.hidden_owners = run->unowned + run->hidden.left_out;
	bool nothing = answer >= 0 && look_is_void(run);
	if (answer < 0 || nothing)
		answer = show_failure(run);
	answer = show_end(run, answer);
	run->told = true;
	/* Rows that were read before a failure are shown. */
	if (out_flush(&run->out) < 0 && !out_has_no_reader(&run->out))
		return error_set(&run->error, errno, "write to", "standard output");
	if ((answer >= 0 || nothing) && !run->options->quiet)
		look_report(run);
	/* Rows from /proc/net are in no recording. */
	if (answer >= 0 && run->options->record && run->report.from_proc && !run->report.from_netlink) {
		error_set(&run->error, run->report.netlink_errno, "record in", run->options->record);
		run->error.why = "netlink does not tell of these sockets here";
		return -1;
	}
	return answer < 0 ? -1 : 0;
}

/* Once, or with -c until a signal asked to stop or --count is reached. */
static int look_answer(struct run *run)
{
	const struct options *options = run->options;
	/* A recording holds one moment: it is shown once. */
	bool once = !options->continuous || options->replay;
	uint64_t rounds = once ? 1 : options->count;
	for (size_t i = 0; i < options->notes.count && !options->quiet; i++)
		message("%s", options->notes.item[i]);
	/* In `sockview -an | grep unix` only standard error is a terminal. */
	bool person = options->asides.count && (options->verbose || message_on_terminal());
	for (size_t i = 0; i < options->asides.count && person && !options->quiet; i++)
		message("%s", options->asides.item[i]);
	if (options->stray_interval && !options->quiet)
		notes_interval(options->stray_interval);
	if (options->repeated && !options->quiet && !run->on_terminal)
		message("-r lists again every %g s, as lsof's does", options->interval);
	rating_open(run);
	for (uint64_t round = 1;; round++) {
		if (look_once(run, round == rounds) < 0)
			return -1;
		if (round == rounds || *run->stop_asked || out_has_no_reader(&run->out) || !rating_wait(run))
			return 0;
	}
}

/* lsof's: of its line each item must have been found, whether rows were printed or not. */
static bool is_all_found(const struct run *run)
{
	const struct options *options = run->options;
	if (options->search_may_fail || (options->until_empty && run->shown_ever))
		return true;
	const struct filter *filter = run->selection.filter;
	/* Of a recording or of other namespaces only the states of the wanted sockets are known. */
	bool states = !options->replay && !run->namespaces.list.count;
	if (filter_missing_in(filter, SOUGHT_FITTING) || filter_missing_in(filter, SOUGHT_PROCESS) ||
	    (states && filter_missing_in(filter, SOUGHT_STATE)))
		return false;
	return run->shown_ever || run->selection.needs.items;
}

static enum exit_status look_status(const struct run *run)
{
	if (run->options->internet && run->selection.needs.specs && run->needs.owners)
		return is_all_found(run) ? EXIT_ROWS : EXIT_NOTHING;
	bool selected = run->selection.needs.any || run->listing.format->owned_only;
	return selected && !run->shown_ever ? EXIT_NOTHING : EXIT_ROWS;
}

const struct run_mode mode_look = {
	.plan = look_plan,
	.answer = look_answer,
	.status = look_status,
};
