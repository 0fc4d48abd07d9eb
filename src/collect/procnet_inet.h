// SPDX-License-Identifier: MIT
/* procnet_inet.h - a line of /proc/net/{tcp,udp,udplite,raw}{,6} as a row. */
#ifndef SOCKVIEW_COLLECT_PROCNET_INET_H
#define SOCKVIEW_COLLECT_PROCNET_INET_H

#include <sockview/row.h>

/*
 * One line of tcp, udp, udplite or raw (or of its IPv6 file), without the
 * newline. False if it is anything else than what the kernel writes.
 */
bool procnet_inet_parse(const char *text, size_t len, enum proto proto, int family, struct row *row,
                        struct sock_timer *timer);

#endif
