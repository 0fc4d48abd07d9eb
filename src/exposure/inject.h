// SPDX-License-Identifier: MIT
/* inject.h - --probe=inject: the kernel judges one SYN for each listener and interface. */
#ifndef SOCKVIEW_EXPOSURE_INJECT_H
#define SOCKVIEW_EXPOSURE_INJECT_H

#include "exposure/judged.h"

/* Probes the listeners of the exposure and corrects what was judged. 0, or -1 with errno ENOMEM. */
int inject_all(struct exposure *exposure);

#endif
