/* explaining.c - --explain in place of a look: one port's sockets, owners, and the verdict (explaining.h). */
#include "run/explaining.h"

#include <errno.h>
#include <string.h>

#include <sockview/message.h>

#include "run/gather.h"
#include "run/look.h"

static enum explain_probe probe_of(const struct options *options)
{
	if (options->no_probe)
		return EXPLAIN_PROBE_NONE;
	if (options->probe_listen)
		return EXPLAIN_PROBE_LISTEN;
	return options->probe_bind ? EXPLAIN_PROBE_BIND : EXPLAIN_PROBE_AUTO;
}

bool run_make_explain(struct run *run)
{
	const struct options *options = run->options;
	struct explain_options wanted = {
		.target = options->explain,
		.reuseaddr = options->reuseaddr,
		.reuseport = options->reuseport,
		.v6only = options->v6only,
		.as_user = options->as_user,
		.device = options->device,
		.probe = probe_of(options),
		.protos = options->protos,
		.family = options->inet == options->inet6 ? AF_UNSPEC
		          : options->inet                 ? AF_INET
		                                          : AF_INET6,
	};
	char problem[EXPLAIN_PROBLEM_MAX];
	run->explain = explain_new(&wanted, problem);
	if (!run->explain)
		message_usage("%s", *problem ? problem : strerror(errno));
	return run->explain;
}

/* A sink like keep(). */
static int keep_explained(void *context, const struct sock *sock)
{
	struct run *run = context;
	return explain_wants(run->explain, &sock->row) ? gather_keep(run, sock) : 0;
}

/* NAT rules take CAP_NET_ADMIN as marks do; the bind takes what its caller has himself. */
static unsigned explain_needs(const struct run *run)
{
	unsigned needs = PRIVILEGE_BIND | PRIVILEGE_MARK;
	if (explain_changes_user(run->explain))
		needs |= PRIVILEGE_SET_USER;
	if (run->privilege.elevated && run->options->proc_root)
		return needs;
	if (run->options->owners_from != OWNERS_PROC)
		needs |= PRIVILEGE_BPF;
	return needs | PRIVILEGE_FDS;
}

static int explain_look(struct run *run)
{
	struct source_request request = {
		.query = &run->query,
		.sink = keep_explained,
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
		.may_look = run->privilege.sees_fds,
	};
	if (gather_sockets(run, &request) != 0)
		return -1;
	if (facts.live && explain_look_elsewhere(run->explain, run->proc_fd, &run->table) < 0)
		return error_set(&run->error, errno, "look into other network namespaces", "");
	if (gather_owners(run) < 0)
		return -1;
	return explain_run(run->explain, &facts) < 0 ? error_set(&run->error, errno, "explain", "") : 0;
}

static int explain_drop(struct run *run)
{
	return privilege_drop() < 0 ? error_set(&run->error, errno, "give up privileges", "") : 0;
}

int run_explain(struct run *run)
{
	if (privilege_raise(&run->privilege, explain_needs(run)) < 0)
		return error_set(&run->error, errno, "set privileges", "");
	int answer = explain_look(run);
	if (explain_drop(run) < 0 || answer < 0)
		return -1;
	answer = run->options->format ? explain_json(run->explain, &run->out) : explain_text(run->explain, &run->out);
	if (answer < 0)
		return error_set(&run->error, errno, "format", "");
	if (!run->options->quiet)
		look_report_names(run);
	return 0;
}
