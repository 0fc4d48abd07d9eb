// SPDX-License-Identifier: MIT
/* past.h - a rate of the last minute, second by second, and its picture in a line. */
#ifndef SOCKVIEW_PAST_H
#define SOCKVIEW_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include <sockview/text.h>

enum { PAST_SECONDS = 60 };

/* Zero-initialised is a minute of nothing. A byte a second: the rate's logarithm, exact to a fifth. */
struct past {
	uint8_t level[PAST_SECONDS]; /* by second, modulo PAST_SECONDS */
};

/* The rate from behind second `before` to `now`; within one second the largest counts. */
void past_add(struct past *past, int64_t before, int64_t now, double rate);
/*
 * The minute to `now` in so many places (at least one), the last one on the
 * right: blocks as high as the rate beside the line's largest, or digits from 1 to
 * 9 where the terminal has no UTF-8; a blank for nothing. 0, or -1 with errno ENOMEM.
 */
int past_text(struct text *text, const struct past *past, int64_t now, unsigned places, bool blocks);
/* The most places, up to `room`, in each of which lie as many seconds; 0: not even the fewest fit. */
unsigned past_places(unsigned room);
/* Whether the locale of the environment says that the terminal shows UTF-8. */
bool past_has_blocks(void);

#endif
