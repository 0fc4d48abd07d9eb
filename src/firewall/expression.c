// SPDX-License-Identifier: MIT
/*
 * expression.c - nft's expressions over a packet that is known in part (expression.h).
 *
 * A table of them by name; the numbers of attributes are those of
 * linux/netfilter/nf_tables.h. What is not in the table may do anything: the
 * rule then cannot be judged. The expressions of iptables-nft are in xt.c.
 */
#include "firewall/expression.h"

/* Before linux/in.h, which gives way to it. */
#include <netinet/in.h>

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>

#include "firewall/condition.h"
#include "firewall/nft_attr.h"
#include "firewall/set_lookup.h"
#include "firewall/xt.h"

/* --- the rule's state --- */

static uint8_t nfproto(const struct rule_run *run)
{
	return run->state->packet.family == AF_INET6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

static void load(struct rule_run *run, struct attr reg, const void *value, size_t len, enum fw_field field)
{
	unsigned offset = fw_register(attr_be32(reg, 0));
	fw_set_known(&run->registers, offset, value, len, field);
	fw_pad(&run->registers, offset, len);
}

static void load_open(struct rule_run *run, struct attr reg, size_t len, enum fw_byte byte, enum fw_field field)
{
	unsigned offset = fw_register(attr_be32(reg, 0));
	fw_set_open(&run->registers, offset, len, byte, field);
	fw_pad(&run->registers, offset, len);
}

static void load_u32(struct rule_run *run, struct attr reg, uint32_t value, enum fw_field field)
{
	load(run, reg, &value, sizeof(value), field);
}

static void load_u8(struct rule_run *run, struct attr reg, uint8_t value, enum fw_field field)
{
	load(run, reg, &value, sizeof(value), field);
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
	if (packet->proto == IPPROTO_TCP)
		fw_set_known(&header->bytes, 13, &flags, 1, FIELD_HEADER);
	header_port(header, 2, packet->dest_port, packet_dest_port_known(packet), FIELD_DPORT);
	header_port(header, 0, packet->source_port, packet_source_port_known(packet), FIELD_SPORT);
}

static void on_payload(struct rule_run *run, const struct attrs *a)
{
	uint32_t base = attr_be32(a->at[NFTA_PAYLOAD_BASE], ~0u), offset = attr_be32(a->at[NFTA_PAYLOAD_OFFSET], ~0u);
	uint32_t len = attr_be32(a->at[NFTA_PAYLOAD_LEN], 0);
	unsigned reg = fw_register(attr_be32(a->at[NFTA_PAYLOAD_DREG], 0));
	struct header header;
	/* It writes into the packet: a checksum, a header field. Ports and addresses are not followed. */
	if (a->at[NFTA_PAYLOAD_SREG].data) {
		bool ours = base == NFT_PAYLOAD_TRANSPORT_HEADER ? offset < 4 : offset >= 8;
		if (ours)
			rule_run_settle(run, MATCH_UNREAD, "a rule that rewrites the packet");
		return;
	}
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
	load(run, reg, padded, sizeof(padded), field);
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
	if (attr_be32(a->at[NFTA_META_KEY], ~0u) != NFT_META_MARK)
		return;
	run->sets_mark = true;
	run->mark_known = fw_is_known(&run->registers, reg, 4);
	if (run->mark_known)
		memcpy(&run->mark, run->registers.value + reg, 4);
}

static void on_meta(struct rule_run *run, const struct attrs *a)
{
	const struct packet *packet = &run->state->packet;
	struct attr reg = a->at[NFTA_META_DREG];
	uint16_t ether = htons(packet->family == AF_INET6 ? ETH_P_IPV6 : ETH_P_IP);
	bool iif = packet->known & PACKET_IIF || !has_iif(run->hook),
	     oif = packet->known & PACKET_OIF || !has_oif(run->hook);
	if (a->at[NFTA_META_SREG].data) {
		set_meta(run, a);
		return;
	}
	switch (attr_be32(a->at[NFTA_META_KEY], ~0u)) {
	case NFT_META_L4PROTO:
		load_u8(run, reg, packet->proto, FIELD_L4PROTO);
		return;
	case NFT_META_NFPROTO:
		load_u8(run, reg, nfproto(run), FIELD_NFPROTO);
		return;
	case NFT_META_PROTOCOL:
		load(run, reg, &ether, sizeof(ether), FIELD_META);
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
enum { STATE_BIT_NEW = 8, STATE_BIT_ESTABLISHED = 2, STATE_BIT_UNTRACKED = 64 };

static void load_ct_state(struct rule_run *run, struct attr reg)
{
	const struct packet_state *state = run->state;
	if (state->untracked == 2)
		load_open(run, reg, 4, BYTE_VARIES, FIELD_CT_STATE);
	else if (state->untracked)
		load_u32(run, reg, STATE_BIT_UNTRACKED, FIELD_CT_STATE);
	else
		load_u32(run, reg, state->packet.reply ? STATE_BIT_ESTABLISHED : STATE_BIT_NEW, FIELD_CT_STATE);
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
		load(run, a->at[NFTA_CT_DREG], addr->byte, len, source ? FIELD_SADDR : FIELD_DADDR);
	else
		load_open(run, a->at[NFTA_CT_DREG], len, BYTE_VARIES, FIELD_CT_OTHER);
}

static void on_ct(struct rule_run *run, const struct attrs *a)
{
	const struct packet_state *state = run->state;
	struct attr reg = a->at[NFTA_CT_DREG];
	uint16_t port = htons(state->original.dest_port);
	bool original = is_original(a);
	if (a->at[NFTA_CT_SREG].data)
		return; /* marks and labels of the connection, which nothing here reads again but as varying */
	switch (attr_be32(a->at[NFTA_CT_KEY], ~0u)) {
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
			load(run, reg, &port, sizeof(port), FIELD_DPORT);
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

static void on_notrack(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	run->untracks = true;
}

/* --- fib --- */

static void on_fib(struct rule_run *run, const struct attrs *a)
{
	const struct packet *packet = &run->state->packet;
	struct attr reg = a->at[NFTA_FIB_DREG];
	uint32_t result = attr_be32(a->at[NFTA_FIB_RESULT], 0), flags = attr_be32(a->at[NFTA_FIB_FLAGS], 0);
	bool dest = flags & NFTA_FIB_F_DADDR, source = flags & NFTA_FIB_F_SADDR;
	if (result == NFT_FIB_RESULT_ADDRTYPE && dest && packet->known & PACKET_DEST_LOCAL)
		load_u32(run, reg, RTN_LOCAL, FIELD_FIB);
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

static void on_bitwise(struct rule_run *run, const struct attrs *a)
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

static void on_byteorder(struct rule_run *run, const struct attrs *a)
{
	struct fw_registers *registers = &run->registers;
	unsigned from = fw_register(attr_be32(a->at[NFTA_BYTEORDER_SREG], 0));
	unsigned to = fw_register(attr_be32(a->at[NFTA_BYTEORDER_DREG], 0));
	uint32_t len = attr_be32(a->at[NFTA_BYTEORDER_LEN], 0), size = attr_be32(a->at[NFTA_BYTEORDER_SIZE], 0);
	struct fw_registers before = *registers;
	if (from + len > FW_REGISTER_BYTES || to + len > FW_REGISTER_BYTES || !size || len % size)
		return;
	bool swaps = htons(1) != 1;
	for (uint32_t i = 0; i < len; i++) {
		unsigned source = from + (swaps ? i / size * size + (size - 1 - i % size) : i);
		registers->value[to + i] = before.value[source];
		registers->mask[to + i] = before.mask[source];
		registers->byte[to + i] = before.byte[source];
		registers->field[to + i] = before.field[source];
		registers->at[to + i] = (uint8_t)(i % size);
	}
}

/* --- conditions --- */

static void on_cmp(struct rule_run *run, const struct attrs *a)
{
	static const char *const words[] = { [NFT_CMP_EQ] = "",    [NFT_CMP_NEQ] = "!=", [NFT_CMP_LT] = "<",
		                             [NFT_CMP_LTE] = "<=", [NFT_CMP_GT] = ">",   [NFT_CMP_GTE] = ">=" };
	static const uint8_t zeros[FW_REGISTER_BYTES];
	uint8_t ones[FW_REGISTER_BYTES];
	unsigned reg = fw_register(attr_be32(a->at[NFTA_CMP_SREG], 0));
	uint32_t op = attr_be32(a->at[NFTA_CMP_OP], ~0u);
	char what[PACKET_CONDITION_MAX] = "a comparison";
	size_t len;
	const uint8_t *value = nft_value(a->at[NFTA_CMP_DATA], &len);
	enum fw_match match = MATCH_UNREAD;
	memset(ones, 0xff, sizeof(ones));
	if (value && len <= FW_REGISTER_BYTES && op < countof(words)) {
		enum fw_match equal = fw_equal(&run->registers, reg, value, len);
		enum fw_match at_most = fw_between(&run->registers, reg, zeros, value, len);
		enum fw_match at_least = fw_between(&run->registers, reg, value, ones, len);
		const enum fw_match results[] = {
			[NFT_CMP_EQ] = equal,    [NFT_CMP_NEQ] = fw_not(equal),  [NFT_CMP_LT] = fw_not(at_least),
			[NFT_CMP_LTE] = at_most, [NFT_CMP_GT] = fw_not(at_most), [NFT_CMP_GTE] = at_least
		};
		match = results[op];
		if (match > MATCH_NO)
			condition_compare(what, &run->registers, reg, words[op], value, len, run->state->packet.family);
	}
	rule_run_settle(run, match, what);
}

static void on_range(struct rule_run *run, const struct attrs *a)
{
	unsigned reg = fw_register(attr_be32(a->at[NFTA_RANGE_SREG], 0));
	char what[PACKET_CONDITION_MAX] = "a range", high[PACKET_CONDITION_MAX] = "";
	size_t from_len, to_len;
	const uint8_t *from = nft_value(a->at[NFTA_RANGE_FROM_DATA], &from_len);
	const uint8_t *to = nft_value(a->at[NFTA_RANGE_TO_DATA], &to_len);
	bool outside = attr_be32(a->at[NFTA_RANGE_OP], NFT_RANGE_EQ) == NFT_RANGE_NEQ;
	enum fw_match match = MATCH_UNREAD;
	if (from && to && from_len == to_len && from_len <= FW_REGISTER_BYTES) {
		match = fw_between(&run->registers, reg, from, to, from_len);
		match = outside ? fw_not(match) : match;
		condition_compare(what, &run->registers, reg, outside ? "not from" : "from", from, from_len,
		                  run->state->packet.family);
		condition_compare(high, &run->registers, reg, "to", to, to_len, run->state->packet.family);
		const char *behind = strstr(high, " to ");
		size_t used = strlen(what);
		snprintf(what + used, sizeof(what) - used, "%s", behind ? behind : "");
	}
	rule_run_settle(run, match, what);
}

/* What a map gives: one value, or one of several. */
static void load_mapped(struct rule_run *run, struct attr reg, const struct set_answer *answer)
{
	const struct fw_element *element = answer->count ? &run->ruleset->element[answer->element[0]] : NULL;
	if (element && answer->count == 1 && !answer->more && element->data.len)
		load(run, reg, run->ruleset->bytes + element->data.offset, element->data.len, FIELD_OTHER);
	else
		load_open(run, reg, 16, BYTE_VARIES, FIELD_OTHER);
}

static void take_verdicts(struct rule_run *run, const struct set_answer *answer)
{
	bool sure = answer->match == MATCH_YES && answer->count == 1 && !answer->more;
	for (unsigned i = 0; i < answer->count; i++) {
		const struct fw_element *element = &run->ruleset->element[answer->element[i]];
		if (element->verdict != FW_NO_VERDICT)
			rule_run_verdict(run, element->verdict, element->jump, !sure);
	}
	if (answer->more)
		rule_run_settle(run, MATCH_UNREAD, "a map with many verdicts");
}

static void on_lookup(struct rule_run *run, const struct attrs *a)
{
	enum { SET_NAME_ANONYMOUS = '_' }; /* "__set%d": nft's names of sets without one */
	char name[FW_NAME_MAX], what[PACKET_CONDITION_MAX];
	unsigned reg = fw_register(attr_be32(a->at[NFTA_LOOKUP_SREG], 0));
	bool inverted = attr_be32(a->at[NFTA_LOOKUP_FLAGS], 0) & NFT_LOOKUP_F_INV;
	uint32_t to = attr_be32(a->at[NFTA_LOOKUP_DREG], ~0u);
	struct set_answer answer = { .match = MATCH_UNREAD };
	attr_text(name, sizeof(name), a->at[NFTA_LOOKUP_SET]);
	const struct fw_set *set =
		ruleset_set(run->ruleset, run->rule->family, ruleset_text(run->ruleset, run->rule->table), name);
	if (set)
		set_lookup(run, set, reg, &answer);
	bool anonymous = name[0] == SET_NAME_ANONYMOUS && name[1] == SET_NAME_ANONYMOUS;
	condition_lookup(what, &run->registers, reg, name, anonymous, inverted, run->state->packet.family);
	if (a->at[NFTA_LOOKUP_DREG].data && to == NFT_REG_VERDICT)
		take_verdicts(run, &answer);
	else if (a->at[NFTA_LOOKUP_DREG].data)
		load_mapped(run, a->at[NFTA_LOOKUP_DREG], &answer);
	rule_run_settle(run, inverted ? fw_not(answer.match) : answer.match, what);
}

/* It holds or fails by what came before: packets a second, bytes, connections. */
static void on_limit(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	rule_run_settle(run, MATCH_PERHAPS, "a limit");
}

/* Adds to a set; fails only by the limits inside it. */
static void on_dynset(struct rule_run *run, const struct attrs *a)
{
	if (a->at[NFTA_DYNSET_EXPR].data || a->at[10].data) /* NFTA_DYNSET_EXPRESSIONS */
		rule_run_settle(run, MATCH_PERHAPS, "a limit of a set");
}

static void on_objref(struct rule_run *run, const struct attrs *a)
{
	uint32_t type = attr_be32(a->at[NFTA_OBJREF_IMM_TYPE], NFT_OBJECT_UNSPEC);
	if (type == NFT_OBJECT_QUOTA || type == NFT_OBJECT_LIMIT || type == NFT_OBJECT_CONNLIMIT)
		rule_run_settle(run, MATCH_PERHAPS, "a limit");
	else if (type == NFT_OBJECT_SYNPROXY || type == NFT_OBJECT_UNSPEC)
		rule_run_settle(run, MATCH_UNREAD, "a named object");
}

/* --- verdicts --- */

static void on_immediate(struct rule_run *run, const struct attrs *a)
{
	size_t len;
	const uint8_t *value = nft_value(a->at[NFTA_IMMEDIATE_DATA], &len);
	if (attr_be32(a->at[NFTA_IMMEDIATE_DREG], ~0u) != NFT_REG_VERDICT) {
		if (value)
			load(run, a->at[NFTA_IMMEDIATE_DREG], value, len, FIELD_OTHER);
		return;
	}
	struct attrs data = attrs_nested(a->at[NFTA_IMMEDIATE_DATA]);
	struct attrs verdict = attrs_nested(data.at[NFTA_DATA_VERDICT]);
	struct attr chain = verdict.at[NFTA_VERDICT_CHAIN];
	int32_t code = (int32_t)attr_be32(verdict.at[NFTA_VERDICT_CODE], 0);
	uint32_t jump = 0;
	if (chain.data) {
		char name[FW_NAME_MAX];
		attr_text(name, sizeof(name), chain);
		const struct fw_chain *target = ruleset_chain(run->ruleset, run->rule->family,
		                                              ruleset_text(run->ruleset, run->rule->table), name);
		jump = target ? target->name : 0;
	}
	rule_run_verdict(run, code, jump, false);
}

static void on_reject(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	run->rejects = true;
	rule_run_verdict(run, NF_DROP, 0, false);
}

static bool take_port(struct rule_run *run, struct attr reg, uint16_t *port)
{
	unsigned offset = fw_register(attr_be32(reg, 0));
	if (!reg.data || !fw_is_known(&run->registers, offset, 2))
		return false;
	*port = (uint16_t)(run->registers.value[offset] << 8 | run->registers.value[offset + 1]);
	return true;
}

static bool same_register(const struct rule_run *run, struct attr min, struct attr max, size_t len)
{
	unsigned low = fw_register(attr_be32(min, 0)), high = fw_register(attr_be32(max, 0));
	return !max.data || low == high ||
	       (low + len <= FW_REGISTER_BYTES && high + len <= FW_REGISTER_BYTES &&
	        memcmp(run->registers.value + low, run->registers.value + high, len) == 0);
}

static void on_nat(struct rule_run *run, const struct attrs *a)
{
	struct attr addr = a->at[NFTA_NAT_REG_ADDR_MIN], port = a->at[NFTA_NAT_REG_PROTO_MIN];
	bool six = attr_be32(a->at[NFTA_NAT_FAMILY], NFPROTO_IPV4) == NFPROTO_IPV6;
	size_t len = six ? 16 : 4;
	unsigned offset = fw_register(attr_be32(addr, 0));
	if (attr_be32(a->at[NFTA_NAT_TYPE], ~0u) != NFT_NAT_DNAT) {
		rule_run_verdict(run, NF_ACCEPT, 0, false);
		return;
	}
	/* A rule for the other family: nft_nat_eval() finds the packet's own before, in inet tables too. */
	if (six != (run->state->packet.family == AF_INET6)) {
		rule_run_settle(run, MATCH_NO, "");
		return;
	}
	run->translates = true;
	run->nat.kind = NAT_DNAT;
	if (addr.data && fw_is_known(&run->registers, offset, len)) {
		run->nat.to_family = six ? AF_INET6 : AF_INET;
		memcpy(run->nat.to.byte, run->registers.value + offset, len);
	}
	run->nat.to_many =
		(addr.data && (!run->nat.to_family || !same_register(run, addr, a->at[NFTA_NAT_REG_ADDR_MAX], len))) ||
		(port.data && (!take_port(run, port, &run->nat.to_port) ||
	                       !same_register(run, port, a->at[NFTA_NAT_REG_PROTO_MAX], 2)));
	rule_run_verdict(run, NF_ACCEPT, 0, false);
}

static void on_redir(struct rule_run *run, const struct attrs *a)
{
	struct attr port = a->at[NFTA_REDIR_REG_PROTO_MIN];
	run->translates = true;
	run->nat.kind = NAT_REDIRECT;
	run->nat.to_many = port.data && (!take_port(run, port, &run->nat.to_port) ||
	                                 !same_register(run, port, a->at[NFTA_REDIR_REG_PROTO_MAX], 2));
	rule_run_verdict(run, NF_ACCEPT, 0, false);
}

/* Gives the packet to a listening socket of its address and port, if there is one (nft_tproxy_eval_v4). */
static void on_tproxy(struct rule_run *run, const struct attrs *a)
{
	enum { NFTA_TPROXY_FAMILY_ = 1, NFTA_TPROXY_REG_ADDR_ = 2, NFTA_TPROXY_REG_PORT_ = 3 };
	unsigned offset = fw_register(attr_be32(a->at[NFTA_TPROXY_REG_ADDR_], 0));
	bool six = run->state->packet.family == AF_INET6;
	run->translates = true;
	run->nat.kind = NAT_TPROXY;
	run->nat.to_many =
		a->at[NFTA_TPROXY_REG_PORT_].data && !take_port(run, a->at[NFTA_TPROXY_REG_PORT_], &run->nat.to_port);
	if (a->at[NFTA_TPROXY_REG_ADDR_].data && fw_is_known(&run->registers, offset, six ? 16 : 4)) {
		run->nat.to_family = six ? AF_INET6 : AF_INET;
		memcpy(run->nat.to.byte, run->registers.value + offset, six ? 16 : 4);
	}
}

/* Source addresses are no matter here; the connection goes on. */
static void on_masq(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	rule_run_verdict(run, NF_ACCEPT, 0, false);
}

/* The program that reads the queue decides. */
static void on_queue(struct rule_run *run, const struct attrs *a)
{
	(void)a;
	rule_run_verdict(run, NF_QUEUE, 0, false);
}

static void on_nothing(struct rule_run *run, const struct attrs *a)
{
	(void)run;
	(void)a;
}

static void on_random(struct rule_run *run, const struct attrs *a)
{
	load_open(run, a->at[1], 4, BYTE_VARIES, FIELD_OTHER); /* NFTA_NG_DREG */
}

static const struct {
	const char *name;
	void (*call)(struct rule_run *run, const struct attrs *attrs);
} expressions[] = {
	{ "payload", on_payload }, { "meta", on_meta },
	{ "ct", on_ct },           { "cmp", on_cmp },
	{ "range", on_range },     { "lookup", on_lookup },
	{ "bitwise", on_bitwise }, { "byteorder", on_byteorder },
	{ "fib", on_fib },         { "immediate", on_immediate },
	{ "reject", on_reject },   { "nat", on_nat },
	{ "redir", on_redir },     { "masq", on_masq },
	{ "tproxy", on_tproxy },   { "notrack", on_notrack },
	{ "limit", on_limit },     { "quota", on_limit },
	{ "connlimit", on_limit }, { "dynset", on_dynset },
	{ "objref", on_objref },   { "queue", on_queue },
	{ "numgen", on_random },   { "match", xt_match },
	{ "target", xt_target },   { "counter", on_nothing },
	{ "log", on_nothing },     { "last", on_nothing },
	{ "dup", on_nothing },     { "flow_offload", on_nothing },
};

/* Limits are left out: what they keep is as before a moment later. */
static bool writes_state(struct attr name, const struct attrs *data)
{
	static const char *const names[] = { "dynset", "connlimit", "log" };
	static const char *const matches[] = { "recent", "connlimit", "hashlimit" };
	static const char *const targets[] = { "LOG", "NFLOG", "SET", "AUDIT", "TRACE" };
	bool writes = false;
	for (size_t i = 0; i < countof(names); i++)
		writes |= attr_is(name, names[i]);
	for (size_t i = 0; i < countof(matches) && attr_is(name, "match"); i++)
		writes |= attr_is(data->at[NFTA_MATCH_NAME], matches[i]);
	for (size_t i = 0; i < countof(targets) && attr_is(name, "target"); i++)
		writes |= attr_is(data->at[NFTA_TARGET_NAME], targets[i]);
	return writes;
}

static void run_expression(struct rule_run *run, struct attr element)
{
	struct attrs expression = attrs_nested(element);
	struct attrs data = attrs_nested(expression.at[NFTA_EXPR_DATA]);
	struct attr name = expression.at[NFTA_EXPR_NAME];
	char what[PACKET_CONDITION_MAX], escaped[TEXT_ESCAPED_MAX(32) + 1];
	run->writes |= writes_state(name, &data);
	for (size_t i = 0; i < countof(expressions); i++)
		if (attr_is(name, expressions[i].name)) {
			expressions[i].call(run, &data);
			return;
		}
	/* It may write to any register, and end the rule. */
	fw_set_open(&run->registers, 0, FW_REGISTER_BYTES, BYTE_UNREAD, FIELD_OTHER);
	char plain[32];
	attr_text(plain, sizeof(plain), name);
	*text_escape(escaped, plain, strlen(plain), TEXT_LINE) = '\0';
	snprintf(what, sizeof(what), "the expression %s", *escaped ? escaped : "?");
	rule_run_settle(run, MATCH_UNREAD, what);
}

/* "dport >= 20" and "dport <= 30" are "dport 20-30"; others stand side by side, as far as there is room. */
static void join_condition(char text[PACKET_CONDITION_MAX], const char *what)
{
	size_t len = strlen(text), used = strcspn(what, "<");
	const char *low = strstr(text, " >= ");
	bool range = low && used && what[used] && !strncmp(what + used, "<= ", 3) && !strstr(low + 1, " >= ") &&
	             (size_t)(low + 1 - text) == used && !strncmp(text, what, used);
	if (!*what)
		return;
	if (range) {
		char from[PACKET_CONDITION_MAX];
		snprintf(from, sizeof(from), "%s", low + strlen(" >= "));
		snprintf(text + used, PACKET_CONDITION_MAX - used, "%s-%s", from, what + used + strlen("<= "));
	} else if (len + strlen(" and ") + strlen(what) < PACKET_CONDITION_MAX) {
		snprintf(text + len, PACKET_CONDITION_MAX - len, " and %s", what);
	} else if (len + strlen(" and more") < PACKET_CONDITION_MAX && !strstr(text, " and more")) {
		snprintf(text + len, PACKET_CONDITION_MAX - len, " and more");
	}
}

void rule_run_settle(struct rule_run *run, enum fw_match match, const char *what)
{
	if (match == MATCH_NO || run->match == MATCH_NO) {
		run->match = MATCH_NO;
		return;
	}
	if (match > MATCH_NO && match > run->match) {
		run->match = match;
		snprintf(run->condition, sizeof(run->condition), "%s", what);
	} else if (match == MATCH_PERHAPS && run->match == MATCH_PERHAPS) {
		join_condition(run->condition, what);
	}
}

void rule_run_verdict(struct rule_run *run, int32_t code, uint32_t jump, bool perhaps)
{
	if (run->verdicts < FW_VERDICTS_MAX)
		run->verdict[run->verdicts++] = (struct fw_verdict){ code, jump, perhaps };
}

void expression_run_rule(struct rule_run *run)
{
	struct attr_walk walk = { (const char *)run->ruleset->bytes + run->rule->expressions.offset,
		                  run->rule->expressions.len };
	struct attr element;
	run->match = MATCH_YES;
	fw_set_open(&run->registers, 0, FW_REGISTER_BYTES, BYTE_UNREAD, FIELD_OTHER);
	while (run->match != MATCH_NO && attr_next(&walk, &element))
		run_expression(run, element);
}
