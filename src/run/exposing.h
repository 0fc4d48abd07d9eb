// SPDX-License-Identifier: MIT
/* exposing.h - --exposure in place of a listing. */
#ifndef SOCKVIEW_RUN_EXPOSING_H
#define SOCKVIEW_RUN_EXPOSING_H

#include "run/mode.h"

extern const struct run_mode mode_exposure;

#endif
