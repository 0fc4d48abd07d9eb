// SPDX-License-Identifier: MIT
/* explain_target.h - [PROTO:][ADDR:]PORT, as data. */
#ifndef SOCKVIEW_EXPLAIN_EXPLAIN_TARGET_H
#define SOCKVIEW_EXPLAIN_EXPLAIN_TARGET_H

#include <sockview/explain_types.h>

struct target {
	union addr addr;
	uint32_t ifindex; /* of %ZONE; 0: none */
	uint16_t port;
	uint8_t proto;  /* enum proto */
	uint8_t family; /* AF_UNSPEC: no address was named */
	bool proto_said;
};

/*
 * `proto` and `family` (AF_UNSPEC: either) are meant where the text names none;
 * PROTO_COUNT: the first with PROTO_DEFAULT, or what a service is of. 0, or -1 with a line for the user
 * in `problem`.
 */
int target_parse(struct target *target, const char *text, enum proto proto, int family,
                 char problem[EXPLAIN_PROBLEM_MAX]);
/* One of several ports that the text names; 0: the only one. */
int target_parse_port(struct target *target, const char *text, enum proto proto, int family, uint16_t port,
                      char problem[EXPLAIN_PROBLEM_MAX]);

#endif
