// SPDX-License-Identifier: MIT
/* checkup.h - --health: two looks and what they found. */
#ifndef SOCKVIEW_RUN_CHECKUP_H
#define SOCKVIEW_RUN_CHECKUP_H

#include "run/mode.h"

extern const struct run_mode mode_health;

#endif
