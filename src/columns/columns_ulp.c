// SPDX-License-Identifier: MIT
/*
 * columns_ulp.c - the columns of what sits on a TCP connection: congestion control, TLS, MPTCP, MD5.
 *
 * Layouts: include/uapi/linux/inet_diag.h (struct tcpvegas_info, tcp_dctcp_info,
 * tcp_bbr_info, INET_ULP_INFO_*), tls.h (TLS_INFO_*), mptcp.h (MPTCP_SUBFLOW_ATTR_*),
 * tcp.h (struct tcp_diag_md5sig), Linux 6.18.
 */
#include "columns/columns.h"

#include <string.h>

#include <sockview/countof.h>

static struct bytes without_nul(struct bytes text)
{
	if (text.data)
		text.len = strnlen(text.data, text.len);
	return text.len ? text : (struct bytes){ 0 };
}

static void get_congestion(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	value_set_bytes(value, without_nul(source->sock->blob[BLOB_CONG]));
}

/* The kernel sends a bandwidth in two halves. */
static void get_bbr_bw(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	struct bytes blob = source->sock->blob[BLOB_BBR];
	uint32_t half[2];
	if (!blob.data || blob.len < sizeof(half))
		return;
	memcpy(half, blob.data, sizeof(half));
	uint64_t bytes = (uint64_t)half[1] << 32 | half[0];
	value_set_uint(value, bytes > UINT64_MAX / 8 ? UINT64_MAX : bytes * 8);
}

/* Fixed point, 8 bits behind it (net/ipv4/tcp_bbr.c, BBR_UNIT). */
static void get_bbr_gain(const struct column *column, const struct column_source *source, struct value *value)
{
	struct bytes blob = source->sock->blob[BLOB_BBR];
	uint64_t number;
	if (!column_field_read(&column->field, blob.data, blob.len, &number))
		return;
	value->kind = VALUE_REAL;
	value->real = (double)number / 256;
}

/* Each key is a struct tcp_diag_md5sig of 100 bytes. The keys are secrets: they are counted, never shown. */
static void get_md5_keys(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	struct bytes blob = source->sock->blob[BLOB_MD5SIG];
	if (blob.data)
		value_set_uint(value, blob.len / 100);
}

/* --- netlink attributes inside the blob --- */

struct attribute {
	uint16_t len, type; /* struct nlattr: the length counts these four bytes too */
};

#define ATTRIBUTE_TYPE 0x3fff /* without NLA_F_NESTED and NLA_F_NET_BYTEORDER */

static bool attribute_find(struct bytes from, unsigned type, struct bytes *found)
{
	const char *at = from.data;
	size_t left = at ? from.len : 0;
	struct attribute head;
	while (left >= sizeof(head)) {
		memcpy(&head, at, sizeof(head));
		if (head.len < sizeof(head) || head.len > left)
			return false;
		if ((head.type & ATTRIBUTE_TYPE) == type) {
			*found = (struct bytes){ at + sizeof(head), head.len - sizeof(head) };
			return true;
		}
		size_t step = ((size_t)head.len + 3) & ~(size_t)3;
		if (step > left)
			return false;
		at += step;
		left -= step;
	}
	return false;
}

enum ulp_info { ULP_NAME = 1, ULP_TLS = 2, ULP_MPTCP = 3 };

static void get_ulp(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	struct bytes name;
	if (attribute_find(source->sock->blob[BLOB_ULP], ULP_NAME, &name))
		value_set_bytes(value, without_nul(name));
}

static void get_ulp_number(const struct column *column, const struct column_source *source, struct value *value)
{
	struct bytes nest, found;
	uint64_t number;
	if (attribute_find(source->sock->blob[BLOB_ULP], column->field.told, &nest) &&
	    attribute_find(nest, column->field.offset, &found) &&
	    column_field_read(&(struct column_field){ .size = column->field.size }, found.data, found.len, &number))
		column_set(column, number, value);
}

/* A subflow tells its connection's token among what sits on TCP; the connection itself has it as its detail. */
static void get_mptcp_token(const struct column *column, const struct column_source *source, struct value *value)
{
	const struct sock_detail *detail = source->sock->detail;
	if (!detail || !(detail->has & HAS_MPTCP))
		get_ulp_number(column, source, value);
	else if (detail->mptcp.token)
		value_set_uint(value, detail->mptcp.token);
}

/* An attribute without content says yes by being there. */
static void get_ulp_flag(const struct column *column, const struct column_source *source, struct value *value)
{
	struct bytes nest, found;
	if (attribute_find(source->sock->blob[BLOB_ULP], column->field.told, &nest))
		value_set_bool(value, attribute_find(nest, column->field.offset, &found));
}

#define COLUMN(name_, type_, unit_, help_, ...) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = type_, .group = GROUP_INFO, .want = WANT_INFO, \
		__VA_ARGS__ \
	}
#define CC(name_, blob_, offset_, size_, unit_, help_) \
	COLUMN(name_, COLUMN_NUMBER, unit_, help_, .get = column_get_field, .field.from = FROM_BLOB + blob_, \
	       .field.offset = offset_, .field.size = size_)
#define GAIN(name_, offset_, help_) \
	COLUMN(name_, COLUMN_REAL, NULL, help_, .field.offset = offset_, .field.size = 4, .get = get_bbr_gain)
/* field.told: the nest; field.offset: the attribute in it. */
#define TLS(name_, type_, get_, attribute_, help_, ...) \
	COLUMN(name_, type_, NULL, help_, .field.told = ULP_TLS, .field.offset = attribute_, .field.size = 2, \
	       .get = get_, __VA_ARGS__)
