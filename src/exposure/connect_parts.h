// SPDX-License-Identifier: MIT
/* connect_parts.h - the stages of a connection that have a file of their own. */
#ifndef SOCKVIEW_EXPOSURE_CONNECT_PARTS_H
#define SOCKVIEW_EXPOSURE_CONNECT_PARTS_H

#include "exposure/connecting.h"

/* The stages output and input: rules and programs that the packets meet. */
void connect_run_rules(struct connect *connect, struct connect_end *end);
/* The stages listener and queue, of an address of this host. */
void connect_find_listener(struct connect *connect, struct connect_end *end);
/* The stage remote: what existing connections show. */
void connect_look_remote(struct connect *connect, struct connect_end *end);
/* One connection is made: what came of it is the verdict. */
void connect_try(struct connect *connect, struct connect_end *end);

#endif
