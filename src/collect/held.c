// SPDX-License-Identifier: MIT
/*
 * held.c - see sockview/held.h.
 *
 * The extended attribute system.sockprotoname of a descriptor is the name of
 * the socket's protocol (net/socket.c, sockfs_xattr_get()): "AF_VSOCK"
 * (net/vmw_vsock/af_vsock.c), "XDP" (net/xdp/xsk.c). It takes no open file. A
 * copy of the descriptor (pidfd_getfd(2)) tells vsock's ends; an XDP socket has
 * none to tell, so that it is there is all that is known.
 */
#include <sockview/held.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/file.h>
#include <sockview/process_list.h>
#include <sockview/vec.h>

struct held_walk {
	const struct held_request *request;
	unsigned *unread;
	uint16_t netns; /* index of the one that the process is in */
	struct {
		uint32_t *inode;
		size_t count, capacity;
	} told;
};

static const struct {
	const char *name;
	enum proto proto;
	int family;
} held_names[] = {
	{ "AF_VSOCK", PROTO_VSOCK, AF_VSOCK },
	{ "XDP", PROTO_XDP, AF_XDP },
};

/* PROTO_COUNT: of none of them. */
static enum proto held_proto(const struct held_walk *walk, const char *path)
{
	char whole[80], name[32];
	snprintf(whole, sizeof(whole), "/proc/self/fd/%d/%s", walk->request->proc_fd, path);
	ssize_t len = getxattr(whole, "system.sockprotoname", name, sizeof(name) - 1);
	if (len <= 0)
		return PROTO_COUNT;
	name[len] = '\0';
	for (size_t i = 0; i < countof(held_names); i++)
		if (walk->request->protos & PROTO_BIT(held_names[i].proto) && strcmp(name, held_names[i].name) == 0)
			return held_names[i].proto;
	return PROTO_COUNT;
}

static bool held_option(int copy, int name, int *value)
{
	socklen_t len = sizeof(*value);
	return getsockopt(copy, SOL_SOCKET, name, value, &len) == 0;
}

static void held_vsock_ends(int copy, struct row *row, struct sock_detail *detail)
{
	struct sockaddr_vm local = { 0 }, remote = { 0 };
	socklen_t local_len = sizeof(local), remote_len = sizeof(remote);
	int type = 0, accepts = 0;
	if (getsockname(copy, (struct sockaddr *)&local, &local_len) < 0 || local.svm_family != AF_VSOCK)
		return;
	bool connected = getpeername(copy, (struct sockaddr *)&remote, &remote_len) == 0;
	held_option(copy, SO_ACCEPTCONN, &accepts);
	if (held_option(copy, SO_TYPE, &type))
		detail->type = (uint8_t)type;
	row->state = accepts ? STATE_LISTEN : connected ? STATE_ESTABLISHED : STATE_CLOSE;
	detail->vsock = (struct sock_vsock){
		.local_cid = local.svm_cid,
		.local_port = local.svm_port,
		.remote_cid = connected ? remote.svm_cid : VMADDR_CID_ANY,
		.remote_port = connected ? remote.svm_port : VMADDR_PORT_ANY,
	};
	detail->has = HAS_VSOCK;
}

static bool held_was_told(const struct held_walk *walk, uint32_t inode)
{
	for (size_t i = 0; i < walk->told.count; i++)
		if (walk->told.inode[i] == inode)
			return true;
	return false;
}

/* "PID/fd/N", which is a socket. */
static int held_take(struct held_walk *walk, const char *path, int32_t pid, int32_t fd)
{
	enum proto proto = held_proto(walk, path);
	struct sock_detail detail = { 0 };
	struct stat status;
	if (proto == PROTO_COUNT || fstatat(walk->request->proc_fd, path, &status, 0) < 0 ||
	    held_was_told(walk, (uint32_t)status.st_ino))
		return 0;
	uint32_t *told = vec_push(walk->told.inode, walk->told.count, walk->told.capacity);
	if (!told)
		return -1;
	*told = (uint32_t)status.st_ino;
	struct sock sock = {
		.row = { .proto = (uint8_t)proto,
		         .family = proto == PROTO_VSOCK ? AF_VSOCK : AF_XDP,
		         .state = STATE_CLOSE,
		         .inode = *told,
		         .uid = status.st_uid,
		         .netns = walk->netns,
		         .flags = ROW_HAS_UID },
		.detail = &detail,
	};
	int copy = walk->request->copies && proto == PROTO_VSOCK ? file_copy_of(pid, fd) : -1;
	if (copy >= 0) {
		held_vsock_ends(copy, &sock.row, &detail);
		close(copy);
	}
	return walk->request->sink(walk->request->context, &sock);
}

static bool held_is_asked(struct held_walk *walk, int32_t pid)
{
	char path[32];
	struct stat status = { 0 };
	snprintf(path, sizeof(path), "%d/ns/net", pid);
	bool known = fstatat(walk->request->proc_fd, path, &status, 0) == 0;
	return walk->request->place(walk->request->context, known ? status.st_ino : 0, &walk->netns);
}

static int held_process(struct held_walk *walk, int32_t pid)
{
	int proc_fd = walk->request->proc_fd;
	struct process_list fds;
	char path[48];
	int answer = 0;
	snprintf(path, sizeof(path), "%d/fd", pid);
	int dir = openat(proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || process_list_read(&fds, dir) < 0) {
		*walk->unread += errno != ENOENT && errno != ESRCH;
		if (dir >= 0)
			close(dir);
		return 0;
	}
	close(dir);
	for (size_t i = 0; i < fds.count && !answer; i++) {
		snprintf(path, sizeof(path), "%d/fd/%d", pid, fds.pid[i]);
		if (file_is_socket(proc_fd, path))
			answer = held_take(walk, path, pid, fds.pid[i]);
	}
	process_list_free(&fds);
	return answer;
}

int held_find(const struct held_request *request, unsigned *unread)
{
	struct held_walk walk = { .request = request, .unread = unread };
	struct process_list processes;
	int answer = 0;
	if (process_list_read(&processes, request->proc_fd) < 0)
		return -1;
	for (size_t i = 0; i < processes.count && !answer; i++)
		if (held_is_asked(&walk, processes.pid[i]))
			answer = held_process(&walk, processes.pid[i]);
	process_list_free(&processes);
	free(walk.told.inode);
	return answer;
}
