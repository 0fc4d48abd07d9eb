// SPDX-License-Identifier: MIT
/* ask_program.h - the answer of another program: a service manager, a container runtime. */
#ifndef SOCKVIEW_EXPLAIN_ASK_PROGRAM_H
#define SOCKVIEW_EXPLAIN_ASK_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

/*
 * What argv, found on PATH, writes to its standard output, with a NUL behind:
 * the length, if it ended with 0 within two seconds and wrote less than `size`
 * bytes; else -1. Never run where exec gave us rights that our caller has not.
 */
ssize_t ask_program(char *const argv[], char *answer, size_t size);

#endif
