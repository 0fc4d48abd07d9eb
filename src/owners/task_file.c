/*
 * task_file.c - the BPF program, loaded.
 *
 * The generated skeleton holds the program and a loader program that the
 * kernel runs to relocate and load it: bpf(2) is all that is needed.
 */
#include "owners/task_file.h"

#include <errno.h>
#include <string.h>

#ifdef WITH_BPF

#include <task_file.lskel.h> /* made by the build, from task_file.bpf.c */

/* The file that runs the program as it is read. */
static int open_iterator(int link)
{
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.iter_create.link_fd = (unsigned)link;
	return (int)syscall(__NR_bpf, BPF_ITER_CREATE, &attr, sizeof(attr));
}

static int load(struct task_file_skel *skel, const char **why)
{
	*why = "cannot load the BPF program";
	if (task_file_skel__load(skel))
		return -1;
	*why = "cannot attach the BPF iterator";
	if (task_file_skel__attach(skel))
		return -1;
	*why = "cannot start the BPF iterator";
	int fd = open_iterator(skel->links.write_socket_fd);
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
	*why = "built without the BPF iterator";
	errno = ENOSYS;
	return -1;
}

#endif
