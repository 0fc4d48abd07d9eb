// SPDX-License-Identifier: MIT
/* untold.h - see untold.c. */
#ifndef SOCKVIEW_RUN_UNTOLD_H
#define SOCKVIEW_RUN_UNTOLD_H

#include <sockview/collect.h>

#include "run/invocation.h"

/* For a query that asks for BOUND where no table tells of it: takes the rights of now. */
void untold_bound(struct run *run, const struct query *query);
/* Sockets of our own network namespace: those of the source, among them the bound ones that it does not tell of. */
int untold_among(struct run *run, const struct sources *sources, const struct source_request *request);
/* PROTO_BIT()s of those that can be known by descriptors here. */
unsigned untold_by_descriptors(const struct run *run);
/* Those of protocols that no table told of, behind all others, where their sockets can be known by descriptors. */
int untold_behind(struct run *run, const struct source_request *request);

#endif
