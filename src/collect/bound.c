// SPDX-License-Identifier: MIT
/*
 * bound.c - see sockview/bound.h.
 *
 * State bit 13 of a dump means "bound and nothing more" since Linux 6.8
 * (net/ipv4/inet_diag.c, commit 91051f003948), and nothing before; /proc/net/tcp
 * never tells of such sockets. A caller that may copy the descriptors of
 * processes (pidfd_getfd(2), Linux 5.6, PTRACE_MODE_ATTACH_REALCREDS) asks the
 * sockets themselves. A copy is open for a few system calls: as long, a close()
 * by its holder does not close the socket.
 */
#include <sockview/bound.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/magic.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/cpu_time.h>
#include <sockview/descriptors.h>
#include <sockview/exchange.h>
#include <sockview/file.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum { BOUND_CPU_MAX_MS = 2000 };

bool bound_is_asked(const struct query *query)
{
	return query->protos & PROTO_BIT(PROTO_TCP) && query->states[PROTO_TCP] & STATE_BIT(STATE_BOUND);
}

/* --- does the kernel tell? --- */

static int bound_seen(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	(void)message, (void)payload, (void)len;
	*(bool *)context = true;
	return 0;
}

enum bound_answer { BOUND_REFUSED, BOUND_NONE, BOUND_SEEN };

/* Of TCP's sockets of `states` at a port. */
static enum bound_answer bound_dump(uint32_t states, uint16_t port, unsigned *absent)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 body;
	} request = {
		.head = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = SOCK_DIAG_BY_FAMILY,
			.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		},
		.body = {
			.sdiag_family = AF_INET,
			.sdiag_protocol = IPPROTO_TCP,
			.idiag_states = states,
			.id.idiag_sport = port,
		},
	};
	struct exchange exchange;
	bool seen = false;
	if (exchange_open(&exchange, NETLINK_SOCK_DIAG) < 0)
		return BOUND_REFUSED;
	enum exchange_end end = exchange_ask(&exchange, &request.head, bound_seen, &seen);
	if (end == EXCHANGE_REFUSED && exchange.number == ENOENT)
		*absent |= PROTO_BIT(PROTO_TCP);
	exchange_close(&exchange);
	return end != EXCHANGE_DONE ? BOUND_REFUSED : seen ? BOUND_SEEN : BOUND_NONE;
}

/* A socket of our own that is bound: is it told? */
static bool bound_try(unsigned *absent)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	bool told = false;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (bind(fd, (struct sockaddr *)&address, len) == 0 && getsockname(fd, (struct sockaddr *)&address, &len) == 0)
		told = bound_dump(1u << STATE_BOUND, address.sin_port, absent) == BOUND_SEEN;
	close(fd);
	return told;
}

/*
 * A release of 6.8 or later tells, where it has tcp_diag: asked for no state, inet_diag_dump_icsk() walks no table.
 * That a lower release does not is not sure: distributions take things back.
 */
static bool bound_ask_kernel(unsigned *absent)
{
	struct utsname name;
	unsigned major = 0, minor = 0;
	bool newer = uname(&name) == 0 && sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	             (major > 6 || (major == 6 && minor >= 8));
	return newer ? bound_dump(0, 0, absent) != BOUND_REFUSED : bound_try(absent);
}

bool bound_is_told(unsigned *absent)
{
	unsigned once = 0, *known = absent ? absent : &once;
	if (!(*known & (PROTO_BIT(PROTO_TCP) | BOUND_IS_TOLD)) && bound_ask_kernel(known))
		*known |= BOUND_IS_TOLD;
	return *known & BOUND_IS_TOLD;
}

/* --- by descriptors --- */

struct bound {
	struct bound_rows *rows;
	/* The namespace that is asked for: its inode, and its cookie where the kernel has one. */
	uint64_t netns, netns_cookie;
};

static uint64_t bound_netns_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) == 0 ? cookie : 0;
}

/* The cookie (Linux 5.14) takes no privilege, the descriptor CAP_NET_ADMIN there. */
static bool bound_in_netns(const struct bound *bound, int copy)
{
	struct stat status;
	uint64_t cookie = bound_netns_cookie(copy);
	if (cookie && bound->netns_cookie)
		return cookie == bound->netns_cookie;
	int fd = ioctl(copy, SIOCGSKNS);
	if (fd < 0)
		return false;
	bool same = fstat(fd, &status) == 0 && status.st_ino == bound->netns;
	close(fd);
	return same;
}

/* By one of its other descriptors. */
static bool bound_is_known(const struct bound_rows *rows, uint32_t inode)
{
	for (size_t i = 0; i < rows->count; i++)
		if (rows->row[i].inode == inode)
			return true;
	return false;
}

