// SPDX-License-Identifier: MIT
/* look.h - see look.c. */
#ifndef SOCKVIEW_RUN_LOOK_H
#define SOCKVIEW_RUN_LOOK_H

#include "run/mode.h"

extern const struct run_mode mode_look;

struct run;
/* What a look at the run's selection needs: its plan(). */
void look_plan(struct run *run);

#endif
