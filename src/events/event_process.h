// SPDX-License-Identifier: MIT
/* event_process.h - what /proc tells of the process of an event, if it was read before that ended. */
#ifndef SOCKVIEW_EVENTS_EVENT_PROCESS_H
#define SOCKVIEW_EVENTS_EVENT_PROCESS_H

#include "events/event.h"

struct event_processes;

/* NULL with errno ENOMEM. */
struct event_processes *event_processes_new(int proc_fd);
void event_processes_free(struct event_processes *processes);
/* Sets the event's texts, lent until the next call. */
void event_processes_fill(struct event_processes *processes, struct event *event);

#endif
