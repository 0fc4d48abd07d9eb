/* task_file.h - what the BPF program writes and bpf.c reads. */
#ifndef SOCKVIEW_OWNERS_TASK_FILE_H
#define SOCKVIEW_OWNERS_TASK_FILE_H

/* One fd on one socket. 24 bytes, numbers of the initial pid namespace. */
struct task_file {
	unsigned int inode;
	unsigned int pid, tid, fd;
	/* The process's, nanoseconds since boot: with the pid it names one process for good. */
	unsigned long long start_boottime;
};

#ifndef __bpf__
/*
 * Loads the program and starts it: an fd to read records from. -1 with errno,
 * *why a constant phrase, where this kernel does not have it or we may not use
 * it; errno is 0 where this build does not have it.
 */
int task_file_open(const char **why);
#endif

#endif
