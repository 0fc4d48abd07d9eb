/*
 * privilege.h - capabilities: what we have, what is missing, what to drop.
 *
 * The life of a run: privilege_begin() first of all, which leaves the caller's
 * own rights in effect and the rest (file capabilities) put away; paths of the
 * command line are opened then; privilege_raise() for the look at the kernel
 * and /proc; privilege_drop() before a byte is printed.
 */
#ifndef SOCKVIEW_PRIVILEGE_H
#define SOCKVIEW_PRIVILEGE_H

#include <stdbool.h>

struct privilege {
	bool elevated;      /* got more rights by exec than its caller has (file capabilities, set-user-ID) */
	bool sees_fds;      /* CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH are to be had */
	bool has_ptrace, has_read_search, has_net_admin, has_bpf;
};

/* 0, or -1 with errno. */
int privilege_begin(struct privilege *privilege);
/* Only what the collection needs is in effect from here on; everything else is gone for good. */
int privilege_raise(const struct privilege *privilege);
/* Nothing is left. */
int privilege_drop(void);

#endif
