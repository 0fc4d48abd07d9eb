/*
 * flight.c - descriptors that no process has open: in a message on a unix
 * socket (unix(7), SCM_RIGHTS) or in the table of an io_uring.
 *
 * Of a unix socket /proc/PID/fdinfo tells how many descriptors wait in its
 * queue ("scm_fds", Linux 5.8), not which; of a ring it lists the files.
 */
#include "evidence/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/text.h>

#include <sockview/dump.h>

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

static ssize_t read_info(int proc_fd, int pid, int fd, char *text, size_t size)
{
	char path[64];
	size_t len = 0;
	snprintf(path, sizeof(path), "%d/fdinfo/%d", pid, fd);
	int info = openat(proc_fd, path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return -1;
	while (len < size) {
		ssize_t got = read(info, text + len, size - len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		len += (size_t)got;
	}
	close(info);
	return (ssize_t)len;
}

/* --- unix sockets --- */

struct candidates {
	struct table *table;
	bool failed;
};

static int find_queue(const struct nlattr *attr, void *context)
{
	if (mnl_attr_get_type(attr) == UNIX_DIAG_RQLEN &&
	    mnl_attr_get_payload_len(attr) >= sizeof(struct unix_diag_rqlen))
		memcpy(context, mnl_attr_get_payload(attr), sizeof(struct unix_diag_rqlen));
	return MNL_CB_OK;
}

/* Empty datagrams carry descriptors too: only streams are left out for an empty queue. */
static int on_unix(const struct nlmsghdr *message, void *context)
{
	struct candidates *candidates = context;
	const struct unix_diag_msg *head = mnl_nlmsg_get_payload(message);
	struct unix_diag_rqlen queue = { 0, 0 };
	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || mnl_nlmsg_get_payload_len(message) < sizeof(*head))
		return MNL_CB_OK;
	mnl_attr_parse(message, sizeof(*head), find_queue, &queue);
	bool empty_stream = head->udiag_type == SOCK_STREAM && !queue.udiag_rqueue;
	if (empty_stream || !head->udiag_ino || candidates->table->count == CANDIDATES_MAX)
		return MNL_CB_OK;
	struct sock sock = { .row = { .family = AF_UNIX, .proto = PROTO_UNIX, .inode = head->udiag_ino } };
	candidates->failed = table_add(candidates->table, &sock) < 0;
	return candidates->failed ? MNL_CB_ERROR : MNL_CB_OK;
}

/* 0, or -1 with errno. */
static int list_candidates(struct table *table)
{
	struct candidates candidates = { .table = table };
	struct dump dump;
	char buffer[128];
	if (dump_open(&dump, NETLINK_SOCK_DIAG) < 0)
		return -1;
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	struct unix_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->sdiag_family = AF_UNIX;
	req->udiag_states = ~0u;
	req->udiag_show = UDIAG_SHOW_RQLEN;
	int answer = dump_run(&dump, message, on_unix, &candidates);
	dump_close(&dump);
	return answer;
}

static bool any_in_flight(int proc_fd, const struct owners *owners)
{
	char text[4096];
	for (size_t i = 0; i < owners->owner_count; i++) {
		const struct owner *owner = &owners->owner[i];
		ssize_t len = read_info(proc_fd, owners->process[owner->process].pid, owner->fd, text, sizeof(text));
		if (len > 0 && flight_scm_fds(text, (size_t)len))
			return true;
	}
	return false;
}

/* 1: descriptors are in flight; 0: none were seen; -1 with errno ENOMEM. */
static int look_at_messages(const struct evidence *evidence)
{
	struct owners owners = { .start = NULL };
	struct table table;
	int answer = 0;
	table_init(&table, 0);
	if (list_candidates(&table) == 0 && inode_index_build(&owners.index, &table) == 0 &&
	    evidence->request->find(evidence->request->context, &owners) == 0)
		answer = any_in_flight(evidence->request->proc_fd, &owners);
	else if (errno == ENOMEM)
		answer = -1;
	owners_free(&owners);
	table_free(&table);
	return answer;
}

/* --- rings --- */

static void take_ring(struct evidence *evidence, int pid, int fd, char *info)
{
	ssize_t len = read_info(evidence->request->proc_fd, pid, fd, info, INFO_MAX);
	const char *at = info, *end = info + (len > 0 ? len : 0);
	uint32_t inode;
	while ((inode = flight_next_socket(&at, end))) {
		uint32_t slot = inode_index_find(&evidence->owners->index, inode);
		if (slot != SLOT_NONE && evidence->owners->evidence[slot].reason == REASON_OWNED)
			evidence->owners->evidence[slot].reason = REASON_IN_FLIGHT;
	}
}

static unsigned look_at_process(struct evidence *evidence, const char *process, char *info)
{
	char path[64];
	unsigned seen = 0;
	const struct dirent *entry;
	snprintf(path, sizeof(path), "%.32s/fd", process);
	int fds = openat(evidence->request->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fds < 0 ? NULL : fdopendir(fds);
	if (!dir) {
		if (fds >= 0)
			close(fds);
		return 0;
	}
	while ((entry = readdir(dir)) && seen++ < FDS_MAX) {
		char target[32];
		ssize_t len = readlinkat(fds, entry->d_name, target, sizeof(target));
		if (len == 21 && memcmp(target, "anon_inode:[io_uring]", 21) == 0)
			take_ring(evidence, atoi(process), atoi(entry->d_name), info);
	}
	closedir(dir);
	return seen;
}

static int look_at_rings(struct evidence *evidence)
{
	char *info = malloc(INFO_MAX);
	int fd = openat(evidence->request->proc_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;
	unsigned seen = 0;
	if (!dir && fd >= 0)
		close(fd);
	while (info && dir && seen < FDS_MAX && (entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			seen += look_at_process(evidence, entry->d_name, info);
	if (dir)
		closedir(dir);
	free(info);
	return info ? 0 : -1;
}

static void settle_in_flight(struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->rows; i++) {
		struct owner_evidence *slot = evidence_slot(evidence, evidence_row(evidence, i));
		if (slot && slot->reason == REASON_OWNED)
			slot->reason = REASON_IN_FLIGHT;
	}
}

int flight_explain(struct evidence *evidence)
{
	if (look_at_rings(evidence) < 0)
		return -1;
	int flying = look_at_messages(evidence);
	if (flying > 0)
		settle_in_flight(evidence);
	return flying < 0 ? -1 : 0;
}
