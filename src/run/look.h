/* look.h - see look.c. */
#ifndef SOCKVIEW_RUN_LOOK_H
#define SOCKVIEW_RUN_LOOK_H

#include "run/mode.h"

extern const struct run_mode mode_look;

#endif
