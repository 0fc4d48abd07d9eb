// SPDX-License-Identifier: MIT
/*
 * xt.c - the matches and targets that iptables-nft wraps into nft's rules (xt.h).
 *
 * Their own structs (linux/netfilter/xt_*.h, Linux 6.18) lie in
 * NFTA_MATCH_INFO and NFTA_TARGET_INFO, by name and revision. A match that
 * is not here may look at anything: its rule may do either and is not judged.
 */
#include "firewall/xt.h"

/* Before linux/in.h, which gives way to it. */
#include <netinet/in.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_TPROXY.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_iprange.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>

#include "firewall/loads.h"

/* What is inside NFTA_MATCH_INFO or NFTA_TARGET_INFO. */
struct info {
	const uint8_t *data;
	size_t len;
	uint32_t revision;
};

/* A copy of the struct; false where the kernel sent less. */
static bool take(const struct info *info, void *to, size_t size)
{
	if (info->len < size)
		return false;
	memcpy(to, info->data, size);
	return true;
}

static enum fw_match flip(enum fw_match match, bool inverted)
{
	return inverted ? fw_not(match) : match;
}

/* --- matches --- */

static enum fw_match in_ports(bool known, uint16_t port, uint16_t low, uint16_t high)
{
	if (low == 0 && high == UINT16_MAX)
		return MATCH_YES;
	return !known ? MATCH_PERHAPS : low <= port && port <= high ? MATCH_YES : MATCH_NO;
}

static void settle_ports(struct rule_run *run, const uint16_t spts[2], const uint16_t dpts[2], uint8_t inverted)
{
	const struct packet *packet = &run->state->packet;
	char what[64];
	snprintf(what, sizeof(what), "sport %s%u-%u", inverted & XT_TCP_INV_SRCPT ? "!= " : "", spts[0], spts[1]);
	rule_run_settle(run,
	                flip(in_ports(packet_source_port_known(packet), packet->source_port, spts[0], spts[1]),
	                     inverted & XT_TCP_INV_SRCPT),
	                what);
	snprintf(what, sizeof(what), "dport %s%u-%u", inverted & XT_TCP_INV_DSTPT ? "!= " : "", dpts[0], dpts[1]);
	rule_run_settle(run,
	                flip(in_ports(packet_dest_port_known(packet), packet->dest_port, dpts[0], dpts[1]),
	                     inverted & XT_TCP_INV_DSTPT),
	                what);
}

static void match_tcp(struct rule_run *run, const struct info *info)
{
	struct xt_tcp tcp;
	uint8_t flags = run->state->packet.reply ? 0x12 : 0x02; /* SYN, ACK */
	if (run->state->packet.proto != IPPROTO_TCP || !take(info, &tcp, sizeof(tcp))) {
		rule_run_settle(run, run->state->packet.proto != IPPROTO_TCP ? MATCH_NO : MATCH_UNREAD, "-m tcp");
		return;
	}
	settle_ports(run, tcp.spts, tcp.dpts, tcp.invflags);
	bool same = (flags & tcp.flg_mask) == tcp.flg_cmp;
	rule_run_settle(run, same != ((tcp.invflags & XT_TCP_INV_FLAGS) != 0) ? MATCH_YES : MATCH_NO, "");
	if (tcp.option)
		rule_run_settle(run, MATCH_PERHAPS, "--tcp-option");
}

static void match_udp(struct rule_run *run, const struct info *info)
{
	struct xt_udp udp;
	bool is_udp = run->state->packet.proto == IPPROTO_UDP || run->state->packet.proto == IPPROTO_UDPLITE;
	if (!is_udp || !take(info, &udp, sizeof(udp))) {
		rule_run_settle(run, !is_udp ? MATCH_NO : MATCH_UNREAD, "-m udp");
		return;
	}
	settle_ports(run, udp.spts, udp.dpts, udp.invflags);
}

