// SPDX-License-Identifier: MIT
/* parents.c - the processes above the owners: each read once (finder.h), and looked up (owner.h). */
#include <sockview/finder.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "owners/findings.h"
#include "owners/process.h"

static int compare_pid(const void *a, const void *b)
{
	int32_t left = ((const struct process *)a)->pid, right = ((const struct process *)b)->pid;
	return left < right ? -1 : left > right;
}

static const struct process *find_pid(const struct process *array, size_t count, int32_t pid)
{
	struct process key = { .pid = pid };
	return count ? bsearch(&key, array, count, sizeof(*array), compare_pid) : NULL;
}

const struct process *owners_parent(const struct owners *owners, const struct process *process)
{
	if (!(process->has & PROCESS_START) || process->ppid <= 0)
		return NULL;
	const struct process *parent = find_pid(owners->process, owners->process_count, process->ppid);
	if (!parent)
		parent = find_pid(owners->parent, owners->parent_count, process->ppid);
	/* A process that began later than its child got the pid meanwhile. */
	if (parent && parent->has & PROCESS_START && parent->start_ticks > process->start_ticks)
		return NULL;
	return parent;
}

/* --- reading --- */

/* Few are found on the way up: a plain search will do. */
static bool found_already(const struct findings *findings, int32_t pid)
{
	for (size_t i = 0; i < findings->process_count; i++)
		if (findings->process[i].pid == pid)
			return true;
	return false;
}

/* 0 read, 1 not to be had, -1 ENOMEM. */
static int read_parent(struct findings *findings, int proc_fd, int32_t pid)
{
	char name[16];
	snprintf(name, sizeof(name), "%d", pid);
	int dir = openat(proc_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return 1;
	int result = process_add(findings, pid, dir, dir, PROCESS_NAME | PROCESS_START, NULL);
	close(dir);
	return result;
}

static int climb(struct findings *findings, int proc_fd, const struct owners *owners, int32_t pid)
{
	for (unsigned depth = 0; pid > 0 && depth < OWNERS_PARENTS_MAX; depth++) {
		/* An owner's own parents are climbed to from it. */
		if (find_pid(owners->process, owners->process_count, pid) || found_already(findings, pid))
			return 0;
		int result = read_parent(findings, proc_fd, pid);
		if (result)
			return result < 0 ? -1 : 0;
		pid = findings->process[findings->process_count - 1].ppid;
	}
	return 0;
}

static void shift_text(struct process_text *text, size_t by)
{
	if (text->offset)
		text->offset += (uint32_t)by;
}

/* The findings' strings go behind the owners', the processes into owners->parent. */
static int keep_parents(struct owners *owners, struct findings *findings)
{
	size_t total = owners->strings_len + findings->strings_len;
	if (total >= UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	char *strings = realloc(owners->strings, total ? total : 1);
	if (!strings)
		return -1;
	if (findings->strings_len)
		memcpy(strings + owners->strings_len, findings->strings, findings->strings_len);
	for (size_t i = 0; i < findings->process_count; i++) {
		shift_text(&findings->process[i].comm, owners->strings_len);
		shift_text(&findings->process[i].program, owners->strings_len);
	}
	owners->strings = strings;
	owners->strings_len = total;
	owners->parent = findings->process;
	owners->parent_count = findings->process_count;
	findings->process = NULL;
	findings->process_count = 0;
	if (owners->parent_count)
		qsort(owners->parent, owners->parent_count, sizeof(*owners->parent), compare_pid);
	return 0;
}

int finder_parents(int proc_fd, struct owners *owners)
{
	struct findings findings = { 0 };
	int result = 0;
	for (size_t i = 0; i < owners->process_count && result == 0; i++)
		if (owners->process[i].has & PROCESS_START)
			result = climb(&findings, proc_fd, owners, owners->process[i].ppid);
	if (result == 0)
		result = keep_parents(owners, &findings);
	findings_free(&findings);
	return result;
}
