// SPDX-License-Identifier: MIT
/* connect_types.h - what --connect is asked, and what its caller has collected. */
#ifndef SOCKVIEW_CONNECT_TYPES_H
#define SOCKVIEW_CONNECT_TYPES_H

#include <sockview/lookup.h>
#include <sockview/owner.h>
#include <sockview/query.h>

struct netns_list;

/* The command line's words; they must live as long as the struct connect. */
struct connect_options {
	const char *target;
	unsigned protos; /* PROTO_BIT()s; 0: none was named */
	int family;      /* AF_UNSPEC: both */
	bool probe;      /* one connection is made */
	double seconds;  /* and given up after so long */
	const struct lookup *lookup;
	int proc_fd; /* -1: none */
};

enum { CONNECT_PROBLEM_MAX = 256 };

enum connect_verdict { CONNECT_WORKS, CONNECT_FAILS, CONNECT_UNKNOWN };

/* What the caller has collected, to stay until the answer is printed. */
struct connect_facts {
	const struct table *table; /* rows of other namespaces have their index in `elsewhere` */
	const struct owners *owners;
	const struct netns_list *elsewhere;
	bool whole; /* the table has every socket that was asked for */
};

#endif
