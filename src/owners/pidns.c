// SPDX-License-Identifier: MIT
/* pidns.c - pid and time namespaces; see pidns.h. */
#include "owners/pidns.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <sockview/file.h>

/* include/linux/proc_ns.h: PROC_PID_INIT_INO, the same since 3.8 */
#define INITIAL_PIDNS 0xEFFFFFFCu

/* 0 with errno if it cannot be known. */
static ino_t own_pidns(const struct finder_request *request)
{
	struct stat stat;
	errno = ENOENT;
	if (!request->proc_is_ours || fstatat(request->proc_fd, "self/ns/pid", &stat, 0))
		return 0;
	return stat.st_ino;
}

bool pidns_is_child(const struct finder_request *request)
{
	ino_t own = own_pidns(request);
	return own && own != INITIAL_PIDNS;
}

/* NSpid are our numbers from the namespace that the /proc shows down to our own (Linux 4.1). */
static bool has_one_number(const struct finder_request *request)
{
	char text[4096];
	int outer, inner;
	if (file_read_string(request->proc_fd, "self/status", text, sizeof(text)) < 0)
		return false;
	const char *numbers = strstr(text, "\nNSpid:");
	return numbers && sscanf(numbers, "\nNSpid: %d%d", &outer, &inner) == 1;
}

bool pidns_is_shown(const struct finder_request *request)
{
	ino_t own = own_pidns(request);
	/* No namespace lies above the initial one. */
	return own == INITIAL_PIDNS || (own && has_one_number(request));
}

/* Of another procfs: its "self" is the reader or leads nowhere, but its process 1 is of its own namespace. */
static ino_t given_pidns(const struct finder_request *request)
{
	struct statfs fs;
	struct stat stat;
	if (fstatfs(request->proc_fd, &fs) || fs.f_type != PROC_SUPER_MAGIC ||
	    fstatat(request->proc_fd, "1/ns/pid", &stat, 0))
		return 0;
	return stat.st_ino;
}

void pidns_tell(const struct finder_request *request, struct owner_report *report)
{
	ino_t shown = request->proc_is_ours ? own_pidns(request) : given_pidns(request);
	report->other_pidns = shown && shown != INITIAL_PIDNS;
	/* ENOENT: a kernel without pid namespaces. */
	report->pidns_unread = request->proc_is_ours && !shown && errno != ENOENT ? errno : 0;
}

bool pidns_has_host_time(const struct finder_request *request)
{
	char text[256];
	long long seconds = 0, nanoseconds = 0;
	if (file_read_string(request->proc_fd, "self/timens_offsets", text, sizeof(text)) < 0)
		return errno == ENOENT; /* a kernel without time namespaces */
	const char *boottime = strstr(text, "boottime");
	if (!boottime || sscanf(boottime, "boottime %lld %lld", &seconds, &nanoseconds) != 2)
		return false;
	return !seconds && !nanoseconds;
}
