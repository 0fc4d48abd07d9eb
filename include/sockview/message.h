/*
 * message.h - the words for what went wrong or is missing; the only writer of standard error.
 *
 * Each message is one line, "sockview: ...", escaped, written at once. A
 * standard error that cannot be written to is nobody's error.
 */
#ifndef SOCKVIEW_MESSAGE_H
#define SOCKVIEW_MESSAGE_H

#include <sockview/filter.h>
#include <sockview/owner.h>
#include <sockview/privilege.h>
#include <sockview/query.h>

/* "sockview: " + text + newline. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with what the last word of every usage error is: try --help. */
void message_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "sockview: cannot WHAT SUBJECT: strerror (at byte N)" */
void message_error(const struct error *error);
/*
 * What the answer lacks, a line each: processes that could not be looked
 * into and what would help, interrupted dumps, families nobody could tell of.
 * With `verbose` also what was done another way (fallbacks). `privilege` is
 * what privilege_begin() found; owners and privilege may be NULL.
 */
void message_report(const struct report *report, const struct owner_report *owners,
                    const struct privilege *privilege, bool verbose);

/*
 * What was wrong with the text of `what` ("filter", "--state"), in three
 * lines: the complaint, the text, a caret under the place.
 */
void message_filter(const char *what, const char *text, size_t len, const struct filter_error *error);

#endif
