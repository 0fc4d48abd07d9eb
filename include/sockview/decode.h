// SPDX-License-Identifier: MIT
/*
 * decode.h - one answer of sock_diag to a struct sock.
 *
 * Framing, errors and ends belong to the loop that receives; a decoder sees the
 * payload of one message and never reads past it.
 */
#ifndef SOCKVIEW_DECODE_H
#define SOCKVIEW_DECODE_H

#include <sockview/row.h>

/* A socket and the room its details point into. */
struct decoded {
	struct sock sock;
	struct sock_timer timer;
	struct sock_skmem skmem;
	struct sock_extra extra;
	struct sock_unix unix_;
	struct sock_detail detail;
};

/*
 * `struct inet_diag_msg` and its attributes (linux/inet_diag.h). `proto` is
 * that of the request: the answer does not tell. Details only as `want`
 * (enum want) says; blobs point into the payload. False if it is too short or
 * of another family.
 */
bool decode_inet(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* The same of `struct unix_diag_msg` (linux/unix_diag.h). */
bool decode_unix(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* The same of `struct packet_diag_msg` (linux/packet_diag.h). */
bool decode_packet(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* The same of `struct netlink_diag_msg` (linux/netlink_diag.h). */
bool decode_netlink(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* `struct inet_diag_msg` of a socket of IPPROTO_MPTCP, whose information is a struct mptcp_info (linux/mptcp.h). */
bool decode_mptcp(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* The same of `struct vsock_diag_msg` (linux/vm_sockets_diag.h). */
bool decode_vsock(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* The same of `struct xdp_diag_msg` (linux/xdp_diag.h). */
bool decode_xdp(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* `struct inet_diag_msg` of a socket of DCCP, which has states of its own. */
bool decode_dccp(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* `struct inet_diag_msg` of a socket or an association of SCTP. */
bool decode_sctp(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* The same of `struct smc_diag_msg` (linux/smc_diag.h). */
bool decode_smc(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);
/* The same of TIPC_NLA_SOCK (linux/tipc_netlink.h). */
bool decode_tipc(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out);

#endif
