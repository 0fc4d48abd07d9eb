// SPDX-License-Identifier: MIT
/*
 * alter_netlink.c - a library to be preloaded: the kernel's netlink answers as
 * they are when a dump goes wrong.
 *
 *   ALTER_BUS=N    of sockets on that bus (NETLINK_SOCK_DIAG is 4)
 *   ALTER=errno    every dump ends with EIO in its NLMSG_DONE
 *   ALTER=changed  every message has NLM_F_DUMP_INTR
 *   ALTER=refused  every dump is refused with ENOENT, as where a module cannot be loaded
 *   ALTER_TYPE=N   only dumps whose messages have that type
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int is_on_bus(int fd)
{
	const char *wanted = getenv("ALTER_BUS");
	int domain = 0, bus = 0;
	socklen_t len = sizeof(int);
	if (!wanted || getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) || domain != AF_NETLINK)
		return 0;
	len = sizeof(int);
	return !getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &bus, &len) && bus == atoi(wanted);
}

static void alter(char *data, size_t len)
{
	static int last_type; /* of the messages before the end, which may come in a datagram of its own */
	const char *how = getenv("ALTER"), *type = getenv("ALTER_TYPE");
	for (size_t at = 0; at + sizeof(struct nlmsghdr) <= len;) {
		struct nlmsghdr head;
		int number = -EIO;
		memcpy(&head, data + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > len - at)
			return;
		if (head.nlmsg_type >= NLMSG_MIN_TYPE)
			last_type = head.nlmsg_type;
		if (!type || last_type == atoi(type)) {
			if (how && !strcmp(how, "changed"))
				head.nlmsg_flags |= NLM_F_DUMP_INTR;
			else if (how && head.nlmsg_type == NLMSG_DONE &&
			         head.nlmsg_len >= sizeof(head) + sizeof(number))
				memcpy(data + at + sizeof(head), &number, sizeof(number));
			memcpy(data + at, &head, sizeof(head));
		}
		at += NLMSG_ALIGN(head.nlmsg_len);
	}
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
	ssize_t got = real(fd, message, flags);
	if (got < (ssize_t)sizeof(struct nlmsghdr) || message->msg_iovlen != 1 || !is_on_bus(fd))
		return got;
	const char *how = getenv("ALTER");
	ssize_t refused = how && !strcmp(how, "refused") ? refuse(fd, message->msg_iov) : 0;
	if (!refused)
		alter(message->msg_iov[0].iov_base, (size_t)got);
	return refused ? refused : got;
}

/* With 64-bit times on 32 bits the same by another name. */
ssize_t __recvmsg64(int fd, struct msghdr *message, int flags) __attribute__((alias("recvmsg")));
