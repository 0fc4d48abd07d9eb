// SPDX-License-Identifier: MIT
/* findings.h - what one thread of a finder has found so far, and how the findings become one answer. */
#ifndef SOCKVIEW_OWNERS_FINDINGS_H
#define SOCKVIEW_OWNERS_FINDINGS_H

#include <sockview/owner.h>

/* How the look into one fd table or process ended, from the best to the worst. */
enum look_end {
	LOOK_DONE,
	LOOK_GONE,    /* it ended while we looked: ENOENT, ESRCH */
	LOOK_STARVED, /* no file descriptor of ours was left: EMFILE, ENFILE */
	LOOK_UNREAD,  /* any other errno of the kernel */
	LOOK_DENIED,  /* EACCES, EPERM */
	LOOK_FAILED,  /* our own memory ran out: ends the whole look */
};

/*
 * Private to one thread until owners_join(). The details are read while the
 * finder still has the process's directory open, so that a name cannot belong
 * to another process of the same pid.
 */
struct findings {
	struct owner *owner; /* process: index into `process` of these findings */
	size_t owner_count, owner_capacity;
	struct process *process;
	size_t process_count, process_capacity;
	char *strings;
	size_t strings_len, strings_capacity;
	struct owner_report report;
	int unread; /* errno of the last LOOK_UNREAD */
};

int findings_add_owner(struct findings *findings, const struct owner *owner);
/* Appends the process; its index is process_count - 1. */
int findings_add_process(struct findings *findings, const struct process *process);
/* A copy of the bytes, NUL behind. */
int findings_add_text(struct findings *findings, const void *data, size_t len, struct process_text *text);
void findings_free(struct findings *findings);
void findings_free_each(struct findings *findings, size_t count);

/* What a failed call of the kernel with this errno means for the look; any but LOOK_FAILED. */
enum look_end findings_end(struct findings *findings, int number);
/* One process was looked at: counts it in the report by how that ended. */
/* Counts the process as one that we may not look into; its name is read below proc_fd. */
void owners_count_denied(struct owner_report *report, int proc_fd, int32_t pid);
void owners_merge_denied(struct owner_report *into, const struct owner_report *from);
/* Counts how the look at a process ended; one that was denied is counted by owners_count_denied(). */
void findings_count(struct findings *findings, enum look_end end);

/* Adds to the count of the errno. */
void owners_count_trouble(struct owner_trouble unread[OWNER_TROUBLES], int number, unsigned count);

/*
 * Merges the findings of every thread into `owners` (whose index is built):
 * duplicates removed, sorted. Frees the findings as it goes. 0, or -1 ENOMEM.
 */
int owners_join(struct owners *owners, struct findings *findings, size_t count);

#endif
