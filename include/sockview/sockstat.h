// SPDX-License-Identifier: MIT
/* sockstat.h - /proc/net/sockstat and sockstat6: counts that the kernel need not walk its tables for. */
#ifndef SOCKVIEW_SOCKSTAT_H
#define SOCKVIEW_SOCKSTAT_H

#include <sockview/row.h>

/*
 * How many sockets of the protocol and family there are, TIME_WAIT aside. The
 * files are those of `folder` ("" or a path that ends in /) below `dir`, which
 * may be -1. False if they do not tell.
 */
bool sockstat_in_use(int dir, const char *folder, enum proto proto, int family, uint32_t *count);

/* The same of TCP's TIME_WAIT, of both families. */
bool sockstat_time_wait(int dir, const char *folder, uint32_t *count);

#endif
