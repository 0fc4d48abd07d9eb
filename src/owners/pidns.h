/* pidns.h - how this /proc's numbers relate to the kernel's own. */
#ifndef SOCKVIEW_OWNERS_PIDNS_H
#define SOCKVIEW_OWNERS_PIDNS_H

#include <sockview/finder.h>

/* Our /proc, and we are in the initial pid namespace: a pid is what the kernel calls it. */
bool pidns_is_initial(const struct finder_request *request);
/* We know that there are processes this /proc does not show. */
bool pidns_is_other(const struct finder_request *request);
/* Start times in /proc are the kernel's: no time namespace has shifted them (time_namespaces(7)). */
bool pidns_has_host_time(const struct finder_request *request);

#endif
