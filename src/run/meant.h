// SPDX-License-Identifier: MIT
/* meant.h - what words of the filter were meant as where they fit in more than one way. */
#ifndef SOCKVIEW_RUN_MEANT_H
#define SOCKVIEW_RUN_MEANT_H

#include <sockview/options.h>

/* True if the word alone, which is nothing else, may be a program's name here: one has it now, or it is a pattern. */
bool meant_program(const struct options *options, int proc_fd, const char *word);
/* Two ports or more and nothing else, as in "8080 9090". */
bool meant_ports(const char *text, size_t len);
/* The number, if the text is one and may be a port or a pid; else NULL. `text` ends with a NUL. */
const char *meant_number(const char *text);
/* True if the number, which was taken as a port, is the pid of a process that is seen to have sockets. */
bool meant_pid(int proc_fd, const char *number);

#endif
