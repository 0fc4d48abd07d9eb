// SPDX-License-Identifier: MIT
/* countof.h - how many items an array has; C2y's operator, until compilers have it. */
#ifndef SOCKVIEW_COUNTOF_H
#define SOCKVIEW_COUNTOF_H

#ifndef countof
#define countof(array) (sizeof(array) / sizeof((array)[0]))
#endif

#endif
