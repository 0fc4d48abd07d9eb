// SPDX-License-Identifier: MIT
/* tunnels.h - see tunnels.c. */
#ifndef SOCKVIEW_EVIDENCE_TUNNELS_H
#define SOCKVIEW_EVIDENCE_TUNNELS_H

#include "evidence/blank.h"

/* Sockets of the kernel's tunnels and servers. */
void tunnels_explain(struct blanks *blanks);

#endif
