// SPDX-License-Identifier: MIT
/* vacating.h - --free in place of a look. */
#ifndef SOCKVIEW_RUN_VACATING_H
#define SOCKVIEW_RUN_VACATING_H

#include "run/mode.h"

extern const struct run_mode mode_free;

#endif
