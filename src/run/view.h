// SPDX-License-Identifier: MIT
/* view.h - see view.c. */
#ifndef SOCKVIEW_RUN_VIEW_H
#define SOCKVIEW_RUN_VIEW_H

#include "run/invocation.h"

/* Fills in the run's view; the query must be filled in before. */
void run_make_view(struct run *run);

#endif
