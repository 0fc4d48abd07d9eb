// SPDX-License-Identifier: MIT
/*
 * probe.h - asks the kernel whether a planned bind() would pass.
 *
 * Two kinds. The checks go through everything bind() looks at but the table
 * of ports (the address, privileged ports, security modules, BPF programs of
 * the cgroup) and never take the port: they end at the refusal to bind a
 * socket twice. The trial is the bind itself, closed at once.
 *
 * While a trial that succeeded is not closed yet, a server that binds the
 * same port is refused; the kernel has no call that looks without taking.
 * So the caller decides when a trial is worth that.
 */
#ifndef SOCKVIEW_EXPLAIN_PROBE_H
#define SOCKVIEW_EXPLAIN_PROBE_H

#include <sys/types.h>

#include "explain/bind_model.h"

/* The user that the socket is to belong to. */
struct probe_user {
	bool change;   /* false: the caller */
	bool in_unit;  /* in another cgroup than the caller's: */
	int cgroup_fd; /* its directory; -1: it is not to be had, for the errno below */
	int unit_errno;
	uid_t uid;
	gid_t gid;
	gid_t *group; /* supplementary groups */
	int groups;
};

/* Where it was refused. */
enum probe_stage {
	PROBE_NOWHERE,
	PROBE_USER,    /* becoming the user */
	PROBE_SOCKET,  /* socket(): the family is switched off */
	PROBE_OPTION,  /* setsockopt(): no such device */
	PROBE_ADDRESS, /* bind() of the address with a port the kernel chooses */
	PROBE_PORT,    /* bind() of the port, before the table of ports is looked at */
	PROBE_TABLE,   /* bind() */
	PROBE_LISTEN,
	PROBE_PASSED,
};

struct probe_answer {
	enum probe_stage stage;
	int number; /* errno; 0 with PROBE_PASSED */
};

enum probe_kind { PROBE_CHECKS, PROBE_BIND, PROBE_BIND_LISTEN };

/* A raised errno of our own making (no memory, no fork) is PROBE_USER's. */
struct probe_answer probe_run(const struct bind_plan *plan, const struct probe_user *user, enum probe_kind kind);

#endif
