// SPDX-License-Identifier: MIT
/* unreachable.h - connects that are no event: those that fail before a SYN is sent. */
#ifndef SOCKVIEW_EVENTS_UNREACHABLE_H
#define SOCKVIEW_EVENTS_UNREACHABLE_H

#include <sockview/expr.h>

/* Says of each remote address that the filter names whether connect() fails at once here. Before the watch begins. */
void unreachable_note(const struct expr *expr);

#endif
