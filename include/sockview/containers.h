// SPDX-License-Identifier: MIT
/* containers.h - what containers are called, where their runtime left the name readable on disk. */
#ifndef SOCKVIEW_CONTAINERS_H
#define SOCKVIEW_CONTAINERS_H

#include <sockview/cgroup.h>

struct containers;

/* `root_fd`: the root directory of the machine, owned. NULL with errno ENOMEM. */
struct containers *containers_new(int root_fd);
void containers_free(struct containers *containers);
/* Looks the name up of the container in this cgroup, each id once. 0, or -1 ENOMEM. */
int containers_want(struct containers *containers, struct bytes cgroup);
/* The name of the container of this id; data NULL if it was not wanted or has none. */
struct bytes containers_name(const struct containers *containers, struct bytes id);

/*
 * The string behind `"key":` in JSON text, at or after `from`; data NULL if
 * there is none that is a plain name (letters, digits, `_.-/`).
 */
struct bytes containers_find_string(struct bytes json, const char *key, size_t from);

#endif
