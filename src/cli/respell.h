// SPDX-License-Identifier: MIT
/* respell.h - what other tools' users type is spelled as ours before it is read, or told what it is here. */
#ifndef SOCKVIEW_CLI_RESPELL_H
#define SOCKVIEW_CLI_RESPELL_H

#include "cli/option_table.h"

/* Changes argv's pointers. `lsof`: the letters are lsof's. 0, or -1 with the problem. */
int respell(struct parse *parse, int argc, char **argv, bool lsof);

/*
 * A word that is no option: refused with its own word if another tool has it,
 * else with the nearest of ours. `letter` is 0 for a long one, and the letter
 * of the bundle `word` else. 0 if the letter means something of ours, which was
 * done; else -1 with the problem.
 */
int respell_unknown(struct parse *parse, char letter, const char *word);

#endif
