// SPDX-License-Identifier: MIT
/* event_keys.h - what an event says, by name: the keys of JSON, the columns of CSV and of --columns. */
#ifndef SOCKVIEW_EVENTS_EVENT_KEYS_H
#define SOCKVIEW_EVENTS_EVENT_KEYS_H

#include <sockview/event_style.h>

#include "events/event.h"

enum { CELL_MAX = 128 };

/* The kind of a key's value: a number or true and false go without quotes, an absent one is null or empty. */
enum cell_kind { CELL_NONE, CELL_BARE, CELL_WORD, CELL_HOSTILE };

struct cell {
	enum cell_kind kind;
	struct bytes text; /* of the room, of the event (CELL_HOSTILE), or a constant; without CELL_NONE */
	char room[CELL_MAX];
};

struct event_key {
	const char *name;
	const char *json; /* ,"name": */
	size_t json_len;
	unsigned width; /* of its column in text */
	void (*get)(const struct event_style *style, const struct event *event, struct cell *cell);
};

/* NULL behind the last. */
const struct event_key *event_key_at(size_t index);

void event_get_error(const struct event_style *style, const struct event *event, struct cell *cell);
void event_get_direction(const struct event_style *style, const struct event *event, struct cell *cell);
void event_get_netns_name(const struct event_style *style, const struct event *event, struct cell *cell);
void event_get_end(const struct event *event, bool remote, struct cell *cell);
/* "2026-11-20T16:00:45.123456+01:00" and a NUL, whose place is returned; EVENT_CLOCK to behind the microseconds. */
char *event_time(char *to, const struct event_style *style, const struct event *event);
enum { EVENT_CLOCK = 11, EVENT_CLOCK_END = 26 };

#endif
