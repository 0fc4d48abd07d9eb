// SPDX-License-Identifier: MIT
/* payload.c - payload out of TCP's counters (sockview/payload.h). */
#include <sockview/payload.h>

#include <string.h>

#include <sockview/countof.h>
#include <sockview/row.h>

static uint64_t less(uint64_t value, unsigned by)
{
	return value > by ? value - by : 0;
}

/* Where struct tcp_info has them (include/uapi/linux/tcp.h): the kernel only ever appended fields. */
#define AT_BYTES_ACKED    120
#define AT_BYTES_RECEIVED 128
#define AT_BYTES_SENT     200
#define AT_BYTES_RETRANS  208

static bool payload_field(struct bytes info, size_t at, uint64_t *number)
{
	if (!info.data || info.len < at + sizeof(*number))
		return false;
	memcpy(number, (const uint8_t *)info.data + at, sizeof(*number));
	return true;
}

bool payload_read(struct payload_counters *counters, struct bytes info)
{
	if (!payload_field(info, AT_BYTES_ACKED, &counters->bytes_acked) ||
	    !payload_field(info, AT_BYTES_RECEIVED, &counters->bytes_received))
		return false;
	counters->has_sent = payload_field(info, AT_BYTES_SENT, &counters->bytes_sent) &&
	                     payload_field(info, AT_BYTES_RETRANS, &counters->bytes_retrans);
	return true;
}

void payload_of_state(struct payload_counters *counters, unsigned state)
{
	static const struct {
		uint8_t fin_acked, fin_received;
	} seen[STATE_COUNT] = {
		[STATE_ESTABLISHED] = { PAYLOAD_NO, PAYLOAD_NO }, [STATE_SYN_SENT] = { PAYLOAD_NO, PAYLOAD_NO },
		[STATE_SYN_RECV] = { PAYLOAD_NO, PAYLOAD_NO },    [STATE_FIN_WAIT1] = { PAYLOAD_NO, PAYLOAD_NO },
		[STATE_FIN_WAIT2] = { PAYLOAD_YES, PAYLOAD_NO },  [STATE_CLOSE_WAIT] = { PAYLOAD_NO, PAYLOAD_YES },
		[STATE_LAST_ACK] = { PAYLOAD_NO, PAYLOAD_YES },   [STATE_CLOSING] = { PAYLOAD_NO, PAYLOAD_YES },
	};
	bool known = state < countof(seen);
	counters->fin_acked = known ? seen[state].fin_acked : PAYLOAD_UNKNOWN;
	counters->fin_received = known ? seen[state].fin_received : PAYLOAD_UNKNOWN;
}

struct payload payload_count(const struct payload_counters *counters)
{
	unsigned sure = (counters->connecting == PAYLOAD_YES) + (counters->fin_acked == PAYLOAD_YES);
	unsigned possible = (counters->connecting != PAYLOAD_NO) + (counters->fin_acked != PAYLOAD_NO);
	uint64_t most = less(counters->bytes_acked, sure), least = less(counters->bytes_acked, possible);
	/* No more is acknowledged than was sent, each byte once. */
	if (counters->has_sent && counters->bytes_sent - counters->bytes_retrans < most)
		most = counters->bytes_sent - counters->bytes_retrans;
	uint64_t most_in = less(counters->bytes_received, counters->fin_received == PAYLOAD_YES);
	return (struct payload){
		.acked = most,
		.received = most_in,
		.acked_exact = least >= most,
		.received_exact = less(counters->bytes_received, counters->fin_received != PAYLOAD_NO) == most_in,
	};
}
