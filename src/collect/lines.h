/* lines.h - the lines of an open file, one after the other, in constant memory. */
#ifndef SOCKVIEW_COLLECT_LINES_H
#define SOCKVIEW_COLLECT_LINES_H

#include <stdbool.h>
#include <stddef.h>

/* No line of /proc/net is near this. Larger reads give no more: the kernel hands out a page at a time. */
#define LINES_BUFFER 16384

struct lines {
	int fd; /* the caller's */
	size_t start, end;
	bool skipping; /* the rest of a line that was too long */
	char buffer[LINES_BUFFER];
};

struct line {
	const char *text; /* without its newline; valid until the next call */
	size_t len;
	bool whole; /* false: longer than the buffer, or the file ended before the newline */
};

void lines_start(struct lines *lines, int fd);
/* 1 with a line, 0 at the end, -1 with errno. */
int lines_next(struct lines *lines, struct line *line);

#endif
