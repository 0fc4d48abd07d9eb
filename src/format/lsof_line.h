// SPDX-License-Identifier: MIT
/* lsof_line.h - what lsof's listing and its -F fields share: the files that were kept, and a line's texts. */
#ifndef SOCKVIEW_FORMAT_LSOF_LINE_H
#define SOCKVIEW_FORMAT_LSOF_LINE_H

#include <sockview/format.h>
#include <sockview/text.h>

/* An fd: which owner of which socket. */
struct lsof_file {
	uint32_t owner; /* index into owners->owner */
	uint32_t row;   /* of view->table */
};

struct lsof_state {
	struct lsof_file *file;
	size_t file_count, file_capacity;
	struct text command, name; /* of the line being written */
};

/* One of the files, with all that is known of it. */
struct lsof_line {
	const struct view *view;
	const struct owner *owner;
	const struct process *process;
	const struct row *row;
};

struct lsof_line lsof_line(const struct lsof_state *state, const struct view *view, size_t index);
/* NULL if the uid has no name, or numbers are wanted. */
const char *lsof_login(const struct lsof_line *line);
const char *lsof_type(const struct row *row);
const char *lsof_node(const struct row *row);
/* "*:80", "127.0.0.1:4->127.0.0.1:80", in place of what the text holds. 0, or -1 with errno ENOMEM. */
int lsof_put_name(struct text *text, const struct lsof_line *line);

#endif
