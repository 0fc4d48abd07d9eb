// SPDX-License-Identifier: MIT
/*
 * columns_info.c - the columns of struct tcp_info, and what follows from them.
 *
 * The offsets are those of include/uapi/linux/tcp.h in Linux 6.18. The kernel only
 * ever appended fields, so a shorter answer lacks the last ones: they are
 * absent. (Later kernels gave the last four bytes another meaning.)
 */
#include "columns/columns.h"

#include <string.h>

#include <sockview/countof.h>

/* Bit fields of a byte begin at its low end on little-endian machines and at its high end on others. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BIT_FIELD(low, bits) (low)
#else
#define BIT_FIELD(low, bits) (8 - (low) - (bits))
#endif

#define APP_LIMITED_BIT (1u << BIT_FIELD(0, 1))

static bool info_number(const struct column_source *source, uint16_t offset, uint8_t size, uint64_t *number)
{
	const struct column_field field = {
		.from = FROM_BLOB + BLOB_TCP_INFO, .offset = offset, .size = size, .rule = FIELD_NOT_LISTEN
	};
	return column_field_number(&field, source, number);
}

#define AT_APP_LIMITED    7
#define AT_SND_MSS        16
#define AT_RTT            68
#define AT_SND_CWND       80
#define AT_BUSY_TIME      168
#define AT_RWND_LIMITED   176
#define AT_SNDBUF_LIMITED 184
#define AT_BYTES_SENT     200
#define AT_BYTES_RETRANS  208

static void get_retrans_share(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	uint64_t sent, again;
	if (!info_number(source, AT_BYTES_SENT, 8, &sent) || !info_number(source, AT_BYTES_RETRANS, 8, &again) || !sent)
		return;
	value->kind = VALUE_REAL;
	value->real = (double)again / (double)sent;
}

/* A window a round trip, which is what ss calls send. */
static void get_send_rate(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	uint64_t cwnd, mss, rtt;
	if (!info_number(source, AT_SND_CWND, 4, &cwnd) || !info_number(source, AT_SND_MSS, 4, &mss) ||
	    !info_number(source, AT_RTT, 4, &rtt) || !rtt)
		return;
	double rate = (double)cwnd * (double)mss * 8e6 / (double)rtt;
	value_set_uint(value, rate < 1.8e19 ? (uint64_t)rate : UINT64_MAX);
}

/*
 * The times are parts of the busy time (tcp_get_info_chrono_stats, net/ipv4/tcp.c):
 * the receiver's window or our send buffer is to blame if it held the sender
 * up for half of that or longer; the application if it had nothing to send
 * when the rate was measured last; else what lies between, and the congestion window with it.
 */
static void get_limited_by(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	uint64_t busy, rwnd, sndbuf, flags;
	if (!info_number(source, AT_BUSY_TIME, 8, &busy) || !info_number(source, AT_RWND_LIMITED, 8, &rwnd) ||
	    !info_number(source, AT_SNDBUF_LIMITED, 8, &sndbuf) || !info_number(source, AT_APP_LIMITED, 1, &flags) ||
	    !busy)
		return;
	uint64_t half = busy / 2 + busy % 2;
	if (rwnd >= half && rwnd >= sndbuf)
		value_set_word(value, "receive-window");
	else if (sndbuf >= half)
		value_set_word(value, "send-buffer");
	else
		value_set_word(value, flags & APP_LIMITED_BIT ? "application" : "network");
}

#define INFO_COLUMN(name_, type_, unit_, help_, ...) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = type_, .group = GROUP_INFO, .want = WANT_INFO, \
		.field.from = FROM_BLOB + BLOB_TCP_INFO, __VA_ARGS__ \
	}
#define INFO(name_, offset_, size_, unit_, rule_, help_, ...) \
	INFO_COLUMN(name_, COLUMN_NUMBER, unit_, help_, .field.offset = offset_, .field.size = size_, \
	            .field.rule = rule_, .get = column_get_field, __VA_ARGS__)
#define RATE(name_, offset_, rule_, help_) \
	INFO_COLUMN(name_, COLUMN_NUMBER, "bit/s", help_, .field.offset = offset_, .field.size = 8, .field.scale = 8, \
	            .field.rule = rule_, .get = column_get_field)
#define BITS(name_, type_, offset_, low_, bits_, help_, ...) \
	INFO_COLUMN(name_, type_, NULL, help_, .field.offset = offset_, .field.size = 1, .field.shift = low_, \
	            .field.bits = bits_, .field.rule = FIELD_NOT_LISTEN, .get = column_get_field, __VA_ARGS__)
