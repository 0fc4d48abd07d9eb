/* event_style.h - how events are to be written. */
#ifndef SOCKVIEW_EVENT_STYLE_H
#define SOCKVIEW_EVENT_STYLE_H

#include <sockview/out.h>

enum events_form { EVENTS_TEXT, EVENTS_JSONL, EVENTS_CSV, EVENTS_TSV };

struct event_style {
	enum events_form form;
	bool utc, no_header;
	bool csv_safe; /* no text cell is a formula to a spreadsheet */
	struct out *out;
};

#endif