static void match_multiport(struct rule_run *run, const struct info *info)
{
	struct xt_multiport_v1 list;
	const struct packet *packet = &run->state->packet;
	enum fw_match found = MATCH_NO;
	if (!take(info, &list, sizeof(list)) || list.count > XT_MULTI_PORTS) {
		rule_run_settle(run, MATCH_UNREAD, "-m multiport");
		return;
	}
	for (unsigned i = 0; i < list.count && found != MATCH_YES; i++) {
		uint16_t low = list.ports[i];
		uint16_t high = list.pflags[i] && i + 1 < list.count ? list.ports[++i] : low;
		enum fw_match source = in_ports(packet_source_port_known(packet), packet->source_port, low, high);
		enum fw_match dest = in_ports(packet_dest_port_known(packet), packet->dest_port, low, high);
		enum fw_match one = list.flags == XT_MULTIPORT_SOURCE          ? source
		                    : list.flags == XT_MULTIPORT_DESTINATION   ? dest
		                    : source == MATCH_YES || dest == MATCH_YES ? MATCH_YES
		                    : source == MATCH_NO                       ? dest
		                                                               : source;
		found = one == MATCH_NO ? found : one;
	}
	rule_run_settle(run, flip(found, list.invert), "-m multiport on the source port");
}

static enum fw_match in_states(const struct rule_run *run, uint32_t mask)
{
	const struct packet_state *state = run->state;
	enum ct_view view = ct_view(run);
	uint32_t bits =
		state->packet.reply ? XT_CONNTRACK_STATE_BIT(IP_CT_ESTABLISHED) : XT_CONNTRACK_STATE_BIT(IP_CT_NEW);
	if (state->translated)
		bits |= XT_CONNTRACK_STATE_DNAT;
	if (view == CT_UNTRACKED)
		bits = XT_CONNTRACK_STATE_UNTRACKED;
	if (view == CT_INVALID)
		bits = XT_CONNTRACK_STATE_INVALID;
	if (view == CT_OPEN)
		return MATCH_PERHAPS;
	return bits & mask ? MATCH_YES : MATCH_NO;
}

static enum fw_match in_network(bool known, const union addr *addr, const union nf_inet_addr *want,
                                const union nf_inet_addr *mask, bool six)
{
	for (size_t i = 0; known && i < (six ? 16 : 4); i++)
		if ((addr->byte[i] ^ ((const uint8_t *)want)[i]) & ((const uint8_t *)mask)[i])
			return MATCH_NO;
	return known ? MATCH_YES : MATCH_PERHAPS;
}

/* Revisions 1 to 3 begin alike; the state's mask grew from 8 to 16 bits with revision 2. */
static void match_conntrack(struct rule_run *run, const struct info *info)
{
	struct xt_conntrack_mtinfo3 ct = { .match_flags = 0 };
	const struct packet_state *state = run->state;
	bool six = state->packet.family == AF_INET6;
	size_t size = info->revision >= 3 ? sizeof(ct) : sizeof(struct xt_conntrack_mtinfo2);
	if (info->revision == 1)
		size = sizeof(struct xt_conntrack_mtinfo1);
	if (info->revision < 1 || info->revision > 3 || !take(info, &ct, size)) {
		rule_run_settle(run, MATCH_UNREAD, "-m conntrack");
		return;
	}
	if (info->revision == 1) {
		struct xt_conntrack_mtinfo1 old;
		memcpy(&old, info->data, sizeof(old));
		ct.state_mask = old.state_mask;
		ct.status_mask = old.status_mask;
	}
	uint16_t inverted = ct.invert_flags, known = XT_CONNTRACK_STATE | XT_CONNTRACK_STATE_ALIAS |
	                                             XT_CONNTRACK_PROTO | XT_CONNTRACK_ORIGSRC | XT_CONNTRACK_ORIGDST |
	                                             XT_CONNTRACK_DIRECTION | XT_CONNTRACK_ORIGDST_PORT;
	if (ct.match_flags & XT_CONNTRACK_STATE)
		rule_run_settle(run, flip(in_states(run, ct.state_mask), inverted & XT_CONNTRACK_STATE), "--ctstate");
	/* conntrack_mt(): without a connection nothing but the state is asked for, and that has to be. */
	if (ct_view(run) != CT_TRACKED) {
		bool asked = ct.match_flags & XT_CONNTRACK_STATE;
		if (ct_view(run) == CT_OPEN)
			rule_run_settle(run, MATCH_PERHAPS, CT_HAS_CONNECTION);
		else if (!asked)
			rule_run_settle(run, MATCH_NO, "");
		return;
	}
	if (ct.match_flags & XT_CONNTRACK_PROTO)
		rule_run_settle(
			run,
			flip(ct.l4proto == state->packet.proto ? MATCH_YES : MATCH_NO, inverted & XT_CONNTRACK_PROTO),
			"--ctproto");
	if (ct.match_flags & XT_CONNTRACK_ORIGSRC)
		rule_run_settle(run,
		                flip(in_network(state->original.known & PACKET_SOURCE, &state->original.source,
		                                &ct.origsrc_addr, &ct.origsrc_mask, six),
		                     inverted & XT_CONNTRACK_ORIGSRC),
		                "--ctorigsrc");
	if (ct.match_flags & XT_CONNTRACK_ORIGDST)
		rule_run_settle(run,
		                flip(in_network(state->original.known & PACKET_DEST, &state->original.dest,
		                                &ct.origdst_addr, &ct.origdst_mask, six),
		                     inverted & XT_CONNTRACK_ORIGDST),
		                "--ctorigdst");
	if (ct.match_flags & XT_CONNTRACK_ORIGDST_PORT) {
		uint16_t low = info->revision == 3 ? ct.origdst_port : ntohs(ct.origdst_port);
		uint16_t high = info->revision == 3 ? ct.origdst_port_high : low;
		rule_run_settle(
			run,
			flip(in_ports(packet_dest_port_known(&state->original), state->original.dest_port, low, high),
		             inverted & XT_CONNTRACK_ORIGDST_PORT),
			"--ctorigdstport");
	}
	if (ct.match_flags & XT_CONNTRACK_DIRECTION)
		rule_run_settle(
			run, state->packet.reply == ((inverted & XT_CONNTRACK_DIRECTION) != 0) ? MATCH_YES : MATCH_NO,
			"--ctdir");
	if (ct.match_flags & ~known)
		rule_run_settle(run, MATCH_PERHAPS, "-m conntrack");
}