static bool bound_end(int copy, struct row *row)
{
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = { 0 };
	socklen_t len = sizeof(address);
	if (getsockname(copy, &address.any, &len) < 0)
		return false;
	row->family = (uint8_t)address.any.sa_family;
	if (row->family == AF_INET) {
		memcpy(row->local.byte, &address.v4.sin_addr, sizeof(address.v4.sin_addr));
		row->local_port = ntohs(address.v4.sin_port);
	} else if (row->family == AF_INET6) {
		memcpy(row->local.byte, &address.v6.sin6_addr, sizeof(address.v6.sin6_addr));
		row->local_port = ntohs(address.v6.sin6_port);
		row->ifindex = address.v6.sin6_scope_id;
	}
	return row->local_port;
}

static uint32_t bound_option(int copy, int level, int name)
{
	uint32_t value = 0;
	socklen_t len = sizeof(value);
	return getsockopt(copy, level, name, &value, &len) == 0 ? value : 0;
}

/* True if the descriptor is such a socket, whose row is filled. */
static bool bound_row(struct bound *bound, int copy, struct row *row)
{
	struct tcp_info info = { 0 };
	struct stat status;
	socklen_t len = sizeof(info), cookie_len = sizeof(row->cookie);
	if (bound_option(copy, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP ||
	    getsockopt(copy, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 || info.tcpi_state != TCP_CLOSE)
		return false;
	*row = (struct row){ .proto = PROTO_TCP, .state = STATE_BOUND };
	if (!bound_end(copy, row) || !bound_in_netns(bound, copy) || fstat(copy, &status) < 0)
		return false;
	row->inode = (uint32_t)status.st_ino;
	row->uid = status.st_uid;
	row->flags = (uint16_t)(ROW_HAS_UID | ROW_HAS_QUEUES | row_mapped(row));
	if (getsockopt(copy, SOL_SOCKET, SO_COOKIE, &row->cookie, &cookie_len) == 0)
		row->flags |= ROW_HAS_COOKIE;
	if (row->family == AF_INET6)
		row->flags |=
			bound_option(copy, IPPROTO_IPV6, IPV6_V6ONLY) ? ROW_HAS_V6ONLY | ROW_V6ONLY : ROW_HAS_V6ONLY;
	uint32_t ifindex = bound_option(copy, SOL_SOCKET, SO_BINDTOIFINDEX);
	if (ifindex)
		row->ifindex = ifindex;
	return !bound_is_known(bound->rows, row->inode);
}

static int bound_take(void *context, struct descriptor *descriptor)
{
	struct bound *bound = context;
	struct row row;
	int copy = file_copy_of(descriptor->pid, descriptor->fd);
	descriptor->denied = copy < 0 && (errno == EPERM || errno == ENOSYS);
	if (copy < 0)
		return 0;
	bool found = bound_row(bound, copy, &row);
	struct row *slot = found ? vec_push(bound->rows->row, bound->rows->count, bound->rows->capacity) : NULL;
	if (slot)
		*slot = row;
	close(copy);
	return found && !slot ? -1 : 0;
}

/*
 * The /proc that `proc_net_fd` (PID/net, PID/task/TID/net) is of, -1 if it is not this pid namespace's: its
 * numbers would be other processes here.
 */
static int bound_proc(int proc_net_fd)
{
	static const char *const up[] = { "../..", "../../../.." };
	char self[16] = "", target[16];
	snprintf(self, sizeof(self), "%d", (int)getpid());
	for (size_t i = 0; i < countof(up); i++) {
		struct statfs system;
		int fd = openat(proc_net_fd, up[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		ssize_t len = fd < 0 ? -1 : readlinkat(fd, "self", target, sizeof(target));
		if (len == (ssize_t)strlen(self) && memcmp(target, self, strlen(self)) == 0 &&
		    fstatfs(fd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static int bound_compare(const void *left, const void *right)
{
	return (int)row_order(left) - (int)row_order(right);
}

void bound_find(struct bound_rows *rows, int proc_net_fd)
{
	struct bound bound = { .rows = rows };
	struct descriptors walk = {
		.proc_fd = bound_proc(proc_net_fd),
		.cpu_end_ms = cpu_time_ms() + BOUND_CPU_MAX_MS,
		.socket = bound_take,
		.context = &bound,
	};
	struct stat status = { 0 };
	rows->looked = true;
	bool known = walk.proc_fd >= 0 && fstatat(proc_net_fd, "../ns/net", &status, 0) == 0;
	bound.netns = status.st_ino;
	int own = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (own >= 0) {
		bound.netns_cookie = bound_netns_cookie(own);
		close(own);
	}
	known = known && descriptors_walk(&walk) == 0;
	rows->unread += walk.denied + walk.late + !known;
	if (rows->count)
		qsort(rows->row, rows->count, sizeof(*rows->row), bound_compare);
	if (walk.proc_fd >= 0)
		close(walk.proc_fd);
}

void bound_free(struct bound_rows *rows)
{
	free(rows->row);
	*rows = (struct bound_rows){ 0 };
}
