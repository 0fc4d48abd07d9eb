// SPDX-License-Identifier: MIT
/* scan.c - the fds of one process; see scan.h. */
#include "owners/scan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <sockview/file.h>

#include "owners/dir.h"
#include "owners/process.h"

#define PATH_ROOM 64

enum { TABLE_LARGE = 8192 /* fds there is room for in a table: about 10 ms of work */ };

/* One process being looked at. */
struct scan_subject {
	struct scan *scan;
	int32_t pid;
	int dir;                /* fd of /proc/PID, or -1: not opened yet */
	bool leader_dead;       /* names must come from a living thread's directory */
	bool known;             /* it is the last process of the findings */
	bool gone;              /* it has ended, and not only one of its threads */
	int32_t end;            /* the first fd that is another part's; 0: all are wanted */
	struct scan_rest *rest; /* what was left of the leader's table; NULL: nothing */
};

int scan_init(struct scan *scan, const struct finder_request *request)
{
	struct statfs fs;
	struct stat stat;
	bool on_procfs = !fstatfs(request->proc_fd, &fs) && fs.f_type == PROC_SUPER_MAGIC;
	*scan = (struct scan){ .request = request, .on_procfs = on_procfs, .buffer = malloc(DIR_BUFFER_SIZE) };
	scan->tables = (struct tables){
		.buffer = scan->buffer,
		.compares = on_procfs && request->proc_is_ours && tables_comparable(),
		/* We have at least this one fd open ourselves. */
		.counts_fds = on_procfs && !fstatat(request->proc_fd, "self/fd", &stat, 0) && stat.st_size > 0,
	};
	return scan->buffer ? 0 : -1;
}

void scan_free(struct scan *scan)
{
	free(scan->buffer);
	scan->buffer = NULL;
	tables_free(&scan->tables);
}

