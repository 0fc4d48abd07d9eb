// SPDX-License-Identifier: MIT
/* host_layers.c - BPF links and the counts of IPsec's policies (host_layers.h). */
#include "exposure/host_layers.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/stat.h>

#include <libmnl/libmnl.h>

#include <sockview/attrs.h>
#include <sockview/exchange.h>
#include <sockview/sk_lookup.h>

#include "exposure/ways.h"

/* --- policies of IPsec (net/xfrm/xfrm_policy.c, __xfrm_policy_check(), xfrm_lookup_with_ifid()) --- */

/*
 * linux/xfrm.h, which does not go with musl's netinet/in.h: XFRM_MSG_NEWSPDINFO, XFRM_MSG_GETSPDINFO, XFRMA_SPD_INFO,
 * the counts of struct xfrmu_spdinfo; XFRM_MSG_GETDEFAULT, XFRM_USERPOLICY_BLOCK (Linux 5.15).
 */
enum { NEW_SPD_INFO = 0x24, GET_SPD_INFO = 0x25, SPD_INFO = 1, GET_DEFAULT = 0x28, DEFAULT_BLOCKS = 1 };
struct spd_info {
	uint32_t in, out, forward, in_of_sockets, out_of_sockets, forward_of_sockets;
};

/* Policies of sockets are those of the daemon that exchanges keys, for its own packets. */
static int on_counts(void *found, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct spd_info info;
	if (message->nlmsg_type != NEW_SPD_INFO)
		return 0;
	struct attr attr = attrs_behind(payload, len, sizeof(uint32_t)).at[SPD_INFO];
	if (!attr.data || attr.len < sizeof(info))
		return 0;
	memcpy(&info, attr.data, sizeof(info));
	*(bool *)found |= info.in || info.out || info.forward;
	return 0;
}

static int on_default(void *found, const struct nlmsghdr *message, const void *payload, size_t len)
{
	const uint8_t *action = payload; /* in, fwd, out */
	if (message->nlmsg_type == GET_DEFAULT && len >= 3)
		*(bool *)found |=
			action[0] == DEFAULT_BLOCKS || action[1] == DEFAULT_BLOCKS || action[2] == DEFAULT_BLOCKS;
	return 0;
}

/* 1: there are some; 0: none; -1: it could not be asked. */
static int policies_in_use(void)
{
	static const struct {
		uint16_t type;
		exchange_call *call;
	} questions[] = { { GET_SPD_INFO, on_counts }, { GET_DEFAULT, on_default } };
	struct exchange exchange;
	bool found = false, asked = true;
	/* A kernel without IPsec. */
	if (exchange_open(&exchange, NETLINK_XFRM) < 0)
		return errno == EPROTONOSUPPORT ? 0 : -1;
	for (size_t i = 0; i < 2; i++) {
		char buffer[64] __attribute__((aligned(NLMSG_ALIGNTO)));
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
		message->nlmsg_type = questions[i].type;
		message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
		mnl_nlmsg_put_extra_header(message, sizeof(uint32_t));
		enum exchange_end end = exchange_ask(&exchange, message, questions[i].call, &found);
		/* EINVAL: an older kernel, which has no such question. */
		asked &= end == EXCHANGE_DONE || (end == EXCHANGE_REFUSED && exchange.number == EINVAL);
	}
	exchange_close(&exchange);
	return found ? 1 : asked ? 0 : -1;
}

/* --- all of them --- */

static void note_layer(struct host_layers *layers, enum layer layer, int found)
{
	layers->in_use |= found > 0 ? LAYER_BIT(layer) : 0;
	layers->unasked |= found < 0 ? LAYER_BIT(layer) : 0;
}

struct host_layers host_layers_find(int proc_fd)
{
	struct host_layers layers = { 0 };
	struct sk_lookups links = { .error = ENOENT };
	struct stat status;
	if (fstatat(proc_fd, "self/ns/net", &status, 0) == 0)
		sk_lookups_find(&links, status.st_ino);
	note_layer(&layers, LAYER_SK_LOOKUP, links.count ? 1 : links.error ? -1 : 0);
	note_layer(&layers, LAYER_NETFILTER_BPF, links.netfilter ? 1 : links.error ? -1 : 0);
	note_layer(&layers, LAYER_XFRM, policies_in_use());
	return layers;
}
