// SPDX-License-Identifier: MIT
/* gone.h - see gone.c. */
#ifndef SOCKVIEW_EVIDENCE_GONE_H
#define SOCKVIEW_EVIDENCE_GONE_H

#include "evidence/blank.h"

/* Sockets that are no more. */
void gone_explain(struct blanks *blanks);

#endif