/* The process's directory, from an fd directory of it: the very process whose fds we read. */
static int subject_open(struct scan_subject *subject, int fd_dir, bool of_thread)
{
	if (subject->dir < 0)
		subject->dir = openat(fd_dir, of_thread ? "../../.." : "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return subject->dir;
}

/* First hit: make it a process of the findings. */
static enum look_end subject_know(struct scan_subject *subject, int fd_dir, bool of_thread)
{
	if (subject_open(subject, fd_dir, of_thread) < 0)
		return findings_end(&subject->scan->findings, errno);
	int task = subject->dir;
	if (subject->leader_dead)
		task = openat(fd_dir, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (task < 0)
		return findings_end(&subject->scan->findings, errno);
	struct scan *scan = subject->scan;
	int result = process_add(&scan->findings, subject->pid, subject->dir, task, scan->request->details,
	                         scan->request->elevated);
	if (task != subject->dir)
		close(task);
	subject->known = !result;
	subject->gone = result > 0;
	return result < 0 ? LOOK_FAILED : result ? LOOK_GONE : LOOK_DONE;
}

static enum look_end subject_hit(struct scan_subject *subject, int fd_dir, int32_t tid, int32_t fd, uint32_t slot)
{
	if (!subject->known) {
		enum look_end end = subject_know(subject, fd_dir, tid != subject->pid);
		if (end != LOOK_DONE)
			return end;
	}
	struct findings *findings = &subject->scan->findings;
	struct owner owner = { slot, (uint32_t)findings->process_count - 1, tid, fd };
	return findings_add_owner(findings, &owner) ? LOOK_FAILED : LOOK_DONE;
}

static enum look_end subject_fd(struct scan_subject *subject, int fd_dir, int32_t tid, const char *name)
{
	char target[32]; /* "socket:[4294967295]" fits: longer ones are of something else */
	ssize_t len = readlinkat(fd_dir, name, target, sizeof(target));
	if (len < 0) /* ENOENT: it was closed, which is no news */
		return errno == ENOENT ? LOOK_DONE : findings_end(&subject->scan->findings, errno);
	uint32_t inode = process_bracketed(target, (size_t)len, "socket:", 7);
	const struct inode_index *index = subject->scan->request->index;
	uint32_t slot = index ? inode_index_find(index, inode) : inode;
	if (slot == SLOT_NONE || !inode)
		return LOOK_DONE;
	return subject_hit(subject, fd_dir, tid, dir_number(name), slot);
}

/* How many fds the table has room for, by the status beside an fd directory; 0: not known. */
static int32_t table_size(int fd_dir)
{
	static const char name[] = "\nFDSize:\t";
	char text[4096];
	if (file_read_string(fd_dir, "../status", text, sizeof(text)) <= 0)
		return 0;
	/* The kernel escapes the newlines of the process's own name. */
	const char *at = strstr(text, name);
	return at ? (int32_t)strtol(at + sizeof(name) - 1, NULL, 10) : 0;
}

/* True if what is behind the fds that were read is left for later, where other threads may share it. */
static bool subject_leave(struct scan_subject *subject, int fd_dir, int32_t from)
{
	struct scan_rests *rests = subject->scan->rests;
	int32_t size = table_size(fd_dir);
	int fd = size < TABLE_LARGE ? -1 : openat(fd_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	pthread_mutex_lock(&rests->lock);
	struct scan_rest *rest = rests->count < SCAN_RESTS ? &rests->rest[rests->count++] : NULL;
	if (rest)
		*rest = (struct scan_rest){ .pid = subject->pid, .fd_dir = fd, .from = from, .end = size };
	pthread_mutex_unlock(&rests->lock);
	if (!rest)
		close(fd);
	subject->rest = rest;
	return rest;
}

/* Every fd of an open fd directory; `expected` of them, 0 if that is not known. */
static enum look_end subject_fds(struct scan_subject *subject, int fd_dir, int32_t tid, uint64_t expected)
{
	struct dir dir = { .fd = fd_dir, .buffer = subject->scan->buffer };
	enum look_end worst = LOOK_DONE;
	uint64_t seen = 0;
	int32_t last = 0;
	/* A part begins anywhere, and other processes' fds are not this thread's to share. */
	bool may_leave = subject->scan->rests && subject->scan->on_procfs && tid == subject->pid && !subject->end;
	int more;
	while ((more = dir_fill(&dir)) > 0) {
		/* A read that had room left and gave all there were needs no other to say so. */
		bool had_room = dir_had_room(&dir);
		for (const char *name; (name = dir_next(&dir));) {
			if (name[0] == '.')
				continue;
			last = dir_number(name);
			if (subject->end && last >= subject->end)
				return worst;
			seen++;
			subject->scan->findings.report.fds++;
			enum look_end end = subject_fd(subject, fd_dir, tid, name);
			/* One fd that cannot be read says nothing of the others. */
			if (end == LOOK_UNREAD)
				worst = end;
			else if (end != LOOK_DONE)
				return end;
		}
		if (had_room && expected && seen >= expected)
			return worst;
		if (may_leave && !had_room && subject_leave(subject, fd_dir, last + 1))
			return worst;
		may_leave = false;
	}
	return more < 0 ? findings_end(&subject->scan->findings, errno) : worst;
}

/* The fd table at `path` below `dir`. */
static enum look_end subject_table(struct scan_subject *subject, int dir, const char *path, int32_t tid,
                                   uint64_t expected)
{
	int fd_dir = openat(dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd_dir < 0)
		return findings_end(&subject->scan->findings, errno);
	enum look_end end = subject_fds(subject, fd_dir, tid, expected);
	close(fd_dir);
	return end;
}

/*
 * The threads' own tables, each once. The worst end is the process's: that
 * another table was read does not make up for it. A thread may end, though.
 */
static enum look_end subject_threads(struct scan_subject *subject)
{
	struct tables *tables = &subject->scan->tables;
	if (tables_open(tables, subject->dir, subject->pid, subject->leader_dead))
		return findings_end(&subject->scan->findings, errno);
	enum look_end worst = LOOK_DONE;
	for (int32_t tid; worst != LOOK_FAILED && !subject->gone && (tid = tables_next(tables)) > 0;) {
		char path[PATH_ROOM];
		snprintf(path, sizeof(path), "%d/fd", tid);
		enum look_end end = subject_table(subject, tables->task_dir, path, tid, 0);
		if (end > worst && (end != LOOK_GONE || subject->gone))
			worst = end;
	}
	tables_close(tables);
	return worst;
}

/* A process of several threads: all of it below one directory, so that all of it is of one process. */
static enum look_end subject_group(struct scan_subject *subject, uint64_t expected)
{
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "%d", subject->pid);
	subject->dir = openat(subject->scan->request->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (subject->dir < 0)
		return findings_end(&subject->scan->findings, errno);
	struct process_stat stat;
	subject->leader_dead =
		process_read_stat(subject->dir, "stat", &stat) && (stat.state == 'Z' || stat.state == 'X');
	enum look_end end = LOOK_DONE;
	if (!subject->leader_dead)
		end = subject_table(subject, subject->dir, "fd", subject->pid, expected);
	return end == LOOK_DONE ? subject_threads(subject) : end;
}

/* Where fds are not counted, a process without any can be denied. Kernel threads and zombies never have one. */
static bool subject_has_none(const struct scan_subject *subject)
{
	char path[PATH_ROOM];
	struct process_stat stat;
	snprintf(path, sizeof(path), "%d/stat", subject->pid);
	return process_read_stat(subject->scan->request->proc_fd, path, &stat) &&
	       (stat.kernel_thread || stat.state == 'Z' || stat.state == 'X');
}

static enum look_end subject_look(struct scan_subject *subject)
{
	int proc_fd = subject->scan->request->proc_fd;
	bool counts_fds = subject->scan->tables.counts_fds;
	uint64_t expected = 0;
	char path[PATH_ROOM];
	struct stat stat;
	if (counts_fds) {
		snprintf(path, sizeof(path), "%d/fd", subject->pid);
		if (fstatat(proc_fd, path, &stat, 0))
			return findings_end(&subject->scan->findings, errno);
		expected = (uint64_t)stat.st_size;
	}
	/* procfs: a link for each thread beside those of "." and "..". */
	snprintf(path, sizeof(path), "%d/task", subject->pid);
	if (!fstatat(proc_fd, path, &stat, 0) && stat.st_nlink > 3)
		return subject_group(subject, expected);
	if (counts_fds && !expected) /* a kernel thread, a zombie */
		return LOOK_DONE;
	snprintf(path, sizeof(path), "%d/fd", subject->pid);
	enum look_end end = subject_table(subject, proc_fd, path, subject->pid, expected);
	return end == LOOK_DENIED && !counts_fds && subject_has_none(subject) ? LOOK_DONE : end;
}

/* Names the process that could not be looked into. 0, or -1 with errno ENOMEM. */
static int subject_name(const struct scan_subject *subject)
{
	struct findings *findings = &subject->scan->findings;
	const struct finder_request *request = subject->scan->request;
	char path[PATH_ROOM];
	snprintf(path, sizeof(path), "%d", subject->pid);
	int dir = openat(request->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int result = dir < 0 ? 0 : process_add(findings, subject->pid, dir, dir, request->details, request->elevated);
	if (dir >= 0)
		close(dir);
	else if (findings_add_process(findings, &(struct process){ .pid = subject->pid }) < 0)
		return -1;
	if (result == 0)
		findings->process[findings->process_count - 1].has |= PROCESS_UNSEEN;
	return result < 0 ? -1 : 0;
}

/* A process was looked into. 0, or -1 for ENOMEM. */
static int subject_end(const struct scan_subject *subject, enum look_end end)
{
	struct scan *scan = subject->scan;
	bool unseen = end == LOOK_DENIED || end == LOOK_STARVED || end == LOOK_UNREAD;
	if (unseen && scan->request->names_unseen && subject_name(subject) < 0)
		end = LOOK_FAILED;
	if (end == LOOK_DENIED)
		owners_count_denied(&scan->findings.report, scan->request->proc_fd, subject->pid);
	findings_count(&scan->findings, end);
	return end == LOOK_FAILED ? -1 : 0;
}

int scan_process(struct scan *scan, int32_t pid)
{
	struct scan_subject subject = { .scan = scan, .pid = pid, .dir = -1 };
	enum look_end end = subject_look(&subject);
	if (subject.dir >= 0)
		close(subject.dir);
	if (!subject.rest || end == LOOK_FAILED)
		return subject_end(&subject, end);
	subject.rest->worst = end;
	subject.rest->unread = scan->findings.unread;
	return 0;
}

enum look_end scan_part(struct scan *scan, const struct scan_rest *rest, int32_t from, int32_t end)
{
	struct scan_subject subject = { .scan = scan, .pid = rest->pid, .dir = -1, .end = end };
	int fd_dir = openat(rest->fd_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum look_end worst;
	/* The first two places are those of "." and "..". */
	if (fd_dir < 0 || lseek(fd_dir, (off_t)from + 2, SEEK_SET) < 0)
		worst = findings_end(&scan->findings, errno);
	else
		worst = subject_fds(&subject, fd_dir, rest->pid, 0);
	if (fd_dir >= 0)
		close(fd_dir);
	if (subject.dir >= 0)
		close(subject.dir);
	return worst;
}

int scan_rest_end(struct scan *scan, struct scan_rest *rest)
{
	const struct scan_subject subject = { .scan = scan, .pid = rest->pid, .dir = -1 };
	close(rest->fd_dir);
	rest->fd_dir = -1;
	scan->findings.unread = rest->unread;
	return subject_end(&subject, rest->worst);
}
