/* explaining.h - see explaining.c. */
#ifndef SOCKVIEW_RUN_EXPLAINING_H
#define SOCKVIEW_RUN_EXPLAINING_H

#include "run/invocation.h"

/* False after a message: wrong usage. */
bool run_make_explain(struct run *run);
/* 0, or -1 with error. */
int run_explain(struct run *run);

#endif
