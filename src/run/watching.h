// SPDX-License-Identifier: MIT
/* watching.h - see watching.c. */
#ifndef SOCKVIEW_RUN_WATCHING_H
#define SOCKVIEW_RUN_WATCHING_H

#include "run/mode.h"

extern const struct run_mode mode_watch;

#endif
