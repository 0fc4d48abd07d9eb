// SPDX-License-Identifier: MIT
/* pidns.h - how this /proc's numbers relate to the kernel's own. */
#ifndef SOCKVIEW_OWNERS_PIDNS_H
#define SOCKVIEW_OWNERS_PIDNS_H

#include <sockview/finder.h>

/* It is our /proc, and the pid namespace it shows is the one we are in, not one above. */
bool pidns_is_shown(const struct finder_request *request);
/* Our /proc, and we are in a child pid namespace: there are processes that have no number here. */
bool pidns_is_child(const struct finder_request *request);
/* Whether we know that there are processes this /proc does not show. */
void pidns_tell(const struct finder_request *request, struct owner_report *report);
/* Start times in /proc are the kernel's: no time namespace has shifted them (time_namespaces(7)). */
bool pidns_has_host_time(const struct finder_request *request);

#endif
