// SPDX-License-Identifier: MIT
/* explaining.c - --explain in place of a look: one port's sockets, owners, and the verdict (explaining.h). */
#include "run/explaining.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/explain.h>
#include <sockview/json_string.h>
#include <sockview/message.h>
#include <sockview/netns.h>
#include <sockview/origin.h>

#include "run/gather.h"
#include "run/notes.h"
#include "run/rights.h"

enum { ENTER_MAX = 256, LABEL_MAX = 512 };

/* The answer of one network namespace. */
struct explained {
	struct explain_list *list;
	const struct netns *netns; /* NULL: without -N */
	char enter[ENTER_MAX];
	struct table table;
	struct owners owners;
	struct report report;
	int number; /* it could not be entered */
};

struct explaining {
	struct explained *item; /* where they are they stay: what is explained points to them */
	size_t count, next;
};

static struct explain_list *explaining_new(const struct run *run, char problem[EXPLAIN_PROBLEM_MAX])
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
	return explain_list_new(&wanted, problem);
}

static bool explaining_begin(struct run *run)
{
	char problem[EXPLAIN_PROBLEM_MAX] = "";
	struct explaining *explaining = calloc(1, sizeof(*explaining));
	run->own = explaining;
	bool elsewhere = run->options->netns.count || run->options->all_netns;
	if (elsewhere && (run->options->proc_root || run->options->record || run->options->replay)) {
		message_usage("--explain -N enters network namespaces of this host: it does not go with --proc-root, "
		              "--record and --replay");
		return false;
	}
	if (explaining)
		explaining->item = calloc(1, sizeof(*explaining->item));
	if (explaining && explaining->item)
		explaining->item->list = explaining_new(run, problem);
	if (explaining && explaining->item && explaining->item->list)
		explaining->count = 1;
	else
		message_usage("%s", *problem ? problem : strerror(errno));
	return explaining && explaining->count;
}

static void explaining_plan(struct run *run)
{
	const struct explaining *explaining = run->own;
	explain_list_query(explaining->item->list, &run->query);
	run->needs = (struct run_needs){
		.owners = true,
		.owners_shown = true,
		.parents = true,
		.evidence = !run->options->replay,
		.details = EXPLAIN_DETAILS,
		/* NAT rules take CAP_NET_ADMIN as marks do. */
		.privileges = PRIVILEGE_BIND | PRIVILEGE_MARK | PRIVILEGE_BPF_LIST | PRIVILEGE_NETNS |
		              (explain_list_changes_user(explaining->item->list) ? PRIVILEGE_SET_USER : 0u),
	};
}

struct explaining_look {
	struct run *run;
	struct explained *item;
};

/* A sink: keeps what explain_list_wants(). */
static int explaining_keep(void *context, const struct sock *sock)
{
	const struct explaining_look *look = context;
	return explain_list_wants(look->item->list, &sock->row) ? gather_keep(look->run, sock) : 0;
}

static size_t explaining_mark(const void *context)
{
	return gather_mark(((const struct explaining_look *)context)->run);
}

static void explaining_rewind(void *context, size_t mark)
{
	gather_rewind(((const struct explaining_look *)context)->run, mark);
}

/* In the network namespace that it is about. */
static int explaining_look(struct run *run, struct explained *item)
{
	struct explaining_look look = { run, item };
	struct source_request request = {
		.query = &run->query,
		.sink = explaining_keep,
		.context = &look,
		.mark = explaining_mark,
		.rewind = explaining_rewind,
	};
	struct explain_facts facts = {
		.table = &item->table,
		.report = &item->report,
		.owners = &item->owners,
		.names = run->names,
		.proc_fd = run->proc_fd,
		.live = !run->options->replay,
		.privilege = &run->privilege,
		.enter = item->enter,
	};
	if (facts.live && run->options->source != SOURCE_PROC && explain_list_look_near(item->list, &run->absent) < 0)
		return error_set(&run->error, errno, "explain", "");
	if (gather_sockets(run, &request) != 0)
		return -1;
	if (facts.live && explain_list_look_elsewhere(item->list, run->proc_fd, &run->table) < 0)
		return error_set(&run->error, errno, "look into other network namespaces", "");
	int answer = gather_owners(run);
	item->table = run->table;
	item->owners = run->owners;
	item->report = run->report;
	run->owners = (struct owners){ 0 };
	run->report = (struct report){ 0 };
	table_init(&run->table, run->query.want);
	/*
	 * Holders' sockets are copied and ports bound by the rights of the caller
	 * alone: a user who may stop us there could have done it himself.
	 */
	if (!facts.live)
		facts.origin = origin_read(wire_origin(run->wire));
	if (answer < 0 || rights_own(run) < 0)
		return -1;
	return explain_list_run(item->list, &facts) < 0 ? error_set(&run->error, errno, "explain", "") : 0;
}

/* --- other network namespaces --- */

