// SPDX-License-Identifier: MIT
/* watch_screen.h - see watch_screen.c. */
#ifndef SOCKVIEW_RUN_WATCH_SCREEN_H
#define SOCKVIEW_RUN_WATCH_SCREEN_H

#include "run/watch_state.h"

/* The whole screen, in one write. 0, or -1 with error. */
int watching_draw(struct run *run);
/* So many lines have room between the head and the keys. */
size_t watching_room(const struct watching *watching);

#endif
