/* acting.h - see acting.c. */
#ifndef SOCKVIEW_RUN_ACTING_H
#define SOCKVIEW_RUN_ACTING_H

#include "run/mode.h"

extern const struct run_mode mode_kill;

#endif
