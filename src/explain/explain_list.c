// SPDX-License-Identifier: MIT
/*
 * explain_list.c - several ports at once: of a list, a range, two protocols, a process, a program (explain.h).
 *
 * The sockets are asked for once. Each port is then explained from the same
 * table, as if it had been asked about alone, and told in a line.
 */
#include <sockview/explain.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/proto.h>
#include <sockview/target.h>
#include <sockview/vec.h>

#include "explain/explain_head.h"
#include "explain/explain_words.h"

enum { PORTS_MAX = 1024 };

struct explain_list {
	struct explain_options options;
	struct explain **one;
	size_t count, capacity;
	bool several; /* a line each, also if there is but one */
	bool of_process;
	uint32_t pid; /* 0: a program's name, options.target */
	unsigned protos;
	struct expr expr; /* of all ports */
};

void explain_list_free(struct explain_list *list)
{
	if (!list)
		return;
	for (size_t i = 0; i < list->count; i++)
		explain_free(list->one[i]);
	free(list->one);
	expr_free(&list->expr);
	free(list);
}

static int list_add(struct explain_list *list, const struct explain_options *options, char problem[EXPLAIN_PROBLEM_MAX])
{
	struct explain *explain = explain_new(options, problem);
	struct explain **slot = explain ? vec_push(list->one, list->count, list->capacity) : NULL;
	if (slot)
		*slot = explain;
	else
		explain_free(explain);
	return slot ? 0 : -1;
}

/* The port of one protocol. */
static int list_add_port(struct explain_list *list, enum proto proto, uint16_t port, char problem[EXPLAIN_PROBLEM_MAX])
{
	struct explain_options options = list->options;
	options.port = port;
	options.protos = PROTO_BIT(proto);
	options.several = true;
	return list_add(list, &options, problem);
}

/* --- the target --- */

static int list_ports(struct explain_list *list, const struct typed_target *typed, unsigned protos,
                      char problem[EXPLAIN_PROBLEM_MAX])
{
	struct expr_node node = { .kind = EXPR_HOST, .end = EXPR_LOCAL, .family = AF_UNSPEC };
	size_t ports = 0;
	list->several = true;
	for (size_t i = 0; i < typed->port_count; i++)
		ports += typed->port[i].high - typed->port[i].low + 1;
	if (ports > PORTS_MAX) {
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--explain: '%.60s' is %zu ports; it takes %d at most",
		         list->options.target, ports, PORTS_MAX);
		return -1;
	}
	if (!typed->port[0].low) {
		snprintf(problem, EXPLAIN_PROBLEM_MAX,
		         "--explain: port 0 asks the kernel to choose one: there is nothing to explain");
		return -1;
	}
	FOR_EACH_PROTO (proto, protos)
		for (size_t i = 0; i < typed->port_count; i++)
			for (uint32_t port = typed->port[i].low; port <= typed->port[i].high; port++)
				if (list_add_port(list, proto, (uint16_t)port, problem) < 0)
					return -1;
	if (expr_init(&list->expr) < 0 ||
	    expr_keep_ranges(&list->expr, typed->port, typed->port_count, &node.ranges) < 0)
		return -1;
	list->expr.root = expr_add(&list->expr, &node);
	return list->expr.root == EXPR_FAILED ? -1 : 0;
}

static int list_process(struct explain_list *list, const struct typed_target *typed)
{
	list->several = list->of_process = true;
	list->pid = typed->kind == TYPED_PID ? typed->pid : 0;
	return expr_init(&list->expr);
}

static int list_of_target(struct explain_list *list, char problem[EXPLAIN_PROBLEM_MAX])
{
	const struct explain_options *options = &list->options;
	struct lookup names = lookup_host(-1, false);
	struct typed_target typed;
	struct filter_error error;
	int answer;
	bool read = typed_target_read(&typed, options->target, strlen(options->target), &names, options->family,
	                              &error) == 0;
	unsigned ports = protos_with(PROTO_PORTS), named = options->protos_named ? options->protos & ports : 0;
	unsigned protos = read && typed.protos ? typed.protos & ports : named;
	/* A bare port, whatever it is bound to, of the first protocol. */
	if (!protos)
		protos = PROTO_BIT(proto_next(protos_with(PROTO_DEFAULT), 0));
	list->protos = named ? named : protos_with(PROTO_DEFAULT);
	bool one_port = read && typed.port_count == 1 && typed.port[0].low == typed.port[0].high;
	bool process = read && (typed.kind == TYPED_PID || typed.kind == TYPED_WORD);
	if (process && (!options->protos_named || named))
		answer = list_process(list, &typed);
	else if (read && typed.kind == TYPED_PLACE && typed.port_count && (!one_port || protos & (protos - 1)) &&
	         (!options->protos_named || named))
		answer = list_ports(list, &typed, protos, problem);
	else
		answer = list_add(list, options, problem);
	typed_target_free(&typed);
	return answer;
}

struct explain_list *explain_list_new(const struct explain_options *options, char problem[EXPLAIN_PROBLEM_MAX])
{
	struct explain_list *list = calloc(1, sizeof(*list));
	*problem = '\0';
	if (!list)
		return NULL;
	list->options = *options;
	if (list_of_target(list, problem) == 0)
		return list;
	int saved = errno;
	explain_list_free(list);
	errno = saved;
	return NULL;
}

/* --- the look --- */

