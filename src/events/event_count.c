// SPDX-License-Identifier: MIT
/* event_count.c - the counters of struct tcp_info that an event tells (event.h). */
#include "events/event.h"

#include <linux/tcp.h>
#include <stddef.h>
#include <string.h>

#include <sockview/destroy.h> /* whose sockets have it, as those of a dump */

#define HAS(info, field) ((info).len >= offsetof(struct tcp_info, field) + sizeof(((struct tcp_info *)0)->field))

void event_count(struct event *event, struct bytes info, struct payload_counters known)
{
	struct tcp_info last = { 0 };
	if (!info.data)
		return;
	memcpy(&last, info.data, info.len < sizeof(last) ? info.len : sizeof(last));
	event->has_retrans = HAS(info, tcpi_total_retrans);
	event->total_retrans = last.tcpi_total_retrans;
	event->has_counters = payload_read(&known, info);
	if (event->has_counters)
		event->payload = payload_count(&known);
}
