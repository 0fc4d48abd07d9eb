// SPDX-License-Identifier: MIT
/* first_look.h - each socket's counters as the first look had them, for the second one to find again. */
#ifndef SOCKVIEW_HEALTH_FIRST_LOOK_H
#define SOCKVIEW_HEALTH_FIRST_LOOK_H

#include <sockview/rates.h>

struct seen {
	uint64_t cookie;
	uint32_t retrans, drops, segs;
	uint16_t netns; /* before Linux 5.8 a cookie is of its namespace */
	uint8_t known;  /* enum rate_known */
};

/*
 * The kernel tells its tables in the same order each time, so the next row is
 * most often the one behind the last one found; only where it is not, the
 * places are indexed by cookie. Zero-initialised is empty.
 */
struct first_look {
	struct seen *seen;
	size_t count, capacity;
	size_t next;     /* where the last one found was, and one more */
	uint32_t *index; /* open addressing: place + 1, 0 empty; NULL: not made yet */
	size_t index_mask;
};

/* 0, or -1 with errno ENOMEM. */
int first_look_add(struct first_look *look, const struct sock *sock);
/* 1 with what the socket gained since; 0: it was not there; -1 with errno ENOMEM. */
int first_look_gain(struct first_look *look, const struct sock *sock, struct rate_counts *gain);
void first_look_free(struct first_look *look);

#endif
