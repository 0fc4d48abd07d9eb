// SPDX-License-Identifier: MIT
/* connecting.h - see connecting.c. */
#ifndef SOCKVIEW_RUN_CONNECTING_H
#define SOCKVIEW_RUN_CONNECTING_H

#include "run/mode.h"

extern const struct run_mode mode_connect;

#endif
