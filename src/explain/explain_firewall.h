// SPDX-License-Identifier: MIT
/* explain_firewall.h - whether other hosts reach the listeners on the port, by the rules of this one. */
#ifndef SOCKVIEW_EXPLAIN_EXPLAIN_FIREWALL_H
#define SOCKVIEW_EXPLAIN_EXPLAIN_FIREWALL_H

#include "explain/inquiry.h"

/* -> sentence[]; 0, or -1 with errno ENOMEM. After explain_nat_find(), whose rules are run. */
int explain_firewall_say(struct explain *explain);

#endif
