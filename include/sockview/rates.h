// SPDX-License-Identifier: MIT
/*
 * rates.h - what went over each socket between two looks, by the sockets' cookies.
 *
 *   rates_begin()  rates_add() each row of the dump  rates_gone()  -> rates_of()
 *                     rates_close() each socket that closes, whenever it is told
 *
 * A connection that closed between two looks is in no dump, or in TIME_WAIT
 * without struct tcp_info: the kernel's multicast (destroy.h) has its last
 * counters under the same cookie. Closes must be read before rates_begin() and
 * again before rates_gone().
 */
#ifndef SOCKVIEW_RATES_H
#define SOCKVIEW_RATES_H

#include <sockview/row.h>

enum rate_known {
	RATE_BYTES = 1 << 0, /* tx and rx: TCP alone has counters of bytes */
	RATE_RETRANS = 1 << 1,
	RATE_DROPS = 1 << 2,
	RATE_SEGS = 1 << 3, /* of TCP, segments with data that were sent */
};

/* Payload bytes, segments, packets: counted by the kernel since the socket began, or gained between two looks. */
struct rate_counts {
	uint64_t tx, rx;
	uint32_t retrans, drops, segs;
	uint8_t known; /* enum rate_known */
};

struct rate_entry {
	uint64_t cookie; /* 0: an empty place */
	struct rate_counts count, gain;
	uint64_t total_tx, total_rx; /* what was gained since the first look */
	bool has_total;
	bool ended; /* TIME_WAIT: counts as they were last told */
};

/* By cookie: open addressing, at most half full. */
struct rate_set {
	struct rate_entry *entry;
	size_t count, capacity;
};

struct rate_closed {
	struct row row;
	struct rate_counts count;
	bool told; /* a look had its gain */
};

/* Zero-initialised is none; rates_free(). */
struct rates {
	struct rate_set before, now;
	struct rate_set closed_at; /* count.tx: where in `closed` */
	struct rate_closed *closed;
	size_t closed_count, closed_capacity;
	int64_t before_ns, now_ns; /* CLOCK_MONOTONIC */
	uint64_t looks;
	/*
	 * The look before had every connection that the present one can have: one that
	 * is new began between them, and has counted from 0. rates_end() sets it.
	 */
	bool before_whole;
	uint64_t forgotten; /* closes beyond RATES_CLOSED_MAX between two looks */
};

#define RATES_CLOSED_MAX 1000000

/* What the kernel counted of the socket so far; known is 0 where it told nothing. */
struct rate_counts rates_counted(const struct sock *sock);

/* A new look begins; what was now is before. */
void rates_begin(struct rates *rates, int64_t now_ns);
/* A row of the present look; the same cookie again replaces. 0, or -1 with errno ENOMEM. */
int rates_add(struct rates *rates, const struct sock *sock);
/* A socket that closed, with its last struct tcp_info. 0, or -1 with errno ENOMEM. A sock_sink. */
int rates_close(void *rates, const struct sock *sock);
/*
 * The connections that closed since the look before, sent or received something,
 * and are not among the present look's rows. The sink's answer if it is not 0,
 * -1 with errno ENOMEM.
 */
int rates_gone(struct rates *rates, sock_sink *sink, void *context);
/* The present look is over. */
void rates_end(struct rates *rates, bool whole);
void rates_free(struct rates *rates);

/* What a second brought of one of them (enum rate_known); false: not known. */
bool rates_of(const struct rates *rates, const struct row *row, enum rate_known what, bool received, double *rate);
/* Payload of both ways at once, a second; false: not known. */
bool rates_bytes(const struct rates *rates, const struct row *row, double *tx, double *rx);
/* Payload gained since the first look; false: not known. */
bool rates_total(const struct rates *rates, const struct row *row, bool received, uint64_t *bytes);
/*
 * The query is another one from now on: a connection that the look before did
 * not have may be older than that look.
 */
void rates_widen(struct rates *rates);

#endif