/* Its bit of untracked packets is another than that of conntrack. */
static uint32_t wide_mask(uint32_t mask)
{
	return (mask & ~(uint32_t)XT_STATE_UNTRACKED) | (mask & XT_STATE_UNTRACKED ? XT_CONNTRACK_STATE_UNTRACKED : 0);
}

static void match_state(struct rule_run *run, const struct info *info)
{
	struct xt_state_info state;
	if (!take(info, &state, sizeof(state)))
		rule_run_settle(run, MATCH_UNREAD, "-m state");
	else
		rule_run_settle(run, in_states(run, wide_mask(state.statemask)), "--state");
}

/* xt_addrtype.c, match_type6(): of IPv6 the kinds are bits, a local address is a unicast one, and routes are asked last. */
static enum fw_match has_type6(bool local, uint16_t mask)
{
	uint16_t routed = XT_ADDRTYPE_ANYCAST | XT_ADDRTYPE_PROHIBIT | XT_ADDRTYPE_UNREACHABLE;
	if (mask & (XT_ADDRTYPE_MULTICAST | XT_ADDRTYPE_UNSPEC))
		return MATCH_NO;
	if (!(mask & (routed | XT_ADDRTYPE_LOCAL)) || (local && mask & XT_ADDRTYPE_LOCAL))
		return MATCH_YES;
	return mask & routed ? MATCH_PERHAPS : MATCH_NO;
}

static enum fw_match has_type(const struct packet *packet, bool known, bool local, uint16_t mask)
{
	if (!mask)
		return MATCH_YES;
	if (!known)
		return MATCH_PERHAPS;
	if (packet->family == AF_INET6)
		return has_type6(local, mask);
	return mask & (local ? XT_ADDRTYPE_LOCAL : XT_ADDRTYPE_UNICAST) ? MATCH_YES : MATCH_NO;
}

static void match_addrtype(struct rule_run *run, const struct info *info)
{
	struct xt_addrtype_info_v1 type;
	struct xt_addrtype_info old;
	const struct packet *packet = &run->state->packet;
	if (info->revision == 0 && take(info, &old, sizeof(old))) {
		type = (struct xt_addrtype_info_v1){ old.source, old.dest,
			                             (old.invert_source ? XT_ADDRTYPE_INVERT_SOURCE : 0) |
			                                     (old.invert_dest ? XT_ADDRTYPE_INVERT_DEST : 0) };
	} else if (!take(info, &type, sizeof(type))) {
		rule_run_settle(run, MATCH_UNREAD, "-m addrtype");
		return;
	}
	/* Of one interface: an address of another one is a unicast address like any. */
	bool of_iif = type.flags & XT_ADDRTYPE_LIMIT_IFACE_IN,
	     of_one = of_iif || type.flags & XT_ADDRTYPE_LIMIT_IFACE_OUT;
	bool told = packet->known & PACKET_DEST_LOCAL && !packet_may_be_to_many(packet) &&
	            (!of_one || (of_iif && packet->dest_of_iif != DEST_OF_ANY));
	rule_run_settle(run,
	                flip(has_type(packet, packet->known & PACKET_SOURCE_REMOTE, false, type.source),
	                     type.flags & XT_ADDRTYPE_INVERT_SOURCE),
	                "--src-type");
	rule_run_settle(run,
	                flip(has_type(packet, told, !of_one || packet->dest_of_iif == DEST_OF_IIF, type.dest),
	                     type.flags & XT_ADDRTYPE_INVERT_DEST),
	                "--dst-type");
}

