// SPDX-License-Identifier: MIT
/* loads.c - what a packet has where nft's expressions read it: headers, interfaces, conntrack, routes (loads.h). */
#include "firewall/loads.h"

/* Before linux/in.h, which gives way to it. */
#include <netinet/in.h>

#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "firewall/nft_attr.h"

/* --- registers --- */

static uint8_t nfproto(const struct rule_run *run)
{
	return run->state->packet.family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

void load_known(struct rule_run *run, struct attr reg, const void *value, size_t len, enum fw_field field)
{
	unsigned offset = fw_register(attr_be32(reg, 0));
	fw_set_known(&run->registers, offset, value, len, field);
	fw_pad(&run->registers, offset, len);
}

void load_open(struct rule_run *run, struct attr reg, size_t len, enum fw_byte byte, enum fw_field field)
{
	unsigned offset = fw_register(attr_be32(reg, 0));
	fw_set_open(&run->registers, offset, len, byte, field);
	fw_pad(&run->registers, offset, len);
}

static void load_u32(struct rule_run *run, struct attr reg, uint32_t value, enum fw_field field)
{
	load_known(run, reg, &value, sizeof(value), field);
}

static void load_u8(struct rule_run *run, struct attr reg, uint8_t value, enum fw_field field)
{
	load_known(run, reg, &value, sizeof(value), field);
}

/* --- payload --- */

/* What is known of a header, byte by byte: as registers with the header at offset 0. */
struct header {
	struct fw_registers bytes;
};

static void header_addr(struct header *header, unsigned offset, const union addr *addr, size_t len, bool known,
                        enum fw_field field)
{
	if (known)
		fw_set_known(&header->bytes, offset, addr->byte, len, field);
	else
		fw_set_open(&header->bytes, offset, len, BYTE_VARIES, field);
}

static void network_header(const struct packet *packet, struct header *header)
{
	bool source = packet->known & PACKET_SOURCE, dest = packet->known & PACKET_DEST;
	fw_set_open(&header->bytes, 0, FW_REGISTER_BYTES, BYTE_VARIES, FIELD_HEADER);
	if (packet_is_arp(packet)) {
		uint8_t operation[2] = { 0, packet->discovery };
		fw_set_known(&header->bytes, 6, operation, sizeof(operation), FIELD_HEADER);
		return;
	}
	if (packet->family == AF_INET6) {
		fw_set_known(&header->bytes, 6, &packet->proto, 1, FIELD_L4PROTO);
		header_addr(header, 8, &packet->source, 16, source, FIELD_SADDR);
		header_addr(header, 24, &packet->dest, 16, dest, FIELD_DADDR);
		return;
	}
	fw_set_known(&header->bytes, 9, &packet->proto, 1, FIELD_L4PROTO);
	header_addr(header, 12, &packet->source, 4, source, FIELD_SADDR);
	header_addr(header, 16, &packet->dest, 4, dest, FIELD_DADDR);
}

static void header_port(struct header *header, unsigned offset, uint16_t port, bool known, enum fw_field field)
{
	uint8_t bytes[2] = { (uint8_t)(port >> 8), (uint8_t)port };
	fw_set_open(&header->bytes, offset, 2, BYTE_VARIES, field);
	if (known)
		fw_set_known(&header->bytes, offset, bytes, 2, field);
}

/* Byte 13 of TCP's header: SYN alone, or SYN and ACK. */
static void transport_header(const struct packet *packet, struct header *header)
{
	uint8_t flags = packet->reply ? 0x12 : 0x02;
	fw_set_open(&header->bytes, 0, FW_REGISTER_BYTES, BYTE_VARIES, FIELD_HEADER);
	if (packet->proto == IPPROTO_ICMPV6) {
		uint8_t icmp[2] = { packet_icmp_type(packet), 0 /* code */ };
		fw_set_known(&header->bytes, 0, icmp, sizeof(icmp), FIELD_HEADER);
		return;
	}
	if (packet->proto == IPPROTO_TCP)
		fw_set_known(&header->bytes, 13, &flags, 1, FIELD_HEADER);
	header_port(header, 2, packet->dest_port, packet_dest_port_known(packet), FIELD_DPORT);
	header_port(header, 0, packet->source_port, packet_source_port_known(packet), FIELD_SPORT);
}

static bool overlaps(uint64_t offset, uint64_t len, uint64_t from, uint64_t to)
{
	return offset < to && offset + len > from;
}

/*
 * A write into the packet changes where it comes to, or whether it is taken: ports, flags and lengths, addresses,
 * on the way out the station's address. TTL, DSCP, checksums and what lies behind the headers are no matter; 16 bits
 * are written at least (nft's payload.c aligns them for the checksum).
 */
static bool write_matters(const struct rule_run *run, uint32_t base, uint32_t offset, uint32_t len)
{
	bool six = run->state->packet.family == AF_INET6;
	switch (base) {
	case NFT_PAYLOAD_LL_HEADER:
		return run->hook == HOOK_EGRESS;
	case NFT_PAYLOAD_NETWORK_HEADER:
		return six ? overlaps(offset, len, 4, 6) || overlaps(offset, len, 8, 40)
		           : overlaps(offset, len, 2, 4) || overlaps(offset, len, 6, 8) ||
		                       overlaps(offset, len, 12, 20);
	case NFT_PAYLOAD_TRANSPORT_HEADER:
		return overlaps(offset, len, 0, run->state->packet.proto == IPPROTO_TCP ? 14 : 6);
	default:
		return false;
	}
}

void load_payload(struct rule_run *run, const struct attrs *a)
{
	uint32_t base = attr_be32(a->at[NFTA_PAYLOAD_BASE], ~0u), offset = attr_be32(a->at[NFTA_PAYLOAD_OFFSET], ~0u);
	uint32_t len = attr_be32(a->at[NFTA_PAYLOAD_LEN], 0);
	unsigned reg = fw_register(attr_be32(a->at[NFTA_PAYLOAD_DREG], 0));
	struct header header;
	if (a->at[NFTA_PAYLOAD_SREG].data) {
		run->rewrites |= write_matters(run, base, offset, len);
		return;
	}
	/* nft_payload_eval() and nft_meta_get_eval() break where there is no transport header. */
	if (packet_is_arp(&run->state->packet) && base == NFT_PAYLOAD_TRANSPORT_HEADER)
		rule_run_settle(run, MATCH_NO, "");
	if (base == NFT_PAYLOAD_NETWORK_HEADER)
		network_header(&run->state->packet, &header);
	else if (base == NFT_PAYLOAD_TRANSPORT_HEADER)
		transport_header(&run->state->packet, &header);
	bool inside = base == NFT_PAYLOAD_NETWORK_HEADER || base == NFT_PAYLOAD_TRANSPORT_HEADER;
	if (!inside || offset > FW_REGISTER_BYTES || len > FW_REGISTER_BYTES - offset) {
		enum fw_field field = base == NFT_PAYLOAD_LL_HEADER ? FIELD_ETHER : FIELD_HEADER;
		fw_set_open(&run->registers, reg, len, BYTE_VARIES, field);
		return;
	}
	for (unsigned i = 0; i < len && reg + i < FW_REGISTER_BYTES; i++) {
		run->registers.value[reg + i] = header.bytes.value[offset + i];
		run->registers.mask[reg + i] = 0xff;
		run->registers.byte[reg + i] = header.bytes.byte[offset + i];
		run->registers.field[reg + i] = header.bytes.field[offset + i];
		run->registers.at[reg + i] = header.bytes.at[offset + i];
	}
	fw_pad(&run->registers, reg, len);
}

/* --- meta --- */

static void load_name(struct rule_run *run, struct attr reg, bool known, const char *name, enum fw_field field)
{
	char padded[16] = "";
	if (!known) {
		load_open(run, reg, sizeof(padded), BYTE_VARIES, field);
		return;
	}
	memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
	load_known(run, reg, padded, sizeof(padded), field);
}

static bool has_iif(enum packet_hook hook)
{
	return hook != HOOK_OUTPUT && hook != HOOK_POSTROUTING && hook != HOOK_EGRESS;
}

static bool has_oif(enum packet_hook hook)
{
	return hook == HOOK_OUTPUT || hook == HOOK_FORWARD || hook == HOOK_POSTROUTING || hook == HOOK_EGRESS;
}

static void set_meta(struct rule_run *run, const struct attrs *a)
{
	unsigned reg = fw_register(attr_be32(a->at[NFTA_META_SREG], 0));
	uint32_t key = attr_be32(a->at[NFTA_META_KEY], ~0u);
	/* tcp_v4_rcv() and ip_rcv_core() want PACKET_HOST, which is 0. */
	if (key == NFT_META_PKTTYPE)
		run->rewrites |= !fw_is_known(&run->registers, reg, 1) || run->registers.value[reg];
	if (key != NFT_META_MARK)
		return;
	run->sets_mark = true;
	run->mark_known = fw_is_known(&run->registers, reg, 4);
	if (run->mark_known)
		memcpy(&run->mark, run->registers.value + reg, 4);
}

void load_meta(struct rule_run *run, const struct attrs *a)
{
	const struct packet *packet = &run->state->packet;
	struct attr reg = a->at[NFTA_META_DREG];
	uint16_t ether = htons(packet_is_arp(packet) ? ETH_P_ARP : packet->family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP);
	bool iif = packet->known & PACKET_IIF || !has_iif(run->hook),
	     oif = packet->known & PACKET_OIF || !has_oif(run->hook);
	if (a->at[NFTA_META_SREG].data) {
		set_meta(run, a);
		return;
	}
	switch (attr_be32(a->at[NFTA_META_KEY], ~0u)) {
	case NFT_META_L4PROTO:
		if (packet_is_arp(packet))
			rule_run_settle(run, MATCH_NO, "");
		load_u8(run, reg, packet->proto, FIELD_L4PROTO);
		return;
	case NFT_META_NFPROTO:
		load_u8(run, reg, nfproto(run), FIELD_NFPROTO);
		return;
	case NFT_META_PROTOCOL:
		load_known(run, reg, &ether, sizeof(ether), FIELD_META);
		return;
	case NFT_META_IIF:
		if (iif)
			load_u32(run, reg, has_iif(run->hook) ? packet->iif : 0, FIELD_IIF);
		else
			load_open(run, reg, 4, BYTE_VARIES, FIELD_IIF);
		return;
	case NFT_META_OIF:
		if (oif)
			load_u32(run, reg, has_oif(run->hook) ? packet->oif : 0, FIELD_OIF);
		else
			load_open(run, reg, 4, BYTE_VARIES, FIELD_OIF);
		return;
	case NFT_META_IIFNAME:
		load_name(run, reg, iif, has_iif(run->hook) ? packet->iifname : "", FIELD_IIFNAME);
		return;
	case NFT_META_OIFNAME:
		load_name(run, reg, oif, has_oif(run->hook) ? packet->oifname : "", FIELD_OIFNAME);
		return;
	case NFT_META_MARK:
		if (run->state->mark_known)
			load_u32(run, reg, run->state->mark, FIELD_MARK);
		else
			load_open(run, reg, 4, BYTE_VARIES, FIELD_MARK);
		return;
	case NFT_META_PKTTYPE:
		if (packet_may_be_to_many(packet))
			load_open(run, reg, 1, BYTE_VARIES, FIELD_PKTTYPE);
		else
			load_u8(run, reg, 0, FIELD_META); /* PACKET_HOST: it is for this host */
		return;
	case NFT_META_SKUID:
	case NFT_META_SKGID:
		load_open(run, reg, 4, BYTE_VARIES, FIELD_OWNER);
		return;
	case NFT_META_TIME_NS:
	case NFT_META_TIME_DAY:
	case NFT_META_TIME_HOUR:
		load_open(run, reg, 8, BYTE_VARIES, FIELD_TIME);
		return;
	case NFT_META_CGROUP:
		load_open(run, reg, 4, BYTE_UNREAD, FIELD_META);
		return;
	default:
		load_open(run, reg, 16, BYTE_VARIES, FIELD_META);
	}
}

/* --- conntrack --- */

/* NF_CT_STATE_BIT and its kin: enum ip_conntrack_info as bits. */
enum { STATE_BIT_INVALID = 1, STATE_BIT_NEW = 8, STATE_BIT_ESTABLISHED = 2, STATE_BIT_UNTRACKED = 64 };

enum ct_view ct_view(const struct rule_run *run)
{
	enum { CONNTRACK_PRIORITY = -200 }; /* NF_IP_PRI_CONNTRACK; of equal ones the order of registering decides */
	const struct packet_state *state = run->state;
	bool tracks = !state->seen && (run->hook == HOOK_PREROUTING || run->hook == HOOK_OUTPUT);
	if (state->untracked)
		return state->untracked == 1 ? CT_UNTRACKED : CT_OPEN;
	if ((run->hook == HOOK_INGRESS && !state->seen) || (tracks && run->priority < CONNTRACK_PRIORITY))
		return state->templated ? CT_OPEN : CT_INVALID;
	if (state->invalid == 2 || (tracks && run->priority == CONNTRACK_PRIORITY))
		return CT_OPEN;
	return state->invalid ? CT_INVALID : CT_TRACKED;
}

static void load_ct_state(struct rule_run *run, struct attr reg)
{
	static const uint32_t bits[] = { [CT_UNTRACKED] = STATE_BIT_UNTRACKED, [CT_INVALID] = STATE_BIT_INVALID };
	enum ct_view view = ct_view(run);
	if (view == CT_OPEN)
		load_open(run, reg, 4, BYTE_VARIES, FIELD_CT_STATE);
	else if (view == CT_TRACKED)
		load_u32(run, reg, run->state->packet.reply ? STATE_BIT_ESTABLISHED : STATE_BIT_NEW, FIELD_CT_STATE);
	else
		load_u32(run, reg, bits[view], FIELD_CT_STATE);
}

static bool is_original(const struct attrs *a)
{
	struct attr direction = a->at[NFTA_CT_DIRECTION];
	return !direction.len || *(const uint8_t *)direction.data == IP_CT_DIR_ORIGINAL;
}

static void load_ct_address(struct rule_run *run, const struct attrs *a, bool source)
{
	const struct packet_state *state = run->state;
	size_t len = state->packet.family == AF_INET6 ? 16 : 4;
	const union addr *addr = source ? &state->original.source : &state->original.dest;
	bool known = is_original(a) && state->original.known & (source ? PACKET_SOURCE : PACKET_DEST);
	if (known)
		load_known(run, a->at[NFTA_CT_DREG], addr->byte, len, source ? FIELD_SADDR : FIELD_DADDR);
	else
		load_open(run, a->at[NFTA_CT_DREG], len, BYTE_VARIES, FIELD_CT_OTHER);
}

void load_ct(struct rule_run *run, const struct attrs *a)
{
	const struct packet_state *state = run->state;
	struct attr reg = a->at[NFTA_CT_DREG];
	uint16_t port = htons(state->original.dest_port);
	bool original = is_original(a);
	uint32_t key = attr_be32(a->at[NFTA_CT_KEY], ~0u);
	enum ct_view view = ct_view(run);
	if (a->at[NFTA_CT_SREG].data) {
		/* Else marks and labels of the connection, which nothing here reads again but as varying. */
		run->templates = run->retracks = key == NFT_CT_ZONE && view != CT_TRACKED;
		return;
	}
	/* nft_ct_get_eval(): each key but the state wants a connection. */
	if (key != NFT_CT_STATE && view != CT_TRACKED)
		rule_run_settle(run, view == CT_OPEN ? MATCH_PERHAPS : MATCH_NO, CT_HAS_CONNECTION);
	switch (key) {
	case NFT_CT_STATE:
		load_ct_state(run, reg);
		return;
	case NFT_CT_DIRECTION:
		load_u8(run, reg, state->packet.reply ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL, FIELD_CT_OTHER);
		return;
	case NFT_CT_STATUS:
		if (state->packet.reply || state->untracked)
			load_open(run, reg, 4, BYTE_VARIES, FIELD_CT_STATUS);
		else
			load_u32(run, reg, state->translated ? IPS_DST_NAT | IPS_DST_NAT_DONE : 0, FIELD_CT_STATUS);
		return;
	case NFT_CT_PROTOCOL:
		load_u8(run, reg, state->packet.proto, FIELD_L4PROTO);
		return;
	case NFT_CT_L3PROTOCOL:
		load_u8(run, reg, nfproto(run), FIELD_NFPROTO);
		return;
	case NFT_CT_PROTO_DST:
		if (original && packet_dest_port_known(&state->original))
			load_known(run, reg, &port, sizeof(port), FIELD_DPORT);
		else
			load_open(run, reg, 2, BYTE_VARIES, FIELD_CT_OTHER);
		return;
	case NFT_CT_DST:
	case NFT_CT_DST_IP:
	case NFT_CT_DST_IP6:
		load_ct_address(run, a, false);
		return;
	case NFT_CT_SRC:
	case NFT_CT_SRC_IP:
	case NFT_CT_SRC_IP6:
		load_ct_address(run, a, true);
		return;
	case NFT_CT_MARK:
		load_open(run, reg, 4, BYTE_VARIES, FIELD_CT_MARK);
		return;
	default:
		load_open(run, reg, 16, BYTE_VARIES, FIELD_CT_OTHER);
	}
}

/* What has a connection, or a zone for it, keeps it (nft_notrack_eval(), xt_ct_target()). */
void rule_run_untrack(struct rule_run *run)
{
	enum ct_view view = ct_view(run);
	run->untracks = view == CT_TRACKED ? 0 : view == CT_OPEN ? 2 : 1;
}

void load_notrack(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	rule_run_untrack(run);
}

/* --- fib --- */

void load_fib(struct rule_run *run, const struct attrs *a)
{
	const struct packet *packet = &run->state->packet;
	struct attr reg = a->at[NFTA_FIB_DREG];
	uint32_t result = attr_be32(a->at[NFTA_FIB_RESULT], 0), flags = attr_be32(a->at[NFTA_FIB_FLAGS], 0);
	bool dest = flags & NFTA_FIB_F_DADDR, source = flags & NFTA_FIB_F_SADDR;
	bool type = result == NFT_FIB_RESULT_ADDRTYPE;
	bool local = packet->known & PACKET_DEST_LOCAL && !packet_may_be_to_many(packet);
	/* Of one interface: an address of another one is a unicast address like any (fib_frontend.c, __inet_dev_addr_type()). */
	bool of_one = flags & (NFTA_FIB_F_IIF | NFTA_FIB_F_OIF);
	bool here = flags & NFTA_FIB_F_IIF && packet->dest_of_iif == DEST_OF_IIF,
	     elsewhere = flags & NFTA_FIB_F_IIF && packet->dest_of_iif == DEST_OF_OTHER;
	if (type && dest && local && (!of_one || here))
		load_u32(run, reg, RTN_LOCAL, FIELD_FIB);
	else if (type && dest && local && elsewhere)
		load_u32(run, reg, RTN_UNICAST, FIELD_FIB);
	else if (type && of_one)
		load_open(run, reg, 4, BYTE_VARIES, FIELD_FIB);
	else if (result == NFT_FIB_RESULT_ADDRTYPE && source && packet->known & PACKET_SOURCE_REMOTE)
		load_u32(run, reg, RTN_UNICAST, FIELD_FIB);
	else if (result != NFT_FIB_RESULT_ADDRTYPE && source && packet->known & PACKET_ROUTES_BACK &&
	         flags & NFTA_FIB_F_PRESENT)
		load_u8(run, reg, 1, FIELD_FIB);
	else if (result == NFT_FIB_RESULT_OIF && source && packet->known & PACKET_ROUTES_BACK)
		load_u32(run, reg, packet->iif, FIELD_FIB);
	else if (result == NFT_FIB_RESULT_OIFNAME && source && packet->known & PACKET_ROUTES_BACK)
		load_name(run, reg, packet->known & PACKET_IIF, packet->iifname, FIELD_FIB);
	else
		load_open(run, reg, result == NFT_FIB_RESULT_OIFNAME ? 16 : 4, BYTE_VARIES, FIELD_FIB);
}

/* --- arithmetic --- */

void load_bitwise(struct rule_run *run, const struct attrs *a)
{
	enum { OP_MASK_XOR = 0 };
	struct fw_registers *registers = &run->registers;
	unsigned from = fw_register(attr_be32(a->at[NFTA_BITWISE_SREG], 0));
	unsigned to = fw_register(attr_be32(a->at[NFTA_BITWISE_DREG], 0));
	uint32_t len = attr_be32(a->at[NFTA_BITWISE_LEN], 0);
	size_t mask_len, flip_len;
	const uint8_t *mask = nft_value(a->at[NFTA_BITWISE_MASK], &mask_len);
	const uint8_t *flip = nft_value(a->at[NFTA_BITWISE_XOR], &flip_len);
	bool simple = attr_be32(a->at[NFTA_BITWISE_OP], OP_MASK_XOR) == OP_MASK_XOR && mask && flip;
	if (from + len > FW_REGISTER_BYTES || to + len > FW_REGISTER_BYTES)
		return;
	if (!simple || mask_len < len || flip_len < len) {
		fw_set_open(registers, to, len, BYTE_UNREAD, FIELD_OTHER);
		return;
	}
	for (uint32_t i = 0; i < len; i++) {
		uint8_t known = registers->byte[from + i];
		registers->field[to + i] = registers->field[from + i];
		registers->at[to + i] = registers->at[from + i];
		registers->mask[to + i] = known == BYTE_KNOWN ? 0xff : (uint8_t)(registers->mask[from + i] & mask[i]);
		registers->value[to + i] = (uint8_t)((registers->value[from + i] & mask[i]) ^ flip[i]);
		/* No bit of it is left: the byte is known whatever it was. */
		registers->byte[to + i] = known != BYTE_KNOWN && !registers->mask[to + i] ? BYTE_KNOWN : known;
		/* Bits that are flipped could be told apart no more by their mask. */
		if (registers->byte[to + i] == BYTE_VARIES && flip[i])
			registers->mask[to + i] = 0xff;
	}
}

void load_byteorder(struct rule_run *run, const struct attrs *a)
{
	struct fw_registers *registers = &run->registers;
	unsigned from = fw_register(attr_be32(a->at[NFTA_BYTEORDER_SREG], 0));
	unsigned to = fw_register(attr_be32(a->at[NFTA_BYTEORDER_DREG], 0));
	uint32_t len = attr_be32(a->at[NFTA_BYTEORDER_LEN], 0), size = attr_be32(a->at[NFTA_BYTEORDER_SIZE], 0);
	struct fw_registers before = *registers;
	if (!size || len % size || from > FW_REGISTER_BYTES || len > FW_REGISTER_BYTES - from ||
	    to > FW_REGISTER_BYTES || len > FW_REGISTER_BYTES - to)
		return;
	bool swaps = htons(1) != 1;
	for (uint32_t i = 0; i < len; i++) {
		unsigned source = from + (swaps ? i / size * size + (size - 1 - i % size) : i);
		registers->value[to + i] = before.value[source];
		registers->mask[to + i] = before.mask[source];
		registers->byte[to + i] = before.byte[source];
		registers->field[to + i] = before.field[source];
		registers->at[to + i] =
			(uint8_t)(i % size | ((before.at[source] ^ (swaps ? FW_AT_SWAPPED : 0)) & FW_AT_SWAPPED));
	}
}

void load_random(struct rule_run *run, const struct attrs *a)
{
	load_open(run, a->at[1], 4, BYTE_VARIES, FIELD_OTHER); /* NFTA_NG_DREG */
}
