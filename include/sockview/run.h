/* run.h - one invocation, from the options to the exit status. */
#ifndef SOCKVIEW_RUN_H
#define SOCKVIEW_RUN_H

#include <signal.h>

#include <sockview/options.h>
#include <sockview/privilege.h>

enum exit_status { EXIT_ROWS = 0, EXIT_NOTHING = 1, EXIT_USAGE = 2, EXIT_NO_ANSWER = 3 };

/*
 * Does what the options ask for and says on standard error what went wrong or
 * is missing. Once *stop_asked is set, it ends after the look under way.
 * `privilege` is what privilege_begin() found; the options stay the caller's.
 */
enum exit_status run_invocation(const struct options *options, const struct privilege *privilege,
                                const volatile sig_atomic_t *stop_asked);

/* Prints text that needs no look at any socket, and frees it; NULL: memory ran out. */
enum exit_status run_print(char *text);

#endif
