// SPDX-License-Identifier: MIT
/*
 * owner.h - who holds a socket, and why that is not known.
 *
 *   table rows --inode--> index slot --starts--> owners (slot order) --process--> processes
 *
 * The inode index numbers the distinct inodes of the surviving rows: those
 * numbers are slots. A finder (the walk through /proc/PID/fd, or the BPF
 * iterator) gives a hit per (slot, process, fd); the join sorts the hits, so
 * that the owners of one slot stand together, lowest pid first.
 */
#ifndef SOCKVIEW_OWNER_H
#define SOCKVIEW_OWNER_H

#include <sockview/inode_index.h>
#include <sockview/reason.h>
#include <sockview/row.h>

/* One fd of one process on one of the index's sockets. */
struct owner {
	uint32_t slot;    /* once joined: owners are sorted by slot, pid, tid, fd */
	uint32_t process; /* index into owners.process */
	int32_t tid;      /* the thread whose table holds the fd; the pid unless a thread has its own */
	int32_t fd;
};

/* What is read of a process, and what has been tried. */
enum process_detail {
	PROCESS_NAME = 1 << 0, /* comm, program */
	PROCESS_UID = 1 << 1,  /* who it runs as: the owner of /proc/PID */
	PROCESS_CMDLINE = 1 << 2,
	PROCESS_EXE = 1 << 3,
	PROCESS_CGROUP = 1 << 4,
	PROCESS_START = 1 << 5, /* start_ticks, ppid, pgrp */
	PROCESS_NETNS = 1 << 6,
	PROCESS_CONTEXT = 1 << 8, /* attr/current: the security context */
	PROCESS_UNSEEN = 1 << 7,  /* its descriptors could not be read: it is no owner, and may be one */
};

/*
 * Strings are offsets into owners.strings, 0 for absent. They are raw bytes
 * as the process chose them: hostile; each is followed by a NUL that is not
 * part of it, its length beside it.
 */
struct process_text {
	uint32_t offset, len;
};

struct process {
	int32_t pid, ppid, pgrp; /* ppid, pgrp: with PROCESS_START */
	uint32_t uid;
	unsigned has;                /* enum process_detail: what could be read */
	uint64_t start_ticks;        /* since boot, in clock ticks (proc(5), stat field 22) */
	uint64_t netns;              /* inode of /proc/PID/ns/net */
	struct process_text comm;    /* at most 15 bytes of the kernel's name of the task */
	struct process_text program; /* one word: base name of argv[0] to its first blank, else comm */
	struct process_text cmdline; /* arguments with NUL between them */
	struct process_text context; /* the security context */
	struct process_text exe;     /* target of /proc/PID/exe, " (deleted)" included */
	struct process_text cgroup;  /* path in the unified hierarchy ("0::" line), else the first line's */
};

/* Processes that could not be looked into for one errno; none if count is 0. */
struct owner_trouble {
	int number;
	unsigned count;
};

/* More than there are errnos in practice; from the last on they are counted together. */
enum { OWNER_TROUBLES = 4 };

/* A process that could not be looked into; comm: raw bytes, "" if it could not be read. */
struct owner_denied {
	int32_t pid;
	char comm[16];
};

/* So few are named. */
enum { OWNER_DENIED_NAMED = 3 };

/* Causes that forbid it even with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH: told only where nothing else can be. */
enum owner_denied_cause { DENIED_NOT_KNOWN, DENIED_BY_USER_NAMESPACE, DENIED_BY_MODULE };

/* How a finder fared. */
struct owner_report {
	unsigned processes;                                 /* looked at */
	unsigned denied;                                    /* not allowed to look into: EACCES, EPERM */
	struct owner_denied denied_who[OWNER_DENIED_NAMED]; /* by ascending pid; if they are no more than that, all */
	enum owner_denied_cause denied_cause;               /* of all of them; set by the caller of the finder */
	unsigned vanished;                                  /* gone while we looked */
	uint64_t fds;                                       /* descriptors read one by one */
	unsigned starved; /* not looked into for want of file descriptors of ours: EMFILE, ENFILE */
	struct owner_trouble unread[OWNER_TROUBLES]; /* not looked into for any other errno */
	struct owner_trouble partly; /* owners of which something could not be read that is there, and the last errno */
	int no_proc;                 /* errno: there is no /proc to look into */
	unsigned veiled;             /* owners of which the caller may see nothing but pid and name (hidepid) */
	bool hides;                  /* this /proc does not show all processes of its pid namespace (hidepid) */
	bool asked;                  /* a look was taken at all */
	bool other_pidns; /* this /proc is known not to be the initial pid namespace's: it may hide processes */
	int pidns_unread; /* errno: which pid namespace that is was not told */
	bool by_bpf;
	int bpf_errno;       /* why the BPF iterator was not used although tried; 0: it was, or was not tried */
	const char *bpf_why; /* constant text for -v, NULL if nothing to say */
};

