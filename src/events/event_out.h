// SPDX-License-Identifier: MIT
/* event_out.h - an event as a line. */
#ifndef SOCKVIEW_EVENTS_EVENT_OUT_H
#define SOCKVIEW_EVENTS_EVENT_OUT_H

#include <sockview/event_style.h>

#include "events/event.h"

void event_out_header(const struct event_style *style);
/* 0, or -1 with errno ENOMEM. */
int event_out(const struct event_style *style, const struct event *event);

#endif
