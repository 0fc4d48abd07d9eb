// SPDX-License-Identifier: MIT
/*
 * floor_walk.c - what reading every fd's link costs and nothing else: two
 * threads, openat, getdents64 and readlinkat over all of /proc/PID/fd.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { THREADS = 2, PIDS_MAX = 1 << 20, BUFFER = 32768 };

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

static void read_links(int dir)
{
	char target[32], buffer[BUFFER] __attribute__((aligned(8)));
	unsigned long long count = 0;
	for (long len; (len = syscall(SYS_getdents64, dir, buffer, sizeof(buffer))) > 0;)
		for (long at = 0; at < len;) {
			const struct record *record = (const void *)(buffer + at);
			at += record->len;
			if (record->name[0] != '.' && readlinkat(dir, record->name, target, sizeof(target)) > 0)
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
		read_links(dir);
		close(dir);
	}
	return NULL;
}

int main(void)
{
	pthread_t thread[THREADS];
	DIR *proc = opendir("/proc");
	if (!proc) {
		perror("floor_walk");
		return 1;
	}
	for (struct dirent *entry; (entry = readdir(proc)) && pid_count < PIDS_MAX;)
		if (atoi(entry->d_name) > 0)
			pid[pid_count++] = atoi(entry->d_name);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&thread[i], NULL, work, NULL))
			return 1;
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	printf("%llu links\n", (unsigned long long)links);
	return 0;
}
