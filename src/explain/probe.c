// SPDX-License-Identifier: MIT
/*
 * probe.c - trial binds, as the user they are planned for (probe.h).
 *
 * The checks rest on the order of __inet_bind() and __inet6_bind()
 * (net/ipv4/af_inet.c, net/ipv6/af_inet6.c, Linux 6.18): the security module
 * and the cgroup's BPF programs come first, then IPv4's address, then the
 * privileged port, and then "this socket is bound already", EINVAL, before the
 * table of ports. IPv6 looks at the address after that: it is asked for by the
 * first bind(), which leaves the port to the kernel.
 */
#include "explain/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sockview/proto.h>

#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51 /* Linux 6.3 */
#endif
#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62 /* Linux 5.0 */
#endif

static struct probe_answer refused(enum probe_stage stage)
{
	return (struct probe_answer){ stage, errno };
}

static const struct probe_answer passed = { PROBE_PASSED, 0 };

static socklen_t name_of(const struct bind_plan *plan, uint16_t port, struct sockaddr_storage *name)
{
	*name = (struct sockaddr_storage){ 0 };
	if (plan->family == AF_INET) {
		struct sockaddr_in *in = (struct sockaddr_in *)name;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		memcpy(&in->sin_addr, &plan->addr, sizeof(in->sin_addr));
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)name;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	memcpy(&in6->sin6_addr, &plan->addr, sizeof(in6->sin6_addr));
	if (IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr))
		in6->sin6_scope_id = plan->ifindex;
	return sizeof(*in6);
}

static int bind_to(int fd, const struct bind_plan *plan, uint16_t port)
{
	struct sockaddr_storage name;
	socklen_t len = name_of(plan, port, &name);
	return bind(fd, (struct sockaddr *)&name, len);
}

static int set_one(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int set_options(int fd, const struct bind_plan *plan)
{
	if (set_one(fd, SOL_SOCKET, SO_REUSEADDR, plan->reuseaddr) < 0 ||
	    set_one(fd, SOL_SOCKET, SO_REUSEPORT, plan->reuseport) < 0)
		return -1;
	if (plan->family == AF_INET6 && set_one(fd, IPPROTO_IPV6, IPV6_V6ONLY, plan->v6only) < 0)
		return -1;
	if (plan->ifindex)
		return set_one(fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)plan->ifindex);
	return 0;
}

/* The first bind() must not get the planned port itself: IP_LOCAL_PORT_RANGE leaves the larger part beside it. */
static void keep_off_port(int fd, uint16_t port)
{
	uint32_t low = port < 40000 ? port + 1u : 1024, high = port < 40000 ? UINT16_MAX : port - 1u;
	set_one(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, (int)(high << 16 | low));
}

static struct probe_answer check(int fd, const struct bind_plan *plan)
{
	keep_off_port(fd, plan->port);
	if (bind_to(fd, plan, 0) < 0) {
		/* EADDRINUSE: the ephemeral range is used up, which does not concern the address. */
		if (errno != EADDRINUSE)
			return refused(PROBE_ADDRESS);
		return passed;
	}
	if (bind_to(fd, plan, plan->port) < 0 && errno != EINVAL)
		return refused(PROBE_PORT);
	return passed;
}

/* No call between bind() and close() that is not needed: the port is taken in between. */
static struct probe_answer bind_and_listen(int fd, const struct bind_plan *plan, bool and_listen)
{
	struct sockaddr_storage name;
	socklen_t len = name_of(plan, plan->port, &name);
	if (bind(fd, (struct sockaddr *)&name, len) < 0)
		return refused(PROBE_TABLE);
	if (and_listen && listen(fd, 0) < 0)
		return refused(PROBE_LISTEN);
	return passed;
}

static struct probe_answer probe_here(const struct bind_plan *plan, enum probe_kind kind)
{
	const struct proto_info *info = &proto_table[plan->proto];
	int fd = socket(plan->family, info->type | SOCK_CLOEXEC, info->number);
	if (fd < 0)
		return refused(PROBE_SOCKET);
	struct probe_answer answer;
	if (set_options(fd, plan) < 0)
		answer = refused(PROBE_OPTION);
	else if (kind == PROBE_CHECKS)
		answer = check(fd, plan);
	else
		answer = bind_and_listen(fd, plan, kind == PROBE_BIND_LISTEN && proto_listens(plan->proto));
	close(fd);
	return answer;
}

/* Groups first, while the rights are there. Leaving user 0 also empties every set of capabilities. */
static int become(const struct probe_user *user)
{
	if (setgroups((size_t)user->groups, user->group) < 0 || setresgid(user->gid, user->gid, user->gid) < 0)
		return -1;
	return setresuid(user->uid, user->uid, user->uid);
}

static void child(const struct bind_plan *plan, const struct probe_user *user, enum probe_kind kind, int to)
{
	struct probe_answer answer = user->change && become(user) < 0 ? refused(PROBE_USER) : probe_here(plan, kind);
	ssize_t written = write(to, &answer, sizeof(answer));
	_exit(written == (ssize_t)sizeof(answer) ? 0 : 1);
}

static struct probe_answer read_answer(int from)
{
	enum { PATIENCE_MS = 5000 };
	struct pollfd ready = { .fd = from, .events = POLLIN };
	struct probe_answer answer;
	if (poll(&ready, 1, PATIENCE_MS) != 1 || read(from, &answer, sizeof(answer)) != (ssize_t)sizeof(answer)) {
		errno = ECHILD;
		return refused(PROBE_USER);
	}
	return answer;
}

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL /* Linux 5.7 */
#endif

/* As fork(), but born in that cgroup: BPF programs of it judge its first call already. */
static pid_t fork_into(int cgroup_fd)
{
	/* struct clone_args of linux/sched.h, which older headers do not have whole. */
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls, set_tid,
			set_tid_size, cgroup;
	} args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = (uint64_t)cgroup_fd };
	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static struct probe_answer probe_in_child(const struct bind_plan *plan, const struct probe_user *user,
                                          enum probe_kind kind)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return refused(PROBE_USER);
	pid_t pid = user->in_unit ? fork_into(user->cgroup_fd) : fork();
	if (pid < 0) {
		struct probe_answer answer = refused(PROBE_USER);
		close(ends[0]);
		close(ends[1]);
		return answer;
	}
	if (pid == 0)
		child(plan, user, kind, ends[1]);
	close(ends[1]);
	struct probe_answer answer = read_answer(ends[0]);
	close(ends[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return answer;
}

struct probe_answer probe_run(const struct bind_plan *plan, const struct probe_user *user, enum probe_kind kind)
{
	if (user->in_unit && user->cgroup_fd < 0)
		return (struct probe_answer){ PROBE_USER, user->unit_errno };
	if (user->change || user->in_unit)
		return probe_in_child(plan, user, kind);
	return probe_here(plan, kind);
}
