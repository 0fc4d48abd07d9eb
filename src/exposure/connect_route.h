// SPDX-License-Identifier: MIT
/* connect_route.h - by which route and from which address a connection would go, and whether its next hop answers. */
#ifndef SOCKVIEW_EXPOSURE_CONNECT_ROUTE_H
#define SOCKVIEW_EXPOSURE_CONNECT_ROUTE_H

#include "exposure/connecting.h"

/* The stages route and source. */
void connect_find_route(struct connect *connect, struct connect_end *end);
/* The stage neighbour. */
void connect_find_neighbour(struct connect *connect, struct connect_end *end);

#endif
