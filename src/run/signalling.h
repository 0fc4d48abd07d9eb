// SPDX-License-Identifier: MIT
/* signalling.h - see signalling.c. */
#ifndef SOCKVIEW_RUN_SIGNALLING_H
#define SOCKVIEW_RUN_SIGNALLING_H

#include "run/mode.h"

extern const struct run_mode mode_signal;

#endif