bool explain_list_changes_user(const struct explain_list *list)
{
	return list->count ? explain_changes_user(list->one[0]) : list->options.as_user != NULL;
}

int explain_list_look_near(struct explain_list *list, unsigned *absent)
{
	return list->several ? 0 : explain_look_near(list->one[0], absent);
}

void explain_list_query(const struct explain_list *list, struct query *query)
{
	if (!list->several) {
		explain_query(list->one[0], query);
		return;
	}
	*query = (struct query){ .inet = true, .inet6 = true, .want = WANT_TIMER | WANT_EXTRA, .expr = &list->expr };
	query->protos = list->protos | protos_with(PROTO_DEFAULT);
	FOR_EACH_PROTO (proto, PROTO_ALL)
		query->states[proto] = STATE_ALL;
}

bool explain_list_wants(struct explain_list *list, const struct row *row)
{
	return list->several || explain_wants(list->one[0], row);
}

int explain_list_look_elsewhere(struct explain_list *list, int proc_fd, struct table *table)
{
	return list->several ? 0 : explain_look_elsewhere(list->one[0], proc_fd, table);
}

static bool is_of_process(const struct explain_list *list, const struct owners *owners, const struct row *row)
{
	struct owner_span span = owners_of(owners, row);
	size_t len = strlen(list->options.target);
	for (size_t i = 0; i < span.count; i++) {
		const struct process *process = &owners->process[span.first[i].process];
		struct bytes program = owners_text(owners, process->program), comm = owners_text(owners, process->comm);
		bool named = (program.len == len && memcmp(program.data, list->options.target, len) == 0) ||
		             (comm.len == len && memcmp(comm.data, list->options.target, len) == 0);
		if (list->pid ? (uint32_t)process->pid == list->pid : named)
			return true;
	}
	return false;
}

static bool list_has(const struct explain_list *list, const struct row *row)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->one[i]->target.port == row->local_port && list->one[i]->target.proto == row->proto)
			return true;
	return false;
}

static int compare_ports(const void *a, const void *b)
{
	const struct target *left = &(*(struct explain *const *)a)->target,
			    *right = &(*(struct explain *const *)b)->target;
	return left->proto != right->proto ? left->proto - right->proto : left->port - right->port;
}

/* The ports that the process serves, or keeps bound. */
static int find_ports(struct explain_list *list, const struct explain_facts *facts)
{
	char problem[EXPLAIN_PROBLEM_MAX];
	for (size_t i = 0; i < facts->table->count && list->count < PORTS_MAX; i++) {
		const struct row *row = &facts->table->row[i];
		bool serves = row->local_port &&
		              (!proto_listens(row->proto) || row->state == STATE_LISTEN || row->state == STATE_BOUND);
		if (serves && list->protos & PROTO_BIT(row->proto) && is_of_process(list, facts->owners, row) &&
		    !list_has(list, row) && list_add_port(list, row->proto, row->local_port, problem) < 0)
			return -1;
	}
	if (list->count)
		qsort(list->one, list->count, sizeof(struct explain *), compare_ports);
	return 0;
}

int explain_list_run(struct explain_list *list, const struct explain_facts *facts)
{
	if (list->of_process && find_ports(list, facts) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++)
		if (explain_run(list->one[i], facts) < 0)
			return -1;
	return 0;
}

/* --- the answer --- */

int explain_list_status(const struct explain_list *list)
{
	int worst = list->count ? 0 : 1;
	for (size_t i = 0; i < list->count; i++) {
		int status = explain_status(list->one[i]);
		if (status == 1 || !worst)
			worst = status;
	}
	return worst;
}

static int text_line(const struct explain *explain, struct out *out)
{
	struct text text = { 0 };
	int answer = head_verdict(explain, &text);
	if (!answer) {
		out_bytes(out, text.data, text.len);
		out_char(out, '\n');
	}
	text_free(&text);
	return answer;
}

/* The list of things that were not seen is the same for each of them. */
static void text_unread(const struct explain *explain, struct out *out)
{
	bool some = false;
	for (size_t i = 0; i < explain->sentences; i++) {
		if (explain->sentence[i].kind != SAY_UNREAD)
			continue;
		out_string(out, some ? "  - " : "\nNot seen:\n  - ");
		some = true;
		out_string(out, explain->sentence[i].text);
		out_char(out, '\n');
	}
}

int explain_list_text(const struct explain_list *list, struct out *out)
{
	char name[WORDS_NAME_MAX];
	if (!list->several)
		return explain_text(list->one[0], out);
	words_bytes(name, (struct bytes){ list->options.target, strlen(list->options.target) }, TEXT_LINE);
	if (!list->count) {
		out_string(out, list->pid ? "No port is held by "
		                          : "No port is held by a program of this name, and no service has it: ");
		out_string(out, name);
		out_char(out, '\n');
		return 0;
	}
	for (size_t i = 0; i < list->count; i++)
		if (text_line(list->one[i], out) < 0)
			return -1;
	text_unread(list->one[0], out);
	return 0;
}

int explain_list_json(const struct explain_list *list, struct out *out)
{
	if (!list->several)
		return explain_json(list->one[0], out);
	out_string(out, "{\"targets\":[");
	for (size_t i = 0; i < list->count; i++) {
		out_string(out, i ? ",\n" : "\n");
		if (explain_json(list->one[i], out) < 0)
			return -1;
	}
	out_string(out, "]}\n");
	return 0;
}
