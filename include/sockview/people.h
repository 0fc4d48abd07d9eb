// SPDX-License-Identifier: MIT
/* people.h - numbers with a unit as people read them: 204ms, 437Gbit/s, 128KiB. */
#ifndef SOCKVIEW_PEOPLE_H
#define SOCKVIEW_PEOPLE_H

#include <sockview/column.h>
#include <sockview/value.h>

/* Room for such a text. */
#define PEOPLE_MAX 48

/*
 * The value with its unit, scaled to three significant digits; bytes below
 * 10,000 are exact. Only times, rates and bytes of timers, memory and TCP
 * internals are: `to` itself for any other. Else the new end.
 */
char *people_text(char to[PEOPLE_MAX], const struct column *column, const struct value *value);

#endif
