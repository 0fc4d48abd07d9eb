// SPDX-License-Identifier: MIT
/* cli.h - the command line: arguments to options, and the texts that follow from the table of options. */
#ifndef SOCKVIEW_CLI_H
#define SOCKVIEW_CLI_H

#include <sockview/options.h>

/*
 * Fills options from the arguments, which must stay as long as options do.
 * 0, or -1 with a line for the user in `problem`: the culprit and what would
 * be right. options_free() after both.
 */
int options_parse(struct options *options, int argc, char **argv, char problem[OPTIONS_PROBLEM_MAX]);
void options_free(struct options *options);

/* The texts of --help (`all`: each option, not the everyday ones alone), --list-columns and --completions, to be freed; NULL with errno ENOMEM. */
char *options_help(bool all);
char *columns_help(void);
char *completions_script(enum shell shell);

#endif
