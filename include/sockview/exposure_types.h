// SPDX-License-Identifier: MIT
/* exposure_types.h - what the caller of --exposure has collected. */
#ifndef SOCKVIEW_EXPOSURE_TYPES_H
#define SOCKVIEW_EXPOSURE_TYPES_H

#include <sockview/names.h>
#include <sockview/owner.h>

struct cgroups;
struct ruleset;

/* All of it outlives the exposure, but for the cgroups. */
struct exposure_facts {
	const struct table *table; /* listeners and servers of UDP, with WANT_EXTRA */
	const struct owners *owners;
	struct names *names;
	struct cgroups *cgroups; /* NULL: no cgroup has a path */
	int proc_fd;
	/* Whether a port that NAT sends elsewhere, and that needs no listener, is of interest; NULL: all are. */
	bool (*wanted)(const void *context, const struct sock *sock);
	const void *context;
	struct ruleset *ruleset; /* the rules as they were read; NULL: they are read */
	bool probe;              /* the kernel judges a packet to each listener, */
	bool force;              /* also where rules on its way keep a state, */
	/* and what it leaves is closed by this. */
	void (*close)(void *context, const struct row *row);
	void *close_context;
	bool rows_alone; /* ports that need no listener are of no interest */
};

#endif
