// SPDX-License-Identifier: MIT
/* exposing.c - --exposure in place of a listing: what listens, its owners, and who can reach it (exposing.h). */
#include "run/exposing.h"

#include <errno.h>
#include <string.h>

#include <sockview/act.h>
#include <sockview/cgroup.h>
#include <sockview/exposure.h>
#include <sockview/exposure_types.h>
#include <sockview/message.h>

#include "run/gather.h"
#include "run/notes.h"
#include "run/rights.h"
#include "run/show.h"

/* The states of -l, whatever the filter says of others. */
static void exposing_plan(struct run *run)
{
	struct options options = *run->options;
	options.listening = true;
	options.all = false;
	selection_query(&run->selection, &options, &run->query);
	FOR_EACH_PROTO (proto, run->query.protos)
		run->query.states[proto] &= proto_table[proto].waiting;
	run->query.want |= WANT_EXTRA;
	run->needs = (struct run_needs){
		.owners = true,
		.owners_shown = true,
		.details = run->selection.needs.details | PROCESS_NAME | PROCESS_CMDLINE,
		/* Rules take CAP_NET_ADMIN as marks do. */
		.privileges = PRIVILEGE_MARK | PRIVILEGE_BPF_LIST,
	};
}

static bool exposing_wants(const void *context, const struct sock *sock)
{
	const struct run *run = context;
	return query_matches(&run->query, &sock->row) &&
	       filter_judge(run->selection.filter, sock, &run->owners) == VERDICT_YES;
}

/* Closes the half-open socket that a probe left, with the caller's own CAP_NET_ADMIN. One gone meanwhile is as good. */
static void exposing_close(void *context, const struct row *row)
{
	struct exchange *exchange = context;
	act_close(exchange, row);
}

static int exposing_judge(struct run *run)
{
	struct exchange exchange;
	bool probe = run->options->probe == PROBE_INJECT;
	if (probe && act_open(&exchange) < 0)
		return error_set(&run->error, errno, "probe (netlink)", "");
	struct cgroups *cgroups = cgroups_open(run->proc_fd, run->proc_is_ours);
	if (cgroups)
		cgroups_look(cgroups);
	const struct exposure_facts facts = {
		.table = &run->table,
		.owners = &run->owners,
		.names = run->names,
		.cgroups = cgroups,
		.proc_fd = run->proc_fd,
		.wanted = exposing_wants,
		.context = run,
		.probe = probe,
		.force = run->options->force,
		.close = exposing_close,
		.close_context = &exchange,
	};
	run->own = exposure_new(&facts);
	int number = errno;
	if (probe)
		exchange_close(&exchange);
	cgroups_free(cgroups);
	return run->own ? 0 : error_set(&run->error, number, "read interfaces and rules", "");
}

/* True, with error, if there was no table to read. */
static bool exposing_is_void(struct run *run)
{
	int number = run->report.cut_errno;
	FOR_EACH_PROTO (proto, run->query.protos)
		number = number ? number : run->report.refused[proto];
	if (!number || run->table.count)
		return false;
	error_set(&run->error, number, "list the sockets (netlink)", "");
	return true;
}

/* JSON has it at each interface. */
static void exposing_say_probes(const struct run *run)
{
	const char *why;
	size_t count;
	int probes = run->options->probe == PROBE_INJECT ? exposure_probes(run->own) : 0;
	if (probes < 0)
		message("nothing was probed: an XDP program cannot be loaded: %s%s", strerror(errno),
		        errno == EPERM ? " (it takes CAP_BPF and CAP_NET_ADMIN of the first user namespace)" : "");
	for (size_t i = 0; probes >= 0 && (count = exposure_unprobed(run->own, i, &why)); i++)
		message("%s: %zu interface%s of listeners", why, count, count == 1 ? "" : "s");
	if (probes > 0 && run->options->verbose)
		message("%d packets were injected: of each an answer to its source has left this host, or a question for "
		        "that one's link address, and counters and an entry of connection tracking stay a while",
		        probes);
}

static int exposing_answer(struct run *run)
{
	if (rights_raise(run) < 0 || gather_table(run) < 0)
		return -1;
	if (gather_waits_for_names(run)) {
		if (show_prepare_owners(run) < 0)
			return -1;
		gather_decide(run);
	}
	/* Rights that exec added served to see the owners: rules are read with the caller's own. */
	if (exposing_is_void(run) || rights_own(run) < 0)
		return -1;
	int answer = exposing_judge(run);
	if (rights_drop(run, true) < 0 || answer < 0)
		return -1;
	answer = run->options->format ? exposure_json(run->own, &run->out)
	                              : exposure_text(run->own, !run->options->no_header, &run->out);
	if (answer < 0)
		return error_set(&run->error, errno, "format", "");
	if (run->options->quiet)
		return 0;
	notes_report(&run->report, &run->owners.report, rights_unused(run) ? NULL : &run->privilege,
	             run->options->verbose);
	hidden_say(&run->hidden, &run->owners, rights_unused(run) ? NULL : &run->privilege);
	notes_names(run->names);
	exposing_say_probes(run);
	if (!run->privilege.has_net_admin && run->table.count)
		message("rules of the firewall are read with CAP_NET_ADMIN alone: sudo sockview --exposure");
	return 0;
}

static enum exit_status exposing_status(const struct run *run)
{
	return run->selection.needs.any && !exposure_has_rows(run->own) ? EXIT_NOTHING : EXIT_ROWS;
}

static void exposing_end(struct run *run)
{
	exposure_free(run->own);
}

const struct run_mode mode_exposure = {
	.plan = exposing_plan,
	.answer = exposing_answer,
	.status = exposing_status,
	.end = exposing_end,
};
