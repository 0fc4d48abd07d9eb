// SPDX-License-Identifier: MIT
/*
 * places.h - rows that keep their place from one look to the next, by cookie.
 *
 * One that is new comes behind all others; one that is gone stays where it was
 * for one look more.
 */
#ifndef SOCKVIEW_PLACES_H
#define SOCKVIEW_PLACES_H

#include <sockview/past.h>
#include <sockview/row.h>

struct place {
	struct row row;
	size_t index; /* in the table of the present look; PLACE_GONE: not there */
	char mark;    /* ' ', '+' new, '-' gone */
	struct past past;
};

#define PLACE_GONE ((size_t)-1)

/* Zero-initialised is none; places_free(). */
struct places {
	struct place *place;
	size_t count, capacity;
	bool looked; /* what comes now is new */
};

/* 0, or -1 with errno ENOMEM. */
int places_update(struct places *places, const struct table *table);
void places_free(struct places *places);

#endif
