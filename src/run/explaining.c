/* explaining.c - --explain in place of a look: one port's sockets, owners, and the verdict (explaining.h). */
#include "run/explaining.h"

#include <errno.h>
#include <string.h>

#include <sockview/explain.h>
#include <sockview/message.h>

#include "run/gather.h"
#include "run/notes.h"
#include "run/rights.h"

static bool explaining_begin(struct run *run)
{
	const struct options *options = run->options;
	struct explain_options wanted = {
		.target = options->explain,
		.reuseaddr = options->reuseaddr,
		.no_reuseaddr = options->no_reuseaddr,
		.verbose = options->verbose,
		.reuseport = options->reuseport,
		.v6only = options->v6only,
		.as_user = options->as_user,
		.as_unit = options->as_unit,
		.device = options->device,
		.probe = options->no_probe ? EXPLAIN_PROBE_NONE : options->probe,
		.protos = options->protos,
		.protos_named = options->protos_named,
		.json = options->format,
		.family = options->inet == options->inet6 ? AF_UNSPEC
		          : options->inet                 ? AF_INET
		                                          : AF_INET6,
	};
	char problem[EXPLAIN_PROBLEM_MAX];
	run->own = explain_list_new(&wanted, problem);
	if (!run->own)
		message_usage("%s", *problem ? problem : strerror(errno));
	return run->own;
}

static void explaining_plan(struct run *run)
{
	explain_list_query(run->own, &run->query);
	run->needs = (struct run_needs){
		.owners = true,
		.owners_shown = true,
		.parents = true,
		.evidence = !run->options->replay,
		.details = EXPLAIN_DETAILS,
		/* NAT rules take CAP_NET_ADMIN as marks do. */
		.privileges = PRIVILEGE_BIND | PRIVILEGE_MARK | PRIVILEGE_BPF_LIST | PRIVILEGE_NETNS |
		              (explain_list_changes_user(run->own) ? PRIVILEGE_SET_USER : 0u),
	};
}

/* A sink: keeps what explain_list_wants(). */
static int explaining_keep(void *context, const struct sock *sock)
{
	struct run *run = context;
	return explain_list_wants(run->own, &sock->row) ? gather_keep(run, sock) : 0;
}

static int explaining_look(struct run *run)
{
	struct source_request request = {
		.query = &run->query,
		.sink = explaining_keep,
		.context = run,
		.mark = gather_mark,
		.rewind = gather_rewind,
	};
	struct explain_facts facts = {
		.table = &run->table,
		.report = &run->report,
		.owners = &run->owners,
		.names = run->names,
		.proc_fd = run->proc_fd,
		.live = !run->options->replay,
		.privilege = &run->privilege,
	};
	if (gather_sockets(run, &request) != 0)
		return -1;
	if (facts.live && explain_list_look_elsewhere(run->own, run->proc_fd, &run->table) < 0)
		return error_set(&run->error, errno, "look into other network namespaces", "");
	if (gather_owners(run) < 0)
		return -1;
	/*
	 * Holders' sockets are copied and ports bound by the rights of the caller
	 * alone: who may stop us there could have done it himself.
	 */
	if (rights_own(run) < 0)
		return -1;
	return explain_list_run(run->own, &facts) < 0 ? error_set(&run->error, errno, "explain", "") : 0;
}

static int explaining_answer(struct run *run)
{
	if (rights_raise(run) < 0)
		return -1;
	int answer = explaining_look(run);
	if (rights_drop(run, true) < 0 || answer < 0)
		return -1;
	answer = run->options->format ? explain_list_json(run->own, &run->out) : explain_list_text(run->own, &run->out);
	if (answer < 0)
		return error_set(&run->error, errno, "format", "");
	if (run->options->quiet)
		return 0;
	notes_names(run->names);
	notes_veiled(&run->owners.report);
	notes_unread(&run->owners.report);
	return 0;
}

static enum exit_status explaining_status(const struct run *run)
{
	return (enum exit_status)explain_list_status(run->own);
}

static void explaining_end(struct run *run)
{
	explain_list_free(run->own);
}

const struct run_mode mode_explain = {
	.begin = explaining_begin,
	.plan = explaining_plan,
	.answer = explaining_answer,
	.status = explaining_status,
	.end = explaining_end,
};
