// SPDX-License-Identifier: MIT
/* explain_advice.h - sentences: what would free the port. */
#ifndef SOCKVIEW_EXPLAIN_EXPLAIN_ADVICE_H
#define SOCKVIEW_EXPLAIN_EXPLAIN_ADVICE_H

#include "explain/inquiry.h"

/* -> sentence[]; 0, or -1 with errno ENOMEM. */
int explain_advice(struct explain *explain);

#endif
