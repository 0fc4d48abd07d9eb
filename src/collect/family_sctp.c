// SPDX-License-Identifier: MIT
/*
 * family_sctp.c - SCTP by inet_diag (family.h): net/sctp/diag.c, linux/sctp.h, Linux 6.18.
 *
 * A socket is told once, and behind it each of its associations with the same
 * inode (sctp_sock_dump()). Only an association has peers (inet_sctp_diag_fill()),
 * and its state is of SCTP's own numbers.
 */
#include "collect/family.h"

#include <linux/inet_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>

#include "collect/attributes.h"

enum { T3_RTX = 4 }; /* SCTP_EVENT_TIMEOUT_T3_RTX, include/net/sctp/constants.h */

static void sctp_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	family_inet.put_request(message, request);
	((struct inet_diag_req_v2 *)mnl_nlmsg_get_payload(message))->idiag_ext |= 1u << (INET_DIAG_INFO - 1);
}

/* The beginning of struct sctp_info, as it is since Linux 4.7. */
struct sctp_told {
	uint32_t tag, state, rwnd;
	uint16_t unacked, pending, in_streams, out_streams;
	uint32_t fragmentation_point, inqueue, outqueue, overall_error, max_burst, maxseg, peer_rwnd, peer_tag;
	uint8_t peer_capable, peer_sack;
	uint16_t reserved;
	uint64_t sacks_in, sacks_out, packets_out, packets_in, retransmitted;
};

static void read_sctp_info(struct decoded *out, const void *data, size_t len)
{
	struct sctp_told told;
	(void)len;
	memcpy(&told, data, sizeof(told));
	struct sock_sctp *sctp = &out->detail.sctp;
	sctp->unacked = told.unacked;
	sctp->pending = told.pending;
	sctp->in_streams = told.in_streams;
	sctp->out_streams = told.out_streams;
	sctp->packets_out = told.packets_out;
	sctp->packets_in = told.packets_in;
	sctp->retransmitted = told.retransmitted;
}

static const struct attribute sctp_attributes[] = {
	[INET_DIAG_INFO] = ATTRIBUTE_CALL(0, sizeof(struct sctp_told), read_sctp_info),
	[INET_DIAG_LOCALS] = ATTRIBUTE_BLOB(0, BLOB_LOCALS),
	[INET_DIAG_PEERS] = ATTRIBUTE_BLOB(0, BLOB_PEERS),
};

/* enum sctp_state (include/net/sctp/constants.h) as what is nearest in TCP; the exact one is a detail. */
enum state sctp_row_state(unsigned state)
{
	static const uint8_t nearest[SCTP_STATES] = {
		STATE_CLOSE,     STATE_SYN_SENT,  STATE_SYN_SENT,   STATE_ESTABLISHED,
		STATE_FIN_WAIT1, STATE_FIN_WAIT2, STATE_CLOSE_WAIT, STATE_LAST_ACK,
	};
	return state < SCTP_STATES ? nearest[state] : STATE_UNKNOWN;
}

bool decode_sctp(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	const struct inet_diag_msg *msg = payload;
	if (!decode_inet(payload, len, proto, want & ~(unsigned)WANT_INFO, out))
		return false;
	/* It is no struct tcp_info. */
	out->sock.blob[BLOB_TCP_INFO] = (struct bytes){ NULL, 0 };
	out->detail = (struct sock_detail){ .sctp = SOCK_SCTP_UNTOLD, .has = HAS_SCTP };
	struct attribute_table table = { sctp_attributes, countof(sctp_attributes), want };
	attributes_read(&table, out, msg + 1, len - sizeof(*msg));
	out->sock.detail = &out->detail;
	if (!out->sock.blob[BLOB_PEERS].data)
		return true;
	out->detail.sctp.state = msg->idiag_state < SCTP_STATES ? (uint8_t)(msg->idiag_state + 1) : 0;
	out->sock.row.state = (uint8_t)sctp_row_state(msg->idiag_state);
	out->sock.row.flags &= (uint16_t)~ROW_BACKLOG;
	if (out->sock.timer) {
		bool on = msg->idiag_timer == T3_RTX;
		out->timer.kind = on ? TIMER_ON : TIMER_OFF;
		out->timer.retransmits = on ? msg->idiag_retrans : 0;
		out->timer.probes = 0;
	}
	return true;
}

const struct family family_sctp = {
	.put_request = sctp_put_request,
	.decode = decode_sctp,
	.read_file = procnet_sctp_read,
};
