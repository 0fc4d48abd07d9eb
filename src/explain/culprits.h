// SPDX-License-Identifier: MIT
/* culprits.h - the processes that hold what is in the way, put together by program. */
#ifndef SOCKVIEW_EXPLAIN_CULPRITS_H
#define SOCKVIEW_EXPLAIN_CULPRITS_H

#include "explain/inquiry.h"

/* crowd[] -> culprit[], gang[]; 0, or -1 with errno ENOMEM. */
int culprits_find(struct explain *explain);
/* True if the crowd is what the answer is about: it is in the way, or of the free port's servers without SO_REUSEADDR. */
bool culprits_blames(const struct explain *explain, const struct crowd *crowd);
/* True if the process holds a socket in the way. */
bool culprits_have(const struct explain *explain, int32_t pid);

#endif
