// SPDX-License-Identifier: MIT
/* health_finding.h - the inside of a struct health, and one finding: data alone. */
#ifndef SOCKVIEW_HEALTH_FINDING_H
#define SOCKVIEW_HEALTH_FINDING_H

#include <sockview/text.h>

#include "health/first_look.h"
#include "health/health_rules.h"
#include "health/tallies.h"

/* What a rule found of one row. */
struct health_hit {
	size_t row; /* in the caller's table; SIZE_MAX: of the host, without a row */
	enum health_key key;
	enum health_severity severity;
	double value;
	uint32_t count;
	uint16_t netns; /* of a hit without a row */
	char text[200];
};

/* Hits of one key, owner and port. */
struct health_finding {
	enum health_key key;
	enum health_severity severity;
	struct row row; /* the worst; proto PROTO_COUNT: there is none but for its netns */
	double value;
	uint32_t count;
	int32_t pid; /* 0: not known */
	struct text program, unit;
	char text[200];
};

struct health {
	double threshold[HEALTH_KEYS];
	struct first_look first;
	int64_t now_ns, before_ns; /* of the looks */
	unsigned looks;
	const struct netns_list *netns; /* what the rows' numbers of namespaces mean; NULL: all are of our own */
	uint64_t twice;                 /* sockets seen in both looks */
	struct tallies destinations, ports;
	size_t *listener; /* their places in the caller's table */
	size_t listener_count, listener_capacity;
	struct health_hit *hit;
	size_t hit_count, hit_capacity;
	struct health_finding *finding;
	size_t finding_count, finding_capacity;
};

#endif
