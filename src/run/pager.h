// SPDX-License-Identifier: MIT
/* pager.h - the user's pager behind our output. */
#ifndef SOCKVIEW_RUN_PAGER_H
#define SOCKVIEW_RUN_PAGER_H

#include <sys/types.h>

/*
 * Starts $PAGER (less, if there is none), which writes to our standard output.
 * Returns the fd of its input, close-on-exec; -1 with errno.
 */
int pager_start(pid_t *pid);
/* Waits until the pager ends. The fd must be closed before, or it never does. */
void pager_wait(pid_t pid);

#endif
