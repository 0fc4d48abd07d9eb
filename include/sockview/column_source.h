// SPDX-License-Identifier: MIT
/*
 * column_source.h - what a column's value is taken from: one socket with its
 * owners, and what is the same for all sockets of an answer.
 */
#ifndef SOCKVIEW_COLUMN_SOURCE_H
#define SOCKVIEW_COLUMN_SOURCE_H

#include <sockview/owner.h>
#include <sockview/row.h>

struct cgroups;
struct containers;
struct names;
struct netns_list;
struct rates;

#define KERNEL(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor))

/* The same for all sockets of an answer. */
struct column_context {
	struct names *names;            /* never NULL */
	const struct owners *owners;    /* NULL: not looked for */
	struct cgroups *cgroups;        /* NULL: no cgroup has a path */
	struct containers *containers;  /* NULL: no container has a name */
	const struct netns_list *netns; /* what the rows' numbers of namespaces mean; NULL: all are of our own */
	const struct rates *rates;      /* NULL: there are no two looks */
	uint64_t own_netns;             /* its number; 0: not known */
	const char *host, *boot_id;     /* the machine's name, and the kernel's of this boot; NULL: not known */
	int64_t boot_time;              /* when the kernel started, seconds since 1970; 0: not known */
	int64_t now;
	long ticks_per_second;
	unsigned kernel;                            /* KERNEL() of the one that answered; 0: not known */
	bool exact;                                 /* text for people has numbers as they are, too */
	bool numeric_hosts, numeric_ports, resolve; /* of endpoints; resolve: names_host() has been filled */
};

/* One socket, with its owners at hand. Filled by column_source_set(). */
struct column_source {
	const struct column_context *context;
	const struct sock *sock;
	const struct process *process; /* of the first owner; NULL: none */
	struct owner_span span;
};

void column_source_set(struct column_source *source, const struct column_context *context, const struct sock *sock);

#endif