static enum fw_match in_range(bool known, const union addr *addr, const union nf_inet_addr *low,
                              const union nf_inet_addr *high, bool six)
{
	size_t len = six ? 16 : 4;
	if (!known)
		return MATCH_PERHAPS;
	return memcmp(addr->byte, low, len) >= 0 && memcmp(addr->byte, high, len) <= 0 ? MATCH_YES : MATCH_NO;
}

static void match_iprange(struct rule_run *run, const struct info *info)
{
	struct xt_iprange_mtinfo range;
	const struct packet *packet = &run->state->packet;
	bool six = packet->family == AF_INET6;
	if (info->revision != 1 || !take(info, &range, sizeof(range))) {
		rule_run_settle(run, MATCH_UNREAD, "-m iprange");
		return;
	}
	if (range.flags & IPRANGE_SRC)
		rule_run_settle(run,
		                flip(in_range(packet->known & PACKET_SOURCE, &packet->source, &range.src_min,
		                              &range.src_max, six),
		                     range.flags & IPRANGE_SRC_INV),
		                "--src-range");
	if (range.flags & IPRANGE_DST)
		rule_run_settle(
			run,
			flip(in_range(packet->known & PACKET_DEST, &packet->dest, &range.dst_min, &range.dst_max, six),
		             range.flags & IPRANGE_DST_INV),
			"--dst-range");
}

static void match_mark(struct rule_run *run, const struct info *info)
{
	struct xt_mark_mtinfo1 mark;
	if (info->revision != 1 || !take(info, &mark, sizeof(mark)))
		rule_run_settle(run, MATCH_UNREAD, "-m mark");
	else if (!run->state->mark_known)
		rule_run_settle(run, MATCH_PERHAPS, "-m mark");
	else
		rule_run_settle(
			run, ((run->state->mark & mark.mask) == mark.mark) != mark.invert ? MATCH_YES : MATCH_NO, "");
}

static void match_pkttype(struct rule_run *run, const struct info *info)
{
	struct xt_pkttype_info type;
	if (!take(info, &type, sizeof(type)))
		rule_run_settle(run, MATCH_UNREAD, "-m pkttype");
	else if (packet_may_be_to_many(&run->state->packet))
		rule_run_settle(run, MATCH_PERHAPS, "-m pkttype");
	else
		rule_run_settle(run, (type.pkttype == 0) != (type.invert != 0) ? MATCH_YES : MATCH_NO,
		                ""); /* PACKET_HOST */
}

static void match_nothing(struct rule_run *run, const struct info *info)
{
	(void)run;
	(void)info;
}

static void match_icmp6(struct rule_run *run, const struct info *info)
{
	/* linux/netfilter_ipv6/ip6_tables.h, struct ip6t_icmp: that header does not go with net/if.h. */
	struct {
		uint8_t type, code[2], inverted;
	} icmp;
	enum { ANY_TYPE = 0xff, CODE = 0, INVERTED = 1 };
	const struct packet *packet = &run->state->packet;
	if (packet->proto != IPPROTO_ICMPV6 || !take(info, &icmp, sizeof(icmp))) {
		rule_run_settle(run, packet->proto != IPPROTO_ICMPV6 ? MATCH_NO : MATCH_UNREAD, "-m icmp6");
		return;
	}
	bool same = icmp.type == ANY_TYPE || (icmp.type == packet_icmp_type(packet) && icmp.code[0] == CODE);
	rule_run_settle(run, same != ((icmp.inverted & INVERTED) != 0) ? MATCH_YES : MATCH_NO, "");
}

static void match_other_protocol(struct rule_run *run, const struct info *info)
{
	(void)info;
	rule_run_settle(run, MATCH_NO, "");
}

