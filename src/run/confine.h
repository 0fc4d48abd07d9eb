// SPDX-License-Identifier: MIT
/*
 * confine.h - the sandbox of a run (sockview/sandbox.h): whether there is one, and what is done before it begins.
 *
 * It begins with the first byte of output. Output written later may be made
 * later, too: all that this takes is opened, read and looked up before.
 *
 *   an answer for a person   is made whole before any of it is written
 *   rows of a table          names are looked up ahead of the first byte
 *   rows as they come        services and interfaces are read whole, files opened, the netlink socket let
 *                            through; users are not known ahead: where they are shown there is no sandbox
 */
#ifndef SOCKVIEW_RUN_CONFINE_H
#define SOCKVIEW_RUN_CONFINE_H

#include "run/invocation.h"

/* Whether this run has a sandbox; says with -v why not. */
void confine_plan(struct run *run);
/* It begins with this out's first byte. */
void confine_output(struct run *run, struct out *out);
/* What a source of rows that are written as they come must know of it. */
void confine_source(struct run *run, struct sources *sources, struct source_request *request);
void confine_end(struct run *run);

#endif
