// SPDX-License-Identifier: MIT
/*
 * mountinfo.h - the mounts that a process sees, and the way to them.
 *
 * /proc/PID/mountinfo gives their paths as the process itself would write
 * them; /proc/PID/root leads to the same places from outside of its mount
 * namespace and root directory.
 */
#ifndef SOCKVIEW_HOST_MOUNTINFO_H
#define SOCKVIEW_HOST_MOUNTINFO_H

#include <sys/types.h>

#include <sockview/text.h>

/* One mount; the strings are part of the text that was read. */
struct mount {
	dev_t dev;         /* st_dev of what is mounted */
	const char *root;  /* what of the file system is mounted: "/" for all of it; of nsfs "net:[4026532209]" */
	const char *where; /* the mount point */
	const char *type;  /* "cgroup2", "nsfs" ... */
};

struct mountinfo {
	struct text text;
	size_t at;
	int root; /* fd of PID/root */
};

/* `process` is a pid, or "self". 0, or -1 with errno; mountinfo_close() after both. */
int mountinfo_open(struct mountinfo *mountinfo, int proc_fd, const char *process);
/* The next mount; false after the last. Lines of another form are left out. */
bool mountinfo_next(struct mountinfo *mountinfo, struct mount *mount);
/*
 * An fd of the mount's root directory. -1 with errno; ESTALE if something else
 * is at its mount point: a mount that a later one covers is listed too.
 */
int mountinfo_enter(const struct mountinfo *mountinfo, const struct mount *mount);
void mountinfo_close(struct mountinfo *mountinfo);

/* Cuts one line into its fields, in place; false if it is of another form. */
bool mountinfo_parse(char *line, struct mount *mount);

#endif
