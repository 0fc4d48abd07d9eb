// SPDX-License-Identifier: MIT
/*
 * floor_walk.c - what reading every fd's link costs and nothing else: openat,
 * getdents64 and readlinkat over /proc/PID/fd.
 *
 *   floor_walk [THREADS [PID]]
 *
 * Two threads and all processes if not given; of one process each thread reads
 * a share of its descriptors, which are taken to be numbered without gaps. They
 * share that process's task->alloc_lock, which is taken for each of the three looks
 * at a descriptor (fget_task_next() and fget_task(), fs/file.c, Linux 6.18): two
 * processes of 9,400 descriptors are read 1.98 times as fast by two threads as
 * by one, one of 18,800 is 1.65 times as fast.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS_MAX = 8, PIDS_MAX = 1 << 20, BUFFER = 32768 };

struct record {
	uint64_t ino;
	int64_t off;
	uint16_t len;
	uint8_t type;
	char name[];
};

static int pid[PIDS_MAX];
static size_t pid_count;
static atomic_size_t next_pid;
static atomic_ullong links;
static long shares = 1, fds; /* of one process */

/* From where the directory stands, up to this descriptor. */
static void read_links(int dir, long end)
{
	char target[32], buffer[BUFFER] __attribute__((aligned(8)));
	unsigned long long count = 0;
	bool ended = false;
	for (long len; !ended && (len = syscall(SYS_getdents64, dir, buffer, sizeof(buffer))) > 0;)
		for (long at = 0; at < len && !ended;) {
			const struct record *record = (const void *)(buffer + at);
			at += record->len;
			ended = atol(record->name) >= end;
			if (!ended && record->name[0] != '.' &&
			    readlinkat(dir, record->name, target, sizeof(target)) > 0)
				count++;
		}
	atomic_fetch_add(&links, count);
}

static void *work(void *context)
{
	(void)context;
	for (size_t at; (at = atomic_fetch_add(&next_pid, 1)) < pid_count;) {
		char path[64];
		snprintf(path, sizeof(path), "/proc/%d/fd", pid[at]);
		int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			continue;
		read_links(dir, LONG_MAX);
		close(dir);
	}
	return NULL;
}

static void *work_share(void *context)
{
	char path[64];
	long share = *(long *)context, first = fds * share / shares;
	snprintf(path, sizeof(path), "/proc/%d/fd", pid[0]);
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* Behind "." and "..". */
	if (dir < 0 || lseek(dir, first + 2, SEEK_SET) < 0)
		return NULL;
	read_links(dir, share + 1 < shares ? fds * (share + 1) / shares : LONG_MAX);
	close(dir);
	return NULL;
}

static void find_processes(void)
{
	DIR *proc = opendir("/proc");
	if (!proc) {
		perror("floor_walk");
		exit(1);
	}
	for (struct dirent *entry; (entry = readdir(proc)) && pid_count < PIDS_MAX;)
		if (atoi(entry->d_name) > 0)
			pid[pid_count++] = atoi(entry->d_name);
}

static void find_share(int only, int threads)
{
	struct stat stats;
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/fd", only);
	/* st_size: since Linux 6.2. */
	if (stat(path, &stats) || !stats.st_size) {
		fprintf(stderr, "floor_walk: the number of its descriptors is not told\n");
		exit(1);
	}
	pid[0] = only;
	fds = (long)stats.st_size;
	shares = threads;
}

int main(int argc, char **argv)
{
	pthread_t thread[THREADS_MAX];
	long share[THREADS_MAX];
	int threads = argc > 1 ? atoi(argv[1]) : 2, only = argc > 2 ? atoi(argv[2]) : 0;
	if (threads < 1 || threads > THREADS_MAX)
		return 2;
	if (only)
		find_share(only, threads);
	else
		find_processes();
	for (int i = 0; i < threads; i++) {
		share[i] = i;
		if (pthread_create(&thread[i], NULL, only ? work_share : work, &share[i]))
			return 1;
	}
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("%llu links\n", (unsigned long long)links);
	return 0;
}
