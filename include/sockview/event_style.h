// SPDX-License-Identifier: MIT
/* event_style.h - how events are to be written. */
#ifndef SOCKVIEW_EVENT_STYLE_H
#define SOCKVIEW_EVENT_STYLE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <sockview/netns.h>
#include <sockview/out.h>
#include <sockview/text.h>

enum events_form { EVENTS_TEXT, EVENTS_JSONL, EVENTS_CSV, EVENTS_TSV };

enum { EVENT_KEYS_MOST = 32 };

/* Keys in order; in text, without `chosen`, behind the lines that text has. */
struct event_columns {
	uint8_t key[EVENT_KEYS_MOST];
	size_t count;
	bool chosen;
};

/* Those without --columns; `netns`: with that of the namespace's name. */
void event_columns_default(struct event_columns *columns, bool text, bool netns);
/* Reads a list as --columns is: names, `+` and `-` before them, `all`. False with the name that is no key. */
bool event_columns_parse(struct event_columns *columns, const char *list, struct bytes *unknown);
bool event_columns_have(const struct event_columns *columns, const char *name);

/* The last second that was written. */
struct event_stamp {
	time_t second;
	char date[32], zone[8];
};

struct event_style {
	enum events_form form;
	bool utc, no_header;
	bool csv_safe;                  /* no text cell is a formula to a spreadsheet */
	const struct netns_list *netns; /* what they are called; NULL: there is one */
	struct event_columns columns;
	struct event_stamp *stamp; /* filled by what writes */
	struct out *out;
};

#endif
