// SPDX-License-Identifier: MIT
/* explain_notes.h - sentences: what is no conflict and yet surprises, and what was not seen. */
#ifndef SOCKVIEW_EXPLAIN_EXPLAIN_NOTES_H
#define SOCKVIEW_EXPLAIN_EXPLAIN_NOTES_H

#include "explain/inquiry.h"

/* -> sentence[]; 0, or -1 with errno ENOMEM. */
int explain_notes(struct explain *explain);

#endif
