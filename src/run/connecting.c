// SPDX-License-Identifier: MIT
/* connecting.c - --connect in place of a listing: the sockets that tell, their owners, the verdict (connecting.h). */
#include "run/connecting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/connect.h>
#include <sockview/message.h>
#include <sockview/other_netns.h>

#include "run/gather.h"
#include "run/notes.h"
#include "run/rights.h"

struct connecting {
	struct connect *connect;
	struct elsewhere elsewhere;
};

/* The name is looked up here, before any right is raised. */
static bool connecting_check(struct run *run)
{
	const struct options *options = run->options;
	const struct connect_options wanted = {
		.target = options->connect,
		.protos = options->protos_named ? options->protos : 0,
		.family = options->inet == options->inet6 ? AF_UNSPEC
		          : options->inet                 ? AF_INET
		                                          : AF_INET6,
		.probe = options->probe == PROBE_CONNECT,
		.seconds = options->seconds > 0 ? options->seconds : 5,
		.lookup = &run->lookup,
		.proc_fd = run->proc_fd,
	};
	char problem[CONNECT_PROBLEM_MAX];
	struct connecting *connecting = run->own = calloc(1, sizeof(*connecting));
	if (connecting)
		connecting->connect = connect_new(&wanted, problem);
	if (connecting && connecting->connect)
		return true;
	message_usage("%s", connecting && *problem ? problem : strerror(errno));
	return false;
}

static void connecting_plan(struct run *run)
{
	const struct connecting *connecting = run->own;
	connect_query(connecting->connect, &run->query);
	run->needs = (struct run_needs){
		.owners = true,
		.owners_shown = true,
		.details = PROCESS_NAME,
		/* Rules take CAP_NET_ADMIN as marks do. */
		.privileges = PRIVILEGE_MARK | PRIVILEGE_BPF_LIST | PRIVILEGE_NETNS,
	};
}

static int connecting_keep(void *context, const struct sock *sock)
{
	struct run *run = context;
	const struct connecting *connecting = run->own;
	return connect_wants(connecting->connect, &sock->row) ? gather_keep(run, sock) : 0;
}

static int connecting_look(struct run *run)
{
	struct connecting *connecting = run->own;
	struct source_request request = {
		.query = &run->query,
		.sink = connecting_keep,
		.context = run,
		.mark = gather_mark,
		.rewind = gather_rewind,
	};
	enum proto proto;
	uint16_t port;
	if (gather_sockets(run, &request) != 0)
		return -1;
	if (connect_looks_elsewhere(connecting->connect, &proto, &port) &&
	    elsewhere_find(&connecting->elsewhere, run->proc_fd, proto, port, &run->table) < 0)
		return error_set(&run->error, errno, "look into other network namespaces", "");
	if (gather_owners(run) < 0)
		return -1;
	/* Rights that exec added served to see the owners: rules are read, the connection made, by the caller's own. */
	if (rights_own(run) < 0)
		return -1;
	const struct report *report = &run->report;
	const struct connect_facts facts = {
		.table = &run->table,
		.owners = &run->owners,
		.elsewhere = &connecting->elsewhere.list,
		.whole = !report->interrupted && !report->lost && !report->malformed && !report->unavailable,
	};
	return connect_judge(connecting->connect, &facts) < 0
	               ? error_set(&run->error, errno, "judge the connection", "")
	               : 0;
}

static int connecting_answer(struct run *run)
{
	const struct connecting *connecting = run->own;
	if (rights_raise(run) < 0)
		return -1;
	int answer = connecting_look(run);
	if (rights_drop(run, true) < 0 || answer < 0)
		return -1;
	if (run->options->format)
		connect_json(connecting->connect, &run->out);
	else
		connect_text(connecting->connect, &run->out);
	if (!run->options->quiet)
		notes_report(&run->report, &run->owners.report, rights_unused(run) ? NULL : &run->privilege,
		             run->options->verbose);
	return 0;
}

static enum exit_status connecting_status(const struct run *run)
{
	static const enum exit_status statuses[] = {
		[CONNECT_WORKS] = EXIT_ROWS,
		[CONNECT_FAILS] = EXIT_NOTHING,
		[CONNECT_UNKNOWN] = EXIT_NO_ANSWER,
	};
	const struct connecting *connecting = run->own;
	return statuses[connect_verdict(connecting->connect)];
}

static void connecting_end(struct run *run)
{
	struct connecting *connecting = run->own;
	if (!connecting)
		return;
	connect_free(connecting->connect);
	elsewhere_free(&connecting->elsewhere);
	free(connecting);
}

const struct run_mode mode_connect = {
	.check = connecting_check,
	.plan = connecting_plan,
	.answer = connecting_answer,
	.status = connecting_status,
	.end = connecting_end,
};
