// SPDX-License-Identifier: MIT
/* lsof_line.c - a line of lsof's: the file it tells of, and the texts of both forms (lsof_line.h). */
#include "format/lsof_line.h"

#include <sockview/names.h>
#include <sockview/proto.h>
#include <sockview/value.h>

struct lsof_line lsof_line(const struct lsof_state *state, const struct view *view, size_t index)
{
	const struct owner *owner = &view->owners->owner[state->file[index].owner];
	return (struct lsof_line){ view, owner, &view->owners->process[owner->process],
		                   &view->table->row[state->file[index].row] };
}

const char *lsof_login(const struct lsof_line *line)
{
	return line->view->numeric_users ? NULL : names_user(line->view->names, line->process->uid);
}

const char *lsof_type(const struct row *row)
{
	return row->family == AF_INET ? "IPv4" : row->family == AF_INET6 ? "IPv6" : proto_name(row->proto);
}

const char *lsof_node(const struct row *row)
{
	return proto_table[row->proto].label;
}

/* ADDR:PORT of one end, "*" for 0.0.0.0 and [::]. */
static int lsof_add_end(struct text *text, const struct lsof_line *line, bool remote)
{
	const struct column_context *context = line->view->context;
	struct value end;
	value_set_end(&end, line->row, remote);
	/* A raw socket's protocol stands in the place of its port. */
	end.addr.port = remote ? line->row->remote_port : line->row->local_port;
	if (addr_is_any(end.addr.addr, end.addr.mapped) ? text_add_char(text, '*') < 0
	                                                : value_add_host(text, &end, context) < 0)
		return -1;
	return text_add_char(text, ':') < 0 ? -1 : value_add_port(text, &end, context);
}

int lsof_put_name(struct text *text, const struct lsof_line *line)
{
	const struct row *row = line->row;
	text->len = 0;
	if (!row_is_inet(row))
		return 0;
	if (lsof_add_end(text, line, false) < 0)
		return -1;
	if (addr_is_any(&row->remote, row->flags & ROW_REMOTE_MAPPED) && !row->remote_port)
		return 0;
	return text_add_string(text, "->") < 0 ? -1 : lsof_add_end(text, line, true);
}
