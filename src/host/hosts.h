// SPDX-License-Identifier: MIT
/* hosts.h - the host names of a run: each distinct address asked for once, ever. */
#ifndef SOCKVIEW_HOSTS_H
#define SOCKVIEW_HOSTS_H

#include <sockview/row.h>

struct hosts;

/* NULL with errno. */
struct hosts *hosts_new(void);
void hosts_free(struct hosts *hosts);
/* 0, or -1 with errno ENOMEM. */
int hosts_want(struct hosts *hosts, int family, const union addr *addr);
/* All that were wanted since the last time. */
void hosts_resolve(struct hosts *hosts, unsigned deadline_ms);
/* How many could not be looked up so far, with *number set to why (resolver_run()). */
size_t hosts_failed(const struct hosts *hosts, int *number);
/* NULL: none known. */
const char *hosts_find(const struct hosts *hosts, int family, const union addr *addr);

#endif
