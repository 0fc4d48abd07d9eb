// SPDX-License-Identifier: MIT
/* ephemeral.h - how many ephemeral ports the connections to one destination use up. */
#ifndef SOCKVIEW_EXPLAIN_EPHEMERAL_H
#define SOCKVIEW_EXPLAIN_EPHEMERAL_H

#include "explain/inquiry.h"

/* Keeps a connection towards the port. False: enough of them are rows of the table already. */
bool ephemeral_keep(struct explain *explain, const struct row *row);
/* The same of a connection that a server here has accepted from this host itself. */
void ephemeral_keep_reversed(struct explain *explain, const struct row *row);
/* -> destination */
void ephemeral_find(struct explain *explain);

#endif
