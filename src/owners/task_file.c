// SPDX-License-Identifier: MIT
/*
 * task_file.c - the BPF programs, loaded (task_file.h).
 */
#include "owners/task_file.h"

#include <errno.h>
#include <stddef.h>

#include <sockview/bpf_skeleton.h>

#ifndef BPF_MISSING

#include "owners/task_file.lskel.h"

struct task_file_programs {
	struct task_file_skel skel;
};

struct task_file_programs *task_file_load(bool nested, const char **why)
{
	struct task_file_skel *skel = task_file_skel__open();
	*why = "cannot load the BPF program";
	if (!skel)
		return NULL;
	skel->rodata->nested = nested;
	bool loaded = task_file_skel__load(skel) == 0;
	if (loaded)
		*why = "cannot attach the BPF iterator";
	if (loaded && task_file_skel__attach(skel) == 0) {
		*why = NULL;
		return (struct task_file_programs *)skel;
	}
	int saved = errno;
	task_file_skel__destroy(skel);
	errno = saved;
	return NULL;
}

void task_file_unload(struct task_file_programs *programs)
{
	task_file_skel__destroy(&programs->skel);
}

int task_file_open(const struct task_file_programs *programs)
{
	return bpf_iterator_open(programs->skel.links.write_socket_fd);
}

int task_file_open_runs(const struct task_file_programs *programs)
{
	return bpf_iterator_open(programs->skel.links.write_run_fd);
}

void task_file_stop(struct task_file_programs *programs)
{
	__atomic_store_n(&programs->skel.bss->stop, 1, __ATOMIC_RELAXED);
}

bool task_file_stopped(const struct task_file_programs *programs)
{
	return __atomic_load_n(&programs->skel.bss->stop, __ATOMIC_RELAXED);
}

#else

struct task_file_programs *task_file_load(bool nested, const char **why)
{
	(void)nested;
	*why = BPF_MISSING;
	errno = 0;
	return NULL;
}

void task_file_unload(struct task_file_programs *programs)
{
	(void)programs;
}

int task_file_open(const struct task_file_programs *programs)
{
	(void)programs;
	return -1;
}

int task_file_open_runs(const struct task_file_programs *programs)
{
	(void)programs;
	return -1;
}

void task_file_stop(struct task_file_programs *programs)
{
	(void)programs;
}

bool task_file_stopped(const struct task_file_programs *programs)
{
	return programs == NULL;
}

#endif
