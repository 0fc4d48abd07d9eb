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

bool column_field_read(const struct column_field *field, const void *data, size_t len, uint64_t *number)
{
	if (!data || len < (size_t)field->offset + field->size)
		return false;
	const uint8_t *at = (const uint8_t *)data + field->offset;
	uint16_t two;
	uint32_t four;
	switch (field->size) {
	case 1:
		*number = *at;
		break;
	case 2:
		memcpy(&two, at, sizeof(two));
		*number = two;
		break;
	case 4:
		memcpy(&four, at, sizeof(four));
		*number = four;
		break;
	default:
		memcpy(number, at, sizeof(*number));
	}
	uint64_t max = field->size < 8 ? (1ull << 8 * field->size) - 1 : UINT64_MAX;
	if ((field->rule & FIELD_ZERO_ABSENT && !*number) || (field->rule & FIELD_MAX_ABSENT && *number == max))
		return false;
	if (field->rule & FIELD_SSTHRESH && *number == 0x7fffffff)
		return false;
	if (field->bits)
		*number = *number >> field->shift & ((1u << field->bits) - 1);
	if (field->scale)
		*number = *number > UINT64_MAX / field->scale ? UINT64_MAX : *number * field->scale;
	return true;
}

/* Bit fields of a byte begin at its low end on little-endian machines and at its high end on others. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BIT_FIELD(low, bits) (low)
#else
#define BIT_FIELD(low, bits) (8 - (low) - (bits))
#endif

#define APP_LIMITED_BIT (1u << BIT_FIELD(0, 1))

static bool read_blob(const struct column_field *field, const struct column_source *source, uint64_t *number)
{
	struct bytes blob = source->sock->blob[field->blob];
	if (field->rule & FIELD_NOT_LISTEN && source->sock->row.state == STATE_LISTEN)
		return false;
	if (field->rule & FIELD_ONLY_6_18 && source->context->kernel != KERNEL(6, 18))
		return false;
	return column_field_read(field, blob.data, blob.len, number);
}

void column_get_blob(const struct column *column, const struct column_source *source, struct value *value)
{
	uint64_t number;
	if (!read_blob(&column->field, source, &number))
		return;
	if (column->type == COLUMN_BOOL)
		value_set_bool(value, number);
	else
		value_set_uint(value, number);
}

/* enum tcp_ca_state */
static void get_ca_state(const struct column *column, const struct column_source *source, struct value *value)
{
	static const char *const words[] = { "open", "disorder", "cwr", "recovery", "loss" };
	uint64_t number;
	if (read_blob(&column->field, source, &number) && number < countof(words))
		value_set_word(value, words[number]);
}

/* enum tcp_fastopen_client_fail */
static void get_fastopen_fail(const struct column *column, const struct column_source *source, struct value *value)
{
	static const char *const words[] = { "", "no-cookie", "data-not-acked", "syn-retransmitted" };
	uint64_t number;
	if (read_blob(&column->field, source, &number))
		value_set_word(value, words[number & 3]);
}

/* --- what follows --- */

static bool read_info(const struct column_source *source, uint16_t offset, uint8_t size, uint64_t *number)
{
	return read_blob(
		&(struct column_field){
			.offset = offset, .size = size, .blob = BLOB_TCP_INFO, .rule = FIELD_NOT_LISTEN },
		source, number);
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
	if (!read_info(source, AT_BYTES_SENT, 8, &sent) || !read_info(source, AT_BYTES_RETRANS, 8, &again) || !sent)
		return;
	value->kind = VALUE_REAL;
	value->real = (double)again / (double)sent;
}

/* A window a round trip, which is what ss calls send. */
static void get_send_rate(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	uint64_t cwnd, mss, rtt;
	if (!read_info(source, AT_SND_CWND, 4, &cwnd) || !read_info(source, AT_SND_MSS, 4, &mss) ||
	    !read_info(source, AT_RTT, 4, &rtt) || !rtt)
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
	if (!read_info(source, AT_BUSY_TIME, 8, &busy) || !read_info(source, AT_RWND_LIMITED, 8, &rwnd) ||
	    !read_info(source, AT_SNDBUF_LIMITED, 8, &sndbuf) || !read_info(source, AT_APP_LIMITED, 1, &flags) || !busy)
		return;
	uint64_t half = busy / 2 + busy % 2;
	if (rwnd >= half && rwnd >= sndbuf)
		value_set_word(value, "receive-window");
	else if (sndbuf >= half)
		value_set_word(value, "send-buffer");
	else
		value_set_word(value, flags & APP_LIMITED_BIT ? "application" : "network");
}

