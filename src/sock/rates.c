// SPDX-License-Identifier: MIT
/* rates.c - two looks compared by cookie (sockview/rates.h). */
#include <sockview/rates.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/payload.h>
#include <sockview/vec.h>

/* --- a set --- */

/* Cookies are counted up: the high bits of the product are spread. */
static size_t set_place(const struct rate_set *set, uint64_t cookie)
{
	size_t mask = set->capacity - 1, at = (size_t)(cookie * 0x9e3779b97f4a7c15u >> 32) & mask;
	while (set->entry[at].cookie && set->entry[at].cookie != cookie)
		at = (at + 1) & mask;
	return at;
}

static struct rate_entry *set_find(const struct rate_set *set, uint64_t cookie)
{
	if (!set->count || !cookie)
		return NULL;
	struct rate_entry *entry = &set->entry[set_place(set, cookie)];
	return entry->cookie ? entry : NULL;
}

static int set_grow(struct rate_set *set)
{
	struct rate_set grown = { .count = set->count, .capacity = set->capacity ? set->capacity * 2 : 1024 };
	grown.entry = calloc(grown.capacity, sizeof(*grown.entry));
	if (!grown.entry)
		return -1;
	for (size_t i = 0; i < set->capacity; i++)
		if (set->entry[i].cookie)
			grown.entry[set_place(&grown, set->entry[i].cookie)] = set->entry[i];
	free(set->entry);
	*set = grown;
	return 0;
}

/* The cookie's entry, empty if it is new; NULL with errno ENOMEM. */
static struct rate_entry *set_add(struct rate_set *set, uint64_t cookie)
{
	if (set->count >= set->capacity / 2 && set_grow(set) < 0)
		return NULL;
	struct rate_entry *entry = &set->entry[set_place(set, cookie)];
	set->count += !entry->cookie;
	*entry = (struct rate_entry){ .cookie = cookie };
	return entry;
}

static void set_clear(struct rate_set *set)
{
	if (set->count)
		memset(set->entry, 0, set->capacity * sizeof(*set->entry));
	set->count = 0;
}

static void set_free(struct rate_set *set)
{
	free(set->entry);
	*set = (struct rate_set){ 0 };
}

/* --- counters --- */

#define AT_TOTAL_RETRANS 100 /* tcpi_total_retrans of struct tcp_info */
#define AT_DATA_SEGS_OUT 156 /* tcpi_data_segs_out, since Linux 4.6 */

/* The connecting side's SYN is counted from before the first look on: in a difference it is not. */
static void count_tcp(struct rate_counts *counts, const struct sock *sock)
{
	struct payload_counters counters = { 0 };
	struct bytes info = sock->blob[BLOB_TCP_INFO];
	/* A request has nothing yet; the connection made of it has its cookie (inet_csk_clone_lock, net/ipv4). */
	if (sock->row.state == STATE_SYN_RECV)
		counts->known |= RATE_BYTES | RATE_RETRANS;
	if (sock->row.state == STATE_LISTEN || !info.data)
		return;
	if (payload_read(&counters, info)) {
		payload_of_state(&counters, sock->row.state);
		struct payload payload = payload_count(&counters);
		counts->tx = payload.acked;
		counts->rx = payload.received;
		counts->known |= RATE_BYTES;
	}
	if (info.len < AT_TOTAL_RETRANS + sizeof(counts->retrans))
		return;
	memcpy(&counts->retrans, (const uint8_t *)info.data + AT_TOTAL_RETRANS, sizeof(counts->retrans));
	counts->known |= RATE_RETRANS;
	if (info.len < AT_DATA_SEGS_OUT + sizeof(counts->segs))
		return;
	memcpy(&counts->segs, (const uint8_t *)info.data + AT_DATA_SEGS_OUT, sizeof(counts->segs));
	counts->known |= RATE_SEGS;
}

