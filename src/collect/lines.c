/* lines.c - a bounded reader of lines; see lines.h. */
#include "collect/lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

void lines_start(struct lines *lines, int fd)
{
	lines->fd = fd;
	lines->start = lines->end = 0;
	lines->skipping = false;
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

/* All that is in the buffer as a line without an end; false if it belongs to one already given. */
static bool give_rest(struct lines *lines, struct line *line)
{
	*line = (struct line){ lines->buffer + lines->start, lines->end - lines->start, false };
	lines->start = lines->end = 0;
	return !lines->skipping;
}

/* The same up to the newline. */
static bool give(struct lines *lines, struct line *line, const char *newline)
{
	const char *text = lines->buffer + lines->start;
	bool wanted = !lines->skipping;
	*line = (struct line){ text, (size_t)(newline - text), true };
	lines->start += line->len + 1;
	lines->skipping = false;
	return wanted;
}

int lines_next(struct lines *lines, struct line *line)
{
	for (;;) {
		size_t left = lines->end - lines->start;
		const char *newline = memchr(lines->buffer + lines->start, '\n', left);
		if (newline && give(lines, line, newline))
			return 1;
		if (newline)
			continue;
		if (left == sizeof(lines->buffer)) {
			bool first = give_rest(lines, line);
			lines->skipping = true;
			if (first)
				return 1;
			continue;
		}
		ssize_t got = refill(lines);
		if (got < 0)
			return -1;
		if (got == 0)
			return lines->end && give_rest(lines, line);
	}
}
