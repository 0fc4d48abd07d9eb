// SPDX-License-Identifier: MIT
/* lookup.h - names to numbers: services, hosts, users, interfaces, cgroups of this host. */
#ifndef SOCKVIEW_LOOKUP_H
#define SOCKVIEW_LOOKUP_H

#include <sockview/cgroup.h>
#include <sockview/row.h>

/* lo's, in every network namespace: net/core/dev.c makes it first. */
#define LOOPBACK_INDEX 1

struct lookup_address {
	uint8_t family; /* AF_INET, AF_INET6 */
	union addr addr;
};

/*
 * Where names are looked up; every function answers 0, or -1 if there is no
 * such name.
 */
struct lookup {
	/* Host byte order, at most *count ports; `protos` are those whose services count. */
	int (*service)(const char *name, unsigned protos, uint16_t *ports, size_t *count);
	/* At most *count addresses; family AF_UNSPEC, AF_INET or AF_INET6. */
	int (*host)(const char *name, int family, struct lookup_address *addresses, size_t *count);
	/* The same of this host's own table alone: a word that may be no host at all is not told the network. */
	int (*known_host)(const char *name, int family, struct lookup_address *addresses, size_t *count);
	int (*user)(const char *name, uint32_t *uid);
	int (*interface)(const char *name, uint32_t *index);
	/* net.ipv4.ip_local_port_range. */
	int (*local_ports)(const struct lookup *lookup, uint16_t *low, uint16_t *high);
	/*
	 * The cgroups (v2) whose path fits the glob, which may be written with the
	 * mount point before it. 0 also if none fits or if there is no hierarchy;
	 * -1 with errno ENOMEM. cgroup_match_free() after both.
	 */
	int (*cgroups)(const struct lookup *lookup, const char *glob, struct cgroup_match *match);
	/*
	 * 1 if the address is one of this host's, and what has it; 0
	 * if not; -1 if that is not known. NULL: not known of any.
	 */
	int (*own_address)(int family, const union addr *addr, struct addr_device *device);
	/* What `local_ports` and `cgroups` read: see struct finder_request. */
	int proc_fd; /* -1: none */
	bool proc_is_ours;
};

/* Asks libc and the kernel of this host, and the given /proc. */
struct lookup lookup_host(int proc_fd, bool proc_is_ours);

#endif
