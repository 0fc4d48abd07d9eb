// SPDX-License-Identifier: MIT
/*
 * family_mptcp.c - MPTCP connections by inet_diag (family.h): net/mptcp/mptcp_diag.c, Linux 6.18.
 *
 * Their protocol number does not fit the request's byte: it is an attribute.
 * The byte holds a number that no protocol has, so that a kernel which does not
 * know the attribute refuses.
 */
#include "collect/family.h"

#include <linux/inet_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>

#include "collect/attributes.h"

/* Newer (Linux 5.10) than some headers: INET_DIAG_REQ_PROTOCOL. */
enum { REQUEST_PROTOCOL = 3 };

static void mptcp_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	family_inet.put_request(message, request);
	struct inet_diag_req_v2 *req = mnl_nlmsg_get_payload(message);
	req->sdiag_protocol = PROTO_NUMBER_BYTE(proto_table[request->proto].number);
	req->idiag_ext |= 1u << (INET_DIAG_INFO - 1);
	mnl_attr_put_u32(message, REQUEST_PROTOCOL, proto_table[request->proto].number);
}

/* struct mptcp_info of include/uapi/linux/mptcp.h, 6.18; up to csum_enabled since 5.9, the counts since 6.5. */
struct mptcp_told {
	uint8_t subflows, add_addr_signal, add_addr_accepted, subflows_max, add_addr_signal_max, add_addr_accepted_max;
	uint32_t flags, token;
	uint64_t write_seq, snd_una, rcv_nxt;
	uint8_t local_addr_used, local_addr_max, csum_enabled;
	uint32_t retransmits;
	uint64_t bytes_retrans, bytes_sent, bytes_received, bytes_acked;
};

enum { TOLD_LEAST = offsetof(struct mptcp_told, write_seq) };

static void read_mptcp_info(struct decoded *out, const void *data, size_t len)
{
	struct mptcp_told told = { 0 };
	memcpy(&told, data, len < sizeof(told) ? len : sizeof(told));
	out->detail.mptcp = (struct sock_mptcp){
		.token = told.token,
		.flags = told.flags,
		.subflows = told.subflows,
		.subflows_max = told.subflows_max,
		.add_addr_signal = told.add_addr_signal,
		.add_addr_accepted = told.add_addr_accepted,
		.bytes_sent = told.bytes_sent,
		.bytes_received = told.bytes_received,
		.bytes_acked = told.bytes_acked,
		.bytes_retrans = told.bytes_retrans,
	};
	out->detail.has = HAS_MPTCP | (len >= sizeof(told) ? HAS_MPTCP_COUNTS : 0);
}

static const struct attribute mptcp_attributes[] = {
	[INET_DIAG_INFO] = ATTRIBUTE_CALL(0, TOLD_LEAST, read_mptcp_info),
};

bool decode_mptcp(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	if (!decode_inet(payload, len, proto, want, out))
		return false;
	/* It is no struct tcp_info. */
	out->sock.blob[BLOB_TCP_INFO] = (struct bytes){ NULL, 0 };
	out->detail = (struct sock_detail){ 0 };
	struct attribute_table table = { mptcp_attributes, countof(mptcp_attributes), want };
	size_t head = sizeof(struct inet_diag_msg);
	attributes_read(&table, out, (const char *)payload + head, len - head);
	out->sock.detail = &out->detail;
	return true;
}

/* /proc/net tells nothing of them. */
const struct family family_mptcp = {
	.put_request = mptcp_put_request,
	.decode = decode_mptcp,
	.judges = true,
};
