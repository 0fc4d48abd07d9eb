// SPDX-License-Identifier: MIT
/*
 * message.h - the words for what went wrong or is missing; the only writer of standard error.
 *
 * Each message is one line, "sockview: ...", escaped, written at once. A
 * failed write to standard error is ignored.
 */
#ifndef SOCKVIEW_MESSAGE_H
#define SOCKVIEW_MESSAGE_H

#include <stdbool.h>

#include <sockview/error.h>

/* "sockview: " + text + newline. */
void message(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same, followed by "; try sockview --help". */
void message_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* "sockview: cannot WHAT SUBJECT: strerror (at byte N)" */
void message_error(const struct error *error);
/* True if a person reads the lines as they come: they go to a terminal. */
bool message_on_terminal(void);
#endif
