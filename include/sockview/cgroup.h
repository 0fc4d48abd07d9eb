/*
 * cgroup.h - what a cgroup's path tells: the systemd unit, the container; and the paths' numbers.
 */
#ifndef SOCKVIEW_CGROUP_H
#define SOCKVIEW_CGROUP_H

#include <sockview/row.h>

/*
 * The innermost systemd unit in the path ("nginx.service", "session-3.scope"), false
 * if none is named there. The text is part of the path, systemd's own escapes
 * (\x2d) included: hostile.
 */
bool cgroup_unit(struct bytes path, struct bytes *unit);

struct container {
	const char *runtime; /* "docker", "podman", "containerd", "cri-o", "lxc", "systemd-nspawn"; "container" if
	                        only the id shows */
	struct bytes id;     /* part of the path: 64 hexadecimal digits, or a name */
};

/* The innermost container in the path; false if there is none. */
bool cgroup_container(struct bytes path, struct container *container);

/* The paths of the cgroups of this machine by number (the id that sock_diag tells). */
struct cgroups;

/*
 * Reads the names of all directories below `root_fd`, a cgroup v2 mount,
 * which it owns. NULL with errno.
 */
struct cgroups *cgroups_open(int root_fd);
void cgroups_free(struct cgroups *cgroups);
/* "/system.slice/ssh.service"; data NULL if there is no such cgroup (any more). */
struct bytes cgroups_path(const struct cgroups *cgroups, uint64_t id);
/* All paths, by index from 0; data NULL behind the last. */
struct bytes cgroups_path_at(const struct cgroups *cgroups, size_t index);

#endif
