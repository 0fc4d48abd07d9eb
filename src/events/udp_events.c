// SPDX-License-Identifier: MIT
/* udp_events.c - the BPF programs that see UDP sockets by the hooks of cgroups, loaded (programs.h). */
#include "events/programs.h"

#include <errno.h>
#include <stdlib.h>

#include <sockview/bpf_skeleton.h>

#ifndef BPF_MISSING

#include "events/udp_events.lskel.h"

/* By links alone (Linux 5.7): they end with the process, as an attachment by BPF_PROG_ATTACH does not. */
static int udp_events_attach(struct programs *programs, const struct udp_events_skel *skel, int cgroup_fd)
{
	const struct {
		int program;
		enum bpf_attach_type type;
	} hooks[PROGRAMS_MOST] = {
		{ skel->progs.on_create.prog_fd, BPF_CGROUP_INET_SOCK_CREATE },
		{ skel->progs.on_bind4.prog_fd, BPF_CGROUP_INET4_POST_BIND },
		{ skel->progs.on_bind6.prog_fd, BPF_CGROUP_INET6_POST_BIND },
		{ skel->progs.on_release.prog_fd, BPF_CGROUP_INET_SOCK_RELEASE },
	};
	for (unsigned i = 0; i < PROGRAMS_MOST; i++) {
		int fd = skel_link_create(hooks[i].program, cgroup_fd, hooks[i].type);
		if (fd < 0)
			return -1;
		programs->link[programs->links++] = fd;
	}
	return 0;
}

static void udp_events_free(void *skeleton)
{
	udp_events_skel__destroy(skeleton);
}

int programs_udp(struct programs *programs, const struct programs_request *request, const char **why)
{
	struct udp_events_skel *skel = udp_events_skel__open();
	*programs = (struct programs){ .skeleton = skel, .free = udp_events_free };
	*why = "cannot load the BPF programs";
	if (!skel)
		return -1;
	skel->maps.namespaces.max_entries = programs_room(request);
	if (programs_settings(request, &skel->rodata->settings) == 0 && udp_events_skel__load(skel) == 0) {
		*why = "cannot attach the BPF programs to the cgroup";
		programs->lost = &skel->bss->lost;
		if (programs_start(programs, request, skel->maps.namespaces.map_fd, skel->maps.records.map_fd) == 0 &&
		    udp_events_skel__attach(skel) >= 0 && udp_events_attach(programs, skel, request->cgroup_fd) == 0) {
			programs->seed_link = skel->links.seed_fd;
			return 0;
		}
	}
	int saved = errno;
	programs_close(programs);
	errno = saved;
	return -1;
}

#else

int programs_udp(struct programs *programs, const struct programs_request *request, const char **why)
{
	(void)request;
	*programs = (struct programs){ 0 };
	*why = BPF_MISSING;
	errno = 0;
	return -1;
}

#endif