struct rate_counts rates_counted(const struct sock *sock)
{
	struct rate_counts counts = { 0 };
	if (sock->row.proto == PROTO_TCP)
		count_tcp(&counts, sock);
	if (sock->skmem && sock->skmem->count > SKMEM_DROPS) {
		counts.drops = sock->skmem->value[SKMEM_DROPS];
		counts.known |= RATE_DROPS;
	}
	return counts;
}

/* Counters of 32 bits may have begun again at 0. */
static struct rate_counts gain_of(const struct rate_counts *now, const struct rate_counts *before)
{
	return (struct rate_counts){
		.tx = now->tx > before->tx ? now->tx - before->tx : 0,
		.rx = now->rx > before->rx ? now->rx - before->rx : 0,
		.retrans = now->retrans - before->retrans,
		.drops = now->drops - before->drops,
		.segs = now->segs - before->segs,
		.known = now->known & before->known,
	};
}

/* What the socket gained since the look before, from what it has counted. */
static void entry_gain(const struct rates *rates, struct rate_entry *entry, bool tcp)
{
	static const struct rate_counts zero = { .known = RATE_BYTES | RATE_RETRANS | RATE_DROPS };
	const struct rate_entry *before = set_find(&rates->before, entry->cookie);
	if (before)
		entry->gain = gain_of(&entry->count, &before->count);
	else if (tcp && rates->looks > 1 && rates->before_whole)
		entry->gain = entry->count;
	else
		entry->gain = gain_of(&(struct rate_counts){ 0 }, &zero);
	entry->has_total = entry->gain.known & RATE_BYTES || (before && before->has_total);
	entry->total_tx = entry->gain.tx + (before ? before->total_tx : 0);
	entry->total_rx = entry->gain.rx + (before ? before->total_rx : 0);
}

/* --- looks --- */

void rates_begin(struct rates *rates, int64_t now_ns)
{
	struct rate_set before = rates->before;
	rates->before = rates->now;
	rates->now = before;
	set_clear(&rates->now);
	rates->before_ns = rates->now_ns;
	rates->now_ns = now_ns;
	rates->looks++;
}

/* Of one in TIME_WAIT only the close tells; till that comes, the last known counts stay the base. */
static void add_ended(struct rates *rates, struct rate_entry *entry)
{
	const struct rate_entry *before = set_find(&rates->before, entry->cookie);
	const struct rate_entry *at = set_find(&rates->closed_at, entry->cookie);
	entry->ended = true;
	if (before) {
		entry->count = before->count;
		entry->has_total = before->has_total;
		entry->total_tx = before->total_tx;
		entry->total_rx = before->total_rx;
	}
	if (!at)
		return;
	struct rate_closed *closed = &rates->closed[at->count.tx];
	closed->told = true;
	entry->count = closed->count;
	entry_gain(rates, entry, true);
}

int rates_add(struct rates *rates, const struct sock *sock)
{
	const struct row *row = &sock->row;
	if (!(row->flags & ROW_HAS_COOKIE) || !row->cookie || !row_is_inet(row))
		return 0;
	struct rate_entry *entry = set_add(&rates->now, row->cookie);
	if (!entry)
		return -1;
	if (row->proto == PROTO_TCP && row->state == STATE_TIME_WAIT) {
		add_ended(rates, entry);
		return 0;
	}
	entry->count = rates_counted(sock);
	entry_gain(rates, entry, row->proto == PROTO_TCP);
	return 0;
}

int rates_close(void *context, const struct sock *sock)
{
	struct rates *rates = context;
	struct rate_counts count = rates_counted(sock);
	if (sock->row.proto != PROTO_TCP || !(count.known & RATE_BYTES) || !sock->row.cookie)
		return 0;
	if (rates->closed_count == RATES_CLOSED_MAX) {
		rates->forgotten++;
		return 0;
	}
	struct rate_closed *closed = vec_push(rates->closed, rates->closed_count, rates->closed_capacity);
	struct rate_entry *at = closed ? set_add(&rates->closed_at, sock->row.cookie) : NULL;
	if (!at) {
		rates->closed_count -= closed != NULL;
		return -1;
	}
	*closed = (struct rate_closed){ .row = sock->row, .count = count };
	at->count.tx = rates->closed_count - 1;
	return 0;
}

