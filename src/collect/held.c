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
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/descriptors.h>
#include <sockview/file.h>
#include <sockview/vec.h>

struct held_search {
	const struct held_request *request;
	uint16_t netns;    /* index of the one that the process is in */
	unsigned unplaced; /* processes of which it could not be told which they are in */
	struct {
		uint32_t *inode;
		size_t count, capacity;
	} told;
};

static const struct held_family {
	const char *name;
	enum proto proto;
	uint8_t family;
} held_families[] = {
	{ "AF_VSOCK", PROTO_VSOCK, AF_VSOCK },
	{ "XDP", PROTO_XDP, AF_XDP },
};

/* NULL: of none of them. */
static const struct held_family *held_family(const struct held_search *search, const char *path)
{
	char whole[80], name[32];
	snprintf(whole, sizeof(whole), "/proc/self/fd/%d/%s", search->request->proc_fd, path);
	ssize_t len = getxattr(whole, "system.sockprotoname", name, sizeof(name) - 1);
	if (len <= 0)
		return NULL;
	name[len] = '\0';
	for (size_t i = 0; i < countof(held_families); i++)
		if (search->request->protos & PROTO_BIT(held_families[i].proto) &&
		    strcmp(name, held_families[i].name) == 0)
			return &held_families[i];
	return NULL;
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

static bool held_was_told(const struct held_search *search, uint32_t inode)
{
	for (size_t i = 0; i < search->told.count; i++)
		if (search->told.inode[i] == inode)
			return true;
	return false;
}

static int held_take(void *context, struct descriptor *descriptor)
{
	struct held_search *search = context;
	const char *path = descriptor->path;
	const struct held_family *family = held_family(search, path);
	struct sock_detail detail = { 0 };
	struct stat status;
	if (!family || fstatat(search->request->proc_fd, path, &status, 0) < 0 ||
	    held_was_told(search, (uint32_t)status.st_ino))
		return 0;
	uint32_t *told = vec_push(search->told.inode, search->told.count, search->told.capacity);
	if (!told)
		return -1;
	*told = (uint32_t)status.st_ino;
	struct sock sock = {
		.row = { .proto = (uint8_t)family->proto,
		         .family = family->family,
		         .state = STATE_CLOSE,
		         .inode = *told,
		         .uid = status.st_uid,
		         .netns = search->netns,
		         .flags = ROW_HAS_UID },
		.detail = &detail,
	};
	bool copies = search->request->copies && family->proto == PROTO_VSOCK;
	int copy = copies ? file_copy_of(descriptor->pid, descriptor->fd) : -1;
	if (copy >= 0) {
		held_vsock_ends(copy, &sock.row, &detail);
		close(copy);
	}
	return search->request->sink(search->request->context, &sock);
}

static bool held_is_asked(void *context, int32_t pid)
{
	struct held_search *search = context;
	char path[32];
	struct stat status = { 0 };
	snprintf(path, sizeof(path), "%d/ns/net", pid);
	bool known = fstatat(search->request->proc_fd, path, &status, 0) == 0;
	bool denied = !known && errno != ENOENT && errno != ESRCH;
	bool asked = search->request->place(search->request->context, known ? status.st_ino : 0, &search->netns);
	search->unplaced += denied && !asked;
	return asked;
}

int held_find(const struct held_request *request, unsigned *unread)
{
	struct held_search search = { .request = request };
	struct descriptors walk = {
		.proc_fd = request->proc_fd,
		.process = held_is_asked,
		.socket = held_take,
		.context = &search,
	};
	int answer = descriptors_walk(&walk);
	*unread += walk.denied + search.unplaced;
	free(search.told.inode);
	return answer;
}
