// SPDX-License-Identifier: MIT
/* bpf_attached.h - BPF programs that are attached to interfaces and cgroups: how many. */
#ifndef SOCKVIEW_EXPOSURE_BPF_ATTACHED_H
#define SOCKVIEW_EXPOSURE_BPF_ATTACHED_H

#include <stdbool.h>
#include <stdint.h>

#include <sockview/text.h>

struct cgroups;

/* At the hook, an enum bpf_attach_type, of an interface or a cgroup; `above`: and of the cgroups above it. -1 with errno. */
int bpf_programs(uint32_t target, uint32_t hook, bool above);

/* Where programs of a cgroup meet what its processes send and get. */
enum cgroup_hook {
	CGROUP_PACKETS = 1 << 0, /* may drop each */
	CGROUP_CONNECT = 1 << 1, /* may refuse connect(), or change where it goes */
	CGROUP_SENDMSG = 1 << 2, /* the same for UDP's sendto() */
};

/* Programs of the cgroup and those above it, at these hooks of the address family. -1: that could not be asked. */
int cgroup_programs(struct cgroups *cgroups, struct bytes path, unsigned hooks, int family);
/* Of the cgroup that we are in. */
int cgroup_programs_here(struct cgroups *cgroups, int proc_fd, unsigned hooks, int family);

#endif
