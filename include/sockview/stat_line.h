// SPDX-License-Identifier: MIT
/* stat_line.h - what /proc/PID/stat tells of a process's place among others. */
#ifndef SOCKVIEW_STAT_LINE_H
#define SOCKVIEW_STAT_LINE_H

#include <stdbool.h>
#include <stdint.h>

struct stat_line {
	int parent, session, terminal;
	uint64_t start_ticks; /* since boot, in clock ticks */
};

/* False if it cannot be read: `line` is all 0 then. */
bool stat_line_read(int proc_fd, int pid, struct stat_line *line);

#endif
