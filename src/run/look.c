/* look.c - one look at the sockets, from privileges to report; again with -c (look.h). */
#include "run/look.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <time.h>

#include <sockview/message.h>

#include "run/gather.h"
#include "run/notes.h"
#include "run/show.h"
#include "run/notes_legend.h"

/* Something is asked for that the kernel tells the privileged alone: marks, keys, MPTCP's sequence numbers. */
static bool asks_for_secrets(const struct run *run)
{
	return run->listing.needs.need & NEED_NET_ADMIN || run->selection.needs.mark;
}

static unsigned privilege_needs(const struct run *run)
{
	unsigned needs = 0;
	/* An elevated caller's --proc-root is read with his own rights. */
	if (run->privilege.elevated && run->options->proc_root)
		return 0;
	if (gather_needs_owners(run))
		needs |= PRIVILEGE_FDS;
	if (gather_needs_owners(run) && run->options->owners_from != OWNERS_PROC)
		needs |= PRIVILEGE_BPF;
	if (asks_for_secrets(run))
		needs |= PRIVILEGE_MARK;
	return needs;
}

static int drop_privileges(struct run *run, bool last)
{
	if ((last ? privilege_drop() : privilege_rest()) == 0)
		return 0;
	return error_set(&run->error, errno, "give up privileges", "");
}

/* Everything is read before the first byte is written. */
static int look_whole(struct run *run, bool last)
{
	int answer = gather_table(run);
	if (drop_privileges(run, last) < 0)
		return -1;
	if (answer == 0 && show_needs_hosts(run))
		answer = show_want_hosts(run);
	return answer ? answer : show_table(run);
}

/* Nothing needs all rows: each is written as it comes, in constant memory. */
static int look_streaming(struct run *run, bool last)
{
	struct source_request request = {
		.query = &run->query,
		.ordered = true,
		.sink = show_wanted,
		.context = run,
	};
	if (drop_privileges(run, last) < 0)
		return -1;
	int answer = show_begin(run);
	return answer ? answer : gather_sockets(run, &request);
}

bool look_closed_pipe(const struct run *run)
{
	return run->out.error == EPIPE;
}

/* What was left out of the look without a word of the caller's. */
static void report_selection(const struct run *run)
{
	const struct filter_needs *needs = &run->selection.needs;
	const struct report *report = &run->report;
	if (needs->mark && !run->privilege.has_net_admin && !run->options->replay)
		message("the kernel tells the marks of sockets only with CAP_NET_ADMIN: none is known here");
	if (needs->netlink && report->from_proc)
		message("/proc/net tells neither marks nor interfaces: conditions on them are false of what is read there");
	if (needs->any && !run->shown && run->query.protos && selection_is_connected(&run->selection, run->options))
		message("no connected socket is of that kind; -a looks at all sockets, -l at those that listen");
	if (run->options->verbose && needs->any)
		message("%llu socket%s received in %u dump%s, %llu shown", (unsigned long long)report->received,
		        report->received == 1 ? "" : "s", report->requests, report->requests == 1 ? "" : "s",
		        (unsigned long long)run->shown);
}

void look_report_names(const struct run *run)
{
	if (names_incomplete(run->names))
		message("out of memory: some names are shown as numbers");
}

static void report(const struct run *run)
{
	/* A hidden process is worth a word where it may be a missing owner: -pp wants all of them. */
	bool owners = run->unowned || run->owners.report.starved || run->options->programs > 1 || run->options->verbose;
	/* No privilege of ours is used on an elevated caller's --proc-root, and so none is missing. */
	bool unused = run->privilege.elevated && run->options->proc_root;
	notes_report(&run->report, owners ? &run->owners.report : NULL, unused ? NULL : &run->privilege,
	             run->options->verbose);
	if (run->options->verbose)
		legend_say(&run->legend, &run->owners);
	look_report_names(run);
	report_selection(run);
}

/* 0, or -1 with error. */
static int look(struct run *run, bool last)
{
	/* They are told only while the privilege is in effect: before the first byte is printed. */
	bool secrets = asks_for_secrets(run) && run->privilege.has_net_admin;
	bool whole = gather_needs_owners(run) || show_needs_hosts(run) || run->listing.sort.count || secrets;
	listing_prepare(&run->listing, run->options, run->proc_fd, run->proc_is_ours);
	run->report = (struct report){ 0 };
	run->shown = run->unowned = run->undecided = 0;
	run->legend = (struct legend){ 0 };
	table_clear(&run->table);
	owners_free(&run->owners);
	if (privilege_raise(&run->privilege, privilege_needs(run)) < 0)
		return error_set(&run->error, errno, "set privileges", "");
	int answer = whole ? look_whole(run, last) : look_streaming(run, last);
	run->shown_ever += run->shown;
	answer = show_end(run, answer);
	/* What was read before a failure is shown all the same. */
	if (out_flush(&run->out) < 0 && !look_closed_pipe(run))
		return error_set(&run->error, errno, "write to", "standard output");
	if (answer >= 0 && !run->options->quiet)
		report(run);
	return answer < 0 ? -1 : 0;
}

/* A signal that comes after the look at stop_asked must still end the wait. */
static void wait_interval(double seconds, const volatile sig_atomic_t *stop_asked)
{
	sigset_t blocked, before;
	struct timespec pause = { .tv_sec = (time_t)seconds };
	pause.tv_nsec = (long)((seconds - (double)pause.tv_sec) * 1e9);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!*stop_asked)
		ppoll(NULL, 0, &pause, &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

int look_run(struct run *run, const volatile sig_atomic_t *stop_asked)
{
	const struct options *options = run->options;
	/* A recording tells of one moment. */
	bool once = !options->continuous || options->replay;
	uint64_t rounds = once ? 1 : options->count;
	const char *stray = options->stray_interval;
	if (stray && !options->quiet)
		message("'%s' is taken as a filter, as any word is: every %s seconds is -c%s", stray, stray, stray);
	for (uint64_t round = 1;; round++) {
		if (look(run, round == rounds) < 0)
			return -1;
		if (round == rounds || *stop_asked || look_closed_pipe(run))
			return 0;
		wait_interval(options->interval, stop_asked);
		if (*stop_asked)
			return 0;
	}
}
