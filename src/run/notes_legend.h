// SPDX-License-Identifier: MIT
/* notes_legend.h - with -v: which reasons the blank owners of a listing had, and how often. */
#ifndef SOCKVIEW_RUN_NOTES_LEGEND_H
#define SOCKVIEW_RUN_NOTES_LEGEND_H

#include <sockview/owner.h>

enum { LEGEND_LISTENERS = 4 };

/* Zero-initialised is empty. Its pointers are into the owners. */
struct legend {
	uint64_t count[REASON_COUNT];
	uint64_t kind[2][KERNEL_KINDS]; /* by evidence; and by the port alone */
	struct {
		struct owner_waiting who;
		uint64_t count;
	} waiting[LEGEND_LISTENERS];
	uint64_t waiting_elsewhere; /* on listeners beyond those, or not among the rows */
};

void legend_add(struct legend *legend, const struct owners *owners, const struct row *row);
/* A message for each reason that occurred. */
void legend_say(const struct legend *legend, const struct owners *owners);

#endif
