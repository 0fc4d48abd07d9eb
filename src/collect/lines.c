// SPDX-License-Identifier: MIT
/* lines.c - a file of /proc/net, line by line (lines.h). */
#include "collect/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/file.h>

/* No line of /proc/net is near this. Larger reads give no more: the kernel hands out a page at a time. */
#define LINES_BUFFER 16384

struct lines {
	int fd;
	size_t start, end;
	bool begun;
	bool skipping; /* the rest of a line that was too long */
	char buffer[LINES_BUFFER];
};

static int lines_error(struct error *error, int number, const char *what, const char *name)
{
	char subject[32];
	snprintf(subject, sizeof(subject), "/proc/net/%s", name);
	return error_set(error, number, what, subject);
}

int lines_open(int proc_net_fd, const char *name, struct error *error)
{
	struct stat status;
	int fd = file_open(proc_net_fd, name);
	if (fd < 0)
		return lines_error(error, errno, "open", name);
	int number = fstat(fd, &status) < 0 ? errno : S_ISREG(status.st_mode) ? 0 : EINVAL;
	if (!number)
		return fd;
	close(fd);
	return lines_error(error, number, "read", name);
}

/* Moves what is left to the front and reads more behind it: its size, 0 at the end, -1. */
static ssize_t refill(struct lines *lines)
{
	size_t left = lines->end - lines->start;
	memmove(lines->buffer, lines->buffer + lines->start, left);
	lines->start = 0;
	lines->end = left;
	ssize_t got;
	do {
		got = read(lines->fd, lines->buffer + left, sizeof(lines->buffer) - left);
	} while (got < 0 && errno == EINTR);
	if (got > 0)
		lines->end += (size_t)got;
	return got;
}

/* The next `len` bytes as a line; false if they are the rest of one that was given already. */
static bool line_take(struct lines *lines, struct line *line, size_t len, bool whole)
{
	bool wanted = !lines->skipping;
	*line = (struct line){ lines->buffer + lines->start, len, whole, !lines->begun };
	lines->start += len + whole;
	lines->skipping = !whole;
	lines->begun = true;
	return wanted;
}

/* 1 with a line, 0 at the end, -1 with errno. */
static int lines_next(struct lines *lines, struct line *line)
{
	for (;;) {
		const char *text = lines->buffer + lines->start;
		size_t left = lines->end - lines->start;
		const char *newline = memchr(text, '\n', left);
		if (newline || left == sizeof(lines->buffer)) {
			if (line_take(lines, line, newline ? (size_t)(newline - text) : left, newline))
				return 1;
			continue;
		}
		ssize_t got = refill(lines);
		if (got < 0)
			return -1;
		if (got == 0)
			return left && line_take(lines, line, left, false);
	}
}

int lines_read(int fd, const char *name, lines_take_fn *take, void *context, struct error *error)
{
	struct lines lines;
	struct line line;
	int got = 0, answer = 0;
	lines.fd = fd;
	lines.start = lines.end = 0;
	lines.begun = lines.skipping = false;
	while (!answer && (got = lines_next(&lines, &line)) > 0)
		answer = take(context, &line);
	return got < 0 ? lines_error(error, errno, "read", name) : answer;
}

/* --- a line --- */

bool cursor_char(struct cursor *cursor, char c)
{
	if (cursor->at == cursor->end || *cursor->at != c)
		return false;
	cursor->at++;
	return true;
}

void cursor_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && *cursor->at == ' ')
		cursor->at++;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool cursor_hex(struct cursor *cursor, unsigned least, unsigned most, uint64_t *value)
{
	unsigned digits = 0;
	*value = 0;
	while (digits < most && cursor->at < cursor->end && hex_digit(*cursor->at) >= 0) {
		*value = *value << 4 | (unsigned)hex_digit(*cursor->at++);
		digits++;
	}
	return digits >= least;
}

bool cursor_decimal(struct cursor *cursor, uint64_t max, uint64_t *value)
{
	const char *first = cursor->at;
	*value = 0;
	while (cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9') {
		unsigned digit = (unsigned)(*cursor->at++ - '0');
		if (*value > (max - digit) / 10)
			return false;
		*value = *value * 10 + digit;
	}
	return cursor->at > first;
}

bool cursor_address(struct cursor *cursor)
{
	uint64_t ignored;
	if (!cursor_char(cursor, '('))
		return cursor_hex(cursor, 8, 16, &ignored);
	while (cursor->at < cursor->end && *cursor->at != ')' && *cursor->at != ':')
		cursor->at++;
	return cursor_char(cursor, ')');
}
