/* namespaces.h - see namespaces.c. */
#ifndef SOCKVIEW_RUN_NAMESPACES_H
#define SOCKVIEW_RUN_NAMESPACES_H

#include <sockview/options.h>

#include "run/invocation.h"

/*
 * Finds the namespaces that -N names, with the caller's own rights. 0; -1 with
 * a line for the user in `problem`, or with error where that is "".
 */
int namespaces_choose(struct run *run, char problem[OPTIONS_PROBLEM_MAX]);
/* The same for another look, in which one that is gone is no error. 0, or -1 with error. */
int namespaces_choose_again(struct run *run);
/* What was not looked at, a line each. */
void namespaces_say(const struct namespaces *namespaces);
void namespaces_free(struct namespaces *namespaces);

#endif
