// SPDX-License-Identifier: MIT
/* holders.h - the sockets on the port: found in the table, judged, and put together. */
#ifndef SOCKVIEW_EXPLAIN_HOLDERS_H
#define SOCKVIEW_EXPLAIN_HOLDERS_H

#include "explain/inquiry.h"

/* table -> holder[] and other; 0, or -1 with errno ENOMEM. */
int holders_find(struct explain *explain);
void holders_judge(struct explain *explain);
/* holder[] -> crowd[]; 0, or -1 with errno ENOMEM. */
int holders_crowd(struct explain *explain);
/* What the tables say of a plan that may differ from those explained. */
enum bind_outcome holders_outcome(const struct explain *explain, const struct bind_plan *plan);

/* The listener whose accept() made a connection with this local address, or might have; NULL if none is left. */
const struct holder *holder_listener(const struct explain *explain, const struct holder *child);
/* The first owner's process; NULL if no owner is known. */
const struct process *holder_process(const struct explain *explain, const struct holder *holder);

static inline const struct row *holder_row(const struct explain *explain, const struct holder *holder)
{
	return &explain->facts.table->row[holder->row];
}

/* One program of one user in one cgroup: a supervisor and its workers. */
bool process_alike(const struct owners *owners, const struct process *a, const struct process *b);

#endif