#define INFO_COLUMN(name_, type_, unit_, get_, help_, ...) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = type_, .group = GROUP_INFO, .want = WANT_INFO, \
		.field = { .blob = BLOB_TCP_INFO, __VA_ARGS__ }, .get = get_ \
	}
#define INFO(name_, offset_, size_, unit_, rule_, help_) \
	INFO_COLUMN(name_, COLUMN_NUMBER, unit_, column_get_blob, help_, .offset = offset_, .size = size_, \
	            .rule = rule_)
#define RATE(name_, offset_, rule_, help_) \
	INFO_COLUMN(name_, COLUMN_NUMBER, "bit/s", column_get_blob, help_, .offset = offset_, .size = 8, .scale = 8, \
	            .rule = rule_)
#define FLAG(name_, offset_, bit_, help_) \
	INFO_COLUMN(name_, COLUMN_BOOL, NULL, column_get_blob, help_, .offset = offset_, .size = 1, .shift = bit_, \
	            .bits = 1, .rule = FIELD_NOT_LISTEN)
#define BITS(name_, offset_, low_, bits_, help_) \
	INFO_COLUMN(name_, COLUMN_NUMBER, NULL, column_get_blob, help_, .offset = offset_, .size = 1, \
	            .shift = BIT_FIELD(low_, bits_), .bits = bits_, .rule = FIELD_NOT_LISTEN)
#define NL  FIELD_NOT_LISTEN
#define NL0 (FIELD_NOT_LISTEN | FIELD_ZERO_ABSENT)

const struct column columns_info[] = {
	INFO_COLUMN("limited_by", COLUMN_TEXT, NULL, get_limited_by,
	            "what held the sender up most: receive-window, send-buffer, application, network"),
	INFO_COLUMN("retrans_share", COLUMN_REAL, NULL, get_retrans_share, "retransmitted bytes / bytes sent, 0 to 1"),
	INFO_COLUMN("send_rate", COLUMN_NUMBER, "bit/s", get_send_rate, "congestion window / round trip time"),
	INFO("tcpi_state", 0, 1, NULL, 0, "the kernel's number of the state"),
	INFO_COLUMN("ca_state", COLUMN_TEXT, NULL, get_ca_state,
	            "congestion state: open, disorder, cwr, recovery, loss", .offset = 1, .size = 1, .rule = NL),
	INFO("tcpi_retransmits", 2, 1, NULL, NL, "timeouts in a row"),
	INFO("tcpi_probes", 3, 1, NULL, NL, "zero window probes not answered"),
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
	BITS("snd_wscale", 6, 0, 4, "shift of the windows the peer tells"),
	BITS("rcv_wscale", 6, 4, 4, "shift of the windows we tell"),
	INFO_COLUMN("app_limited", COLUMN_BOOL, NULL, column_get_blob,
	            "the delivery rate was measured while the application had nothing to send", .offset = 7, .size = 1,
	            .shift = BIT_FIELD(0, 1), .bits = 1, .rule = NL),
	INFO_COLUMN("fastopen_fail", COLUMN_TEXT, NULL, get_fastopen_fail,
	            "why TCP Fast Open failed: no-cookie, data-not-acked, syn-retransmitted", .offset = 7, .size = 1,
	            .shift = BIT_FIELD(1, 2), .bits = 2, .rule = NL),
	INFO("rto", 8, 4, "us", NL, "retransmission timeout"),
	INFO("ato", 12, 4, "us", NL, "delayed acknowledgement timeout"),
	INFO("snd_mss", 16, 4, "bytes", NL, "largest segment we send"),
	INFO("rcv_mss", 20, 4, "bytes", NL, "largest segment the peer seems to send"),
	INFO("unacked", 24, 4, "segments", NL, "sent and not acknowledged"),
	INFO("sacked", 28, 4, "segments", NL, "of them, acknowledged selectively"),
	INFO("lost", 32, 4, "segments", NL, "of them, thought lost"),
	INFO("retrans", 36, 4, "segments", NL, "of them, sent again"),
	INFO("fackets", 40, 4, "segments", NL, "not told any more since Linux 4.15"),
	INFO("last_data_sent", 44, 4, "ms", NL, "ago"),
	INFO("last_ack_sent", 48, 4, "ms", NL0, "never told by Linux"),
	INFO("last_data_recv", 52, 4, "ms", NL, "ago"),
	INFO("last_ack_recv", 56, 4, "ms", NL, "ago"),
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
