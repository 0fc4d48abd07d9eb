// SPDX-License-Identifier: MIT
/* eventing.c - --events in place of a look (eventing.h). */
#include "run/eventing.h"

#include <errno.h>
#include <stdlib.h>

#include <sockview/countof.h>
#include <sockview/event_style.h>
#include <sockview/events.h>
#include <sockview/message.h>

#include "run/gather.h"
#include "run/notes.h"
#include "run/rights.h"

struct eventing {
	struct events_request request;
	struct events_result result;
	struct query looked_for; /* in the look under way */
	bool ready;              /* rights are dropped */
	bool (*known)(void *context, const struct row *row);
	void *known_context;
};

static const struct {
	const struct format *format;
	enum events_form form;
} forms[] = {
	{ NULL, EVENTS_TEXT },
	{ &format_jsonl, EVENTS_JSONL },
	{ &format_csv, EVENTS_CSV },
	{ &format_tsv, EVENTS_TSV },
};

static bool choose_form(const struct options *options, struct event_style *style)
{
	for (size_t i = 0; i < countof(forms); i++)
		if (forms[i].format == options->format) {
			style->form = forms[i].form;
			return true;
		}
	message_usage("--events prints text, or lines with --jsonl, --csv or --format tsv; --format %s has an end",
	              options->format->name);
	return false;
}

static bool choose_keys(const struct options *options, struct event_style *style)
{
	struct bytes unknown;
	event_columns_default(&style->columns, style->form == EVENTS_TEXT, options->netns.count || options->all_netns);
	if (!options->columns)
		return true;
	if (!event_columns_parse(&style->columns, options->columns, &unknown))
		message_usage("--columns: events have no key '%.*s'; sockview-json(5), Events, names them",
		              (int)unknown.len, (const char *)unknown.data);
	else if (!style->columns.count)
		message_usage("--columns: '%s' leaves no key", options->columns);
	else
		return true;
	return false;
}

static bool eventing_begin(struct run *run)
{
	struct eventing *eventing = calloc(1, sizeof(*eventing));
	run->own = eventing;
	if (!eventing) {
		message_usage("out of memory");
		return false;
	}
	return choose_form(run->options, &eventing->request.style) &&
	       choose_keys(run->options, &eventing->request.style);
}

/* An event is not in a state, and has no more columns than its keys. */
static bool eventing_check(struct run *run)
{
	const struct filter_needs *needs = &run->selection.needs;
	if (needs->states_said || needs->states_chosen || needs->proto_states)
		message_usage(
			"--events tells what happens, not states: use event = open, close, listen ... in its place");
	else if (needs->want || needs->columns || needs->mark)
		message_usage(
			"the filter asks for what events do not tell: see their keys under --events in sockview(8)");
	else
		return true;
	return false;
}

static void eventing_plan(struct run *run)
{
	const struct options *options = run->options;
	unsigned protos = PROTO_BIT(PROTO_TCP);
	if (options->protos_named)
		protos = options->protos & (PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP));
	run->query = (struct query){ .protos = protos, .inet = options->inet, .inet6 = options->inet6 };
	FOR_EACH_PROTO (proto, protos)
		run->query.states[proto] = STATE_ALL & ~(STATE_BIT(STATE_BOUND) | STATE_BIT(STATE_TIME_WAIT));
	run->needs = (struct run_needs){
		.owners = true,
		.owners_shown = true,
		.details = PROCESS_NAME,
		/* The programs are no matter of --owners-from. A receive buffer beyond net.core.rmem_max takes CAP_NET_ADMIN as marks do. */
		.privileges = PRIVILEGE_BPF | PRIVILEGE_MARK | (run->namespaces.list.count ? PRIVILEGE_NETNS : 0u),
	};
}

/* A sink: a socket whose owner is known need not be looked for. */
static int eventing_keep(void *context, const struct sock *sock)
{
	struct run *run = context;
	struct eventing *eventing = run->own;
	struct sock kept = *sock;
	if (!query_matches(&eventing->looked_for, &sock->row))
		return 0;
	if (eventing->known(eventing->known_context, &sock->row))
		kept.row.inode = 0;
	return gather_keep(run, &kept);
}

static int eventing_look(void *context, unsigned protos, bool seeding,
                         bool (*known)(void *context, const struct row *row), void *known_context)
{
	struct run *run = context;
	struct eventing *eventing = run->own;
	struct source_request request = {
		.query = &eventing->looked_for,
		.sink = eventing_keep,
		.context = run,
		.mark = gather_mark,
		.rewind = gather_rewind,
	};
	eventing->looked_for = run->query;
	eventing->looked_for.protos = protos;
	eventing->known = known;
	eventing->known_context = known_context;
	run->report = (struct report){ 0 };
	table_clear(&run->table);
	owners_free(&run->owners);
	if (eventing->ready && rights_raise(run) < 0)
		return -1;
	if (gather_sockets(run, &request) != 0 || gather_owners(run) < 0)
		return -1;
	/* The programs tell the owners of sockets; owners that this look could not see are no lack of theirs. */
	if (seeding)
		return 0;
	if (run->report.from_proc)
		return error_set(&run->error, run->report.netlink_errno,
		                 "watch sockets by /proc/net, which numbers none of them (netlink)", "");
	if (eventing->ready)
		return rights_drop(run, false);
	if (!run->options->quiet)
		notes_report(&run->report, &run->owners.report, rights_unused(run) ? NULL : &run->privilege,
		             run->options->verbose);
	return 0;
}

static int eventing_ready(void *context, bool again)
{
	struct run *run = context;
	((struct eventing *)run->own)->ready = true;
	return rights_drop(run, !again);
}

static int eventing_answer(struct run *run)
{
	struct eventing *eventing = run->own;
	const struct options *options = run->options;
	struct events_request *request = &eventing->request;
	struct query narrowed = run->query;
	struct error error;
	filter_narrow(run->selection.filter, &narrowed);
	*request = (struct events_request){
		.filter = run->selection.filter,
		.targets = narrowed.expr,
		.query = &run->query,
		.style = {
			.form = request->style.form,
			.columns = request->style.columns,
			.netns = run->namespaces.list.count ? &run->namespaces.list : NULL,
			.utc = options->utc,
			.no_header = options->no_header,
			.csv_safe = options->csv_safe,
			.out = &run->out,
		},
		.proc_fd = run->proc_is_ours ? run->proc_fd : -1,
		.netns = run->namespaces.list.count ? &run->namespaces.list : NULL,
		.netns_chosen = run->namespaces.chosen,
		.netns_all = run->namespaces.every,
		.verbose = options->verbose,
		.quiet = options->quiet,
		.interval = options->interval > 0 ? options->interval : 1,
		.seconds = options->seconds,
		.count = options->count,
		.stop_asked = run->stop_asked,
		.look = eventing_look,
		.ready = eventing_ready,
		.context = run,
		.table = &run->table,
		.owners = &run->owners,
	};
	if (rights_raise(run) < 0)
		return -1;
	if (events_run(request, &eventing->result, &error) == 0)
		return 0;
	if (error.number)
		run->error = error;
	return -1;
}

static enum exit_status eventing_status(const struct run *run)
{
	const struct eventing *eventing = run->own;
	return run->selection.needs.any && !eventing->result.told ? EXIT_NOTHING : EXIT_ROWS;
}

static void eventing_end(struct run *run)
{
	free(run->own);
}

const struct run_mode mode_events = {
	.begin = eventing_begin,
	.check = eventing_check,
	.plan = eventing_plan,
	.answer = eventing_answer,
	.status = eventing_status,
	.end = eventing_end,
};
