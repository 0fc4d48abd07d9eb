// SPDX-License-Identifier: MIT
/* process.h - what is read of a process that holds a socket. */
#ifndef SOCKVIEW_OWNERS_PROCESS_H
#define SOCKVIEW_OWNERS_PROCESS_H

#include <sockview/privilege.h>
#include <sockview/process_text.h>

#include "owners/findings.h"

/*
 * Appends the process `pid` with the details asked for. Every file is opened
 * below `dir`, an fd of /proc/PID (O_PATH will do): it stays bound to that one
 * process, so nothing read can be another's that got the same pid later.
 * `task` is the same fd, or /proc/PID/task/TID's of a living thread if the
 * leader has exited, whose memory and namespaces are gone.
 *
 * `elevated`: the rights in effect are more than the caller's (struct
 * finder_request). Then the kernel is asked with his own, who sees what he
 * would see without us; but for the name of the task, which he is told in any
 * case. They are in effect again afterwards.
 *
 * 0; 1 if the process has gone, nothing appended; -1 with errno: ENOMEM, or
 * rights cannot be changed.
 */
int process_add(struct findings *findings, int32_t pid, int dir, int task, unsigned details,
                const struct privilege *elevated);

/* The word shown as program: see owner.h. argv0 need not be terminated; (NULL, 0) if it gives none. */
struct bytes process_program(const char *argv0, size_t len);

#endif
