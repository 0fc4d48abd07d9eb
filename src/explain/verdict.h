// SPDX-License-Identifier: MIT
/* verdict.h - what the tables say and what the kernel says, and the verdict that follows from both. */
#ifndef SOCKVIEW_EXPLAIN_VERDICT_H
#define SOCKVIEW_EXPLAIN_VERDICT_H

#include "explain/inquiry.h"

/* holder[] -> plan[], verdict; learns options of the holders on the way. */
void verdict_reach(struct explain *explain);
/* True if a plan is refused by the tables and what may be learned beside them, without a trial. */
bool verdict_by_tables(struct explain *explain);

#endif
