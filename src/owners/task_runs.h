// SPDX-License-Identifier: MIT
/* task_runs.h - which processes may have opened or received a file between two moments. */
#ifndef SOCKVIEW_OWNERS_TASK_RUNS_H
#define SOCKVIEW_OWNERS_TASK_RUNS_H

#include <sockview/process_list.h>

#include "owners/task_file.h"

/* All tasks at one moment, in ascending order of tid. */
struct task_runs {
	struct task_run *run;
	size_t count, capacity;
};

/* Reads an iterator (task_file_open_runs()) to its end. 0, or -1 with errno; task_runs_free() after both. */
int task_runs_read(struct task_runs *runs, int fd);
void task_runs_free(struct task_runs *runs);

/*
 * Appends to `list`, ascending and each once, the processes of which some task
 * began, ended or was on a CPU between the two moments: the fd table of any
 * other is what it was, since a task's table changes only while one of those
 * that share it runs. (Processes that share one, by clone(2) with CLONE_FILES
 * and no CLONE_THREAD, are found by the one that ran.) 0, or -1 with errno ENOMEM.
 */
int task_runs_changed(const struct task_runs *before, const struct task_runs *after, struct process_list *list);

#endif
