// SPDX-License-Identifier: MIT
/* event_kind.c - the names of events (sockview/event_kind.h). */
#include <sockview/event_kind.h>

#include <sockview/text.h>

static const char *const event_names[EVENT_KINDS] = {
	"", "listen", "unlisten", "connect", "open", "failed", "bind", "close",
};

const char *event_name(enum event_kind kind)
{
	return event_names[kind];
}

enum event_kind event_named(const char *name, size_t len)
{
	for (unsigned kind = EVENT_LISTEN; kind < EVENT_KINDS; kind++)
		if (text_is_name(event_names[kind], name, len))
			return (enum event_kind)kind;
	return EVENT_NONE;
}
