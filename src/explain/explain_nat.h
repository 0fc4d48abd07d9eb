// SPDX-License-Identifier: MIT
/* explain_nat.h - rules and programs that take the port's traffic before a listener sees it, or bring it here. */
#ifndef SOCKVIEW_EXPLAIN_EXPLAIN_NAT_H
#define SOCKVIEW_EXPLAIN_EXPLAIN_NAT_H

#include "explain/inquiry.h"

/* Reads the rules of this network namespace and runs the target's packets. 0, or -1 with errno ENOMEM. */
int explain_nat_find(struct explain *explain);
/* -> sentence[]; 0, or -1 with errno ENOMEM. */
int explain_nat_say(struct explain *explain);

#endif
