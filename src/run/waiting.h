// SPDX-License-Identifier: MIT
/* waiting.h - --wait-for and --wait-free: no look, but many. */
#ifndef SOCKVIEW_RUN_WAITING_H
#define SOCKVIEW_RUN_WAITING_H

#include "run/mode.h"

/*
 * Waits, and with --wait-for executes the command: it gets the caller's own
 * rights, limits and signals, as nothing of these was touched.
 */
extern const struct run_mode mode_wait;

#endif
