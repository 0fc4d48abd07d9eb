// SPDX-License-Identifier: MIT
/* naming.h - --x-names: what a shell may complete an argument with. */
#ifndef SOCKVIEW_RUN_NAMING_H
#define SOCKVIEW_RUN_NAMING_H

#include "run/mode.h"

extern const struct run_mode mode_names;

#endif