/* They look at what a first packet may or may not have: the name tells what the answer hangs on. */
static const char *const perhaps[] = { "limit",     "hashlimit", "mac",       "owner",   "length", "statistic",
	                               "connlimit", "connmark",  "connbytes", "time",    "quota",  "tos",
	                               "dscp",      "ttl",       "hl",        "physdev", "cpu",    "devgroup",
	                               "rpfilter",  "string",    "u32" };

static const struct {
	const char *name;
	void (*call)(struct rule_run *run, const struct info *info);
} matches[] = {
	{ "tcp", match_tcp },
	{ "udp", match_udp },
	{ "udplite", match_udp },
	{ "multiport", match_multiport },
	{ "conntrack", match_conntrack },
	{ "state", match_state },
	{ "addrtype", match_addrtype },
	{ "iprange", match_iprange },
	{ "mark", match_mark },
	{ "pkttype", match_pkttype },
	{ "comment", match_nothing },
	{ "icmp", match_other_protocol },
	{ "icmp6", match_icmp6 },
	{ "sctp", match_other_protocol },
	{ "dccp", match_other_protocol },
	{ "esp", match_other_protocol },
	{ "ah", match_other_protocol },
};

static void say_name(struct attr name, const char *option, char what[PACKET_CONDITION_MAX])
{
	char escaped[TEXT_ESCAPED_MAX(29) + 1];
	char plain[29];
	attr_text(plain, sizeof(plain), name);
	*text_escape(escaped, plain, strlen(plain), TEXT_LINE) = '\0';
	snprintf(what, PACKET_CONDITION_MAX, "%s %s", option, escaped);
}

static struct info info_of(const struct attrs *attrs, unsigned info, unsigned revision)
{
	return (struct info){ attrs->at[info].data, attrs->at[info].len, attr_be32(attrs->at[revision], 0) };
}

void xt_match(struct rule_run *run, const struct attrs *attrs)
{
	struct attr name = attrs->at[NFTA_MATCH_NAME];
	struct info info = info_of(attrs, NFTA_MATCH_INFO, NFTA_MATCH_REV);
	char what[PACKET_CONDITION_MAX];
	for (size_t i = 0; i < countof(matches); i++)
		if (attr_is(name, matches[i].name)) {
			matches[i].call(run, &info);
			return;
		}
	say_name(name, "-m", what);
	for (size_t i = 0; i < countof(perhaps); i++)
		if (attr_is(name, perhaps[i])) {
			rule_run_settle(run, MATCH_PERHAPS, what);
			return;
		}
	rule_run_settle(run, MATCH_UNREAD, what);
}

/* --- targets --- */

/* struct nf_nat_ipv4_multi_range_compat: revision 0 of IPv4's targets. */
struct nat_range4 {
	uint32_t count, flags, min_addr, max_addr;
	uint16_t min_port, max_port; /* network byte order */
};

/* struct nf_nat_range and what of nf_nat_range2 is needed. */
struct nat_range {
	uint32_t flags;
	union addr min_addr, max_addr;
	uint16_t min_port, max_port;
};

enum { RANGE_ADDRESSES = 1, RANGE_PORTS = 2 };

static void nat_to(struct rule_run *run, const struct nat_range *range, size_t len)
{
	struct packet_nat *nat = &run->nat;
	if (range->flags & RANGE_ADDRESSES) {
		nat->to_family = run->state->packet.family;
		memcpy(&nat->to, &range->min_addr, len);
		nat->to_many |= memcmp(&range->min_addr, &range->max_addr, len) != 0;
	}
	if (range->flags & RANGE_PORTS) {
		nat->to_port = ntohs(range->min_port);
		nat->to_many |= range->min_port != range->max_port;
	}
}

static void target_nat(struct rule_run *run, const struct info *info, enum packet_nat_kind kind)
{
	struct nat_range range = { 0 };
	struct nat_range4 old;
	run->translates = true;
	run->nat.kind = kind;
	if (info->revision == 0 && run->state->packet.family == AF_INET && take(info, &old, sizeof(old))) {
		range.flags = old.flags;
		range.min_addr.word[0] = old.min_addr;
		range.max_addr.word[0] = old.max_addr;
		range.min_port = old.min_port;
		range.max_port = old.max_port;
		nat_to(run, &range, 4);
	} else if (take(info, &range, sizeof(range))) {
		nat_to(run, &range, run->state->packet.family == AF_INET6 ? 16 : 4);
	} else {
		run->nat.to_many = true;
	}
	rule_run_verdict(run, NF_ACCEPT, 0, false);
}