/*
 * Whose accept() an unaccepted connection waits for: of the listeners that could
 * have it in their queues, all processes.
 */
enum { OWNER_WAITING_MAX = 16 };
struct owner_waiting {
	const struct owner_listener *listener; /* the first of them; NULL: none is known */
	uint32_t process[OWNER_WAITING_MAX];   /* each once, indexes into owners.process */
	size_t count;
	bool more; /* or another process: not seen, or beyond those that are kept */
};

/*
 * Connections wait for its accept(). One for all that have the same address,
 * family, port and device, if connections wait at all of them or at none.
 */
struct owner_listener {
	union addr addr;
	uint32_t inode;
	uint16_t port;
	uint8_t family;
	uint32_t ifindex;      /* bound to it; 0: to none */
	uint32_t accept_queue; /* connections that wait, if that was told */
	bool has_queue;
	bool mapped;                  /* its IPv6 address was ::ffff:a.b.c.d; addr is the IPv4 one */
	bool any;                     /* 0.0.0.0 or [::] */
	struct owner_waiting waiting; /* itself, and the owners of all of them */
};

/* The joined answer. One owners_free() for all of it; zero-initialised is empty. */
struct owners {
	struct inode_index index;
	uint32_t *start; /* owners of slot s: owner[start[s]] .. owner[start[s+1]-1] */
	struct owner *owner;
	size_t owner_count;
	struct process *process; /* by ascending pid */
	size_t process_count;
	struct process *parent; /* those above them that are no owners, by ascending pid; see finder_parents() */
	size_t parent_count;
	char *strings;
	size_t strings_len;
	struct owner_report report;
	struct owner_evidence *evidence;       /* by slot; NULL: no second look was taken */
	int evidence_unread[EVIDENCE_SOURCES]; /* errno if it could not be read whole (E2BIG: too much of it) */
	struct owner_listener *listener;       /* by port, address, family and device; wildcards behind the rest */
	size_t listener_count;
};

/* The owners of a row's socket; count 0 if none. Lowest pid first. */
struct owner_span {
	const struct owner *first;
	size_t count;
};
struct owner_span owners_of(const struct owners *owners, const struct row *row);
/* Fetches into the cache what owners_of() will read for a row that comes soon. */
void owners_prefetch(const struct owners *owners, const struct row *row);
/* True if a process that was not looked into may be an owner. */
static inline bool owners_unseen(const struct owner_report *report)
{
	return report->denied || report->hides || report->starved || report->unread[0].count || report->no_proc;
}
/* Processes that could not be looked into for want of descriptors, or for another errno. */
static inline unsigned owners_unread(const struct owner_report *report)
{
	unsigned count = report->starved;
	for (size_t i = 0; i < OWNER_TROUBLES; i++)
		count += report->unread[i].count;
	return count;
}
/* Why processes could not be looked into by who has the capabilities for it; proc_fd: our own /proc. */
enum owner_denied_cause owners_denied_cause(int proc_fd, const struct owner_report *report);
const char *owners_denied_words(enum owner_denied_cause cause);
/* True if the row is without an owner, and a process that was not looked into may be it. */
bool owners_hidden(const struct owners *owners, const struct row *row);
/* "permission", "time-wait" ...: the words of JSON; "" for owned. */
const char *owner_reason_name(enum owner_reason reason);
/* Why owners_of() is empty; REASON_OWNED if it is not. `owners` may be NULL: not asked. */
enum owner_reason owners_reason(const struct owners *owners, const struct row *row);
/* What a socket of REASON_KERNEL is for. *sure is false where only the port speaks for it. */
enum kernel_kind owners_kernel_kind(const struct owners *owners, const struct row *row, bool *sure);
/* What the second look told of the row's socket; NULL: nothing. */
const struct owner_evidence *owners_evidence(const struct owners *owners, const struct row *row);
/* "vxlan", "nfsd" ...; NULL for KERNEL_OTHER. */
const char *kernel_kind_name(enum kernel_kind kind);
/* Whose accept() the connection of the row waits for. */
void owners_waiting(const struct owners *owners, const struct row *row, struct owner_waiting *waiting);
/* From the listening TCP rows of the table, from this row on. 0, or -1 with errno ENOMEM. */
int owners_add_listeners(struct owners *owners, const struct table *table, size_t from);
/* The text of a process; data NULL if absent. */
struct bytes owners_text(const struct owners *owners, struct process_text text);
void owners_free(struct owners *owners);

/* So deep a chain of parents is looked at. */
#define OWNERS_PARENTS_MAX 64
/* The process's parent, an owner or not; NULL if it has none or was not read. */
const struct process *owners_parent(const struct owners *owners, const struct process *process);

#endif
