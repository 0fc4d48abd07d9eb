// SPDX-License-Identifier: MIT
/* near.h - how far a mistyped word is from a known one. */
#ifndef SOCKVIEW_NEAR_H
#define SOCKVIEW_NEAR_H

#include <stddef.h>

#define NEAR_LONGEST 24

/* Letters put in, left out, changed or swapped with the next; NEAR_LONGEST if one of the words is longer than that. */
size_t near_distance(const char *a, const char *b);

#endif
