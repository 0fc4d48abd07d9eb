/* event_keys.h - what an event says, by name: the keys of JSON, the columns of CSV and of --columns. */
#ifndef SOCKVIEW_EVENTS_EVENT_KEYS_H
#define SOCKVIEW_EVENTS_EVENT_KEYS_H

#include <time.h>

#include <sockview/event_style.h>

#include "events/event.h"

enum { CELL_MAX = 128 };

/* What a key's value is: a number or true and false go without quotes, what is absent is null or empty. */
enum cell_kind { CELL_NONE, CELL_BARE, CELL_WORD, CELL_HOSTILE };

struct cell {
	enum cell_kind kind;
	struct bytes hostile; /* CELL_HOSTILE, part of the event */
	char text[CELL_MAX];  /* the others */
};

struct event_key {
	const char *name;
	unsigned width; /* of its column in text */
	void (*get)(const struct event_style *style, const struct event *event, struct cell *cell);
};

/* NULL behind the last. */
const struct event_key *event_key_at(size_t index);

void event_get_error(const struct event_style *style, const struct event *event, struct cell *cell);
void event_get_direction(const struct event_style *style, const struct event *event, struct cell *cell);
void event_get_netns_name(const struct event_style *style, const struct event *event, struct cell *cell);
void event_get_end(const struct event *event, bool remote, struct cell *cell);
void event_local_time(const struct event_style *style, const struct event *event, struct tm *tm);
unsigned event_microseconds(const struct event *event);

#endif
