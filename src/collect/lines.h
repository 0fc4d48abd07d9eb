// SPDX-License-Identifier: MIT
/*
 * lines.h - a file of /proc/net: opened, read line by line in constant memory, and its lines taken apart.
 */
#ifndef SOCKVIEW_COLLECT_LINES_H
#define SOCKVIEW_COLLECT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sockview/error.h>

/* A regular file to read: its fd, or -1 with error (number ENOENT: there is none). */
int lines_open(int proc_net_fd, const char *name, struct error *error);

struct line {
	const char *text; /* without its newline; valid until lines_take_fn returns */
	size_t len;
	bool whole; /* false: longer than any line of /proc/net, or the file ended before the newline */
	bool first; /* the heading, if the file has one */
};

/* Another answer than 0 ends the reading, which returns it. */
typedef int lines_take_fn(void *context, const struct line *line);
/* Every line of the open file `name`. 0; -1 with error if it cannot be read; or the answer of `take`. */
int lines_read(int fd, const char *name, lines_take_fn *take, void *context, struct error *error);

/* A place in a line. Each function moves on behind what it takes, or returns false. */
struct cursor {
	const char *at, *end;
};

bool cursor_char(struct cursor *cursor, char c);
void cursor_blanks(struct cursor *cursor);
/* What %pK prints: the address of a socket, hashed; "(null)" and the like where the kernel hides it. */
bool cursor_address(struct cursor *cursor);
/* Up to `most` (16) hexadecimal digits, not fewer than `least`. */
bool cursor_hex(struct cursor *cursor, unsigned least, unsigned most, uint64_t *value);
/* Decimal, up to max. */
bool cursor_decimal(struct cursor *cursor, uint64_t max, uint64_t *value);

#endif
