// SPDX-License-Identifier: MIT
/* health_rules.h - the rules by name, with their thresholds. */
#ifndef SOCKVIEW_HEALTH_RULES_H
#define SOCKVIEW_HEALTH_RULES_H

#include <stddef.h>

enum health_severity { HEALTH_INFO, HEALTH_WARNING, HEALTH_CRITICAL };

enum health_key {
	ACCEPT_QUEUE_FULL,
	ACCEPT_QUEUE_DROPS,
	SYN_QUEUE,
	PEER_WINDOW_CLOSED,
	NOT_READING,
	BLACK_HOLE,
	RETRANSMITS,
	HEALTH_CLOSE_WAIT,
	HEALTH_TIME_WAIT,
	EPHEMERAL_ROOM,
	UDP_DROPS,
	ORPHANS,
	HEALTH_MEMORY,
	LISTENER_UNREACHABLE, /* by the firewall, which the caller judges */
	HEALTH_KEYS
};

struct health_rule {
	const char *name;
	enum health_severity severity;
	double threshold; /* of a finding */
	double critical;  /* from here on it is critical; 0: by `severity` alone */
	double least;     /* so many sockets or segments at least, or it is none */
	const char *unit; /* of --threshold; NULL: it has none to be set */
	const char *advice;
};

extern const struct health_rule health_rules[HEALTH_KEYS];
extern const char *const health_severities[];

#endif
