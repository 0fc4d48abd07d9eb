// SPDX-License-Identifier: MIT
/* judged.h - the inside of a struct exposure: data alone. */
#ifndef SOCKVIEW_EXPOSURE_JUDGED_H
#define SOCKVIEW_EXPOSURE_JUDGED_H

#include <sockview/exposure_types.h>
#include <sockview/packet.h>

#include "exposure/published.h"
#include "exposure/ways.h"

/* The first lets most through. */
enum reach { REACH_OPEN, REACH_DEPENDS, REACH_UNKNOWN, REACH_REJECTED, REACH_FILTERED, REACH_LOCAL, REACH_COUNT };

struct reach_way {
	char name[16];
	uint8_t reach;             /* enum reach */
	uint8_t by_rules;          /* by the rules that were read alone */
	unsigned in_use;           /* LAYER_BIT()s that make it unknown */
	const char *probe;         /* what the probe has shown; NULL: none was made */
	const char *probe_refused; /* why none was made */
};

struct judged {
	size_t row; /* of the table; behind its rows: of `published` */
	enum reach reach;
	const char *scope;
	size_t first_way, ways; /* of exposure->way */
	/* Of the interface that lets most through. */
	struct packet_answer answer;
	unsigned in_use; /* LAYER_BIT()s: in use and not read: why it is unknown */
	unsigned unread; /* those, and the ones of which it could not be asked whether they are in use */
	bool not_here;   /* it is bound to an address that no interface which is up has */
	bool by_probe;   /* the probe says otherwise than the rules that were read */
	bool has_nat;
	struct packet_nat nat; /* a rule that takes the port's traffic elsewhere */
	bool proxied;          /* docker-proxy sends it on, as nat.to says; no rule does */
	const char *tenant;    /* the container, or namespace, that it goes to: hostile; NULL: none is known */
};

struct exposure {
	struct exposure_facts facts;
	struct ruleset *ruleset; /* whose texts the answers are */
	struct ways ways;
	struct packet_answer *discovery; /* by way and family, IPv6 second; NULL: there are no rules */
	int probe_errno;                 /* why nothing can be probed; 0: it can */
	size_t probes;
	struct published_list published; /* ports that need no listener */
	struct table waiting;            /* all that waits here; empty where no rule translates */
	struct tenants tenants;
	unsigned in_use, unread; /* of all rows */
	struct judged *judged;   /* in the order they are printed */
	size_t count, capacity;
	struct reach_way *way;
	size_t way_count, way_capacity;
};

static inline bool judged_is_published(const struct exposure *exposure, const struct judged *judged)
{
	return judged->row >= exposure->facts.table->count;
}

static inline const struct row *judged_row(const struct exposure *exposure, const struct judged *judged)
{
	const struct table *table = exposure->facts.table;
	if (judged_is_published(exposure, judged))
		return &exposure->published.item[judged->row - table->count].row;
	return &table->row[judged->row];
}

/* The last of the ports that it is about; the first is its row's. */
static inline uint16_t judged_last_port(const struct exposure *exposure, const struct judged *judged)
{
	if (judged_is_published(exposure, judged))
		return exposure->published.item[judged->row - exposure->facts.table->count].last;
	return exposure->facts.table->row[judged->row].local_port;
}

#endif
