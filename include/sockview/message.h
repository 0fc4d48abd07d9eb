/*
 * message.h - the words for what went wrong or is missing; the only writer of standard error.
 *
 * Each message is one line, "sockview: ...", escaped, written at once. A
 * standard error that cannot be written to is nobody's error.
 */
#ifndef SOCKVIEW_MESSAGE_H
#define SOCKVIEW_MESSAGE_H

#include <sockview/error.h>

/* "sockview: " + text + newline. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same with what the last word of every usage error is: try --help. */
void message_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "sockview: cannot WHAT SUBJECT: strerror (at byte N)" */
void message_error(const struct error *error);
#endif
