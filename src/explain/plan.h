// SPDX-License-Identifier: MIT
/* plan.h - the binds that a server would try, from the command line's words. */
#ifndef SOCKVIEW_EXPLAIN_PLAN_H
#define SOCKVIEW_EXPLAIN_PLAN_H

#include "explain/inquiry.h"

/*
 * options -> target, user, plan[]. 0; -1 with a line for the user in
 * `problem`, or with problem[0] 0 and errno ENOMEM.
 */
int plan_make(struct explain *explain, char problem[EXPLAIN_PROBLEM_MAX]);

#endif
