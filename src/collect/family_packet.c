// SPDX-License-Identifier: MIT
/*
 * family_packet.c - packet_diag (family.h): linux/packet_diag.h; net/packet/diag.c, Linux 6.18.
 */
#include "collect/family.h"

#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>

#include "collect/attributes.h"

/* The filter is told to CAP_NET_ADMIN alone, and only with the other attributes (packet_diag_dump). */
static void packet_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	struct packet_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	req->sdiag_family = AF_PACKET;
	req->pdiag_show = PACKET_SHOW_INFO | PACKET_SHOW_RING_CFG | PACKET_SHOW_FANOUT | PACKET_SHOW_MEMINFO;
	if (request->want & WANT_FILTER)
		req->pdiag_show |= PACKET_SHOW_FILTER;
}

static void read_info(struct decoded *out, const void *data, size_t len)
{
	struct packet_diag_info info;
	struct sock_packet *packet = &out->detail.packet;
	(void)len;
	memcpy(&info, data, sizeof(info));
	out->sock.row.ifindex = info.pdi_index;
	packet->version = info.pdi_version;
	packet->reserve = info.pdi_reserve;
	packet->copy_threshold = info.pdi_copy_thresh;
	packet->timestamp = info.pdi_tstamp;
	packet->flags = info.pdi_flags;
	out->detail.has |= HAS_PACKET_INFO;
}

static void read_ring(struct packet_ring *ring, const void *data)
{
	struct packet_diag_ring told;
	memcpy(&told, data, sizeof(told));
	*ring = (struct packet_ring){ told.pdr_block_size, told.pdr_block_nr, told.pdr_frame_size, told.pdr_frame_nr };
}

static void read_rx(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	read_ring(&out->detail.packet.rx, data);
}

static void read_tx(struct decoded *out, const void *data, size_t len)
{
	(void)len;
	read_ring(&out->detail.packet.tx, data);
}

/* pdiag_put_fanout: the group's number below, its mode and flags above. */
static void read_fanout(struct decoded *out, const void *data, size_t len)
{
	uint32_t fanout;
	(void)len;
	memcpy(&fanout, data, sizeof(fanout));
	out->detail.packet.fanout_id = (uint16_t)fanout;
	out->detail.packet.fanout_type = (uint8_t)(fanout >> 16);
	out->detail.has |= HAS_FANOUT;
}

static const struct attribute packet_attributes[] = {
	[PACKET_DIAG_INFO] = ATTRIBUTE_CALL(0, sizeof(struct packet_diag_info), read_info),
	[PACKET_DIAG_RX_RING] = ATTRIBUTE_CALL(0, sizeof(struct packet_diag_ring), read_rx),
	[PACKET_DIAG_TX_RING] = ATTRIBUTE_CALL(0, sizeof(struct packet_diag_ring), read_tx),
	[PACKET_DIAG_FANOUT] = ATTRIBUTE_CALL(0, sizeof(uint32_t), read_fanout),
	[PACKET_DIAG_UID] = ATTRIBUTE_FIELD(0, sock.row.uid, sock.row.flags, ROW_HAS_UID),
	[PACKET_DIAG_MEMINFO] = ATTRIBUTE_CALL(0, sizeof(uint32_t), attribute_queues),
	[PACKET_DIAG_FILTER] = ATTRIBUTE_BLOB(WANT_FILTER, BLOB_FILTER),
};

bool decode_packet(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	const struct packet_diag_msg *msg = payload;
	if (len < sizeof(*msg) || msg->pdiag_family != AF_PACKET)
		return false;
	attributes_begin(out, proto, AF_PACKET);
	struct row *row = &out->sock.row;
	row->state = STATE_CLOSE;
	row->inode = msg->pdiag_ino;
	attribute_cookie(row, msg->pdiag_cookie);
	out->detail.type = msg->pdiag_type;
	out->detail.packet.protocol = msg->pdiag_num;
	out->detail.has = HAS_PACKET;
	struct attribute_table table = { packet_attributes, countof(packet_attributes), want };
	attributes_read(&table, out, msg + 1, len - sizeof(*msg));
	attribute_skmem_only_if(out, want);
	return true;
}

const struct family family_packet = {
	.put_request = packet_put_request,
	.decode = decode_packet,
	.read_file = procnet_packet_read,
};
