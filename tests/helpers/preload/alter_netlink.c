// SPDX-License-Identifier: MIT
/*
 * alter_netlink.c - a library to be preloaded: the kernel's netlink answers as
 * they are when a dump goes wrong.
 *
 *   ALTER_BUS=N    of sockets on that bus (NETLINK_SOCK_DIAG is 4)
 *   ALTER=errno    every dump ends with EIO in its NLMSG_DONE
 *   ALTER=changed  every message has NLM_F_DUMP_INTR
 *   ALTER=refused  every dump is refused with ENOENT, as where a module cannot be loaded
 *   ALTER=unbound  sockets that are bound and do not listen are not told of, as before Linux 6.8
 *   ALTER_RELEASE  what uname(2) says of the kernel
 *   ALTER_TYPE=N   only dumps whose messages have that type
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>

static int bus_of(int fd)
{
	/* Of the last socket: a sandbox that begins as rows come lets no such question through. */
	static int known_fd = -1, known;
	int domain = 0, bus = 0;
	socklen_t len = sizeof(int);
	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len))
		return errno == EPERM && fd == known_fd ? known : -1;
	len = sizeof(int);
	known_fd = fd;
	known = domain != AF_NETLINK || getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &bus, &len) ? -1 : bus;
	return known;
}

static int is_on_bus(int fd)
{
	const char *wanted = getenv("ALTER_BUS");
	return wanted && bus_of(fd) == atoi(wanted);
}

static int is_bound(const struct nlmsghdr *head)
{
	const struct inet_diag_msg *told = NLMSG_DATA(head);
	return (head->nlmsg_type == SOCK_DIAG_BY_FAMILY || head->nlmsg_type == TCPDIAG_GETSOCK) &&
	       told->idiag_state == TCP_CLOSE;
}

/* How long the datagram is then. */
static size_t alter(char *data, size_t len)
{
	static int last_type; /* of the messages before the end, which may come in a datagram of its own */
	const char *how = getenv("ALTER"), *type = getenv("ALTER_TYPE");
	int number = -EIO;
	if (!how)
		return len;
	for (size_t at = 0; at + sizeof(struct nlmsghdr) <= len;) {
		struct nlmsghdr *head = (struct nlmsghdr *)(data + at);
		size_t size = NLMSG_ALIGN(head->nlmsg_len);
		if (head->nlmsg_len < sizeof(*head) || size > len - at)
			return len;
		if (head->nlmsg_type >= NLMSG_MIN_TYPE)
			last_type = head->nlmsg_type;
		if (type && last_type != atoi(type)) {
			at += size;
			continue;
		}
		if (!strcmp(how, "unbound") && is_bound(head)) {
			memmove(data + at, data + at + size, len - at - size);
			len -= size;
			continue;
		}
		if (!strcmp(how, "changed"))
			head->nlmsg_flags |= NLM_F_DUMP_INTR;
		else if (!strcmp(how, "errno") && head->nlmsg_type == NLMSG_DONE &&
		         head->nlmsg_len >= sizeof(*head) + sizeof(number))
			memcpy(NLMSG_DATA(head), &number, sizeof(number));
		at += size;
	}
	return len;
}

/* An error in place of the answer, the rest of which is thrown away: a dump that goes on would refuse the next one. */
static ssize_t refuse(int fd, struct iovec *room)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} told = { .error.error = -ENOENT };
	static _Thread_local char rest[1 << 16];
	memcpy(&told.head, room->iov_base, sizeof(told.head));
	if (told.head.nlmsg_type == NLMSG_ERROR)
		return 0;
	told.error.msg = told.head;
	told.head.nlmsg_len = sizeof(told);
	told.head.nlmsg_type = NLMSG_ERROR;
	told.head.nlmsg_flags = 0;
	memcpy(room->iov_base, &told, sizeof(told));
	while (recv(fd, rest, sizeof(rest), MSG_DONTWAIT) > 0)
		;
	return (ssize_t)sizeof(told);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
	static ssize_t (*real)(int, struct msghdr *, int);
	if (!real)
		real = (ssize_t(*)(int, struct msghdr *, int))dlsym(RTLD_NEXT, "recvmsg");
	for (;;) {
		ssize_t got = real(fd, message, flags);
		const char *how = getenv("ALTER");
		if (got < (ssize_t)sizeof(struct nlmsghdr) || message->msg_iovlen != 1 || !is_on_bus(fd))
			return got;
		ssize_t refused = how && !strcmp(how, "refused") ? refuse(fd, message->msg_iov) : 0;
		size_t left = refused ? (size_t)refused : alter(message->msg_iov[0].iov_base, (size_t)got);
		if (left)
			return (ssize_t)left;
	}
}

/* With 64-bit times on 32 bits the same by another name. */
ssize_t __recvmsg64(int fd, struct msghdr *message, int flags) __attribute__((alias("recvmsg")));

int uname(struct utsname *name)
{
	static int (*real)(struct utsname *);
	const char *release = getenv("ALTER_RELEASE");
	if (!real)
		real = (int (*)(struct utsname *))dlsym(RTLD_NEXT, "uname");
	int answer = real(name);
	if (answer == 0 && release)
		snprintf(name->release, sizeof(name->release), "%s", release);
	return answer;
}
