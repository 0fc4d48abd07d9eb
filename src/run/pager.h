/* pager.h - the user's pager behind our output. */
#ifndef SOCKVIEW_RUN_PAGER_H
#define SOCKVIEW_RUN_PAGER_H

#include <sys/types.h>

/*
 * Starts $PAGER (less, if there is none) on our standard output. The fd that
 * what is written to is shown from, close-on-exec; -1 with errno.
 */
int pager_start(pid_t *pid);
/* Waits until the user has left it; the fd must be closed before. */
void pager_wait(pid_t pid);

#endif
