// SPDX-License-Identifier: MIT
/* connecting.h - the inside of a struct connect: data alone, and the sentences that are added to it. */
#ifndef SOCKVIEW_EXPOSURE_CONNECTING_H
#define SOCKVIEW_EXPOSURE_CONNECTING_H

#include <sockview/connect_types.h>
#include <sockview/packet.h>
#include <sockview/target.h>

#include "exposure/ways.h"

/* In the order in which a connection comes to them. */
enum stage {
	STAGE_NONE,
	STAGE_NAME,
	STAGE_ROUTE,
	STAGE_SOURCE,
	STAGE_EPHEMERAL,
	STAGE_OUTPUT,
	STAGE_NEIGHBOUR,
	STAGE_LISTENER,
	STAGE_QUEUE,
	STAGE_INPUT,
	STAGE_REMOTE,
	STAGE_COUNT
};

enum { ENDS_MAX = 8, HEADLINE_MAX = 224 };

/* One address that the connection may go to. */
struct connect_end {
	union addr addr;
	uint8_t family;
	uint32_t ifindex; /* of %ZONE; 0: none */
	/* Of the route. */
	uint32_t oif;
	char oif_name[16];
	bool is_local, has_gateway, has_source;
	union addr gateway, source;
	uint8_t gateway_family;
	uint64_t *used; /* a bit for each local port that a new connection towards it cannot have */
	unsigned time_wait, time_wait_reusable;
	/* The first stage that fails it for certain; if there is none, the first that could not be judged. */
	enum connect_verdict verdict;
	enum stage stage;
	int number;                  /* errno of connect(); 0: not told */
	char headline[HEADLINE_MAX]; /* "nothing listens on 10.0.0.1:80" */
	char advice[HEADLINE_MAX];
	bool redirected; /* perhaps, by rules: to another end than this */
	bool tried;      /* by the probe */
};

struct connect {
	struct connect_options options;
	struct connect_facts facts;
	enum proto proto;
	uint16_t port;
	char *host;     /* the name that was looked up; NULL: addresses were typed */
	int name_error; /* EAI_*; 0: none */
	int name_errno; /* of EAI_SYSTEM */
	/* A bit for each port that has a listener: its connections came from elsewhere. */
	uint64_t listening[PORT_WORDS];
	struct connect_end end[ENDS_MAX];
	size_t ends, ends_left_out;
	struct ways ways;
	struct ruleset *ruleset;
	struct cgroups *cgroups; /* NULL: none is mounted in sight */
	char **evidence;
	size_t evidence_count, evidence_capacity;
	bool no_memory;                   /* for a sentence */
	const struct connect_end *chosen; /* whose verdict is the answer's; NULL: the name has no address */
	bool conntrack_is_absent;         /* so nothing is translated by any rule */
};

/* A sentence of evidence; hostile text in it was escaped by the caller. */
void connect_say(struct connect *connect, const char *format, ...) __attribute__((format(printf, 2, 3)));
/*
 * The end fails, or is not known, at a stage; the first certain failure stays, and behind it the first doubt.
 * True if this one is now the end's.
 */
bool connect_end_set(struct connect_end *end, enum connect_verdict verdict, enum stage stage, int number);
/* "10.0.0.1:80", "[::1]:80" */
enum { CONNECT_PLACE_MAX = ADDR_TEXT_MAX + 10 };
void connect_place(char *text, const union addr *addr, int family, uint16_t port);

#endif
