// SPDX-License-Identifier: MIT
/* run.h - one invocation, from the options to the exit status. */
#ifndef SOCKVIEW_RUN_H
#define SOCKVIEW_RUN_H

#include <signal.h>

#include <sockview/exit_status.h>
#include <sockview/options.h>
#include <sockview/privilege.h>

/*
 * Does what the options ask for, in a mode that looks at sockets, and says on
 * standard error what went wrong or is missing. Once *stop_asked is set, it ends
 * after the look under way.
 * `privilege` is what privilege_begin() found; the options stay the caller's.
 */
enum exit_status run_invocation(const struct options *options, const struct privilege *privilege,
                                const volatile sig_atomic_t *stop_asked);

/* Prints text that needs no look at any socket, and frees it; NULL: memory ran out. */
enum exit_status run_print(const struct options *options, char *text);

#endif
