// SPDX-License-Identifier: MIT
/*
 * family_unix.c - unix_diag (family.h): linux/unix_diag.h; net/unix/diag.c, Linux 6.18.
 */
#include "collect/family.h"

#include <assert.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>

#include "collect/attributes.h"

/* Newer (Linux 5.3) than some headers: UDIAG_SHOW_UID, which older kernels ignore, and UNIX_DIAG_UID. */
enum { SHOW_UID = 0x40, ATTRIBUTE_UID = 7 };

static void unix_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	struct unix_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->sdiag_family = AF_UNIX;
	req->udiag_states = request->states;
	req->udiag_show = UDIAG_SHOW_NAME | UDIAG_SHOW_RQLEN | SHOW_UID;
	req->udiag_show |= request->want & WANT_VFS ? UDIAG_SHOW_VFS : 0;
	req->udiag_show |= request->want & WANT_PEER ? UDIAG_SHOW_PEER : 0;
	req->udiag_show |= request->want & WANT_SKMEM ? UDIAG_SHOW_MEMINFO : 0;
}

static const struct attribute unix_attributes[] = {
	[UNIX_DIAG_NAME] = ATTRIBUTE_BLOB(0, BLOB_PATH),
	/* struct unix_diag_vfs: inode, device */
	[UNIX_DIAG_VFS] = ATTRIBUTE_PAIR(0, unix_.vfs_inode, unix_.has, UNIX_HAS_VFS),
	[UNIX_DIAG_PEER] = ATTRIBUTE_FIELD(0, unix_.peer, unix_.has, UNIX_HAS_PEER),
	/* struct unix_diag_rqlen: received, sent; of a listener the accept queue and the backlog */
	[UNIX_DIAG_RQLEN] = ATTRIBUTE_PAIR(0, sock.row.recv_q, sock.row.flags, ROW_HAS_QUEUES),
	[UNIX_DIAG_MEMINFO] = ATTRIBUTE_CALL(WANT_SKMEM, sizeof(uint32_t), attribute_skmem),
	[UNIX_DIAG_SHUTDOWN] = ATTRIBUTE_SHUTDOWN,
	[ATTRIBUTE_UID] = ATTRIBUTE_FIELD(0, sock.row.uid, sock.row.flags, ROW_HAS_UID),
};

static_assert(sizeof(struct unix_diag_vfs) == 2 * sizeof(uint32_t) &&
                      offsetof(struct sock_unix, vfs_dev) == offsetof(struct sock_unix, vfs_inode) + sizeof(uint32_t),
              "the pair of UNIX_DIAG_VFS");
static_assert(sizeof(struct unix_diag_rqlen) == 2 * sizeof(uint32_t) &&
                      offsetof(struct row, send_q) == offsetof(struct row, recv_q) + sizeof(uint32_t),
              "the pair of UNIX_DIAG_RQLEN");

bool decode_unix(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	const struct unix_diag_msg *msg = payload;
	if (len < sizeof(*msg) || msg->udiag_family != AF_UNIX)
		return false;
	out->sock = (struct sock){ 0 };
	struct row *row = &out->sock.row;
	row->proto = (uint8_t)proto;
	row->family = AF_UNIX;
	row->state = msg->udiag_state < STATE_COUNT ? msg->udiag_state : STATE_UNKNOWN;
	row->inode = msg->udiag_ino;
	attribute_cookie(row, msg->udiag_cookie);
	out->unix_ = (struct sock_unix){ .type = msg->udiag_type };
	out->sock.unix_ = &out->unix_;
	struct attribute_table table = { unix_attributes, countof(unix_attributes), want };
	out->extra = (struct sock_extra){ 0 };
	attributes_read(&table, out, msg + 1, len - sizeof(*msg));
	out->sock.extra = out->extra.has ? &out->extra : NULL;
	if (row->state == STATE_LISTEN && row->flags & ROW_HAS_QUEUES)
		row->flags |= ROW_BACKLOG;
	return true;
}

const struct family family_unix = {
	.put_request = unix_put_request,
	.decode = decode_unix,
	.read_file = procnet_unix_read,
};
