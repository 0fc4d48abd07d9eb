// SPDX-License-Identifier: MIT
/* dumps.h - events as the difference of two looks, and the sockets of the last one. */
#ifndef SOCKVIEW_EVENTS_DUMPS_H
#define SOCKVIEW_EVENTS_DUMPS_H

#include <sockview/owner.h>

#include "events/event.h"

/* A socket of the last look. */
struct dumped {
	struct row row;
	int32_t pid;
	uint8_t direction; /* enum event_direction */
	bool missing;      /* it was not in the last look */
	char comm[16];
};

/* By ascending cookie. */
struct dumps {
	struct dumped *socket;
	size_t count, capacity;
	bool begun;
	/* Called with each event; another answer than 0 ends it. */
	int (*sink)(void *context, struct event *event);
	void *context;
};

/* True if the last look has that socket. */
const struct dumped *dumps_find(const struct dumps *dumps, uint64_t cookie);
/*
 * Tells the sockets that are new in the table since the last look; the first time none.
 * With `closes` those that are gone in two looks, too. 0, -1 with errno ENOMEM, or the sink's answer.
 */
int dumps_compare(struct dumps *dumps, const struct table *table, const struct owners *owners, int64_t now,
                  bool closes);
/* The kernel tells that this socket has closed. False: nothing is known of whether it ever was open. */
bool dumps_close(struct dumps *dumps, const struct sock *sock, int64_t now, struct event *event);
/* Who had that socket in the last look, if it has it. */
void dumps_own(const struct dumps *dumps, struct event *event);
void dumps_free(struct dumps *dumps);

#endif
