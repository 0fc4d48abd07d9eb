// SPDX-License-Identifier: MIT
/*
 * netns.c - the network namespaces of this host, each once (netns.h).
 *
 *   /proc/PID/ns/net                    processes
 *   /proc/PID/task/TID/ns/net           threads that called setns() or unshare() for themselves
 *   /proc/PID/mountinfo, lines of nsfs  bound somewhere, by one process of each mount namespace
 *
 * Whom the kernel does not tell of PID/ns/net (PTRACE_MODE_READ) may still read
 * PID/net (proc_net_lookup(), fs/proc/proc_net.c): its files' inode numbers are
 * another in each namespace.
 */
#include <sockview/netns.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/countof.h>
#include <sockview/process_list.h>
#include <sockview/process_text.h>
#include <sockview/vec.h>

#include "host/mountinfo.h"

enum { NETNS_PATH_MAX = 4352 }; /* PATH_MAX behind /PID/root */

struct netns_finding {
	struct netns_list *list;
	int proc_fd;
	size_t last;    /* where the last process was: the next is likely to be there, too */
	uint32_t *seen; /* mount namespaces whose mounts were read */
	size_t seen_count, seen_capacity;
	int32_t *untold; /* processes whose namespace the kernel does not tell */
	size_t untold_count, untold_capacity;
};

void netns_list_free(struct netns_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		netns_forget(&list->item[i]);
	free(list->item);
	free(list->order);
	*list = (struct netns_list){ 0 };
}

/* N of "net:[N]"; 0 with errno. */
static uint32_t netns_number(int proc_fd, const char *path, const char *kind)
{
	char target[64];
	ssize_t len = readlinkat(proc_fd, path, target, sizeof(target));
	uint32_t inode = len > 0 ? process_bracketed(target, (size_t)len, kind, strlen(kind)) : 0;
	if (len >= 0 && !inode)
		errno = ENOENT;
	return inode;
}

/* The namespace of that number, new in the list if it was not there; NULL: no more are taken, or ENOMEM. */
static struct netns *netns_put(struct netns_finding *finding, uint64_t inode, const char *path)
{
	struct netns_list *list = finding->list;
	if (finding->last < list->count && list->item[finding->last].inode == inode)
		return &list->item[finding->last];
	for (size_t i = 0; i < list->count; i++)
		if (list->item[i].inode == inode) {
			finding->last = i;
			return &list->item[i];
		}
	errno = 0;
	if (list->count == NETNS_MAX) {
		list->left_out++;
		return NULL;
	}
	char *copy = strdup(path);
	struct netns *netns = copy ? vec_push(list->item, list->count, list->capacity) : NULL;
	if (!netns) {
		free(copy);
		errno = ENOMEM;
		return NULL;
	}
	netns->inode = inode;
	netns->path = copy;
	finding->last = list->count - 1;
	return netns;
}

/* 0, or -1 with errno ENOMEM: what a NULL of netns_put() means. */
static int netns_lacking(void)
{
	return errno == ENOMEM ? -1 : 0;
}

/* --- processes whose namespace is not told --- */

/* 0 with errno. */
static uint64_t mark_of(int proc_fd, int32_t pid)
{
	char path[48];
	struct stat status;
	snprintf(path, sizeof(path), "%d/net/tcp", pid);
	return fstatat(proc_fd, path, &status, 0) == 0 ? status.st_ino : 0;
}

static int netns_take_untold(struct netns_finding *finding, int32_t pid)
{
	struct netns_list *list = finding->list;
	uint64_t mark = mark_of(finding->proc_fd, pid);
	if (!mark) {
		/* Anything else: it has gone. */
		list->hidden += errno == EACCES || errno == EPERM;
		return 0;
	}
	for (size_t i = 0; i < list->count; i++) {
		struct netns *netns = &list->item[i];
		if (!netns->mark && netns->pid)
			netns->mark = mark_of(finding->proc_fd, netns->pid);
		if (netns->mark != mark)
			continue;
		netns->processes++;
		return 0;
	}
	if (list->count == NETNS_MAX) {
		list->left_out++;
		return 0;
	}
	struct netns *netns = vec_push(list->item, list->count, list->capacity);
	if (!netns)
		return -1;
	*netns = (struct netns){ .mark = mark, .pid = pid, .processes = 1 };
	return 0;
}

/* --- processes and threads --- */

static int netns_take_process(struct netns_finding *finding, int32_t pid)
{
	char path[48];
	snprintf(path, sizeof(path), "%d/ns/net", pid);
	uint32_t inode = netns_number(finding->proc_fd, path, "net:");
	if (!inode && (errno == EACCES || errno == EPERM)) {
		int32_t *untold = vec_push(finding->untold, finding->untold_count, finding->untold_capacity);
		if (untold)
			*untold = pid;
		return untold ? 0 : -1;
	}
	if (!inode)
		return 0;
	struct netns *netns = netns_put(finding, inode, path);
	if (!netns)
		return netns_lacking();
	if (!netns->pid || netns->pid > pid)
		netns->pid = pid;
	netns->processes++;
	return 0;
}

static int netns_take_thread(struct netns_finding *finding, int32_t pid, int32_t tid)
{
	char path[64];
	snprintf(path, sizeof(path), "%d/task/%d/ns/net", pid, tid);
	uint32_t inode = netns_number(finding->proc_fd, path, "net:");
	struct netns *netns = inode ? netns_put(finding, inode, path) : NULL;
	if (!netns)
		return inode ? netns_lacking() : 0;
	if (!netns->pid)
		netns->pid = pid;
	return 0;
}

