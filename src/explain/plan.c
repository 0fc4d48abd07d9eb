// SPDX-License-Identifier: MIT
/* plan.c - whose binds, of which protocol, to which addresses: the command line's words (plan.h). */
#include "explain/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/cgroup.h>
#include <sockview/proto.h>

#include "explain/ask_program.h"

static int set_target(struct explain *explain, char problem[EXPLAIN_PROBLEM_MAX])
{
	const struct explain_options *options = &explain->options;
	/* The protocol of -t or -u, if it is one alone. */
	enum proto first = proto_next(options->protos, 0);
	enum proto proto = options->protos == PROTO_BIT(first) ? first : PROTO_COUNT;
	if (proto < PROTO_COUNT && !proto_has(proto, PROTO_PORTS)) {
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--explain: ports are of TCP, UDP and UDP-Lite");
		return -1;
	}
	return target_parse_port(&explain->target, options->target, proto, options->family, options->port, problem);
}

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

/* The directory of the cgroup that the manager calls the unit's. -1 with errno. */
static int open_unit(const char *unit)
{
	const char *ask[] = { "systemctl", "show", "-p", "ControlGroup", "--", unit, NULL };
	char answer[4200];
	if (ask_program((char *const *)ask, answer, sizeof(answer)) < 0 || strncmp(answer, "ControlGroup=/", 14) != 0) {
		errno = ENOENT;
		return -1;
	}
	answer[strcspn(answer, "\n")] = '\0';
	int proc_fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1;
	struct cgroups *cgroups = proc_fd < 0 ? NULL : cgroups_open(proc_fd, true);
	bool whole;
	if (cgroups)
		fd = openat(cgroups_root(cgroups, &whole), answer + 14, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int saved = errno;
	if (cgroups)
		cgroups_free(cgroups);
	if (proc_fd >= 0)
		close(proc_fd);
	errno = saved;
	return fd;
}

/* Never with rights that exec added: the caller must be allowed to move a process there himself. */
static int set_unit(struct explain *explain, char problem[EXPLAIN_PROBLEM_MAX])
{
	const char *unit = explain->options.as_unit;
	explain->user.cgroup_fd = -1;
	if (!unit)
		return 0;
	if (getuid() != 0 || geteuid() != 0) {
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--as-unit: only root may try a bind in a unit; try sudo");
		return -1;
	}
	if (!*unit || strlen(unit) > 255 || strchr(unit, '/') || strpbrk(unit, "*?[")) {
		snprintf(problem, EXPLAIN_PROBLEM_MAX, "--as-unit: '%.60s' is no unit's name, as in web.service", unit);
		return -1;
	}
	explain->user.in_unit = true;
	explain->user.cgroup_fd = open_unit(unit);
	explain->user.unit_errno = explain->user.cgroup_fd < 0 ? errno : 0;
	return 0;
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

/* A target without an address: both binds of a server that listens on every address. */
static int set_plans(struct explain *explain, char problem[EXPLAIN_PROBLEM_MAX])
{
	const struct target *target = &explain->target;
	struct bind_plan plan = {
		.addr = target->addr,
		.uid = explain->user.uid,
		.port = target->port,
		.family = target->family,
		.proto = target->proto,
		/* Servers of TCP set it: nginx, Apache, node, Go, Java, Python's http.server. */
		.reuseaddr =
			explain->options.reuseaddr || (proto_listens(target->proto) && !explain->options.no_reuseaddr),
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

int plan_make(struct explain *explain, char problem[EXPLAIN_PROBLEM_MAX])
{
	if (set_target(explain, problem) < 0 || set_user(explain, problem) < 0 || set_unit(explain, problem) < 0)
		return -1;
	return set_plans(explain, problem);
}
