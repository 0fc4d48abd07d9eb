// SPDX-License-Identifier: MIT
/* task_file.h - what the BPF program writes and bpf.c reads. */
#ifndef SOCKVIEW_OWNERS_TASK_FILE_H
#define SOCKVIEW_OWNERS_TASK_FILE_H

/* In `fd`, which the kernel keeps below (sysctl_nr_open_max, fs/file.c): nothing else refers to the socket's file. */
#define TASK_FILE_SOLE 0x80000000u

/* One fd on one socket. 24 bytes; numbers of the pid namespace that the iterator is read in. */
struct task_file {
	unsigned int inode;
	unsigned int pid, tid, fd;
	/* The process's, nanoseconds since boot: with the pid it names one process for good. */
	unsigned long long start_boottime;
};

/* A task that is no kernel thread, and how often it has left a CPU. In ascending order of tid. */
struct task_run {
	unsigned int tid, pid;
	unsigned long long start_boottime; /* the task's own */
	unsigned long long switches;
	unsigned int running; /* on a CPU just now */
	unsigned int unused;
};

#ifndef __bpf__
#include <stdbool.h>

/* The BPF programs, loaded and ready to be run, by several threads at a time. */
struct task_file_programs;

/*
 * `nested`: they will be read in a child pid namespace. NULL with errno, *why a constant phrase, where this kernel does not have them
 * or we may not use them; errno is 0 where this build does not have them.
 */
struct task_file_programs *task_file_load(bool nested, const char **why);
void task_file_unload(struct task_file_programs *programs);

/* An fd to read every struct task_file from; every struct task_run. -1 with errno. */
int task_file_open(const struct task_file_programs *programs);
int task_file_open_runs(const struct task_file_programs *programs);

/* Every read of the iterator, now or later and by any thread, ends with EAGAIN at the next file. */
void task_file_stop(struct task_file_programs *programs);
bool task_file_stopped(const struct task_file_programs *programs);
#endif

#endif
