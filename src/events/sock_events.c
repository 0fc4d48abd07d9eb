// SPDX-License-Identifier: MIT
/* sock_events.c - the BPF programs that see TCP sockets change, loaded (programs.h). */
#include "events/programs.h"

#include <errno.h>
#include <stdlib.h>

#include <sockview/bpf_skeleton.h>

#ifndef BPF_MISSING

#include "events/sock_events.lskel.h"

static void sock_events_free(void *skeleton)
{
	sock_events_skel__destroy(skeleton);
}

int programs_tcp(struct programs *programs, const struct programs_request *request, const char **why)
{
	struct sock_events_skel *skel = sock_events_skel__open();
	*programs = (struct programs){ .skeleton = skel, .free = sock_events_free };
	*why = "cannot load the BPF programs";
	if (!skel)
		return -1;
	skel->maps.namespaces.max_entries = programs_room(request);
	if (programs_settings(request, &skel->rodata->settings) == 0 && sock_events_skel__load(skel) == 0) {
		*why = "cannot attach the BPF programs";
		programs->lost = &skel->bss->lost;
		programs->traced[programs->traces++] = skel->progs.on_state.prog_fd;
		programs->traced[programs->traces++] = skel->progs.on_destroy.prog_fd;
		if (programs_start(programs, request, skel->maps.namespaces.map_fd, skel->maps.records.map_fd) == 0 &&
		    sock_events_skel__attach(skel) == 0) {
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

int programs_tcp(struct programs *programs, const struct programs_request *request, const char **why)
{
	(void)request;
	*programs = (struct programs){ 0 };
	*why = BPF_MISSING;
	errno = 0;
	return -1;
}

#endif
