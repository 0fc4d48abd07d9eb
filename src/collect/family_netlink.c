// SPDX-License-Identifier: MIT
/*
 * family_netlink.c - netlink_diag (family.h): linux/netlink_diag.h; net/netlink/diag.c, Linux 6.18.
 */
#include "collect/family.h"

#include <linux/netlink_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>

#include "collect/attributes.h"

static void netlink_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	struct netlink_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	(void)request;
	req->sdiag_family = AF_NETLINK;
	req->sdiag_protocol = NDIAG_PROTO_ALL;
	req->ndiag_show = NDIAG_SHOW_MEMINFO | NDIAG_SHOW_GROUPS | NDIAG_SHOW_FLAGS;
}

static void read_groups(struct decoded *out, const void *data, size_t len)
{
	out->sock.blob[BLOB_GROUPS] = (struct bytes){ data, len };
	memcpy(&out->detail.netlink.groups, data, sizeof(out->detail.netlink.groups));
}

static void read_flags(struct decoded *out, const void *data, size_t len)
{
	uint32_t flags;
	(void)len;
	memcpy(&flags, data, sizeof(flags));
	out->detail.netlink.dumping = flags & NDIAG_FLAG_CB_RUNNING;
	out->detail.has |= HAS_NETLINK_FLAGS;
}

static const struct attribute netlink_attributes[] = {
	[NETLINK_DIAG_MEMINFO] = ATTRIBUTE_CALL(0, sizeof(uint32_t), attribute_queues),
	[NETLINK_DIAG_GROUPS] = ATTRIBUTE_CALL(0, sizeof(uint32_t), read_groups),
	[NETLINK_DIAG_FLAGS] = ATTRIBUTE_CALL(0, sizeof(uint32_t), read_flags),
};

/*
 * A socket of the kernel's own is the one with port 0: others are told only once
 * they have a port (netlink_insert(), net/netlink/af_netlink.c).
 */
void row_set_netlink(struct row *row, struct sock_detail *detail, unsigned protocol, uint32_t port)
{
	detail->netlink.protocol = (uint8_t)protocol;
	detail->netlink.port = port;
	detail->has = HAS_NETLINK;
	if (!port)
		row->flags |= ROW_KERNEL;
}

bool decode_netlink(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	const struct netlink_diag_msg *msg = payload;
	if (len < sizeof(*msg) || msg->ndiag_family != AF_NETLINK)
		return false;
	attributes_begin(out, proto, AF_NETLINK);
	struct row *row = &out->sock.row;
	struct sock_netlink *netlink = &out->detail.netlink;
	/* NETLINK_CONNECTED is 1, as TCP_ESTABLISHED is; else 0 (enum in net/netlink/af_netlink.h). */
	row->state = msg->ndiag_state == STATE_ESTABLISHED ? STATE_ESTABLISHED : STATE_CLOSE;
	row->inode = msg->ndiag_ino;
	attribute_cookie(row, msg->ndiag_cookie);
	out->detail.type = msg->ndiag_type;
	row_set_netlink(row, &out->detail, msg->ndiag_protocol, msg->ndiag_portid);
	netlink->peer_port = msg->ndiag_dst_portid;
	netlink->peer_groups = msg->ndiag_dst_group;
	struct attribute_table table = { netlink_attributes, countof(netlink_attributes), want };
	attributes_read(&table, out, msg + 1, len - sizeof(*msg));
	if (out->skmem.count > SKMEM_DROPS) {
		netlink->drops = out->skmem.value[SKMEM_DROPS];
		out->detail.has |= HAS_NETLINK_DROPS;
	}
	attribute_skmem_only_if(out, want);
	return true;
}

const struct family family_netlink = {
	.put_request = netlink_put_request,
	.decode = decode_netlink,
	.read_file = procnet_netlink_read,
};
