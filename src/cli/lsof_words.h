// SPDX-License-Identifier: MIT
/* lsof_words.h - the letters of lsof's line: they mean what lsof(8) says, and those it does not know are our own. */
#ifndef SOCKVIEW_CLI_LSOF_WORDS_H
#define SOCKVIEW_CLI_LSOF_WORDS_H

#include "cli/option_table.h"

/*
 * Reads words[0], which begins with - or + and is no long option, and the
 * words behind it that are its arguments. How many that were, or -1 with the
 * problem.
 */
int lsof_words_take(struct parse *parse, char *const *words, int count);

#endif