#define FLAG(name_, offset_, bit_, help_) BITS(name_, COLUMN_BOOL, offset_, bit_, 1, help_)
#define NL                                FIELD_NOT_LISTEN
#define NLS                               (FIELD_NOT_LISTEN | FIELD_NOT_SYN_SENT)
#define NL0                               (FIELD_NOT_LISTEN | FIELD_ZERO_ABSENT)

const struct column columns_info[] = {
	INFO_COLUMN("limited_by", COLUMN_TEXT, NULL,
	            "what held the sender up most: receive-window, send-buffer, application, network",
	            .get = get_limited_by),
	INFO_COLUMN("retrans_share", COLUMN_REAL, NULL, "retransmitted bytes / bytes sent, 0 to 1",
	            .get = get_retrans_share),
	INFO_COLUMN("send_rate", COLUMN_NUMBER, "bit/s", "congestion window / round trip time", .get = get_send_rate),
	INFO("tcpi_state", 0, 1, NULL, 0, "the kernel's number of the state"),
	/* enum tcp_ca_state */
	INFO_COLUMN("ca_state", COLUMN_TEXT, NULL, "congestion state: open, disorder, cwr, recovery, loss",
	            .field.offset = 1, .field.size = 1, .field.rule = NL, .get = column_get_field,
	            .words = WORDS("open", "disorder", "cwr", "recovery", "loss")),
	INFO("tcpi_retransmits", 2, 1, NULL, NL, "timeouts in a row", .mark = COLUMN_MARK_SOME),
	INFO("tcpi_probes", 3, 1, NULL, NL, "zero window probes not answered", .mark = COLUMN_MARK_SOME),
	INFO("backoff", 4, 1, NULL, NL, "how often the timeout was doubled"),
	INFO("tcpi_options", 5, 1, NULL, NL, "the flags that follow, as a number"),
	FLAG("timestamps", 5, 0, "RFC 7323 timestamps are used"),
	FLAG("sack", 5, 1, "selective acknowledgements are used"),
	FLAG("wscale", 5, 2, "window scaling is used"),
	FLAG("ecn", 5, 3, "ECN was agreed on"),
	FLAG("ecn_seen", 5, 4, "a packet with ECT has come"),
	FLAG("syn_data", 5, 5, "data in the SYN was sent or received and acknowledged"),
	FLAG("usec_timestamps", 5, 6, "timestamps count microseconds"),
	FLAG("ecn_low", 5, 7, "low latency ECN"),
	BITS("snd_wscale", COLUMN_NUMBER, 6, BIT_FIELD(0, 4), 4, "shift of the windows the peer tells"),
	BITS("rcv_wscale", COLUMN_NUMBER, 6, BIT_FIELD(4, 4), 4, "shift of the windows we tell"),
	FLAG("app_limited", 7, BIT_FIELD(0, 1),
	     "the delivery rate was measured while the application had nothing to send"),
	/* enum tcp_fastopen_client_fail */
	BITS("fastopen_fail", COLUMN_TEXT, 7, BIT_FIELD(1, 2), 2,
	     "why TCP Fast Open failed: no-cookie, data-not-acked, syn-retransmitted",
	     .words = WORDS("", "no-cookie", "data-not-acked", "syn-retransmitted")),
	INFO("rto", 8, 4, "us", NL, "retransmission timeout"),
	INFO("ato", 12, 4, "us", NL, "delayed acknowledgement timeout"),
	INFO("snd_mss", 16, 4, "bytes", NL, "largest segment we send"),
	INFO("rcv_mss", 20, 4, "bytes", NL, "largest segment the peer seems to send"),
	INFO("unacked", 24, 4, "segments", NL, "sent and not acknowledged"),
	INFO("sacked", 28, 4, "segments", NL, "of them, acknowledged selectively"),
	INFO("lost", 32, 4, "segments", NL, "of them, thought lost", .mark = COLUMN_MARK_SOME),
	INFO("retrans", 36, 4, "segments", NL, "of them, sent again", .mark = COLUMN_MARK_SOME),
	INFO("fackets", 40, 4, "segments", NL, "not told any more since Linux 4.15"),
	INFO("last_data_sent", 44, 4, "ms", NLS, "ago; none in SYN_SENT"),
	INFO("last_ack_sent", 48, 4, "ms", NL0, "never told by Linux"),
	INFO("last_data_recv", 52, 4, "ms", NLS, "ago; none in SYN_SENT"),
	INFO("last_ack_recv", 56, 4, "ms", NLS, "ago; none in SYN_SENT"),
	INFO("pmtu", 60, 4, "bytes", NL, "path MTU"),
	INFO("rcv_ssthresh", 64, 4, "bytes", NL, "largest window to be told yet"),
	INFO("rtt", 68, 4, "us", NL0, "smoothed round trip time"),
	INFO("rttvar", 72, 4, "us", NL, "its variation"),
	INFO("snd_ssthresh", 76, 4, "segments", NL | FIELD_SSTHRESH, "slow start threshold; none before a loss"),
	INFO("snd_cwnd", 80, 4, "segments", 0, "congestion window"),
	INFO("advmss", 84, 4, "bytes", NL, "largest segment we told the peer"),
	INFO("reordering", 88, 4, "segments", 0, "how far packets may come out of order"),
	INFO("rcv_rtt", 92, 4, "us", NL0, "round trip time as the receiver sees it"),
	INFO("rcv_space", 96, 4, "bytes", NL, "receive buffer's goal"),
	INFO("total_retrans", 100, 4, "segments", NL, "ever sent again"),
	RATE("pacing_rate", 104, FIELD_MAX_ABSENT, "at most sent"),
	RATE("max_pacing_rate", 112, FIELD_MAX_ABSENT, "its limit: SO_MAX_PACING_RATE; none if unlimited"),
	INFO("bytes_acked", 120, 8, "bytes", NL, "sent and acknowledged, ever"),
	INFO("bytes_received", 128, 8, "bytes", NL, "received in order, ever"),
	INFO("segs_out", 136, 4, "segments", NL, "sent, ever"),
	INFO("segs_in", 140, 4, "segments", NL, "received, ever"),
	INFO("notsent_bytes", 144, 4, "bytes", NL, "queued and not sent yet"),
	INFO("min_rtt", 148, 4, "us", NL0 | FIELD_MAX_ABSENT, "least round trip time of the last minutes"),
	INFO("data_segs_in", 152, 4, "segments", NL, "received with data, ever"),
	INFO("data_segs_out", 156, 4, "segments", NL, "sent with data, ever"),
	RATE("delivery_rate", 160, NL, "what arrived at the peer, as measured last"),
	INFO("busy_time", 168, 8, "us", NL, "with data to send"),
	INFO("rwnd_limited", 176, 8, "us", NL, "of it, held up by the peer's window"),
	INFO("sndbuf_limited", 184, 8, "us", NL, "of it, held up by our send buffer"),
	INFO("delivered", 192, 4, "segments", NL, "acknowledged, ever"),
	INFO("delivered_ce", 196, 4, "segments", NL, "of them, marked by ECN"),
	INFO("bytes_sent", 200, 8, "bytes", NL, "ever, again ones included"),
	INFO("bytes_retrans", 208, 8, "bytes", NL, "sent again, ever"),
	INFO("dsack_dups", 216, 4, "segments", NL, "the peer had received twice"),
	INFO("reord_seen", 220, 4, NULL, NL, "reorderings seen"),
	INFO("rcv_ooopack", 224, 4, "segments", NL, "received out of order"),
	INFO("snd_wnd", 228, 4, "bytes", NL, "window the peer told"),
	INFO("rcv_wnd", 232, 4, "bytes", NL, "window we told"),
	INFO("rehash", 236, 4, NULL, NL, "another path was tried"),
	INFO("total_rto", 240, 2, NULL, NL, "timeouts, ever"),
	INFO("total_rto_recoveries", 242, 2, NULL, NL, "recoveries from timeouts, ever"),
	INFO("total_rto_time", 244, 4, "ms", NL, "spent in them"),
	INFO("received_ce", 248, 4, "segments", NL, "received with a congestion mark (AccECN)"),
	INFO("delivered_e1_bytes", 252, 4, "bytes", NL, "delivered with ECT(1)"),
	INFO("delivered_e0_bytes", 256, 4, "bytes", NL, "delivered with ECT(0)"),
	INFO("delivered_ce_bytes", 260, 4, "bytes", NL, "delivered with a congestion mark"),
	INFO("received_e1_bytes", 264, 4, "bytes", NL, "received with ECT(1)"),
	INFO("received_e0_bytes", 268, 4, "bytes", NL, "received with ECT(0)"),
	INFO("received_ce_bytes", 272, 4, "bytes", NL, "received with a congestion mark"),
	INFO("accecn_fail_mode", 276, 2, NULL, NL | FIELD_ONLY_6_18, "why AccECN failed; of Linux 6.18 alone"),
	INFO("accecn_opt_seen", 278, 2, NULL, NL | FIELD_ONLY_6_18, "the AccECN option was seen; of Linux 6.18 alone"),
};
const size_t columns_info_count = countof(columns_info);