static int netns_take_threads(struct netns_finding *finding, int32_t pid)
{
	char path[32];
	struct stat status;
	struct process_list threads;
	snprintf(path, sizeof(path), "%d/task", pid);
	/*
	 * "." and ".." and a thread each (proc_task_getattr(), fs/proc/base.c): most
	 * processes have one thread. 1 is a file system's that does not count.
	 */
	if (fstatat(finding->proc_fd, path, &status, 0) < 0 || status.st_nlink == 3)
		return 0;
	int fd = openat(finding->proc_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	int answer = process_list_read(&threads, fd);
	close(fd);
	if (answer < 0)
		answer = netns_lacking();
	for (size_t i = 0; i < threads.count && answer == 0; i++)
		if (threads.pid[i] != pid)
			answer = netns_take_thread(finding, pid, threads.pid[i]);
	process_list_free(&threads);
	return answer;
}

/* --- mounts --- */

static bool is_below(const char *path, const char *folder)
{
	size_t len = strlen(folder);
	return strncmp(path, folder, len) == 0 && path[len] && !strchr(path + len, '/');
}

static int netns_call_it(char **what, const char *word)
{
	if (!*what)
		*what = strdup(word);
	return *what ? 0 : -1;
}

/* Bound at `where`, in the words of a process that sees it. */
static int netns_take_bound(struct netns_finding *finding, uint64_t inode, const char *process, const char *where)
{
	char path[NETNS_PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/root%s", process, where);
	struct netns *netns = len < (int)sizeof(path) ? netns_put(finding, inode, path) : NULL;
	if (!netns)
		return netns_lacking();
	static const char *const folders[] = { "/run/netns/", "/var/run/netns/" };
	for (size_t i = 0; i < countof(folders); i++)
		if (is_below(where, folders[i]))
			return netns_call_it(&netns->name, where + strlen(folders[i]));
	return netns_call_it(&netns->mount, where);
}

static int netns_take_mounts(struct netns_finding *finding, const char *process)
{
	struct mountinfo mountinfo;
	struct mount mount;
	int answer = mountinfo_open(&mountinfo, finding->proc_fd, process);
	if (answer < 0)
		answer = netns_lacking();
	while (answer == 0 && mountinfo_next(&mountinfo, &mount)) {
		uint32_t inode = process_bracketed(mount.root, strlen(mount.root), "net:", 4);
		if (inode && strcmp(mount.type, "nsfs") == 0)
			answer = netns_take_bound(finding, inode, process, mount.where);
	}
	mountinfo_close(&mountinfo);
	return answer;
}

/* The mounts of the process's mount namespace, if no other process of it was asked. */
static int netns_take_mount_namespace(struct netns_finding *finding, const char *process)
{
	char path[48];
	snprintf(path, sizeof(path), "%.32s/ns/mnt", process);
	uint32_t inode = netns_number(finding->proc_fd, path, "mnt:");
	if (!inode)
		return 0;
	for (size_t i = finding->seen_count; i > 0; i--)
		if (finding->seen[i - 1] == inode)
			return 0;
	uint32_t *seen = vec_push(finding->seen, finding->seen_count, finding->seen_capacity);
	if (!seen)
		return -1;
	*seen = inode;
	return netns_take_mounts(finding, process);
}

/* --- all of them --- */

static int netns_take_all(struct netns_finding *finding, const struct process_list *processes)
{
	int answer = 0;
	for (size_t i = 0; i < processes->count && answer == 0; i++)
		answer = netns_take_process(finding, processes->pid[i]);
	for (size_t i = 0; i < processes->count && answer == 0; i++)
		answer = netns_take_threads(finding, processes->pid[i]);
	/* Ours first: its words are the ones that the caller knows. */
	if (answer == 0)
		answer = netns_take_mount_namespace(finding, "self");
	for (size_t i = 0; i < processes->count && answer == 0; i++) {
		char process[16];
		snprintf(process, sizeof(process), "%d", processes->pid[i]);
		answer = netns_take_mount_namespace(finding, process);
	}
	/* Behind those that are told: they are what is left. */
	for (size_t i = 0; i < finding->untold_count && answer == 0; i++)
		answer = netns_take_untold(finding, finding->untold[i]);
	return answer;
}

int netns_list_read(struct netns_list *list, int proc_fd)
{
	struct netns_finding finding = { .list = list, .proc_fd = proc_fd };
	struct process_list processes = { 0 };
	*list = (struct netns_list){ 0 };
	/* The main thread's may be another. Not every tree that stands for a /proc has threads. */
	const char *self = "thread-self/ns/net";
	uint32_t own = netns_number(proc_fd, self, "net:");
	if (!own)
		own = netns_number(proc_fd, self = "self/ns/net", "net:");
	int answer = own && netns_put(&finding, own, self) ? 0 : -1;
	if (answer == 0)
		answer = process_list_read(&processes, proc_fd);
	if (answer == 0)
		answer = netns_take_all(&finding, &processes);
	int saved = errno;
	free(finding.seen);
	free(finding.untold);
	process_list_free(&processes);
	errno = saved;
	return answer;
}
