// SPDX-License-Identifier: MIT
/*
 * family_smc.c - smc_diag (family.h): linux/smc_diag.h; net/smc/smc_diag.c, Linux 6.18.
 *
 * SMC's sockets are of a family of their own, and have the addresses of the
 * TCP connection that they began with: rows have these.
 */
#include "collect/family.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>

#include "collect/attributes.h"

/* linux/smc_diag.h takes headers of RDMA, which few machines have. */
struct smc_request {
	uint8_t family, pad[2], ext;
	struct inet_diag_sockid id;
};

struct smc_answer {
	uint8_t family, state, mode, shutdown;
	struct inet_diag_sockid id;
	uint32_t uid;
	uint64_t inode __attribute__((aligned(8)));
};

static void smc_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	struct smc_request *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->family = (uint8_t)proto_table[request->proto].domain;
}

/* enum smc_state (net/smc/smc.h) as what is nearest in TCP, and its place among the words of the column smc_state. */
static const struct smc_state {
	uint8_t number, nearest;
} smc_states[] = {
	{ 1, STATE_ESTABLISHED }, { 2, STATE_CLOSE },      { 7, STATE_CLOSE },       { 10, STATE_LISTEN },
	{ 20, STATE_FIN_WAIT1 },  { 21, STATE_FIN_WAIT2 }, { 22, STATE_CLOSE_WAIT }, { 23, STATE_CLOSE_WAIT },
	{ 24, STATE_LAST_ACK },   { 25, STATE_CLOSING },   { 26, STATE_CLOSE },      { 27, STATE_CLOSE },
};

static void smc_addresses(struct row *row, const struct inet_diag_sockid *id)
{
	bool six = id->idiag_src[1] || id->idiag_src[2] || id->idiag_src[3] || id->idiag_dst[1] || id->idiag_dst[2] ||
	           id->idiag_dst[3];
	row->family = six ? AF_INET6 : AF_INET;
	memcpy(row->local.byte, id->idiag_src, sizeof(id->idiag_src));
	memcpy(row->remote.byte, id->idiag_dst, sizeof(id->idiag_dst));
	row->local_port = ntohs(id->idiag_sport);
	row->remote_port = ntohs(id->idiag_dport);
	row->flags |= row_mapped(row);
}

bool decode_smc(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	struct smc_answer msg;
	(void)want;
	if (len < sizeof(msg))
		return false;
	memcpy(&msg, payload, sizeof(msg));
	if (msg.family != proto_table[proto].domain)
		return false;
	attributes_begin(out, proto, AF_INET);
	struct row *row = &out->sock.row;
	smc_addresses(row, &msg.id);
	row->inode = (uint32_t)msg.inode;
	row->uid = msg.uid;
	row->ifindex = msg.id.idiag_if;
	row->flags |= ROW_HAS_UID;
	attribute_cookie(row, msg.id.idiag_cookie);
	out->extra.shutdown = msg.shutdown;
	out->extra.has = EXTRA_SHUTDOWN;
	out->sock.extra = &out->extra;
	out->detail.has = HAS_SMC;
	out->detail.smc.mode = msg.mode;
	for (size_t i = 0; i < countof(smc_states); i++)
		if (smc_states[i].number == msg.state) {
			row->state = smc_states[i].nearest;
			out->detail.smc.state = (uint8_t)(i + 1);
		}
	return true;
}

/* /proc/net tells nothing of them. */
const struct family family_smc = {
	.put_request = smc_put_request,
	.decode = decode_smc,
};
