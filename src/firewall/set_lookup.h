// SPDX-License-Identifier: MIT
/* set_lookup.h - is the key in the set, and what does the map give? */
#ifndef SOCKVIEW_FIREWALL_SET_LOOKUP_H
#define SOCKVIEW_FIREWALL_SET_LOOKUP_H

#include "firewall/rule_run.h"

struct set_answer {
	enum fw_match match;               /* the key is in the set */
	uint32_t element[FW_VERDICTS_MAX]; /* indexes of elements that it is or may be */
	unsigned count;
	bool more; /* there are more than those */
};

/* `offset`: of the key in the registers. */
void set_lookup(const struct rule_run *run, const struct fw_set *set, unsigned offset, struct set_answer *answer);

#endif