static void target_dnat(struct rule_run *run, const struct info *info)
{
	target_nat(run, info, NAT_DNAT);
}

static void target_redirect(struct rule_run *run, const struct info *info)
{
	target_nat(run, info, NAT_REDIRECT);
}

static void target_accept(struct rule_run *run, const struct info *info)
{
	(void)info;
	rule_run_verdict(run, NF_ACCEPT, 0, false);
}

static void target_snat(struct rule_run *run, const struct info *info)
{
	run->moves_source = true;
	target_accept(run, info);
}

static void target_reject(struct rule_run *run, const struct info *info)
{
	(void)info;
	run->rejects = true;
	rule_run_verdict(run, NF_DROP, 0, false);
}

static void target_mark(struct rule_run *run, const struct info *info)
{
	struct xt_mark_tginfo2 mark;
	run->sets_mark = true;
	run->mark_known = info->revision == 2 && take(info, &mark, sizeof(mark)) && run->state->mark_known;
	if (run->mark_known)
		run->mark = (run->state->mark & ~mark.mask) ^ mark.mark;
}

static void target_ct(struct rule_run *run, const struct info *info)
{
	struct xt_ct_target_info ct = { 0 };
	if (info->len >= offsetof(struct xt_ct_target_info, ct))
		memcpy(&ct, info->data, offsetof(struct xt_ct_target_info, ct));
	if (ct.flags & XT_CT_NOTRACK)
		rule_run_untrack(run);
	else
		run->templates = !run->state->untracked;
}

static void target_notrack(struct rule_run *run, const struct info *info)
{
	(void)info;
	rule_run_untrack(run);
}

static void target_tproxy(struct rule_run *run, const struct info *info)
{
	struct xt_tproxy_target_info_v1 to;
	run->translates = true;
	run->nat.kind = NAT_TPROXY;
	if (info->revision == 1 && take(info, &to, sizeof(to)))
		run->nat.to_port = ntohs(to.lport);
	else
		run->nat.to_many = true;
	rule_run_verdict(run, NF_ACCEPT, 0, false);
}

/* Connection marks may be copied into the packet's. */
static void target_connmark(struct rule_run *run, const struct info *info)
{
	(void)info;
	run->sets_mark = true;
	run->mark_known = false;
}

static void target_queue(struct rule_run *run, const struct info *info)
{
	(void)info;
	rule_run_verdict(run, NF_QUEUE, 0, false);
}

static void target_nothing(struct rule_run *run, const struct info *info)
{
	(void)run;
	(void)info;
}

static const struct {
	const char *name;
	void (*call)(struct rule_run *run, const struct info *info);
} targets[] = {
	{ "DNAT", target_dnat },
	{ "REDIRECT", target_redirect },
	{ "SNAT", target_snat },
	{ "MASQUERADE", target_snat },
	{ "REJECT", target_reject },
	{ "MARK", target_mark },
	{ "CT", target_ct },
	{ "NOTRACK", target_notrack },
	{ "TPROXY", target_tproxy },
	{ "CONNMARK", target_connmark },
	{ "NFQUEUE", target_queue },
	{ "LOG", target_nothing },
	{ "NFLOG", target_nothing },
	{ "TCPMSS", target_nothing },
	{ "CHECKSUM", target_nothing },
	{ "CLASSIFY", target_nothing },
	{ "TOS", target_nothing },
	{ "DSCP", target_nothing },
	{ "TTL", target_nothing },
	{ "HL", target_nothing },
	{ "TRACE", target_nothing },
	{ "AUDIT", target_nothing },
	{ "TEE", target_nothing },
	{ "SECMARK", target_nothing },
	{ "CONNSECMARK", target_nothing },
};

void xt_target(struct rule_run *run, const struct attrs *attrs)
{
	struct attr name = attrs->at[NFTA_TARGET_NAME];
	struct info info = info_of(attrs, NFTA_TARGET_INFO, NFTA_TARGET_REV);
	char what[PACKET_CONDITION_MAX];
	for (size_t i = 0; i < countof(targets); i++)
		if (attr_is(name, targets[i].name)) {
			targets[i].call(run, &info);
			return;
		}
	say_name(name, "-j", what);
	run->rewrites = true; /* NETMAP, DNPT: it may */
	rule_run_settle(run, MATCH_UNREAD, what);
	rule_run_verdict(run, NF_QUEUE, 0, false);
}
