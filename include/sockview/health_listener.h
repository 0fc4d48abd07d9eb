// SPDX-License-Identifier: MIT
/* health_listener.h - one listener, judged by the rules of --health. */
#ifndef SOCKVIEW_HEALTH_LISTENER_H
#define SOCKVIEW_HEALTH_LISTENER_H

#include <sockview/row.h>

/* A listener, as one look or two have shown it, and what was found. */
struct health_listener {
	const struct row *row;
	bool twice;                           /* there were two looks: `drops`, `half_open_before`, `cookies` count */
	unsigned drops;                       /* gained between them */
	unsigned half_open, half_open_before; /* connections in SYN_RECV on its port */
	uint64_t cookies;                     /* sent between them, by all of its namespace */
	const char *key, *advice;             /* found */
	double value;
	char text[200];
};
/* By the rules' own thresholds. False: nothing is found. */
bool health_listener(struct health_listener *listener);

#endif