#define MPTCP(name_, attribute_, size_, unit_, help_, ...) \
	COLUMN(name_, COLUMN_NUMBER, unit_, help_, .field.told = ULP_MPTCP, .field.offset = attribute_, \
	       .field.size = size_, .get = get_ulp_number, __VA_ARGS__)
/* Linux 6.18 tells sequence numbers to CAP_NET_ADMIN alone (net/mptcp/diag.c). */
#define SECRET(name_, attribute_, size_, unit_, help_) \
	MPTCP(name_, attribute_, size_, unit_, help_, .need = NEED_NET_ADMIN)
#define TLS_CONF WORDS("", "none", "sw", "hw", "hw-record")

const struct column columns_ulp[] = {
	COLUMN("congestion", COLUMN_TEXT, NULL, "congestion control: cubic, bbr, dctcp ...", .get = get_congestion),
	CC("vegas_enabled", BLOB_VEGAS, 0, 4, NULL, "vegas is at work"),
	CC("vegas_rttcnt", BLOB_VEGAS, 4, 4, NULL, "round trips measured"),
	CC("vegas_rtt", BLOB_VEGAS, 8, 4, "us", "propagation delay"),
	CC("vegas_minrtt", BLOB_VEGAS, 12, 4, "us", "least round trip time"),
	CC("dctcp_enabled", BLOB_DCTCP, 0, 2, NULL, "dctcp is at work; 0: it fell back to reno"),
	CC("dctcp_ce_state", BLOB_DCTCP, 2, 2, NULL, "the last packet came with a congestion mark"),
	CC("dctcp_alpha", BLOB_DCTCP, 4, 4, NULL, "share of marked packets, of 1024"),
	CC("dctcp_ab_ecn", BLOB_DCTCP, 8, 4, "bytes", "acknowledged with a mark"),
	CC("dctcp_ab_tot", BLOB_DCTCP, 12, 4, "bytes", "acknowledged"),
	COLUMN("bbr_bw", COLUMN_NUMBER, "bit/s", "bandwidth as bbr sees it", .get = get_bbr_bw),
	CC("bbr_min_rtt", BLOB_BBR, 8, 4, "us", "least round trip time as bbr sees it"),
	GAIN("bbr_pacing_gain", 12, "factor of the pacing rate"),
	GAIN("bbr_cwnd_gain", 16, "factor of the congestion window"),
	COLUMN("ulp", COLUMN_TEXT, NULL, "upper layer protocol: tls, mptcp ...", .get = get_ulp),
	TLS("tls_version", COLUMN_TEXT, get_ulp_number, 1, "1.2 or 1.3", .first_word = 0x303,
	    .words = WORDS("1.2", "1.3")),
	TLS("tls_cipher", COLUMN_TEXT, get_ulp_number, 2, "aes-gcm-128 ...", .first_word = 51,
	    .words = WORDS("aes-gcm-128", "aes-gcm-256", "aes-ccm-128", "chacha20-poly1305", "sm4-gcm", "sm4-ccm",
	                   "aria-gcm-128", "aria-gcm-256")),
	TLS("tls_tx", COLUMN_TEXT, get_ulp_number, 3, "what encrypts: none, sw (the kernel), hw (the device)",
	    .words = TLS_CONF),
	TLS("tls_rx", COLUMN_TEXT, get_ulp_number, 4, "what decrypts, likewise", .words = TLS_CONF),
	TLS("tls_zerocopy_tx", COLUMN_BOOL, get_ulp_flag, 5, "sendfile without a copy"),
	TLS("tls_rx_no_pad", COLUMN_BOOL, get_ulp_flag, 6, "records are expected without padding"),
	MPTCP("mptcp_token_remote", 1, 4, NULL, "the connection's token at the peer"),
	MPTCP("mptcp_token_local", 2, 4, NULL, "the connection's token here"),
	SECRET("mptcp_relwrite_seq", 3, 4, NULL, "subflow's sequence number of the next byte to send"),
	SECRET("mptcp_map_seq", 4, 8, NULL, "data sequence number of the mapping"),
	SECRET("mptcp_map_sfseq", 5, 4, NULL, "subflow's sequence number of the mapping"),
	SECRET("mptcp_ssn_offset", 6, 4, NULL, "of the subflow's first byte"),
	SECRET("mptcp_map_datalen", 7, 2, "bytes", "length of the mapping"),
	MPTCP("mptcp_flags", 8, 4, NULL, "MPTCP_SUBFLOW_FLAG_* of linux/mptcp.h"),
	MPTCP("mptcp_id_remote", 9, 1, NULL, "number of the peer's address"),
	MPTCP("mptcp_id_local", 10, 1, NULL, "number of our address"),
	COLUMN("md5_keys", COLUMN_NUMBER, NULL, "how many TCP MD5 keys; only CAP_NET_ADMIN is told",
	       .need = NEED_NET_ADMIN, .get = get_md5_keys),
	{ .name = "mptcp_token",
	  .type = COLUMN_NUMBER,
	  .group = GROUP_FAMILY,
	  .want = WANT_INFO | WANT_DETAIL,
	  .protos = PROTO_BIT(PROTO_TCP),
	  .field.told = ULP_MPTCP,
	  .field.offset = 2,
	  .field.size = 4,
	  .get = get_mptcp_token,
	  .help = "the MPTCP connection's token here, also of its TCP subflows" },
};
const size_t columns_ulp_count = countof(columns_ulp);
