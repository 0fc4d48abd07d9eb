// SPDX-License-Identifier: MIT
/* tallies.h - sockets counted by what a rule looks at together: a destination, or a port of this host. */
#ifndef SOCKVIEW_HEALTH_TALLIES_H
#define SOCKVIEW_HEALTH_TALLIES_H

#include <sockview/row.h>

struct tally_key {
	union addr local, remote;
	uint16_t port;  /* of the destination, or of this host; 0: an empty place */
	uint8_t family; /* AF_UNSPEC: of a port of this host */
	uint16_t netns; /* as struct row has it */
};

struct tally {
	struct tally_key key;
	uint32_t count, time_wait, half_open, half_open_before;
	struct row sample; /* one with an inode, if there is one */
	bool has_sample;
};

/* Open addressing; zero-initialised is empty. */
struct tallies {
	struct tally *tally;
	size_t count, capacity;
};

/* The tally of the row's destination from its source address; NULL with errno ENOMEM. */
struct tally *tally_of_destination(struct tallies *tallies, const struct row *row);
/* The tally of the row's own port. */
struct tally *tally_of_port(struct tallies *tallies, const struct row *row);
/* The same if it is there; NULL. */
struct tally *tally_find_port(const struct tallies *tallies, const struct row *row);
void tallies_free(struct tallies *tallies);

#endif
