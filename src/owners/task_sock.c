// SPDX-License-Identifier: MIT
/* task_sock.c - the BPF program over the sockets of processes, loaded and read (sockview/task_sock.h). */
#include <sockview/task_sock.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/bpf_skeleton.h>

#include "owners/pidns.h"

#ifndef BPF_MISSING

#include "owners/task_sock_record.h"
#include "owners/task_sock.lskel.h"

/* More than the kernel's own buffer (8 pages, kernel/bpf/bpf_iter.c), so that a read gives whole records. */
enum { TASK_SOCK_RECORDS = 1024 };

static void row_from_record(struct row *row, const struct task_sock *record)
{
	*row = (struct row){
		.proto = PROTO_TCP,
		.family = (uint8_t)record->family,
		.local_port = record->local_port,
		.remote_port = record->remote_port,
		.inode = record->inode,
		.cookie = record->cookie,
		.uid = record->uid,
		.ifindex = record->ifindex,
		.recv_q = record->recv_q,
		.send_q = record->send_q,
		.state = record->state == STATE_CLOSE ? STATE_BOUND : record->state,
		.flags = (uint16_t)(ROW_HAS_QUEUES | ROW_HAS_UID | (record->cookie ? ROW_HAS_COOKIE : 0)),
	};
	memcpy(&row->local, record->local, sizeof(row->local));
	memcpy(&row->remote, record->remote, sizeof(row->remote));
	row->flags |= row_mapped(row);
}

static int record_tell(const struct task_sock *record, task_sock_call *call, void *context)
{
	struct task_sock_found found = { .netns = record->netns,
		                         .pid = (int32_t)record->pid,
		                         .fd = (int32_t)record->fd };
	struct row row;
	/* Neither bound nor connected: in no table of the kernel, and in no answer of sock_diag. */
	bool is_row = record->is_tcp && record->local_port && record->state != STATE_LISTEN &&
	              record->state != STATE_UNKNOWN && record->state < STATE_COUNT;
	if (is_row) {
		row_from_record(&row, record);
		found.row = &row;
	}
	return call(context, &found);
}

static int task_socks_tell(int fd, task_sock_call *call, void *context, const char **why)
{
	struct task_sock *record = malloc(TASK_SOCK_RECORDS * sizeof(*record));
	int answer = 0;
	ssize_t len = record ? 0 : -1;
	while (record && !answer) {
		len = read(fd, record, TASK_SOCK_RECORDS * sizeof(*record));
		/* EAGAIN: a million files passed without a record (MAX_ITER_OBJECTS); it goes on from there. */
		if (len < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (len <= 0)
			break;
		for (size_t i = 0; i < (size_t)len / sizeof(*record) && !answer; i++)
			answer = record_tell(&record[i], call, context);
	}
	int saved = errno;
	free(record);
	errno = saved;
	if (answer || len >= 0)
		return answer;
	*why = "cannot read the BPF iterator";
	return 1;
}

static int task_socks_run(struct task_sock_skel *skel, task_sock_call *call, void *context, const char **why)
{
	*why = "cannot load the BPF program";
	if (task_sock_skel__load(skel) || task_sock_skel__attach(skel))
		return 1;
	int fd = bpf_iterator_open(skel->links.write_task_sock_fd);
	if (fd < 0)
		return 1;
	int answer = task_socks_tell(fd, call, context, why);
	int saved = errno;
	close(fd);
	errno = saved;
	return answer;
}

int task_socks_read(const struct finder_request *request, bool tcp, task_sock_call *call, void *context,
                    const char **why)
{
	errno = 0;
	*why = "the BPF iterator tells pids of our own pid namespace, not of this /proc's";
	if (!pidns_is_shown(request))
		return 1;
	struct task_sock_skel *skel = task_sock_skel__open();
	*why = "cannot load the BPF program";
	if (!skel)
		return 1;
	skel->rodata->nested = pidns_is_child(request);
	skel->rodata->wants_tcp = tcp;
	int answer = task_socks_run(skel, call, context, why);
	int saved = errno;
	task_sock_skel__destroy(skel);
	errno = saved;
	return answer;
}

#else

int task_socks_read(const struct finder_request *request, bool tcp, task_sock_call *call, void *context,
                    const char **why)
{
	(void)request, (void)tcp, (void)call, (void)context;
	*why = BPF_MISSING;
	errno = 0;
	return 1;
}

#endif
