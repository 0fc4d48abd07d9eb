// SPDX-License-Identifier: MIT
/*
 * privilege.h - capabilities: what we have, what is missing, what to drop.
 *
 * The life of a run, all in the main thread and before any other is started
 * (capabilities belong to threads; later threads inherit them):
 *
 *   privilege_begin()   first of all; leaves the caller's own rights in
 *                       effect, and puts away what exec added to them
 *   ... paths of the command line and environment are opened: the caller's own rights
 *   privilege_raise()   what the look at the kernel and /proc needs, and no more;
 *                       in effect are the caller's own rights
 *   privilege_owners()  what exec added, in effect for the look for owners alone
 *   privilege_own()     it will not be needed again: what exec added is gone
 *   privilege_drop()    before a byte is printed: nothing is left
 *
 * So what file capabilities or set-user-ID add serves the look for owners.
 * All else that takes a capability takes the caller's own.
 *
 * If the caller chose where we look (--proc-root), only the caller's own rights
 * may be used there: give privilege_raise() no needs if `elevated`.
 */
#ifndef SOCKVIEW_PRIVILEGE_H
#define SOCKVIEW_PRIVILEGE_H

#include <stdbool.h>
#include <stdint.h>

struct privilege {
	bool elevated; /* got more rights by exec than its caller has (file capabilities, set-user-ID) */
	bool root;     /* the caller is user 0: a hint to use sudo makes no sense */
	/* What is to be had in the look for owners. */
	bool sees_fds; /* CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH */
	bool has_ptrace;
	bool has_read_search; /* or CAP_DAC_OVERRIDE, which includes it */
	bool has_net_admin;   /* the caller's own */
	bool has_storage;     /* CAP_BPF or CAP_SYS_ADMIN, the caller's own */
	bool has_bpf;         /* CAP_BPF and CAP_PERFMON, or CAP_SYS_ADMIN */
	uint64_t own;         /* the caller's own capabilities, a bit each */
	char program[512];    /* the program's file, once notes_prepare() has asked; "": it has not */
};

/* What a run will do with its rights. */
enum privilege_need {
	PRIVILEGE_FDS = 1 << 0,      /* look into other users' processes */
	PRIVILEGE_MARK = 1 << 1,     /* be told sockets' marks: only with the caller's own rights */
	PRIVILEGE_BPF = 1 << 2,      /* load the iterator that looks for owners */
	PRIVILEGE_BIND = 1 << 3,     /* trial bind of a low port: only with the caller's own rights */
	PRIVILEGE_SET_USER = 1 << 4, /* become another user: only with the caller's own rights */
	PRIVILEGE_NETNS = 1 << 5,    /* enter network namespaces: only with the caller's own rights */
	PRIVILEGE_BPF_LIST = 1 << 6, /* list the host's BPF links: only with the caller's own rights */
	PRIVILEGE_CGROUPS = 1 << 7,  /* open cgroups by their ids: only with the caller's own rights */
	PRIVILEGE_STORAGE = 1 << 8,  /* be told what BPF programs keep for sockets: only with the caller's own rights */
	PRIVILEGE_KILL = 1 << 9,     /* signal other users' processes: only with the caller's own rights */
};

/*
 * Finds out what there is and puts away what the caller does not have without
 * us. Also opens /dev/null in place of a closed standard stream, so that no file
 * opened later takes its number. 0, or -1 with errno: then nothing must be
 * opened or shown.
 */
int privilege_begin(struct privilege *privilege);
/* `needs`: enum privilege_need. Everything else is gone for good. 0, or -1 with errno. */
int privilege_raise(const struct privilege *privilege, unsigned needs);
/*
 * For the calling thread, and those it starts: puts in effect what exec added
 * to the caller's rights, or puts it away. No system call where it added
 * nothing. 0, or -1 with errno.
 */
int privilege_owners(const struct privilege *privilege, bool in_effect);
/* Rights that exec added are gone for good: not even privilege_raise() brings them back. 0, or -1 with errno. */
int privilege_own(const struct privilege *privilege);
/* Between two looks of -c: nothing is in effect, and privilege_raise() can bring it back. */
int privilege_rest(void);
/* Nothing is left, and exec can bring nothing back. 0, or -1 with errno. */
int privilege_drop(void);

#endif
