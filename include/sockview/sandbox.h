// SPDX-License-Identifier: MIT
/*
 * sandbox.h - from the first byte of output on, this process opens, sends and starts nothing any more.
 *
 * Other people made the names of programs, paths and packets that it decodes
 * and prints. Once all of it is read, three things of the kernel make sure that a
 * fault in that code is no way out:
 *
 *   no_new_privs  no exec adds a right: privilege_drop(), which comes first
 *   Landlock      no file can be opened, no TCP port bound or connected to (since 5.13)
 *   seccomp       system calls that are not in sandbox.c's table fail with EPERM
 *
 * seccomp's filter is every thread's. Landlock is of the calling thread and
 * those that it starts: a thread that is started before, and has nothing to
 * open, calls sandbox_thread() first.
 */
#ifndef SOCKVIEW_SANDBOX_H
#define SOCKVIEW_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

/* The sockets of a dump: one, or as many as are read side by side. */
enum { SANDBOX_SOCKETS = 16 };

/* What is let through beside what any end of a run takes. */
struct sandbox_grants {
	int socket[SANDBOX_SOCKETS]; /* may be sent to and received from */
	size_t sockets;
	bool threads; /* more may be started: a thread that receives ahead */
};

/* Errnos: why a part of it is not in force; 0: it is. */
struct sandbox_lacks {
	int landlock, seccomp;
};

/* Why this build has none; "": it is one for tests, whose sanitizers open files and start processes; NULL: it has one. */
const char *sandbox_absence(void);

/* False if there are too many already: then no sandbox can begin before that one is closed. */
bool sandbox_grant_socket(struct sandbox_grants *grants, int fd);
void sandbox_revoke_socket(struct sandbox_grants *grants, int fd);

/* For good. `grants` may be NULL: none. Parts that the kernel lacks are told in `lacks`, the others are in force. */
void sandbox_enter(const struct sandbox_grants *grants, struct sandbox_lacks *lacks);
/* A thread's own part, in one that was started before. */
void sandbox_thread(void);

#endif
