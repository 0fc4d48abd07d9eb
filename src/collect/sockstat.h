/* sockstat.h - see sockstat.c. */
#ifndef SOCKVIEW_COLLECT_SOCKSTAT_H
#define SOCKVIEW_COLLECT_SOCKSTAT_H

#include <stdint.h>

/* TCP sockets over IPv6, TIME_WAIT aside; 0 if that is not told. `proc_net_fd` may be -1. */
uint32_t sockstat_tcp6(int proc_net_fd);

#endif
