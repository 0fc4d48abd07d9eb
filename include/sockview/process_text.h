// SPDX-License-Identifier: MIT
/* process_text.h - what texts of /proc/PID say, taken out of their bytes. */
#ifndef SOCKVIEW_PROCESS_TEXT_H
#define SOCKVIEW_PROCESS_TEXT_H

#include <sockview/text.h>

/* The path in (text, len) of /proc/PID/cgroup; (NULL, 0) if there is none. */
struct bytes process_cgroup(const char *text, size_t len);

/* The word behind `option` in a command line, whose words end with NUL each; empty if there is none. */
struct bytes process_option(struct bytes cmdline, const char *option);

/* N of "socket:[N]", "net:[N]": the number between PREFIX[ and ]; 0 for any other text. */
uint32_t process_bracketed(const char *text, size_t len, const char *prefix, size_t prefix_len);

/* What /proc/PID/stat tells (proc(5)); the name in it may hold any byte. */
struct process_stat {
	int32_t ppid, pgrp;
	uint64_t start_ticks;
	char state;
	bool kernel_thread;
};
/* False if (text, len) is not a stat line. */
bool process_parse_stat(const char *text, size_t len, struct process_stat *stat);
/* Reads and parses the file below dir. False with errno; ESRCH if it is no stat line. */
bool process_read_stat(int dir, const char *path, struct process_stat *stat);

#endif
