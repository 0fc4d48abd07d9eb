// SPDX-License-Identifier: MIT
/*
 * descriptor_record.c - see sockview/descriptor_record.h.
 *
 * An answer of vsock_diag or xsk_diag without a type is of a socket whose
 * descriptor told nothing but its inode. vsock_diag has no place for the user.
 */
#include <sockview/descriptor_record.h>

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/vm_sockets.h>
#include <linux/vm_sockets_diag.h>
#include <linux/xdp_diag.h>
#include <stdio.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/proto.h>

#include "collect/request.h"

static bool found_is_of(const struct descriptor_record *record, size_t index, unsigned protos)
{
	const struct row *row = &record->table->row[index];
	return protos & PROTO_BIT(row->proto) && row->netns == record->netns;
}

bool descriptor_record_has(const struct descriptor_record *record)
{
	for (size_t i = 0; i < record->table->count; i++)
		if (found_is_of(record, i, record->protos))
			return true;
	return false;
}

static void found_cookie(uint32_t cookie[2], const struct row *row)
{
	bool has = row->flags & ROW_HAS_COOKIE;
	cookie[0] = has ? (uint32_t)row->cookie : INET_DIAG_NOCOOKIE;
	cookie[1] = has ? (uint32_t)(row->cookie >> 32) : INET_DIAG_NOCOOKIE;
}

static void found_tcp(struct nlmsghdr *message, const struct sock *sock)
{
	const struct row *row = &sock->row;
	struct inet_diag_msg *msg = mnl_nlmsg_put_extra_header(message, sizeof(*msg));
	msg->idiag_family = row->family;
	msg->idiag_state = row->state;
	msg->idiag_uid = row->uid;
	msg->idiag_inode = row->inode;
	msg->id.idiag_sport = htons(row->local_port);
	msg->id.idiag_if = row->ifindex;
	memcpy(msg->id.idiag_src, row->local.byte, sizeof(msg->id.idiag_src));
	found_cookie(msg->id.idiag_cookie, row);
	if (row->flags & ROW_HAS_V6ONLY)
		mnl_attr_put_u8(message, INET_DIAG_SKV6ONLY, row->flags & ROW_V6ONLY ? 1 : 0);
}

static void found_vsock(struct nlmsghdr *message, const struct sock *sock)
{
	const struct sock_detail *detail = sock->detail;
	struct vsock_diag_msg *msg = mnl_nlmsg_put_extra_header(message, sizeof(*msg));
	*msg = (struct vsock_diag_msg){
		.vdiag_family = sock->row.family,
		.vdiag_state = sock->row.state,
		.vdiag_src_cid = VMADDR_CID_ANY,
		.vdiag_src_port = VMADDR_PORT_ANY,
		.vdiag_dst_cid = VMADDR_CID_ANY,
		.vdiag_dst_port = VMADDR_PORT_ANY,
		.vdiag_ino = sock->row.inode,
	};
	found_cookie(msg->vdiag_cookie, &sock->row);
	if (!detail || !(detail->has & HAS_VSOCK))
		return;
	msg->vdiag_type = detail->type;
	msg->vdiag_src_cid = detail->vsock.local_cid;
	msg->vdiag_src_port = detail->vsock.local_port;
	msg->vdiag_dst_cid = detail->vsock.remote_cid;
	msg->vdiag_dst_port = detail->vsock.remote_port;
}

static void found_xdp(struct nlmsghdr *message, const struct sock *sock)
{
	struct xdp_diag_msg *msg = mnl_nlmsg_put_extra_header(message, sizeof(*msg));
	msg->xdiag_family = sock->row.family;
	msg->xdiag_ino = sock->row.inode;
	found_cookie(msg->xdiag_cookie, &sock->row);
	mnl_attr_put_u32(message, XDP_DIAG_UID, sock->row.uid);
}

static int found_answer(struct wire *recording, const struct sock *sock)
{
	char bytes[256] __attribute__((aligned(NLMSG_ALIGNTO)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(bytes);
	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_MULTI;
	if (sock->row.proto == PROTO_TCP)
		found_tcp(message, sock);
	else if (sock->row.proto == PROTO_VSOCK)
		found_vsock(message, sock);
	else
		found_xdp(message, sock);
	return wire_record_bytes(recording, message, message->nlmsg_len);
}

/* Of either family, where there are two. */
static int found_request(struct wire *recording, enum proto proto)
{
	char bytes[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	bool both = proto_has(proto, PROTO_ONE_WALK);
	struct request request = { .proto = proto, .family = both ? AF_UNSPEC : proto_table[proto].domain };
	struct query query = { .protos = PROTO_BIT(proto) };
	query.states[proto] = STATE_ALL;
	size_t len = request_build(&request, &query, &(struct bytecode){ .len = 0 }, 0, bytes, sizeof(bytes));
	return wire_record_bytes(recording, bytes, len);
}

static int found_dump(struct wire *recording, const struct descriptor_record *record, enum proto proto, unsigned unread)
{
	char note[sizeof(DESCRIPTOR_RECORD_NOTE) + 10];
	struct nlmsghdr *done = (struct nlmsghdr *)&(struct {
		struct nlmsghdr head;
		int32_t errno_;
	}){ { .nlmsg_len = NLMSG_LENGTH(sizeof(int32_t)), .nlmsg_type = NLMSG_DONE, .nlmsg_flags = NLM_F_MULTI }, 0 };
	int len = snprintf(note, sizeof(note), DESCRIPTOR_RECORD_NOTE "%u", unread);
	int answer = wire_record_note(recording, note, (size_t)len);
	if (answer == 0)
		answer = found_request(recording, proto);
	for (size_t i = 0; i < record->table->count && answer == 0; i++) {
		struct sock sock;
		table_get(record->table, i, &sock);
		if (found_is_of(record, i, PROTO_BIT(proto)))
			answer = found_answer(recording, &sock);
	}
	return answer ? answer : wire_record_bytes(recording, done, done->nlmsg_len);
}

int descriptor_record(struct wire *recording, const struct descriptor_record *record)
{
	unsigned unread = record->unread;
	int answer = 0;
	FOR_EACH_PROTO (proto, record->protos) {
		answer = answer ? answer : found_dump(recording, record, proto, unread);
		/* One walk was of all of them. */
		unread = 0;
	}
	return answer;
}

bool descriptor_record_read(const void *note, size_t len, unsigned *unread)
{
	static const char begins[] = DESCRIPTOR_RECORD_NOTE;
	const char *text = note;
	size_t at = sizeof(begins) - 1;
	if (len <= at || memcmp(text, begins, at) != 0)
		return false;
	for (*unread = 0; at < len && text[at] >= '0' && text[at] <= '9' && *unread < 100000000; at++)
		*unread = *unread * 10 + (unsigned)(text[at] - '0');
	return true;
}
