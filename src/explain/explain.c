/* explain.c - a struct explain from the command line's words, and what it asks of the caller (explain.h). */
#include "explain/inquiry.h"

#include <errno.h>
#include <grp.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int user_by_name(struct explain *explain, const char *name, char problem[EXPLAIN_PROBLEM_MAX])
{
	const struct passwd *user = getpwnam(name);
	uint64_t uid;
	if (!user && text_parse_u64(name, strlen(name), UINT32_MAX - 1, &uid)) {
		user = getpwuid((uid_t)uid);
		explain->user.uid = (uid_t)uid;
		explain->user.gid = user ? user->pw_gid : (gid_t)uid;
	} else if (user) {
		explain->user.uid = user->pw_uid;
		explain->user.gid = user->pw_gid;
	} else {
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--as-user: there is no user '%.60s'", name);
		return -1;
	}
	snprintf(explain->user_name, sizeof(explain->user_name), "%s", user ? user->pw_name : name);
	explain->user.change = explain->user.uid != geteuid();
	return 0;
}

/* 0, or -1 with errno ENOMEM. */
static int groups_of_user(struct probe_user *user, const char *name)
{
	int room = 64;
	for (;;) {
		user->group = calloc((size_t)room, sizeof(*user->group));
		user->groups = room;
		if (!user->group)
			return -1;
		if (getgrouplist(name, user->gid, user->group, &user->groups) >= 0)
			return 0;
		free(user->group);
		user->group = NULL;
		if (user->groups <= room || user->groups > 65536)
			break;
		room = user->groups;
	}
	user->groups = 0;
	return 0;
}

static int set_user(struct explain *explain, char problem[EXPLAIN_PROBLEM_MAX])
{
	const char *name = explain->options.as_user;
	explain->user.uid = geteuid();
	if (!name)
		return 0;
	if (user_by_name(explain, name, problem) < 0)
		return -1;
	if (!explain->user.change)
		return 0;
	if (geteuid() != 0) {
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--as-user: only root may try a bind as another user; try sudo");
		return -1;
	}
	return groups_of_user(&explain->user, explain->user_name);
}

static int set_device(struct explain *explain, uint32_t *ifindex, char problem[EXPLAIN_PROBLEM_MAX])
{
	*ifindex = explain->target.ifindex;
	if (!explain->options.device)
		return 0;
	uint32_t device = if_nametoindex(explain->options.device);
	if (!device)
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--device: no interface '%.60s'", explain->options.device);
	else if (*ifindex && *ifindex != device)
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--device: the address names another interface");
	*ifindex = device;
	return *problem ? -1 : 0;
}

/* A target without an address: what a server tries that wants every address. */
static int set_plans(struct explain *explain, char problem[EXPLAIN_PROBLEM_MAX])
{
	const struct target *target = &explain->target;
	struct bind_plan plan = {
		.addr = target->addr,
		.uid = explain->user.uid,
		.port = target->port,
		.family = target->family,
		.proto = target->proto,
		.reuseaddr = explain->options.reuseaddr,
		.reuseport = explain->options.reuseport,
		.v6only = explain->options.v6only,
	};
	if (set_device(explain, &plan.ifindex, problem) < 0)
		return -1;
	if (plan.family == AF_INET && plan.v6only) {
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--v6only: an IPv4 address has no IPV6_V6ONLY");
		return -1;
	}
	if (plan.family != AF_INET6) {
		plan.family = AF_INET;
		plan.v6only = false;
		explain->plan[explain->plans++].bind = plan;
	}
	if (target->family != AF_INET) {
		plan.family = AF_INET6;
		plan.v6only = explain->options.v6only;
		explain->plan[explain->plans++].bind = plan;
	}
	return 0;
}

static int make_expr(struct expr *expr, enum expr_end end, uint16_t port)
{
	struct expr_range range = { port, port };
	struct expr_node node = { .kind = EXPR_HOST, .end = (uint8_t)end, .family = AF_UNSPEC };
	if (expr_init(expr) < 0 || expr_keep_ranges(expr, &range, 1, &node.ranges) < 0)
		return -1;
	expr->root = expr_add(expr, &node);
	return expr->root == EXPR_FAILED ? -1 : 0;
}

