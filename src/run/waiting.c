// SPDX-License-Identifier: MIT
/* waiting.c - the clock of --wait-for and --wait-free, and the command behind it (waiting.h). */
#include "run/waiting.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sockview/explain.h>
#include <sockview/message.h>
#include <sockview/proto.h>
#include <sockview/wait.h>

#include "run/invocation.h"

enum {
	LOOK_MS = 50,
	BIND_MS = 1000, /* a trial bind makes another server's bind() fail while it lasts */
	NOT_FOUND = 127,
	NOT_EXECUTED = 126, /* of a command, as env(1) has it */
};

static int64_t waiting_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct waiting {
	struct run *run;
	struct wait_list list;
	struct sources sources;
	int64_t deadline;  /* 0: none */
	int64_t next_bind; /* and the next look at all states */
	int refused;       /* of the last trial bind */
};

/* False when time is up. */
static bool waiting_pause(const struct waiting *waiting)
{
	int64_t left = waiting->deadline ? waiting->deadline - waiting_now() : LOOK_MS;
	if (left <= 0)
		return false;
	int64_t ms = left < LOOK_MS ? left : LOOK_MS;
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
	return true;
}

static int free_sink(void *context, const struct sock *sock)
{
	return table_add(context, sock) < 0 ? -1 : 0;
}

/*
 * 1 if a socket is in the way, by --explain's rules; 0; -1 with the run's error. Of TCP listeners alone are told without
 * a walk of the kernel's table of connections: they are asked for first, and `all` states seldom.
 */
static int free_judge(struct waiting *waiting, struct explain *explain, bool all)
{
	struct run *run = waiting->run;
	enum proto proto = waiting->list.end[0].proto;
	struct report report = { 0 };
	struct owners owners = { 0 };
	struct query query;
	struct table table;
	explain_query(explain, &query);
	query.protos = PROTO_BIT(proto);
	if (!all)
		query.states[proto] = proto_table[proto].waiting;
	table_init(&table, query.want);
	struct source_request request = { .query = &query, .sink = free_sink, .context = &table };
	struct explain_facts facts = {
		.table = &table,
		.report = &report,
		.owners = &owners,
		.proc_fd = run->proc_fd,
		.live = true,
		.enter = "",
	};
	int answer = collect_sockets(&waiting->sources, &request, &report, &run->error);
	if (answer >= 0 && report.unavailable & query.protos)
		answer = error_set(&run->error, report.netlink_errno ? report.netlink_errno : ENOENT, "list sockets",
		                   "");
	if (answer >= 0 && (answer = explain_in_the_way(explain, &facts)) < 0)
		answer = error_set(&run->error, errno, "judge sockets", "");
	table_free(&table);
	return answer;
}

static int free_is_taken(struct waiting *waiting, bool all)
{
	const struct options *options = waiting->run->options;
	char problem[EXPLAIN_PROBLEM_MAX];
	struct explain_options wanted = {
		.target = options->wait_free,
		.protos = PROTO_BIT(waiting->list.end[0].proto),
		.protos_named = true,
	};
	struct explain *explain = explain_new(&wanted, problem);
	if (!explain)
		return error_set(&waiting->run->error, *problem ? EINVAL : errno, "judge sockets", "");
	int answer = free_judge(waiting, explain, all);
	explain_free(explain);
	return answer;
}

/* 1 the port can be bound, 0 not yet, -1 with the run's error. */
static int free_look(struct waiting *waiting)
{
	struct wait_end *end = &waiting->list.end[0];
	int taken = free_is_taken(waiting, false);
	if (taken || waiting_now() < waiting->next_bind)
		return taken < 0 ? -1 : 0;
	waiting->next_bind = waiting_now() + BIND_MS;
	waiting->refused = 0;
	taken = free_is_taken(waiting, true);
	if (taken)
		return taken < 0 ? -1 : 0;
	waiting->refused = wait_try_bind(end);
	if (waiting->refused == EACCES || waiting->refused == EPERM || waiting->refused == EADDRNOTAVAIL)
		return error_set(&waiting->run->error, waiting->refused, "bind", end->text);
	end->reached = !waiting->refused;
	return end->reached;
}

static int waiting_look(struct waiting *waiting)
{
	if (waiting->run->options->wait_free)
		return free_look(waiting);
	return wait_look(&waiting->list, &waiting->sources, &waiting->run->error);
}

static void waiting_say(const struct waiting *waiting)
{
	const struct options *options = waiting->run->options;
	for (size_t i = 0; i < waiting->list.count && !options->quiet; i++) {
		const struct wait_end *end = &waiting->list.end[i];
		if (end->reached)
			continue;
		if (options->wait_free && waiting->refused)
			message("%s is not free after %g s: bind: %s", end->text, options->seconds,
			        strerror(waiting->refused));
		else if (options->wait_free)
			message("%s is not free after %g s", end->text, options->seconds);
		else if (end->host)
			message("no connection to %s after %g s", end->text, options->seconds);
		else
			message("nothing listens on %s after %g s", end->text, options->seconds);
	}
}

/* The words behind "--". Only returns if it cannot be executed. */
static int command_exec(const struct words *command)
{
	char **argv = calloc(command->count + 1, sizeof(*argv));
	if (!argv)
		return NOT_EXECUTED;
	/* execvp() takes strings that may be changed, and changes none. */
	memcpy(argv, command->item, command->count * sizeof(*argv));
	execvp(argv[0], argv);
	int number = errno;
	message("cannot execute %s: %s", argv[0], strerror(number));
	free(argv);
	return number == ENOENT ? NOT_FOUND : NOT_EXECUTED;
}

static int waiting_run(struct waiting *waiting)
{
	const struct options *options = waiting->run->options;
	int answer;
	while ((answer = waiting_look(waiting)) == 0 && waiting_pause(waiting))
		;
	wait_stop(&waiting->list);
	if (answer < 0) {
		message_error(&waiting->run->error);
		return EXIT_NO_ANSWER;
	}
	if (!answer)
		waiting_say(waiting);
	if (!answer)
		return EXIT_NOTHING;
	return options->command.count ? command_exec(&options->command) : EXIT_ROWS;
}

static enum exit_status waiting_answer(struct run *run)
{
	const struct options *options = run->options;
	char problem[WAIT_PROBLEM_MAX];
	bool local = options->wait_free;
	struct waiting waiting = {
		.run = run,
		.sources = { .from = options->source,
		             .proc_net_fd = open("/proc/self/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC) },
		.deadline = options->seconds > 0 ? waiting_now() + (int64_t)(options->seconds * 1000) + 1 : 0,
	};
	int status = EXIT_USAGE;
	if (wait_list_read(&waiting.list, local ? options->wait_free : options->wait_for,
	                   options->protos_named ? options->protos : 0, local, &run->lookup, problem) < 0)
		message_usage("--wait-%s: %s", local ? "free" : "for", problem);
	else
		status = waiting_run(&waiting);
	wait_list_free(&waiting.list);
	if (waiting.sources.proc_net_fd >= 0)
		close(waiting.sources.proc_net_fd);
	return status;
}

const struct run_mode mode_wait = {
	.instead = waiting_answer,
};
