// SPDX-License-Identifier: MIT
/* replaying.h - the sockets of a recording. */
#ifndef SOCKVIEW_COLLECT_REPLAYING_H
#define SOCKVIEW_COLLECT_REPLAYING_H

#include <sockview/source.h>
#include <sockview/wire.h>

/*
 * All of a wire that replays. 0, -1 with error, or the sink's answer; the
 * report names what the recorded kernel refused, and what it was not asked for.
 */
int replaying_read(struct wire *wire, const struct source_request *request, struct report *report, struct error *error);

#endif
