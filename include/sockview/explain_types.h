// SPDX-License-Identifier: MIT
/* explain_types.h - what --explain is asked, and what its caller has collected. */
#ifndef SOCKVIEW_EXPLAIN_TYPES_H
#define SOCKVIEW_EXPLAIN_TYPES_H

#include <sockview/names.h>
#include <sockview/origin.h>
#include <sockview/owner.h>
#include <sockview/privilege.h>
#include <sockview/query.h>

enum explain_probe {
	EXPLAIN_PROBE_AUTO, /* ask the kernel all that can be asked without taking the port; try the bind
	                         itself where the tables leave a doubt or where it cannot do harm */
	EXPLAIN_PROBE_NONE,
	EXPLAIN_PROBE_BIND,   /* try bind() in any case */
	EXPLAIN_PROBE_LISTEN, /* and listen() */
};

/* The command line's words; they must live as long as the struct explain. */
struct explain_options {
	const char *target; /* [PROTO:][ADDR:]PORT */
	bool reuseaddr;     /* of UDP; a TCP socket sets it ... */
	bool no_reuseaddr;  /* ... unless this is said */
	bool reuseport, v6only;
	bool verbose;
	const char *as_user, *as_unit, *device; /* NULL: the caller, his cgroup, any */
	enum explain_probe probe;
	unsigned protos; /* PROTO_BIT()s; the one of them, if the target names none */
	bool protos_named;
	int family;    /* AF_INET, AF_INET6: the same for an address; AF_UNSPEC: both */
	bool json;     /* the answer is to be JSON */
	bool several;  /* one of several ports: what is not of its sockets is not looked into */
	uint16_t port; /* of the several that the target names; 0: its only one */
};

enum { EXPLAIN_PROBLEM_MAX = 256 };

/* What must be read of the owners: enum process_detail. */
#define EXPLAIN_DETAILS \
	(PROCESS_NAME | PROCESS_UID | PROCESS_CMDLINE | PROCESS_EXE | PROCESS_CGROUP | PROCESS_START | PROCESS_NETNS)

/* What the caller has collected, to stay until the answer is printed. */
struct explain_facts {
	const struct table *table;
	const struct report *report;
	const struct owners *owners;
	struct names *names;
	int proc_fd;                       /* an open /proc; -1: none */
	const struct privilege *privilege; /* those of the look for owners */
	bool live;                         /* the sockets are this kernel's and this moment's: it may be asked more */
	struct origin origin;              /* of a recording */
	const char *enter; /* before a command that is to be run in the network namespace of the answer; "" in ours */
};

enum explain_verdict { EXPLAIN_FREE, EXPLAIN_TAKEN, EXPLAIN_REFUSED, EXPLAIN_UNKNOWN };

#endif
