/* scan.c - the fds of one process; see scan.h. */
#include "owners/scan.h"

#include "owners/dir.h"
#include "owners/process.h"
#include "owners/tables.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PATH_ROOM 64

/* How the look into one table or process ended. */
enum look { LOOK_DONE, LOOK_DENIED, LOOK_GONE, LOOK_STARVED, LOOK_FAILED /* ENOMEM */ };

/* One process being looked at. */
struct subject {
	struct scan *scan;
	int32_t pid;
	int dir;          /* fd of /proc/PID, or -1: not opened yet */
	bool leader_dead; /* names must come from a living thread's directory */
	bool known;       /* it is the last process of the findings */
};

static enum look look_errno(void)
{
	switch (errno) {
	case EACCES:
	case EPERM:
		return LOOK_DENIED;
	case ENOMEM:
		return LOOK_FAILED;
	case EMFILE:
	case ENFILE:
		return LOOK_STARVED;
	default: /* ENOENT, ESRCH */
		return LOOK_GONE;
	}
}

/* Does st_size of an fd directory count? We have at least this one fd open ourselves. */
static bool size_counts_fds(int proc_fd)
{
	struct stat stat;
	return !fstatat(proc_fd, "self/fd", &stat, 0) && stat.st_size > 0;
}

int scan_init(struct scan *scan, const struct finder_request *request)
{
	struct statfs fs;
	*scan = (struct scan){ .request = request, .buffer = malloc(DIR_BUFFER_SIZE) };
	scan->on_procfs = !fstatfs(request->proc_fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
	scan->counts_fds = scan->on_procfs && size_counts_fds(request->proc_fd);
	scan->compares = scan->on_procfs && request->proc_is_ours && tables_comparable();
	return scan->buffer ? 0 : -1;
}

void scan_free(struct scan *scan)
{
	free(scan->buffer);
	free(scan->tid);
	scan->buffer = NULL;
	scan->tid = NULL;
}

/* The process's directory, from an fd directory of it: the very process whose fds we read. */
static int subject_open(struct subject *subject, int fd_dir, bool of_thread)
{
	if (subject->dir < 0)
		subject->dir = openat(fd_dir, of_thread ? "../../.." : "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return subject->dir;
}

/* First hit: make it a process of the findings. */
static enum look subject_know(struct subject *subject, int fd_dir, bool of_thread)
{
	if (subject_open(subject, fd_dir, of_thread) < 0)
		return look_errno();
	int task = subject->dir;
	if (subject->leader_dead)
		task = openat(fd_dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (task < 0)
		return look_errno();
	struct scan *scan = subject->scan;
	int result = process_add(&scan->findings, subject->pid, subject->dir, task, scan->request->details);
	if (task != subject->dir)
		close(task);
	subject->known = !result;
	return result < 0 ? LOOK_FAILED : result ? LOOK_GONE : LOOK_DONE;
}

static enum look subject_hit(struct subject *subject, int fd_dir, int32_t tid, int32_t fd, uint32_t slot)
{
	if (!subject->known) {
		enum look look = subject_know(subject, fd_dir, tid != subject->pid);
		if (look != LOOK_DONE)
			return look;
	}
	struct findings *findings = &subject->scan->findings;
	struct owner owner = { slot, (uint32_t)findings->process_count - 1, tid, fd };
	return findings_add_owner(findings, &owner) ? LOOK_FAILED : LOOK_DONE;
}

static enum look look_at_fd(struct subject *subject, int fd_dir, int32_t tid, const char *name)
{
	char target[32]; /* "socket:[4294967295]" fits: longer ones are of something else */
	ssize_t len = readlinkat(fd_dir, name, target, sizeof(target));
	if (len < 0) /* a closed fd is no news; a process that may not be looked into is */
		return errno == EACCES || errno == EPERM ? LOOK_DENIED : LOOK_DONE;
	uint32_t inode = process_bracketed(target, (size_t)len, "socket:", 7);
	uint32_t slot = inode_index_find(subject->scan->request->index, inode);
	if (slot == SLOT_NONE)
		return LOOK_DONE;
	return subject_hit(subject, fd_dir, tid, dir_number(name), slot);
}

/* Every fd of an open fd directory; `expected` of them, 0 if that is not known. */
static enum look look_at_table(struct subject *subject, int fd_dir, int32_t tid, uint64_t expected)
{
	struct scan *scan = subject->scan;
	struct dir dir = { .fd = fd_dir, .buffer = scan->buffer };
	uint64_t seen = 0;
	int more;
	while ((more = dir_fill(&dir)) > 0) {
		/* A read that had room left and gave all there were needs no other to say so. */
		bool had_room = dir_had_room(&dir);
		for (const char *name; (name = dir_next(&dir));) {
			if (name[0] == '.')
				continue;
			seen++;
			enum look look = look_at_fd(subject, fd_dir, tid, name);
			if (look != LOOK_DONE)
				return look;
		}
		if (had_room && expected && seen >= expected)
			return LOOK_DONE;
	}
	return more < 0 ? look_errno() : LOOK_DONE;
}

static enum look open_table(int dir, const char *path, int *fd_dir)
{
	*fd_dir = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd_dir < 0 ? look_errno() : LOOK_DONE;
}

static enum look look_at_path(struct subject *subject, int dir, const char *path, int32_t tid, uint64_t expected)
{
	int fd_dir;
	enum look look = open_table(dir, path, &fd_dir);
	if (look != LOOK_DONE)
		return look;
	look = look_at_table(subject, fd_dir, tid, expected);
	close(fd_dir);
	return look;
}

/* The threads' own tables, each once. */
static enum look look_at_threads(struct subject *subject)
{
	struct scan *scan = subject->scan;
	struct tables tables = {
		.scan = scan, .pid = subject->pid, .dir = subject->dir, .leader_dead = subject->leader_dead
	};
	if (tables_open(&tables))
		return look_errno();
	enum look look = LOOK_DONE;
	for (int32_t tid; look != LOOK_FAILED && (tid = tables_next(&tables)) > 0;) {
		char path[PATH_ROOM];
		snprintf(path, sizeof(path), "%d/fd", tid);
		enum look one = look_at_path(subject, tables.task_dir, path, tid, 0);
		if (one != LOOK_GONE) /* one thread's exit is not the process's */
			look = one;
	}
	tables_close(&tables);
	return look;
}

/* A process of several threads: all of it below one directory, so that all of it is of one process. */
static enum look look_at_group(struct subject *subject, uint64_t expected)
{
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "%d", subject->pid);
	subject->dir = openat(subject->scan->request->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (subject->dir < 0)
		return look_errno();
	struct process_stat stat;
	subject->leader_dead =
		process_read_stat(subject->dir, "stat", &stat) && (stat.state == 'Z' || stat.state == 'X');
	enum look look = LOOK_DONE;
	if (!subject->leader_dead)
		look = look_at_path(subject, subject->dir, "fd", subject->pid, expected);
	return look == LOOK_DONE ? look_at_threads(subject) : look;
}

static enum look look_at_single(struct subject *subject, uint64_t expected)
{
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "%d/fd", subject->pid);
	return look_at_path(subject, subject->scan->request->proc_fd, path, subject->pid, expected);
}

/* Where it can not be known that a process has no fds, at least these can not have any. */
static bool holds_nothing(const struct subject *subject)
{
	char path[PATH_ROOM];
	struct process_stat stat;
	snprintf(path, sizeof(path), "%d/stat", subject->pid);
	return process_read_stat(subject->scan->request->proc_fd, path, &stat) &&
	       (stat.kernel_thread || stat.state == 'Z' || stat.state == 'X');
}

/* Threads of the process; 1 if that can not be told. procfs: a link for each beside . and .. */
static uint64_t count_threads(const struct subject *subject)
{
	char path[PATH_ROOM];
	struct stat stat;
	snprintf(path, sizeof(path), "%d/task", subject->pid);
	if (fstatat(subject->scan->request->proc_fd, path, &stat, 0) || stat.st_nlink < 3)
		return 1;
	return stat.st_nlink - 2;
}

static enum look look_at_process(struct subject *subject)
{
	const struct scan *scan = subject->scan;
	uint64_t expected = 0;
	if (scan->counts_fds) {
		char path[PATH_ROOM];
		struct stat stat;
		snprintf(path, sizeof(path), "%d/fd", subject->pid);
		if (fstatat(scan->request->proc_fd, path, &stat, 0))
			return look_errno();
		expected = (uint64_t)stat.st_size;
	}
	if (count_threads(subject) > 1)
		return look_at_group(subject, expected);
	if (scan->counts_fds && !expected) /* a kernel thread, a zombie */
		return LOOK_DONE;
	enum look look = look_at_single(subject, expected);
	return look == LOOK_DENIED && !scan->counts_fds && holds_nothing(subject) ? LOOK_DONE : look;
}

int scan_process(struct scan *scan, int32_t pid)
{
	struct subject subject = { .scan = scan, .pid = pid, .dir = -1 };
	enum look look = look_at_process(&subject);
	if (subject.dir >= 0)
		close(subject.dir);
	scan->findings.report.processes++;
	scan->findings.report.denied += look == LOOK_DENIED;
	scan->findings.report.vanished += look == LOOK_GONE;
	scan->findings.report.starved += look == LOOK_STARVED;
	return look == LOOK_FAILED ? -1 : 0;
}
