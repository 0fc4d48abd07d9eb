// SPDX-License-Identifier: MIT
/* options_near.h - the option that a mistyped one may have meant. */
#ifndef SOCKVIEW_CLI_OPTIONS_NEAR_H
#define SOCKVIEW_CLI_OPTIONS_NEAR_H

/* The long option that a mistyped one (without its dashes) may have meant, NULL if none is near. */
const char *options_nearest(const char *word);

#endif
