// SPDX-License-Identifier: MIT
/*
 * denied.c - why processes could not be looked into by one who has both capabilities for it (owner.h).
 *
 * __ptrace_may_access() (kernel/ptrace.c, Linux 6.18) asks for CAP_SYS_PTRACE in
 * the process's user namespace, then the security modules. In the initial user
 * namespace a capability counts in every other: modules alone are left. A
 * process whose user namespace maps ids that ours does not have is in no child
 * of ours (map_write() of kernel/user_namespace.c maps only ids of the parent),
 * so no capability of ours counts there, whatever the modules say.
 */
#include <sockview/owner.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/file.h>
#include <sockview/process_list.h>

/* include/linux/proc_ns.h: PROC_USER_INIT_INO, the same since 3.8 */
#define INITIAL_USERNS 0xEFFFFFFDu

enum { MAP_EXTENTS = 340, MAP_TEXT = MAP_EXTENTS * 36 }; /* UID_GID_MAP_MAX_EXTENTS, three columns each */

/* Of /proc/PID/uid_map (user_namespaces(7)): ids here, of the reader's namespace, count. */
struct id_extent {
	uint32_t first, lower, count;
};

static size_t extents_read(const char *text, struct id_extent extent[MAP_EXTENTS])
{
	size_t count = 0;
	for (int used; count < MAP_EXTENTS; text += used, count++)
		if (sscanf(text, "%" SCNu32 "%" SCNu32 "%" SCNu32 "%n", &extent[count].first, &extent[count].lower,
		           &extent[count].count, &used) != 3)
			break;
	return count;
}

static bool ids_are_ours(const struct id_extent *own, size_t owns, const struct id_extent *theirs)
{
	uint64_t at = theirs->lower, end = at + theirs->count;
	for (size_t i = 0; i < owns && at < end; i++)
		if (at >= own[i].first && at < (uint64_t)own[i].first + own[i].count) {
			at = (uint64_t)own[i].first + own[i].count;
			i = (size_t)-1;
		}
	return at >= end;
}

/* In our own namespace the ids are told as the parent's: then both texts are the same. */
static bool map_is_foreign(const char *own_text, const char *text)
{
	struct id_extent own[MAP_EXTENTS], theirs[MAP_EXTENTS];
	if (strcmp(own_text, text) == 0)
		return false;
	size_t owns = extents_read(own_text, own), count = extents_read(text, theirs);
	for (size_t i = 0; i < count; i++)
		if (!ids_are_ours(own, owns, &theirs[i]))
			return true;
	return false;
}

static bool is_foreign(int proc_fd, const char *own, int32_t pid)
{
	char text[MAP_TEXT], path[32];
	snprintf(path, sizeof(path), "%d/uid_map", pid);
	return file_read_string(proc_fd, path, text, sizeof(text)) >= 0 && map_is_foreign(own, text);
}

static bool is_denied(int proc_fd, int32_t pid)
{
	char path[32], target[1];
	snprintf(path, sizeof(path), "%d/exe", pid);
	return readlinkat(proc_fd, path, target, sizeof(target)) < 0 && (errno == EACCES || errno == EPERM);
}

/* More than are named are looked for again. */
static bool all_are_foreign(int proc_fd, const struct owner_report *report)
{
	enum { PROCESSES_MAX = 4096 };
	char own[MAP_TEXT];
	struct process_list list;
	unsigned foreign = 0;
	bool all = true;
	if (file_read_string(proc_fd, "self/uid_map", own, sizeof(own)) < 0)
		return false;
	for (unsigned i = 0; i < report->denied && report->denied <= OWNER_DENIED_NAMED; i++)
		if (!is_foreign(proc_fd, own, report->denied_who[i].pid))
			return false;
	if (report->denied <= OWNER_DENIED_NAMED)
		return true;
	if (process_list_read(&list, proc_fd) < 0 || list.count > PROCESSES_MAX)
		list.count = 0;
	for (size_t i = 0; i < list.count && all; i++) {
		bool denied = is_denied(proc_fd, list.pid[i]);
		all = !denied || is_foreign(proc_fd, own, list.pid[i]);
		foreign += denied;
	}
	process_list_free(&list);
	return all && foreign;
}

enum owner_denied_cause owners_denied_cause(int proc_fd, const struct owner_report *report)
{
	struct stat stat;
	char target[1];
	/* A seccomp filter, which refuses the call itself, would refuse it of ourselves, too. */
	if (!report->denied || fstatat(proc_fd, "self/ns/user", &stat, 0) < 0 ||
	    readlinkat(proc_fd, "self/exe", target, sizeof(target)) < 0)
		return DENIED_NOT_KNOWN;
	if (stat.st_ino == INITIAL_USERNS)
		return DENIED_BY_MODULE;
	return all_are_foreign(proc_fd, report) ? DENIED_BY_USER_NAMESPACE : DENIED_NOT_KNOWN;
}

const char *owners_denied_words(enum owner_denied_cause cause)
{
	static const char *const words[] = {
		[DENIED_NOT_KNOWN] = "another user namespace's, or hidden by a security module",
		[DENIED_BY_USER_NAMESPACE] = "another user namespace's, in which no capability of this one counts",
		[DENIED_BY_MODULE] = "a security module (LSM) forbids it",
	};
	return words[cause];
}
