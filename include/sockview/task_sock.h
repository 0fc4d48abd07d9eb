// SPDX-License-Identifier: MIT
/*
 * task_sock.h - the sockets that processes hold, of every network namespace, by one pass over their files.
 *
 * Sockets that no process holds are not among them: TIME_WAIT, SYN_RECV, those
 * closed by their process, and those that no process has accepted yet.
 */
#ifndef SOCKVIEW_TASK_SOCK_H
#define SOCKVIEW_TASK_SOCK_H

#include <sockview/finder.h>
#include <sockview/row.h>

struct task_sock_found {
	uint32_t netns;  /* N of "net:[N]" */
	int32_t pid, fd; /* who holds it: the descriptor may be one of a thread's own */
	const struct row
		*row; /* of a TCP socket that does not listen; NULL: all that is told is that netns has a socket */
};

/* Anything but 0 ends the pass. */
typedef int task_sock_call(void *context, const struct task_sock_found *found);

/*
 * Calls at least once for each network namespace that has a socket with a
 * descriptor; if `tcp`, for each descriptor of a TCP socket. It takes CAP_BPF and
 * CAP_PERFMON in effect, and of the request proc_fd and proc_is_ours. 0; 1 if it
 * cannot be done here (*why a constant phrase, with errno or 0); or the call's answer.
 */
int task_socks_read(const struct finder_request *request, bool tcp, task_sock_call *call, void *context,
                    const char **why);

#endif
