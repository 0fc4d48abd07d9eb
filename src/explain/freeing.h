// SPDX-License-Identifier: MIT
/* freeing.h - the steps that would free the port (sockview/free_plan.h), found and put into words. */
#ifndef SOCKVIEW_EXPLAIN_FREEING_H
#define SOCKVIEW_EXPLAIN_FREEING_H

#include "explain/explain_words.h"

/* culprit[], crowd[] -> freeing; 0, or -1 with errno ENOMEM. */
int freeing_plan(struct explain *explain);
void freeing_end(struct explain *explain);

/* The steps as one line for a shell; 0, or -1 with errno ENOMEM. Empty if there is none that can be typed. */
int freeing_command(const struct explain *explain, struct text *text);
/* How a process is stopped: the words of argv, or "kill 812". */
int freeing_words(const struct explain *explain, const struct free_step *step, struct text *text);

#endif
