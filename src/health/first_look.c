// SPDX-License-Identifier: MIT
/* first_look.c - an array in the order of the dump, and an index where that is not enough (first_look.h). */
#include "health/first_look.h"

#include <errno.h>
#include <stdlib.h>

#include <sockview/vec.h>

enum { AHEAD = 8 }; /* sockets that closed meanwhile are skipped so far */

static bool is_counted(const struct row *row)
{
	return row->flags & ROW_HAS_COOKIE && row->cookie && row_is_inet(row);
}

int first_look_add(struct first_look *look, const struct sock *sock)
{
	if (!is_counted(&sock->row))
		return 0;
	struct seen *seen = vec_push(look->seen, look->count, look->capacity);
	if (!seen)
		return -1;
	struct rate_counts counts = rates_counted(sock);
	*seen = (struct seen){ .cookie = sock->row.cookie,
		               .retrans = counts.retrans,
		               .drops = counts.drops,
		               .segs = counts.segs,
		               .netns = sock->row.netns,
		               .known = counts.known };
	return 0;
}

static bool is_seen(const struct seen *seen, const struct row *row)
{
	return seen->cookie == row->cookie && seen->netns == row->netns;
}

static size_t seen_hash(uint64_t cookie, uint16_t netns)
{
	return (size_t)((cookie ^ (uint64_t)netns << 48) * 0x9e3779b97f4a7c15u >> 32);
}

/* At most half full. */
static int first_look_index(struct first_look *look)
{
	size_t capacity = 16;
	if (look->count >= UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	while (capacity < look->count * 2)
		capacity *= 2;
	look->index = calloc(capacity, sizeof(*look->index));
	if (!look->index)
		return -1;
	look->index_mask = capacity - 1;
	for (size_t i = 0; i < look->count; i++) {
		size_t at = seen_hash(look->seen[i].cookie, look->seen[i].netns) & look->index_mask;
		while (look->index[at])
			at = (at + 1) & look->index_mask;
		look->index[at] = (uint32_t)i + 1;
	}
	return 0;
}

/* 1 with its place; 0; -1. */
static int seen_find(struct first_look *look, const struct row *row, size_t *place)
{
	for (size_t i = look->next; i < look->count && i < look->next + AHEAD; i++)
		if (is_seen(&look->seen[i], row)) {
			*place = i;
			return 1;
		}
	if (!look->index && first_look_index(look) < 0)
		return -1;
	size_t at = seen_hash(row->cookie, row->netns) & look->index_mask;
	for (; look->index[at]; at = (at + 1) & look->index_mask)
		if (is_seen(&look->seen[look->index[at] - 1], row)) {
			*place = look->index[at] - 1;
			return 1;
		}
	return 0;
}

int first_look_gain(struct first_look *look, const struct sock *sock, struct rate_counts *gain)
{
	size_t place;
	int answer = is_counted(&sock->row) ? seen_find(look, &sock->row, &place) : 0;
	if (answer <= 0)
		return answer;
	const struct seen *seen = &look->seen[place];
	const struct rate_counts now = rates_counted(sock);
	look->next = place + 1;
	/* Counters of 32 bits may have begun again at 0. */
	*gain = (struct rate_counts){ .retrans = now.retrans - seen->retrans,
		                      .drops = now.drops - seen->drops,
		                      .segs = now.segs - seen->segs,
		                      .known = now.known & seen->known & (RATE_RETRANS | RATE_DROPS | RATE_SEGS) };
	return 1;
}

void first_look_free(struct first_look *look)
{
	free(look->seen);
	free(look->index);
	*look = (struct first_look){ 0 };
}
