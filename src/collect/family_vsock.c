// SPDX-License-Identifier: MIT
/*
 * family_vsock.c - vsock_diag (family.h): linux/vm_sockets_diag.h; net/vmw_vsock/diag.c, Linux 6.18.
 */
#include "collect/family.h"

#include <linux/sock_diag.h>
#include <linux/vm_sockets_diag.h>

#include <libmnl/libmnl.h>

#include "collect/attributes.h"

static void vsock_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	struct vsock_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->sdiag_family = AF_VSOCK;
	req->vdiag_states = request->states;
}

bool decode_vsock(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	const struct vsock_diag_msg *msg = payload;
	(void)want;
	if (len < sizeof(*msg) || msg->vdiag_family != AF_VSOCK)
		return false;
	attributes_begin(out, proto, AF_VSOCK);
	struct row *row = &out->sock.row;
	row->state = msg->vdiag_state < STATE_COUNT ? msg->vdiag_state : STATE_UNKNOWN;
	row->inode = msg->vdiag_ino;
	attribute_cookie(row, msg->vdiag_cookie);
	out->extra.shutdown = msg->vdiag_shutdown;
	out->extra.has = EXTRA_SHUTDOWN;
	out->sock.extra = &out->extra;
	out->detail.type = msg->vdiag_type;
	out->detail.has = HAS_VSOCK;
	out->detail.vsock = (struct sock_vsock){
		.local_cid = msg->vdiag_src_cid,
		.local_port = msg->vdiag_src_port,
		.remote_cid = msg->vdiag_dst_cid,
		.remote_port = msg->vdiag_dst_port,
	};
	return true;
}

/* /proc/net tells nothing of them. */
const struct family family_vsock = {
	.put_request = vsock_put_request,
	.decode = decode_vsock,
};
