// SPDX-License-Identifier: MIT
/*
 * deny_netlink.c - runs a command where the sock_diag socket cannot be had, as
 * in sandboxes that do not know it: deny_netlink ERRNO COMMAND [ARGUMENT]...
 * Needs no privilege (seccomp(2) after PR_SET_NO_NEW_PRIVS).
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sockview/countof.h>

/* The low half of an argument: where it lies depends on the byte order. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARGUMENT(n) offsetof(struct seccomp_data, args[n])
#else
#define ARGUMENT(n) (offsetof(struct seccomp_data, args[n]) + 4)
#endif

static int deny(unsigned number)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(0)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, ARGUMENT(2)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NETLINK_SOCK_DIAG, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number & SECCOMP_RET_DATA)),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { countof(filter), filter };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: deny_netlink ERRNO COMMAND [ARGUMENT]...\n");
		return 2;
	}
	/* i386's libc calls socketcall(2), whose arguments lie in memory that a filter cannot read. */
#ifdef SYS_socketcall
	fprintf(stderr, "socket() is socketcall(2) here, which seccomp cannot tell apart\n");
	return 125;
#endif
	if (deny((unsigned)atoi(argv[1]))) {
		perror("no seccomp filter may be set here");
		return 125;
	}
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 126;
}
