// SPDX-License-Identifier: MIT
/* pids.h - the pids of --pids: fit for kill(1), each once. */
#ifndef SOCKVIEW_PIDS_H
#define SOCKVIEW_PIDS_H

#include <sockview/filter.h>
#include <sockview/out.h>
#include <sockview/owner.h>

#include "run/hidden.h"

struct pids {
	int32_t *pid; /* ascending; the caller frees it */
	size_t count, capacity;
};

/*
 * The owners of the table's sockets that fit the filter themselves: where a
 * socket is shared, `--program nginx` does not name the program it is shared
 * with. `hidden` counts sockets whose owner was not seen. 0, or -1 with errno ENOMEM.
 */
int pids_collect(struct pids *pids, const struct table *table, const struct owners *owners, const struct filter *filter,
                 struct hidden *hidden);
/* One a line. */
void pids_write(const struct pids *pids, struct out *out);

#endif
