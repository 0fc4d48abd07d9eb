// SPDX-License-Identifier: MIT
/*
 * family_tipc.c - tipc_diag (family.h): linux/tipc_sockets_diag.h, tipc_netlink.h; net/tipc/diag.c and
 * tipc_sk_fill_sock_diag() in net/tipc/socket.c, Linux 6.18.
 *
 * An answer has no head: it is one attribute with all others in it.
 */
#include "collect/family.h"

#include <linux/tipc_netlink.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/attrs.h>

#include "collect/attributes.h"

static void tipc_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	/* struct tipc_sock_diag_req: family, protocol 0, and the states behind 16 bits of nothing. */
	struct {
		uint8_t family, protocol;
		uint16_t pad;
		uint32_t states;
	} *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->family = (uint8_t)proto_table[request->proto].domain;
	req->states = request->states;
}

static void tipc_queues(struct decoded *out, struct attr stat)
{
	struct attrs told = attrs_nested(stat);
	struct row *row = &out->sock.row;
	if (!told.at[TIPC_NLA_SOCK_STAT_RCVQ].data || !told.at[TIPC_NLA_SOCK_STAT_SENDQ].data)
		return;
	row->recv_q = attr_u32(told.at[TIPC_NLA_SOCK_STAT_RCVQ], 0);
	row->send_q = attr_u32(told.at[TIPC_NLA_SOCK_STAT_SENDQ], 0);
	row->flags |= ROW_HAS_QUEUES;
	out->detail.tipc.drops = attr_u32(told.at[TIPC_NLA_SOCK_STAT_DROP], 0);
}

bool decode_tipc(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	struct attr sock = attrs_behind(payload, len, 0).at[TIPC_NLA_SOCK];
	(void)want;
	if (!sock.data)
		return false;
	struct attrs told = attrs_nested(sock);
	struct attrs peer = attrs_nested(told.at[TIPC_NLA_SOCK_CON]);
	attributes_begin(out, proto, proto_table[proto].domain);
	struct row *row = &out->sock.row;
	/* TIPC_LISTEN and its kin are TCP's numbers (net/tipc/socket.c). */
	uint32_t state = attr_u32(told.at[TIPC_NLA_SOCK_TIPC_STATE], STATE_UNKNOWN);
	row->state = state < STATE_COUNT ? (uint8_t)state : STATE_UNKNOWN;
	row->inode = attr_u32(told.at[TIPC_NLA_SOCK_INO], 0);
	row->uid = attr_u32(told.at[TIPC_NLA_SOCK_UID], 0);
	row->flags |= told.at[TIPC_NLA_SOCK_UID].len == sizeof(row->uid) ? ROW_HAS_UID : 0;
	if (told.at[TIPC_NLA_SOCK_COOKIE].len == sizeof(row->cookie)) {
		memcpy(&row->cookie, told.at[TIPC_NLA_SOCK_COOKIE].data, sizeof(row->cookie));
		row->flags |= ROW_HAS_COOKIE;
	}
	out->detail.type = (uint8_t)attr_u32(told.at[TIPC_NLA_SOCK_TYPE], 0);
	out->detail.has = HAS_TIPC;
	out->detail.tipc = (struct sock_tipc){
		.node = attr_u32(told.at[TIPC_NLA_SOCK_ADDR], 0),
		.port = attr_u32(told.at[TIPC_NLA_SOCK_REF], 0),
		.peer_node = attr_u32(peer.at[TIPC_NLA_CON_NODE], 0),
		.peer_port = attr_u32(peer.at[TIPC_NLA_CON_SOCK], 0),
	};
	tipc_queues(out, told.at[TIPC_NLA_SOCK_STAT]);
	return true;
}

/* /proc/net tells nothing of them. */
const struct family family_tipc = {
	.put_request = tipc_put_request,
	.decode = decode_tipc,
};
