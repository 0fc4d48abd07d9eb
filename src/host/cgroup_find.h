/* cgroups.h - the ids of cgroups by their paths. */
#ifndef SELECT_CGROUPS_H
#define SELECT_CGROUPS_H

#include <sockview/filter.h>

/* struct filter_names, cgroups. */
int cgroups_find(const char *glob, struct filter_ids *ids, bool *known, size_t *mount_len);

#endif
