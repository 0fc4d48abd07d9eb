// SPDX-License-Identifier: MIT
/*
 * cgroup.h - what a cgroup's path tells: the systemd unit, the container; and the hierarchy: paths and ids.
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

/*
 * The cgroup v2 hierarchy: the paths of its cgroups and their ids, the numbers
 * that sock_diag tells. A path is written as in /proc/PID/cgroup.
 */
struct cgroups;

/*
 * Finds its mount by the mountinfo of the /proc at `proc_fd`: our own process's
 * if that /proc is of our own pid namespace, else its process 1's, whose root
 * directory then leads there. NULL with errno: ENOENT if none is mounted, ENOMEM,
 * or why it cannot be looked at.
 */
struct cgroups *cgroups_open(int proc_fd, bool proc_is_ours);
void cgroups_free(struct cgroups *cgroups);
/* The directory of what is mounted, no copy; `whole`: all of this machine's processes are in it or below. */
int cgroups_root(const struct cgroups *cgroups, bool *whole);

/* From now on it looks up cgroups that are not known yet, as it may open them by their ids; NULL: the caller does. */
struct servant;
void cgroups_serve(struct cgroups *cgroups, struct servant *servant);
/* A look begins: cgroups that were not there before are looked for. */
void cgroups_look(struct cgroups *cgroups);
/* Reads the ids and paths of all cgroups there are now, beside those that are known. 0, or -1 with errno. */
int cgroups_read(struct cgroups *cgroups);
/* The errno for which a part of the hierarchy was not read; 0: what was asked for was. */
int cgroups_unread(const struct cgroups *cgroups);
/*
 * "/system.slice/ssh.service", valid until cgroups_free(); data NULL if there is no
 * such cgroup. One that is not known yet is looked up: by the id itself where
 * CAP_DAC_READ_SEARCH is in effect, else all are read, once a look.
 */
struct bytes cgroups_path(struct cgroups *cgroups, uint64_t id);

/* Which cgroups a user's path or glob means. */
struct cgroup_match {
	bool known; /* there is a hierarchy and it can be looked at */
	uint64_t *id;
	size_t count, capacity;
	char *path; /* the glob, without the mount point that may have been written before it */
};

/* Fills `match`. 0, or -1 with errno ENOMEM; cgroup_match_free() after both. */
int cgroups_match(struct cgroups *cgroups, const char *glob, struct cgroup_match *match);
void cgroup_match_free(struct cgroup_match *match);

#endif