static int make_exprs(struct explain *explain)
{
	if (make_expr(&explain->local, EXPR_LOCAL, explain->target.port) < 0)
		return -1;
	return make_expr(&explain->remote, EXPR_REMOTE, explain->target.port);
}

/* The one protocol that was asked for, if it was one; PROTO_COUNT else. */
static enum proto only_proto(unsigned protos)
{
	for (unsigned proto = 0; proto < PROTO_COUNT; proto++)
		if (protos == PROTO_BIT(proto))
			return proto;
	return PROTO_COUNT;
}

static int set_target(struct explain *explain, char problem[EXPLAIN_PROBLEM_MAX])
{
	const struct explain_options *options = &explain->options;
	enum proto proto = only_proto(options->protos);
	if (proto == PROTO_RAW || proto == PROTO_UNIX) {
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--explain: ports are of TCP, UDP and UDP-Lite");
		return -1;
	}
	return target_parse(&explain->target, options->target, proto, options->family, problem);
}

struct explain *explain_new(const struct explain_options *options, char problem[EXPLAIN_PROBLEM_MAX])
{
	struct explain *explain = calloc(1, sizeof(*explain));
	*problem = '\0';
	if (!explain)
		return NULL;
	explain->options = *options;
	if (set_target(explain, problem) == 0 && set_user(explain, problem) == 0 && set_plans(explain, problem) == 0 &&
	    make_exprs(explain) == 0)
		return explain;
	int saved = errno;
	explain_free(explain);
	errno = saved;
	return NULL;
}

void explain_free(struct explain *explain)
{
	if (!explain)
		return;
	for (size_t i = 0; i < explain->lines; i++)
		free(explain->line[i].text);
	free(explain->line);
	expr_free(&explain->local);
	expr_free(&explain->remote);
	free(explain->holder);
	free(explain->crowd);
	free(explain->toward);
	free(explain->user.group);
	facts_free(&explain->host);
	elsewhere_free(&explain->elsewhere);
	free(explain);
}

bool explain_changes_user(const struct explain *explain)
{
	return explain->user.change;
}

/* UDP too when TCP is meant, and the reverse: people mix them up, and its table is small. */
void explain_query(const struct explain *explain, struct query *query)
{
	*query =
		(struct query){ .inet = true, .inet6 = true, .want = WANT_TIMER | WANT_EXTRA, .expr = &explain->local };
	query->protos = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) | PROTO_BIT(explain->target.proto);
	for (unsigned proto = 0; proto < PROTO_COUNT; proto++)
		query->states[proto] = STATE_ALL;
}

static bool is_served_here(const struct explain *explain, const struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->row[i];
		if (row->local_port == explain->target.port && row->proto == explain->target.proto &&
		    (row->proto != PROTO_TCP || row->state == STATE_LISTEN))
			return true;
	}
	return false;
}

bool explain_query_more(const struct explain *explain, const struct table *table, struct query *query)
{
	if (explain->target.proto != PROTO_TCP || is_served_here(explain, table))
		return false;
	*query = (struct query){
		.protos = PROTO_BIT(PROTO_TCP),
		.inet = true,
		.inet6 = true,
		.expr = &explain->remote,
		.states[PROTO_TCP] = STATE_ALL & ~(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND)),
	};
	return true;
}

bool explain_wants(struct explain *explain, const struct row *row)
{
	if (row->local_port == explain->target.port) {
		ephemeral_keep_reversed(explain, row);
		return true;
	}
	return row->remote_port == explain->target.port && row->proto == explain->target.proto &&
	       ephemeral_keep(explain, row);
}

/* Who finds a listener here need not look for one elsewhere. */
int explain_look_elsewhere(struct explain *explain, int proc_fd, struct table *table)
{
	if (is_served_here(explain, table))
		return 0;
	return elsewhere_find(&explain->elsewhere, proc_fd, explain->target.proto, explain->target.port, table);
}

enum explain_verdict explain_verdict(const struct explain *explain)
{
	return explain->verdict;
}

int explain_status(const struct explain *explain)
{
	static const int status[] = {
		[EXPLAIN_FREE] = 0,
		[EXPLAIN_TAKEN] = 1,
		[EXPLAIN_REFUSED] = 1,
		[EXPLAIN_UNKNOWN] = 3,
	};
	return status[explain->verdict];
}
