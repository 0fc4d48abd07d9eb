/* lookup.h - names to numbers: services, hosts, users, interfaces, cgroups of this host. */
#ifndef SOCKVIEW_LOOKUP_H
#define SOCKVIEW_LOOKUP_H

#include <sockview/row.h>

struct lookup_address {
	uint8_t family; /* AF_INET, AF_INET6 */
	union addr addr;
};

/* A growable array; starts zeroed, the caller frees id. */
struct lookup_ids {
	uint64_t *id;
	size_t count, capacity;
};

/*
 * Where names are looked up; every function answers 0, or -1 if there is no
 * such name. lookup_host asks libc and the kernel of this host.
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
	int (*local_ports)(uint16_t *low, uint16_t *high);
	/*
	 * Appends the ids of the cgroups (v2) whose path below the hierarchy's
	 * mount fits the glob, which may be written with the mount's own path
	 * before it: `mount_len` bytes are that. 0 also if none fits or if there
	 * is no hierarchy: *known tells. -1 with errno ENOMEM.
	 */
	int (*cgroups)(const char *glob, struct lookup_ids *ids, bool *known, size_t *mount_len);
};
extern const struct lookup lookup_host;

#endif
