// SPDX-License-Identifier: MIT
/* explain_head.h - the first lines of the text: who has it, what frees it, which port nothing has. */
#ifndef SOCKVIEW_EXPLAIN_EXPLAIN_HEAD_H
#define SOCKVIEW_EXPLAIN_EXPLAIN_HEAD_H

#include <sockview/out.h>

#include "explain/inquiry.h"

/* The first sentence, escaped. 0, or -1 with errno ENOMEM. */
int head_verdict(const struct explain *explain, struct text *text);
/* The command that frees it, and a port instead. 0, or -1 with errno ENOMEM. */
int head_cure(const struct explain *explain, struct out *out);

#endif
