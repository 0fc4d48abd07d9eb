// SPDX-License-Identifier: MIT
/* watch_filter.h - see watch_filter.c. */
#ifndef SOCKVIEW_RUN_WATCH_FILTER_H
#define SOCKVIEW_RUN_WATCH_FILTER_H

#include "run/watch_state.h"

/* The filter of now, to be changed. 0, or -1 with errno ENOMEM. */
int watching_type_begin(struct run *run);
/* A key while a filter is typed. 1: there is another filter, so look again; 0, or -1 with error. */
int watching_type(struct run *run, int key);

#endif
