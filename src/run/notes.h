// SPDX-License-Identifier: MIT
/* notes.h - the wording of every note: what an answer lacks, how it was got, what was wrong with a filter. */
#ifndef SOCKVIEW_RUN_NOTES_H
#define SOCKVIEW_RUN_NOTES_H

#include <sockview/filter.h>
#include <sockview/names.h>
#include <sockview/origin.h>
#include <sockview/owner.h>
#include <sockview/privilege.h>
#include <sockview/query.h>

/*
 * What the answer lacks, a line each: processes that could not be looked into
 * and what would help, interrupted dumps, families that neither netlink nor
 * /proc/net tells of. With `verbose` also what was read in another way
 * (fallbacks). `privilege` is what privilege_begin() found; owners and
 * privilege may be NULL.
 */
void notes_report(const struct report *report, const struct owner_report *owners, const struct privilege *privilege,
                  bool verbose);

/* What of the answer is not in the recording that was made. */
void notes_recording(const struct report *report);

/* What of the answer is not in the recording that was read, whose kernel is `origin`'s. */
void notes_replay(const struct report *report, const struct origin *origin, bool verbose);

/* What the note on the selection is about. */
struct notes_selection {
	const struct report *report;
	bool filtered;       /* a filter or a selecting option was given */
	bool storage_hidden; /* what BPF programs keep was asked for, which the kernel does not tell us */
	bool marks_hidden;   /* it asks for marks, which the kernel does not tell us */
	bool netlink_only;   /* it asks for what /proc/net does not tell */
	unsigned protos;     /* that were looked at */
	bool listening;      /* those alone that listen were */
	const char *port;    /* the one that was asked for; NULL: none, or several */
	bool elsewhere;      /* sockets in other states have it */
	bool terminal;       /* standard output is one, and the answer is read as it comes */
	bool connected_only; /* only connected sockets were looked at: the default */
	uint64_t shown;
	uint64_t nul_or_at;   /* of them, with a name from /proc/net/unix in which '@' may be NUL */
	uint64_t undecidable; /* left out: neither the filter nor its `not` is known to fit them */
	bool verbose;
};
void notes_selection(const struct notes_selection *selection);

/* Reads what notes may take behind the answer, when nothing can be read any more. */
void notes_prepare(struct privilege *privilege);

/* Processes that are not seen, why, and what would show them; without `privilege` only the first. */
void notes_unseen(const char *what, const struct privilege *privilege, enum owner_denied_cause cause);

/* Processes that could not be looked into, or not wholly, for another reason than their being hidden. */
void notes_unread(const struct owner_report *owners);

/* Of a recording that has more than was asked for. */
void notes_recorded_elsewhere(uint64_t count);
/* What was not looked at of network namespaces. */
struct notes_netns {
	unsigned not_looked; /* neither entered nor read */
	unsigned skipped;    /* sockets of some states may be lacking */
	bool out_of_time;    /* for want of time */
	unsigned hidden;     /* processes whose namespace is not known */
	unsigned not_asked;  /* processes whose sockets were not asked for theirs */
	unsigned left_out;   /* too many to be listed */
};
void notes_netns(const struct notes_netns *about);

/* Owners of which the caller may see no more than pid and name. */
void notes_veiled(const struct owner_report *owners);
/* A note if names could not be kept. */
void notes_names(const struct names *names);
/* `number`: why not all cgroups could be read; 0: they were. */
void notes_cgroups(int number);

/* Of --group-by: sockets that were counted more than once. */
void notes_groups(uint64_t shared);
void notes_subflows(uint64_t count);
/* How words of the filter were taken that may mean something else: `program` is one, or NULL. */
void notes_readings(const char *program, bool two_readings);
/* A number that is the port of no socket, and the pid of a process with sockets. */
void notes_pid(const char *number);
/* Several ports that no socket has together. */
void notes_either(const char *ports);

/* For a number behind a bare -c, which is a word of the filter. */
void notes_interval(const char *word);

/*
 * Says what is wrong with the text of `what` ("filter", "--state"), in three
 * lines: the complaint, the text, a caret under the place.
 */
void notes_filter(const char *what, const char *text, size_t len, const struct filter_error *error);

/* The three lines, where they are not for standard error; they hold the user's own bytes: hostile. */
struct notes_filter {
	char line[3][640];
};
void notes_filter_lines(struct notes_filter *lines, const char *what, const char *text, size_t len,
                        const struct filter_error *error);

#endif
