/* cgroup_find.h - the ids of cgroups by their paths. */
#ifndef SELECT_CGROUPS_H
#define SELECT_CGROUPS_H

#include <sockview/lookup.h>

/* struct lookup, cgroups. */
int cgroups_find(const char *glob, struct lookup_ids *ids, bool *known, size_t *mount_len);

#endif
