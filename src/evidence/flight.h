// SPDX-License-Identifier: MIT
/* flight.h - see flight.c. */
#ifndef SOCKVIEW_EVIDENCE_FLIGHT_H
#define SOCKVIEW_EVIDENCE_FLIGHT_H

#include "evidence/blank.h"

/* Descriptors in messages and rings. 0, or -1 with errno ENOMEM. */
int flight_explain(struct blanks *blanks);
/* "scm_fds:\t2" of /proc/PID/fdinfo/FD: how many descriptors wait in that socket's queue. */
unsigned flight_scm_fds(const char *text, size_t len);
/* The next "socket:[N]" at or behind *at, which moves behind it; 0: none. */
uint32_t flight_next_socket(const char **at, const char *end);

#endif
