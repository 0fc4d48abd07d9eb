// SPDX-License-Identifier: MIT
/* namespaces.h - see namespaces.c. */
#ifndef SOCKVIEW_RUN_NAMESPACES_H
#define SOCKVIEW_RUN_NAMESPACES_H

#include <limits.h>

#include <sockview/options.h>

#include "run/invocation.h"

/*
 * Finds the namespaces that -N names, with the caller's own rights. 0; -1 with
 * a line for the user in `problem`, or with error where that is "".
 */
int namespaces_choose(struct run *run, char problem[OPTIONS_PROBLEM_MAX]);
/* The same for another look, in which one that is gone is no error. 0, or -1 with error. */
int namespaces_choose_again(struct run *run);
/*
 * Of a recording, which names them one after the other: its index, or -1 with
 * errno EBADMSG, ENOMEM. Until then there is one, the recording's own.
 */
int namespaces_add_recorded(struct run *run, const void *note, size_t len, size_t *index, bool *asked);
/* Chooses those among them that -N names; false with a word that is of none of them. */
bool namespaces_fit(struct run *run, char none[NAME_MAX]);
/* What was not looked at, a line each. */
void namespaces_say(const struct namespaces *namespaces);
void namespaces_free(struct namespaces *namespaces);

#endif