/* A netns_call. A namespace that could not be entered keeps the errno for its item. */
static int explaining_enter(void *context, size_t index, int number)
{
	struct run *run = context;
	struct explaining *explaining = run->own;
	struct explained *item = &explaining->item[explaining->next++];
	int own_net = run->proc_net_fd;
	item->number = number;
	if (number)
		return 0;
	(void)index;
	explain_list_query(item->list, &run->query);
	run->proc_net_fd = openat(run->proc_fd, "thread-self/net", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	run->entered = true;
	int answer = explaining_look(run, item);
	run->entered = false;
	if (run->proc_net_fd >= 0)
		close(run->proc_net_fd);
	run->proc_net_fd = own_net;
	return answer;
}

/* "ip netns exec web ", "nsenter -t 812 -n ": before a command of a shell. "" for one that none of them enters. */
static void words_to_enter(const struct netns *netns, bool ours, char enter[ENTER_MAX])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._:/";
	const char *name = netns->name && !netns->name[strspn(netns->name, plain)] ? netns->name : NULL;
	const char *mount = netns->mount && !netns->mount[strspn(netns->mount, plain)] ? netns->mount : NULL;
	*enter = '\0';
	if (ours)
		return;
	if (name && strlen(name) < ENTER_MAX / 2)
		snprintf(enter, ENTER_MAX, "ip netns exec %.127s ", name);
	else if (netns->pid)
		snprintf(enter, ENTER_MAX, "nsenter -t %d -n ", netns->pid);
	else if (mount && strlen(mount) < ENTER_MAX / 2)
		snprintf(enter, ENTER_MAX, "nsenter --net=%.127s ", mount);
}

static int explaining_look_into(struct run *run)
{
	struct explaining *explaining = run->own;
	const struct namespaces *namespaces = &run->namespaces;
	char problem[EXPLAIN_PROBLEM_MAX];
	struct explained *item = calloc(namespaces->list.count + 1, sizeof(*item));
	if (!item)
		return error_set(&run->error, ENOMEM, "explain", "");
	item[0].list = explaining->item->list;
	free(explaining->item);
	explaining->item = item;
	explaining->count = 0;
	for (size_t i = 0; i < namespaces->list.count; i++) {
		if (!namespaces->chosen[i])
			continue;
		item = &explaining->item[explaining->count++];
		item->netns = &namespaces->list.item[i];
		words_to_enter(item->netns, !i, item->enter);
		if (!item->list && !(item->list = explaining_new(run, problem)))
			return error_set(&run->error, ENOMEM, "explain", "");
	}
	if (netns_visit(&namespaces->list, namespaces->chosen, run->proc_fd, explaining_enter, run) == 0)
		return 0;
	return run->error.what ? -1 : error_set(&run->error, errno, "enter network namespaces", "");
}

/* Of one that could not be entered nothing is known. */
static int explained_status(const struct explained *item)
{
	return item->number ? EXIT_NO_ANSWER : explain_list_status(item->list);
}

static int explained_text(const struct explained *item, struct out *out)
{
	char label[TEXT_ESCAPED_MAX(LABEL_MAX)];
	if (item->netns) {
		size_t len = strnlen(item->netns->label, LABEL_MAX);
		out_bytes(out, label, (size_t)(text_escape(label, item->netns->label, len, TEXT_WORD) - label));
		out_string(out, ": ");
	}
	if (!item->number)
		return explain_list_text(item->list, out);
	out_string(out, "this network namespace could not be entered: ");
	out_string(out, item->number == ESRCH ? "it is gone" : strerror(item->number));
	out_char(out, '\n');
	return 0;
}

static int explained_json(const struct explained *item, struct out *out)
{
	if (!item->netns)
		return explain_list_json(item->list, out);
	out_string(out, "{\"netns\":");
	if (item->netns->inode)
		out_u64(out, item->netns->inode);
	else
		out_string(out, "null");
	out_string(out, ",\"netns_name\":");
	json_bytes(out, item->netns->label, strlen(item->netns->label));
	out_string(out, ",\"explain\":");
	if (item->number)
		out_string(out, "null");
	else if (explain_list_json(item->list, out) < 0)
		return -1;
	out_char(out, '}');
	return 0;
}

static int explaining_print(struct run *run)
{
	const struct explaining *explaining = run->own;
	bool json = run->options->format, several = explaining->item->netns;
	int answer = 0;
	if (json && several)
		out_string(&run->out, "{\"namespaces\":[\n");
	for (size_t i = 0; i < explaining->count && answer == 0; i++) {
		if (i)
			out_string(&run->out, json ? "," : "\n");
		answer = json ? explained_json(&explaining->item[i], &run->out)
		              : explained_text(&explaining->item[i], &run->out);
	}
	if (json && several)
		out_string(&run->out, "]}\n");
	return answer < 0 ? error_set(&run->error, errno, "format", "") : 0;
}

static int explaining_answer(struct run *run)
{
	const struct explaining *explaining = run->own;
	if (rights_raise(run) < 0)
		return -1;
	int answer = run->namespaces.list.count ? explaining_look_into(run) : explaining_look(run, explaining->item);
	if (rights_drop(run, true) < 0 || answer < 0)
		return -1;
	if (explaining_print(run) < 0)
		return -1;
	if (run->options->quiet)
		return 0;
	notes_names(run->names);
	for (size_t i = 0; i < explaining->count; i++) {
		notes_veiled(&explaining->item[i].owners.report);
		notes_unread(&explaining->item[i].owners.report);
	}
	return 0;
}

/* As of several ports: 1 one is taken, else 3 one could not be told, else 0. */
static enum exit_status explaining_status(const struct run *run)
{
	const struct explaining *explaining = run->own;
	int worst = 0;
	for (size_t i = 0; i < explaining->count; i++) {
		int status = explained_status(&explaining->item[i]);
		if (status == 1 || !worst)
			worst = status;
	}
	return (enum exit_status)worst;
}

static void explaining_end(struct run *run)
{
	struct explaining *explaining = run->own;
	for (size_t i = 0; explaining && i < explaining->count; i++) {
		explain_list_free(explaining->item[i].list);
		table_free(&explaining->item[i].table);
		owners_free(&explaining->item[i].owners);
	}
	if (explaining)
		free(explaining->item);
	free(explaining);
}

const struct run_mode mode_explain = {
	.begin = explaining_begin,
	.plan = explaining_plan,
	.answer = explaining_answer,
	.status = explaining_status,
	.end = explaining_end,
};
