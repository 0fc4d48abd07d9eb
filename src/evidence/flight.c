// SPDX-License-Identifier: MIT
/*
 * flight.c - descriptors that no process has open: in a message on a unix
 * socket (unix(7), SCM_RIGHTS) or in the table of an io_uring.
 *
 * Of a unix socket /proc/PID/fdinfo tells how many descriptors wait in its
 * queue ("scm_fds", Linux 5.8), not which; of a ring it lists the files.
 */
#include "evidence/flight.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

#include <sockview/decode.h>
#include <sockview/exchange.h>
#include <sockview/file.h>
#include <sockview/process_list.h>
#include <sockview/text.h>

enum {
	CANDIDATES_MAX = 8192, /* unix sockets looked into */
	FDS_MAX = 300000,      /* descriptors looked at for rings */
	INFO_MAX = 65536,
};

/* --- text --- */

unsigned flight_scm_fds(const char *text, size_t len)
{
	static const char name[] = "scm_fds:";
	const char *at = memmem(text, len, name, sizeof(name) - 1), *end = text + len;
	uint64_t count;
	if (!at)
		return 0;
	at += sizeof(name) - 1;
	while (at < end && (*at == '\t' || *at == ' '))
		at++;
	const char *digits = at;
	while (at < end && *at >= '0' && *at <= '9')
		at++;
	return text_parse_u64(digits, (size_t)(at - digits), UINT32_MAX, &count) ? (unsigned)count : 0;
}

uint32_t flight_next_socket(const char **at, const char *end)
{
	static const char name[] = "socket:[";
	for (;;) {
		const char *found = memmem(*at, (size_t)(end - *at), name, sizeof(name) - 1);
		uint64_t inode;
		if (!found)
			return 0;
		const char *digits = found + sizeof(name) - 1;
		const char *stop = memchr(digits, ']', (size_t)(end - digits));
		if (!stop)
			return 0;
		*at = stop + 1;
		if (text_parse_u64(digits, (size_t)(stop - digits), UINT32_MAX, &inode) && inode)
			return (uint32_t)inode;
	}
}

static ssize_t fdinfo_read(int proc_fd, int pid, int fd, char *text, size_t size)
{
	char path[64];
	snprintf(path, sizeof(path), "%d/fdinfo/%d", pid, fd);
	return file_read(proc_fd, path, text, size);
}

/* --- unix sockets --- */

struct candidates {
	struct table table; /* rows with nothing but an inode */
	bool too_many;
};

/* Empty datagrams carry descriptors too: only streams are left out for an empty queue. */
static int on_unix(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct candidates *candidates = context;
	struct decoded decoded;
	const struct row *row = &decoded.sock.row;
	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || !decode_unix(payload, len, PROTO_UNIX, 0, &decoded))
		return 0;
	if ((decoded.unix_.type == SOCK_STREAM && !row->recv_q) || !row->inode)
		return 0;
	if (candidates->table.count == CANDIDATES_MAX) {
		candidates->too_many = true;
		return 0;
	}
	return table_add(&candidates->table, &decoded.sock);
}

static void candidates_forget(void *context)
{
	struct candidates *candidates = context;
	table_clear(&candidates->table);
	candidates->too_many = false;
}

/* 0, or -1 with errno. */
static int list_candidates(struct candidates *candidates)
{
	struct exchange exchange;
	char buffer[128] __attribute__((aligned(NLMSG_ALIGNTO)));
	if (exchange_open(&exchange, NETLINK_SOCK_DIAG) < 0)
		return -1;
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	struct unix_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->sdiag_family = AF_UNIX;
	req->udiag_states = ~0u;
	req->udiag_show = UDIAG_SHOW_RQLEN;
	int answer = exchange_table(&exchange, message, on_unix, candidates_forget, candidates), number = errno;
	exchange_close(&exchange);
	errno = number;
	return answer;
}

/* Owners stand by socket, and each socket's by pid: a process is counted again for another socket of its own. */
static uint64_t count_in_flight(struct blanks *blanks, const struct owners *owners)
{
	char text[4096];
	uint64_t count = 0;
	for (size_t i = 0; i < owners->owner_count; i++) {
		const struct owner *owner = &owners->owner[i];
		int32_t pid = owners->process[owner->process].pid;
		ssize_t len = fdinfo_read(blanks->proc_fd, pid, owner->fd, text, sizeof(text));
		unsigned here = len > 0 ? flight_scm_fds(text, (size_t)len) : 0;
		count += here;
		if (here && pid != blanks->queue_pid && !blanks->queues++)
			blanks->queue_pid = pid;
	}
	return count;
}

