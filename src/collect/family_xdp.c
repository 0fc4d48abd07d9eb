// SPDX-License-Identifier: MIT
/*
 * family_xdp.c - xsk_diag (family.h): linux/xdp_diag.h; net/xdp/xsk_diag.c, Linux 6.18.
 */
#include "collect/family.h"

#include <linux/sock_diag.h>
#include <linux/xdp_diag.h>
#include <string.h>

#include <libmnl/libmnl.h>

#include <sockview/countof.h>

#include "collect/attributes.h"

/* Newer (Linux 5.9) than some headers: XDP_SHOW_STATS and XDP_DIAG_STATS. */
enum { SHOW_STATS = 1 << 4, ATTRIBUTE_STATS = 9 };

static void xdp_put_request(struct nlmsghdr *message, const struct family_request *request)
{
	struct xdp_diag_req *req = mnl_nlmsg_put_extra_header(message, sizeof(*req));
	(void)request;
	req->sdiag_family = AF_XDP;
	req->xdiag_show = XDP_SHOW_INFO | XDP_SHOW_RING_CFG | XDP_SHOW_UMEM | XDP_SHOW_MEMINFO | SHOW_STATS;
}

static void read_xdp_info(struct decoded *out, const void *data, size_t len)
{
	struct xdp_diag_info info;
	(void)len;
	memcpy(&info, data, sizeof(info));
	out->sock.row.ifindex = info.ifindex;
	out->detail.xdp.queue = info.queue_id;
	if (info.ifindex)
		out->detail.has |= HAS_XDP_QUEUE;
}

static void read_umem(struct decoded *out, const void *data, size_t len)
{
	struct xdp_diag_umem umem;
	(void)len;
	memcpy(&umem, data, sizeof(umem));
	out->detail.xdp.umem_bytes = umem.size;
	out->detail.xdp.umem_id = umem.id;
	out->detail.has |= HAS_XDP_UMEM;
}

static void read_xdp_stats(struct decoded *out, const void *data, size_t len)
{
	struct sock_xdp *xdp = &out->detail.xdp;
	uint64_t count[6];
	(void)len;
	memcpy(count, data, sizeof(count));
	xdp->rx_dropped = count[0];
	xdp->rx_invalid = count[1];
	xdp->rx_full = count[2];
	xdp->fill_empty = count[3];
	xdp->tx_invalid = count[4];
	xdp->tx_empty = count[5];
	out->detail.has |= HAS_XDP_STATS;
}

/* struct xdp_diag_ring is one number. */
#define RING(ring) ATTRIBUTE_FIELD(0, detail.xdp.ring, detail.has, HAS_XDP)

static const struct attribute xdp_attributes[] = {
	[XDP_DIAG_INFO] = ATTRIBUTE_CALL(0, sizeof(struct xdp_diag_info), read_xdp_info),
	[XDP_DIAG_UID] = ATTRIBUTE_FIELD(0, sock.row.uid, sock.row.flags, ROW_HAS_UID),
	[XDP_DIAG_RX_RING] = RING(rx),
	[XDP_DIAG_TX_RING] = RING(tx),
	[XDP_DIAG_UMEM] = ATTRIBUTE_CALL(0, sizeof(struct xdp_diag_umem), read_umem),
	[XDP_DIAG_UMEM_FILL_RING] = RING(fill),
	[XDP_DIAG_UMEM_COMPLETION_RING] = RING(completion),
	[XDP_DIAG_MEMINFO] = ATTRIBUTE_CALL(0, sizeof(uint32_t), attribute_queues),
	[ATTRIBUTE_STATS] = ATTRIBUTE_CALL(0, 6 * sizeof(uint64_t), read_xdp_stats),
};

bool decode_xdp(const void *payload, size_t len, enum proto proto, unsigned want, struct decoded *out)
{
	const struct xdp_diag_msg *msg = payload;
	if (len < sizeof(*msg) || msg->xdiag_family != AF_XDP)
		return false;
	attributes_begin(out, proto, AF_XDP);
	struct row *row = &out->sock.row;
	row->state = STATE_CLOSE;
	row->inode = msg->xdiag_ino;
	attribute_cookie(row, msg->xdiag_cookie);
	out->detail.type = msg->xdiag_type;
	out->detail.has = HAS_XDP;
	struct attribute_table table = { xdp_attributes, countof(xdp_attributes), want };
	attributes_read(&table, out, msg + 1, len - sizeof(*msg));
	attribute_skmem_only_if(out, want);
	return true;
}

/* /proc/net tells nothing of them. */
const struct family family_xdp = {
	.put_request = xdp_put_request,
	.decode = decode_xdp,
};
