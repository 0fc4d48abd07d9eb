// SPDX-License-Identifier: MIT
/* explain_why.h - sentences: why it is refused. */
#ifndef SOCKVIEW_EXPLAIN_EXPLAIN_WHY_H
#define SOCKVIEW_EXPLAIN_EXPLAIN_WHY_H

#include "explain/inquiry.h"

/* -> sentence[]; 0, or -1 with errno ENOMEM. */
int explain_why(struct explain *explain);

#endif
