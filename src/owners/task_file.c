/*
 * task_file.c - the BPF program, loaded.
 */
#include "owners/task_file.h"

#include <errno.h>

#include <sockview/bpf_skeleton.h>

#ifndef BPF_MISSING

#include "owners/task_file.lskel.h"

static int load(struct task_file_skel *skel, const char **why)
{
	*why = "cannot load the BPF program";
	if (task_file_skel__load(skel))
		return -1;
	*why = "cannot attach the BPF iterator";
	if (task_file_skel__attach(skel))
		return -1;
	*why = "cannot start the BPF iterator";
	int fd = bpf_iterator_open(skel->links.write_socket_fd);
	if (fd >= 0)
		*why = NULL;
	return fd;
}

int task_file_open(const char **why)
{
	struct task_file_skel *skel = task_file_skel__open();
	if (!skel) {
		*why = "cannot load the BPF program";
		return -1;
	}
	int fd = load(skel, why);
	int saved = errno;
	/* The iterator keeps its link and its program. */
	task_file_skel__destroy(skel);
	errno = saved;
	return fd;
}

#else

int task_file_open(const char **why)
{
	*why = BPF_MISSING;
	errno = 0;
	return -1;
}

#endif
