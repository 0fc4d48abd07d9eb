/* notes.h - what an answer lacks and what was wrong with a filter, in words. */
#ifndef SOCKVIEW_RUN_NOTES_H
#define SOCKVIEW_RUN_NOTES_H

#include <sockview/filter.h>
#include <sockview/names.h>
#include <sockview/owner.h>
#include <sockview/privilege.h>
#include <sockview/query.h>

/*
 * What the answer lacks, a line each: processes that could not be looked
 * into and what would help, interrupted dumps, families nobody could tell of.
 * With `verbose` also what was done another way (fallbacks). `privilege` is
 * what privilege_begin() found; owners and privilege may be NULL.
 */
void notes_report(const struct report *report, const struct owner_report *owners, const struct privilege *privilege,
                  bool verbose);

/* How the selection and the answer fit. */
struct notes_selection {
	const struct report *report;
	bool filtered;       /* something was selected */
	bool marks_hidden;   /* by marks, which the kernel does not tell us */
	bool netlink_only;   /* by what /proc/net does not tell */
	bool connected_only; /* connected sockets were looked at, for want of any word about states */
	uint64_t shown;
	bool verbose;
};
void notes_selection(const struct notes_selection *selection);

/* Owners of which the caller may see no more than pid and name. */
void notes_veiled(const struct owner_report *owners);
/* Where names could not be kept. */
void notes_names(const struct names *names);

/* A number behind a bare -c is a filter's word. */
void notes_interval(const char *word);

/*
 * What was wrong with the text of `what` ("filter", "--state"), in three
 * lines: the complaint, the text, a caret under the place.
 */
void notes_filter(const char *what, const char *text, size_t len, const struct filter_error *error);

#endif
