// SPDX-License-Identifier: MIT
/*
 * floor_dump.c - what the kernel alone needs to dump its TCP sockets.
 *
 *   floor_dump [STATES [DETAILS [TIMES]]]
 *
 * Sends the request `sockview -atn` sends and throws the answer away. STATES is
 * the mask of states in hexadecimal, all but CLOSE and NEW_SYN_RECV if not given;
 * DETAILS idiag_ext, likewise; TIMES how often.
 */
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct request {
	struct nlmsghdr head;
	struct inet_diag_req body;
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static bool is_last(const char *buffer, size_t len)
{
	const struct nlmsghdr *head = (const void *)buffer;
	if (len >= sizeof(*head) && head->nlmsg_type == NLMSG_ERROR) {
		fprintf(stderr, "floor_dump: the kernel refuses\n");
		exit(1);
	}
	/* DONE is a message of its own, in a datagram of its own or behind others: look at the last 20 bytes. */
	if (len < sizeof(*head) + sizeof(int))
		return true;
	head = (const void *)(buffer + len - sizeof(*head) - sizeof(int));
	return head->nlmsg_type == NLMSG_DONE && head->nlmsg_len == sizeof(*head) + sizeof(int);
}

static unsigned long long dump_once(int fd, const struct request *request)
{
	static char buffer[65536] __attribute__((aligned(8)));
	unsigned long long bytes = 0;
	if (send(fd, request, sizeof(*request), 0) < 0)
		die("floor_dump");
	for (;;) {
		ssize_t len = recv(fd, buffer, sizeof(buffer), 0);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			die("floor_dump: recv");
		bytes += (unsigned long long)len;
		if (is_last(buffer, (size_t)len))
			return bytes;
	}
}

int main(int argc, char **argv)
{
	struct request request = {
		.head = { .nlmsg_len = sizeof(request),
		          .nlmsg_type = TCPDIAG_GETSOCK,
		          .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .idiag_family = AF_INET,
		          .idiag_ext = argc > 2 ? (unsigned char)strtoul(argv[2], NULL, 16) : 0,
		          .idiag_states = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 16) : 0x2f7e },
	};
	unsigned long long bytes = 0;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (fd < 0)
		die("floor_dump");
	for (unsigned long times = argc > 3 ? strtoul(argv[3], NULL, 10) : 1; times; times--)
		bytes += dump_once(fd, &request);
	printf("%llu bytes\n", bytes);
	return 0;
}
