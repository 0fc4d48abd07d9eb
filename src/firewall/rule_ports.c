// SPDX-License-Identifier: MIT
/*
 * rule_ports.c - a destination port compared with numbers, as nft and iptables-nft write it (rule_ports.h).
 *
 *   payload load 2b @ transport header + 2 => reg 1; cmp eq reg 1 0x1f90
 *
 * Most rules of a long list are about one port each. An expression that is not understood here narrows nothing.
 */
#include "firewall/rule_ports.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <stddef.h>

#include <sockview/countof.h>

#include "firewall/nft_attr.h"

struct narrowing {
	struct rule_ports ports;
	uint32_t port_in; /* the register that has the port; 0: none */
};

static void narrow(struct narrowing *narrowing, unsigned low, unsigned high)
{
	struct rule_ports *ports = &narrowing->ports;
	ports->low = low > ports->low ? (uint16_t)low : ports->low;
	ports->high = high < ports->high ? (uint16_t)high : ports->high;
}

static bool rule_port_value(struct attr attr, unsigned *port)
{
	size_t len;
	const uint8_t *value = nft_value(attr, &len);
	if (!value || len != 2)
		return false;
	*port = (unsigned)value[0] << 8 | value[1];
	return true;
}

static void narrow_cmp(struct narrowing *narrowing, const struct attrs *data)
{
	unsigned port;
	if (!narrowing->port_in || attr_be32(data->at[NFTA_CMP_SREG], 0) != narrowing->port_in ||
	    !rule_port_value(data->at[NFTA_CMP_DATA], &port))
		return;
	switch (attr_be32(data->at[NFTA_CMP_OP], ~0u)) {
	case NFT_CMP_EQ:
		narrow(narrowing, port, port);
		return;
	case NFT_CMP_GTE:
		narrow(narrowing, port, UINT16_MAX);
		return;
	case NFT_CMP_LTE:
		narrow(narrowing, 0, port);
		return;
	default:
		return;
	}
}

static void narrow_range(struct narrowing *narrowing, const struct attrs *data)
{
	unsigned low, high;
	if (narrowing->port_in && attr_be32(data->at[NFTA_RANGE_SREG], 0) == narrowing->port_in &&
	    attr_be32(data->at[NFTA_RANGE_OP], ~0u) == NFT_RANGE_EQ &&
	    rule_port_value(data->at[NFTA_RANGE_FROM_DATA], &low) &&
	    rule_port_value(data->at[NFTA_RANGE_TO_DATA], &high))
		narrow(narrowing, low, high);
}

/* struct xt_tcp and struct xt_udp begin alike. */
static void narrow_match(struct narrowing *narrowing, const struct attrs *data)
{
	struct attr name = data->at[NFTA_MATCH_NAME], info = data->at[NFTA_MATCH_INFO];
	struct xt_tcp tcp;
	struct xt_udp udp;
	if (attr_is(name, "tcp") && info.len >= sizeof(tcp)) {
		memcpy(&tcp, info.data, sizeof(tcp));
		if (!(tcp.invflags & XT_TCP_INV_DSTPT))
			narrow(narrowing, tcp.dpts[0], tcp.dpts[1]);
	} else if (attr_is(name, "udp") && info.len >= sizeof(udp)) {
		memcpy(&udp, info.data, sizeof(udp));
		if (!(udp.invflags & XT_UDP_INV_DSTPT))
			narrow(narrowing, udp.dpts[0], udp.dpts[1]);
	}
}

/* Only loads: attribute 1 is their register. With one to write from instead they change something. */
static void narrow_load(struct narrowing *narrowing, struct attr name, const struct attrs *data)
{
	uint32_t to = attr_be32(data->at[1], 0);
	bool port = attr_is(name, "payload") &&
	            attr_be32(data->at[NFTA_PAYLOAD_BASE], 0) == NFT_PAYLOAD_TRANSPORT_HEADER &&
	            attr_be32(data->at[NFTA_PAYLOAD_OFFSET], 0) == 2 && attr_be32(data->at[NFTA_PAYLOAD_LEN], 0) == 2;
	if (port)
		narrowing->port_in = to;
	else if (to == narrowing->port_in)
		narrowing->port_in = 0;
}

/* False: it may change something, also of a packet for which the rule does not hold. */
static bool narrow_by(struct narrowing *narrowing, struct attr name, const struct attrs *data)
{
	static const char *const loads[] = { "payload", "meta", "ct", "fib" };
	static const uint8_t writes_from[] = { NFTA_PAYLOAD_SREG, NFTA_META_SREG, NFTA_CT_SREG, 0 };
	for (size_t i = 0; i < countof(loads); i++)
		if (attr_is(name, loads[i])) {
			narrow_load(narrowing, name, data);
			return !writes_from[i] || !data->at[writes_from[i]].data;
		}
	if (attr_is(name, "cmp"))
		narrow_cmp(narrowing, data);
	else if (attr_is(name, "range"))
		narrow_range(narrowing, data);
	else if (attr_is(name, "match"))
		narrow_match(narrowing, data);
	else
		return false;
	/* xt_recent and its kin keep a state. */
	return !attr_is(name, "match") || attr_is(data->at[NFTA_MATCH_NAME], "tcp") ||
	       attr_is(data->at[NFTA_MATCH_NAME], "udp") || attr_is(data->at[NFTA_MATCH_NAME], "conntrack") ||
	       attr_is(data->at[NFTA_MATCH_NAME], "addrtype");
}

struct rule_ports rule_ports_of(struct attr_walk expressions)
{
	struct narrowing narrowing = { .ports = { 0, UINT16_MAX } };
	struct attr element;
	bool goes_on = true;
	while (goes_on && attr_next(&expressions, &element)) {
		struct attrs expression = attrs_nested(element);
		struct attrs data = attrs_nested(expression.at[NFTA_EXPR_DATA]);
		goes_on = narrow_by(&narrowing, expression.at[NFTA_EXPR_NAME], &data);
	}
	return narrowing.ports;
}
