// SPDX-License-Identifier: MIT
/* near_ports.h - which ports above the target's have a listener, before the rest is asked for. */
#ifndef SOCKVIEW_EXPLAIN_NEAR_PORTS_H
#define SOCKVIEW_EXPLAIN_NEAR_PORTS_H

#include "explain/inquiry.h"

/* explain->near_taken; 0, or -1 with errno: the kernel could not be asked. */
int near_ports_listen(struct explain *explain, unsigned *absent);

#endif
