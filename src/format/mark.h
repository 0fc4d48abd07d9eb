// SPDX-License-Identifier: MIT
/* mark.h - what deserves a look on a terminal, and the colour it gets; private to the formats. */
#ifndef SOCKVIEW_FORMAT_MARK_H
#define SOCKVIEW_FORMAT_MARK_H

#include <sockview/column.h>

enum mark { MARK_NONE, MARK_LISTEN, MARK_LIVE, MARK_ODD, MARK_BAD, MARK_COUNT };

/* The colour of the state. */
enum mark mark_state(const struct row *row);
/* Of a listener's queue: whether it is full. */
enum mark mark_queue(const struct row *row);
/* Of a value in a column: states, full accept queues, retransmits, deleted programs. */
enum mark mark_value(const struct column *column, const struct value *value, const struct sock *sock);
/* The terminal's sequence that begins it, "" for none; MARK_END ends every one. */
const char *mark_begin(enum mark mark);
#define MARK_END "\033[0m"

#endif
