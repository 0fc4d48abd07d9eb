// SPDX-License-Identifier: MIT
/* census.c - which processes fit, before any descriptor is read (finder_census()). */
#include <sockview/finder.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/vec.h>

#include "owners/process.h"
#include "owners/walk.h"

/*
 * Its arguments went with its leader, whose threads still run and tell them: a
 * zombie that is not alone. procfs: a link for each thread beside "." and "..".
 */
static bool is_headless(int dir)
{
	struct process_stat state;
	struct stat stat;
	return process_read_stat(dir, "stat", &state) && (state.state == 'Z' || state.state == 'X') &&
	       !fstatat(dir, "task", &stat, 0) && stat.st_nlink > 3;
}

/* 1 it fits or may fit, 0 it does not, or has gone; -1 with errno. */
static int census_one(const struct finder_request *request, int32_t pid, finder_fits *fits, const void *context,
                      struct findings *findings)
{
	char path[16];
	snprintf(path, sizeof(path), "%d", pid);
	findings->process_count = findings->strings_len = 0;
	int dir = request->details ? openat(request->proc_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
	if (dir < 0 && request->details)
		return errno != ENOENT && errno != ESRCH;
	int result = process_add(findings, pid, dir, dir, request->details, request->elevated);
	if (result == 0) {
		const struct process *process = &findings->process[0];
		struct owners owners = { .process = findings->process,
			                 .process_count = 1,
			                 .strings = findings->strings,
			                 .strings_len = findings->strings_len };
		bool unread = (process->has & request->details) != request->details;
		bool nameless = request->details & PROCESS_NAME && process->program.offset == process->comm.offset;
		result = unread || fits(context, &owners, process) || (nameless && is_headless(dir));
	} else if (result > 0) {
		result = 0;
	}
	if (dir >= 0)
		close(dir);
	return result;
}

int finder_census(const struct finder_request *request, finder_fits *fits, const void *context,
                  struct process_list *fitting)
{
	struct findings findings = { 0 };
	struct process_list all;
	*fitting = (struct process_list){ 0 };
	int result = process_list_read(&all, request->proc_fd) || !all.count || walk_hides(request->proc_fd);
	for (size_t i = 0; result == 0 && i < all.count; i++) {
		int one = census_one(request, all.pid[i], fits, context, &findings);
		int32_t *pid = one > 0 ? vec_push(fitting->pid, fitting->count, fitting->capacity) : NULL;
		if (pid)
			*pid = all.pid[i];
		if (one < 0 || (one > 0 && !pid))
			result = -1;
	}
	int saved = errno;
	findings_free(&findings);
	process_list_free(&all);
	errno = saved;
	return result;
}
