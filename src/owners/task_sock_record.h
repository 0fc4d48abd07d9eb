// SPDX-License-Identifier: MIT
/* task_sock_record.h - what the BPF program writes and task_sock.c reads. */
#ifndef SOCKVIEW_OWNERS_TASK_SOCK_RECORD_H
#define SOCKVIEW_OWNERS_TASK_SOCK_RECORD_H

/* One fd on one socket. Ports in host byte order; numbers of the pid namespace that the iterator is read in. */
struct task_sock {
	unsigned long long cookie; /* 0: it was never asked for */
	unsigned char local[16], remote[16];
	unsigned int netns, inode, pid, fd;
	unsigned int uid, ifindex, recv_q, send_q;
	unsigned short local_port, remote_port, family;
	unsigned char state, is_tcp; /* not is_tcp: only netns, pid and fd are filled in */
};

#endif
