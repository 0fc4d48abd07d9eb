// SPDX-License-Identifier: MIT
/* event_kind.h - what can happen to a socket. */
#ifndef SOCKVIEW_EVENT_KIND_H
#define SOCKVIEW_EVENT_KIND_H

enum event_kind {
	EVENT_NONE, /* of a socket that is looked at */
	EVENT_LISTEN,
	EVENT_UNLISTEN,
	EVENT_CONNECT,
	EVENT_OPEN,
	EVENT_FAILED,
	EVENT_BIND,
	EVENT_CLOSE,
	EVENT_KINDS
};

#ifndef __bpf__
#include <stddef.h>

const char *event_name(enum event_kind kind);
/* EVENT_NONE if there is none of that name. */
enum event_kind event_named(const char *name, size_t len);
#endif

#endif