/* How many descriptors were seen in flight; -1 with errno ENOMEM. *unread: why not all were looked into, or 0. */
static int64_t look_at_messages(struct blanks *blanks, int *unread)
{
	struct owners owners = { .start = NULL };
	struct candidates candidates = { .too_many = false };
	table_init(&candidates.table, 0);
	/* Those that were told are looked into even if they are not all. */
	*unread = list_candidates(&candidates) < 0 ? errno : candidates.too_many ? E2BIG : 0;
	int64_t answer = *unread == ENOMEM ? -1 : 0;
	if (answer == 0 && (inode_index_build(&owners.index, &candidates.table, false) < 0 ||
	                    blanks->find(blanks->context, &owners) < 0)) {
		*unread = errno;
		answer = errno == ENOMEM ? -1 : 0;
	} else if (answer == 0) {
		answer = (int64_t)count_in_flight(blanks, &owners);
	}
	owners_free(&owners);
	table_free(&candidates.table);
	if (answer < 0)
		errno = ENOMEM;
	return answer;
}

/* --- rings --- */

static void take_ring(struct blanks *blanks, int pid, int fd, char *info)
{
	ssize_t len = fdinfo_read(blanks->proc_fd, pid, fd, info, INFO_MAX);
	const char *at = info, *end = info + (len > 0 ? len : 0);
	uint32_t inode;
	while ((inode = flight_next_socket(&at, end))) {
		uint32_t slot = inode_index_find(&blanks->owners->index, inode);
		if (slot == SLOT_NONE || blanks->owners->evidence[slot].reason != REASON_OWNED)
			continue;
		blanks->owners->evidence[slot].reason = REASON_IN_FLIGHT;
		blanks->owners->evidence[slot].flight = FLIGHT_RING;
		blanks->owners->evidence[slot].pid = pid;
	}
}

static unsigned look_at_rings_of(struct blanks *blanks, int32_t pid, char *info)
{
	char path[64];
	unsigned seen = 0, rings = 0;
	const struct dirent *entry;
	snprintf(path, sizeof(path), "%d/fd", pid);
	int fds = openat(blanks->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fds < 0 ? NULL : fdopendir(fds);
	if (!dir) {
		if (fds >= 0)
			close(fds);
		return 0;
	}
	while ((entry = readdir(dir)) && seen++ < FDS_MAX) {
		char target[32];
		ssize_t len = readlinkat(fds, entry->d_name, target, sizeof(target));
		if (len == 21 && memcmp(target, "anon_inode:[io_uring]", 21) == 0) {
			rings++;
			take_ring(blanks, pid, atoi(entry->d_name), info);
		}
	}
	closedir(dir);
	if (rings && !blanks->rings++)
		blanks->ring_pid = pid;
	return seen;
}

static int look_at_rings(struct blanks *blanks, int *unread)
{
	struct process_list list;
	unsigned seen = 0;
	char *info = malloc(INFO_MAX);
	if (!info)
		return -1;
	*unread = process_list_read(&list, blanks->proc_fd) < 0 ? errno : 0;
	for (size_t i = 0; i < list.count && seen < FDS_MAX; i++)
		seen += look_at_rings_of(blanks, list.pid[i], info);
	if (seen >= FDS_MAX)
		*unread = E2BIG;
	process_list_free(&list);
	free(info);
	return 0;
}

/*
 * Which sockets those are is not told. No process that was seen has them: all
 * that are left may be in flight only if so many descriptors are.
 */
static void settle_in_flight(struct blanks *blanks, uint64_t flying)
{
	uint64_t open = 0;
	for (size_t i = 0; i < blanks->count; i++)
		open += blanks->blank[i].found->reason == REASON_OWNED;
	for (size_t i = 0; flying >= open && i < blanks->count; i++) {
		struct owner_evidence *found = blanks->blank[i].found;
		if (found->reason != REASON_OWNED)
			continue;
		found->reason = REASON_IN_FLIGHT;
		found->flight = FLIGHT_QUEUE;
		found->pid = blanks->queue_pid;
		found->others = (uint16_t)(blanks->queues < UINT16_MAX ? blanks->queues - 1 : UINT16_MAX);
	}
}

/* An armed accept() keeps its listener, and no file of /proc tells of which ring. */
static void suspect_rings(struct blanks *blanks)
{
	for (size_t i = 0; blanks->rings && i < blanks->count; i++) {
		struct owner_evidence *found = blanks->blank[i].found;
		if (found->reason != REASON_OWNED || blanks->blank[i].row->family == AF_UNIX)
			continue;
		found->flight = FLIGHT_PERHAPS;
		found->pid = blanks->ring_pid;
		found->others = (uint16_t)(blanks->rings < UINT16_MAX ? blanks->rings - 1 : UINT16_MAX);
	}
}

int flight_explain(struct blanks *blanks)
{
	int rings_unread, queues_unread;
	if (look_at_rings(blanks, &rings_unread) < 0)
		return -1;
	int64_t flying = look_at_messages(blanks, &queues_unread);
	blanks->owners->evidence_unread[EVIDENCE_QUEUES] = queues_unread ? queues_unread : rings_unread;
	if (flying > 0)
		settle_in_flight(blanks, (uint64_t)flying);
	suspect_rings(blanks);
	return flying < 0 ? -1 : 0;
}