/* The look missed it, so it closed before. */
static int tell_gone(struct rates *rates, struct rate_closed *closed, sock_sink *sink, void *context)
{
	const struct sock sock = { .row = closed->row };
	struct rate_entry entry = { .cookie = closed->row.cookie, .count = closed->count, .ended = true };
	entry_gain(rates, &entry, true);
	closed->told = true;
	if (rates->looks < 2 || !(entry.gain.known & RATE_BYTES) || !(entry.gain.tx || entry.gain.rx))
		return 0;
	struct rate_entry *added = set_add(&rates->now, entry.cookie);
	if (!added)
		return -1;
	*added = entry;
	return sink(context, &sock);
}

int rates_gone(struct rates *rates, sock_sink *sink, void *context)
{
	int answer = 0;
	for (size_t i = 0; i < rates->closed_count && !answer; i++) {
		struct rate_closed *closed = &rates->closed[i];
		if (!closed->told && !set_find(&rates->now, closed->row.cookie))
			answer = tell_gone(rates, closed, sink, context);
	}
	return answer;
}

void rates_end(struct rates *rates, bool whole)
{
	size_t kept = 0;
	rates->before_whole = whole;
	set_clear(&rates->closed_at);
	for (size_t i = 0; i < rates->closed_count; i++) {
		if (rates->closed[i].told)
			continue;
		rates->closed[kept] = rates->closed[i];
		/* There is room: they were all in it. */
		struct rate_entry *at = set_add(&rates->closed_at, rates->closed[kept].row.cookie);
		if (at)
			at->count.tx = kept++;
	}
	rates->closed_count = kept;
}

void rates_free(struct rates *rates)
{
	set_free(&rates->before);
	set_free(&rates->now);
	set_free(&rates->closed_at);
	free(rates->closed);
	*rates = (struct rates){ 0 };
}

static const struct rate_entry *entry_now(const struct rates *rates, const struct row *row)
{
	const struct rate_entry *entry =
		rates && row->flags & ROW_HAS_COOKIE ? set_find(&rates->now, row->cookie) : NULL;
	return rates && rates->looks > 1 ? entry : NULL;
}

bool rates_of(const struct rates *rates, const struct row *row, enum rate_known what, bool received, double *rate)
{
	const struct rate_entry *entry = entry_now(rates, row);
	double seconds = rates ? (double)(rates->now_ns - rates->before_ns) / 1e9 : 0;
	if (!entry || !(entry->gain.known & what) || !(seconds > 0))
		return false;
	const struct rate_counts *gain = &entry->gain;
	uint64_t count = what == RATE_RETRANS ? gain->retrans
	                 : what == RATE_DROPS ? gain->drops
	                 : received           ? gain->rx
	                                      : gain->tx;
	*rate = (double)count / seconds;
	return true;
}

bool rates_bytes(const struct rates *rates, const struct row *row, double *tx, double *rx)
{
	const struct rate_entry *entry = entry_now(rates, row);
	double seconds = rates ? (double)(rates->now_ns - rates->before_ns) / 1e9 : 0;
	if (!entry || !(entry->gain.known & RATE_BYTES) || !(seconds > 0))
		return false;
	*tx = (double)entry->gain.tx / seconds;
	*rx = (double)entry->gain.rx / seconds;
	return true;
}

bool rates_total(const struct rates *rates, const struct row *row, bool received, uint64_t *bytes)
{
	const struct rate_entry *entry = entry_now(rates, row);
	if (!entry || !entry->has_total)
		return false;
	*bytes = received ? entry->total_rx : entry->total_tx;
	return true;
}

void rates_widen(struct rates *rates)
{
	rates->before_whole = false;
}
