// SPDX-License-Identifier: MIT
/* stat_line.c - /proc/PID/stat (stat_line.h). */
#include <sockview/stat_line.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sockview/file.h>

/* "pid (comm) S ppid pgrp session tty_nr ...", the start is field 22: a comm may hold anything, a ")" too. */
bool stat_line_read(int proc_fd, int pid, struct stat_line *line)
{
	char path[32], text[1024];
	*line = (struct stat_line){ 0 };
	snprintf(path, sizeof(path), "%d/stat", pid);
	if (proc_fd < 0 || file_read_string(proc_fd, path, text, sizeof(text)) < 0)
		return false;
	const char *behind = strrchr(text, ')');
	if (behind &&
	    sscanf(behind, ") %*c %d %*d %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64,
	           &line->parent, &line->session, &line->terminal, &line->start_ticks) == 4)
		return true;
	*line = (struct stat_line){ 0 };
	return false;
}
