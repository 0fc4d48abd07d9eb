// SPDX-License-Identifier: MIT
/* contradictions.h - options that cannot be meant together. */
#ifndef SOCKVIEW_CLI_CONTRADICTIONS_H
#define SOCKVIEW_CLI_CONTRADICTIONS_H

#include <stddef.h>

struct parse;

/* 0, or -1 with the problem, which names both. Before anything is filled in that follows from the options. */
int contradictions_check(struct parse *parse);
/* List `index` of the names in the tables, blanks between them; NULL behind the last. A test looks each up. */
const char *contradictions_names(size_t index);

#endif
