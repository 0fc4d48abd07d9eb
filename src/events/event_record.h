// SPDX-License-Identifier: MIT
/* event_record.h - a record of the BPF programs as an event. */
#ifndef SOCKVIEW_EVENTS_EVENT_RECORD_H
#define SOCKVIEW_EVENTS_EVENT_RECORD_H

#include "events/event.h"
#include "events/record.h"

/* `clock_ns`: CLOCK_REALTIME - CLOCK_MONOTONIC. False: it is none of theirs. */
bool event_of_record(struct event *event, const struct event_record *record, enum proto proto, int64_t clock_ns);

#endif
