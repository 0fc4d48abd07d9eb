// SPDX-License-Identifier: MIT
/*
 * payload.h - the bytes that programs gave to TCP and took from it, out of the kernel's counters.
 *
 * bytes_acked counts the SYN of the side that connects, and a FIN once it is
 * acknowledged; bytes_received counts the peer's FIN (tcp_snd_una_update(),
 * tcp_rcv_nxt_update(), net/ipv4/tcp_input.c, Linux 6.18). Each that is not
 * known may be one byte.
 */
#ifndef SOCKVIEW_PAYLOAD_H
#define SOCKVIEW_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include <sockview/text.h>

enum payload_fact { PAYLOAD_UNKNOWN, PAYLOAD_NO, PAYLOAD_YES };

struct payload_counters {
	uint64_t bytes_acked, bytes_received;
	uint64_t bytes_sent, bytes_retrans; /* payload alone, with has_sent (Linux 4.19) */
	bool has_sent;
	uint8_t connecting;   /* enum payload_fact: this side connected, its SYN is counted */
	uint8_t fin_acked;    /* our FIN was acknowledged */
	uint8_t fin_received; /* the peer's FIN came */
};

struct payload {
	uint64_t acked, received;
	bool acked_exact, received_exact; /* false: up to two bytes, up to one byte fewer */
};

/* The counters of a struct tcp_info as long as this kernel's is; false if it has none. The facts stay. */
bool payload_read(struct payload_counters *counters, struct bytes info);
/* What a socket in this state (enum state) has seen of FINs. Nothing is known of one that is closed. */
void payload_of_state(struct payload_counters *counters, unsigned state);
struct payload payload_count(const struct payload_counters *counters);

#endif
