// SPDX-License-Identifier: MIT
/* explaining.h - see explaining.c. */
#ifndef SOCKVIEW_RUN_EXPLAINING_H
#define SOCKVIEW_RUN_EXPLAINING_H

#include "run/mode.h"

extern const struct run_mode mode_explain;

#endif
