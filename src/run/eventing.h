// SPDX-License-Identifier: MIT
/* eventing.h - see eventing.c. */
#ifndef SOCKVIEW_RUN_EVENTING_H
#define SOCKVIEW_RUN_EVENTING_H

#include "run/mode.h"

extern const struct run_mode mode_events;

#endif
