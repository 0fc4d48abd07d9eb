// SPDX-License-Identifier: MIT
/* column_source.c - a socket and its owners brought together (column_source.h). */
#include <sockview/column_source.h>

void column_source_set(struct column_source *source, const struct column_context *context, const struct sock *sock)
{
	*source = (struct column_source){ .context = context, .sock = sock };
	if (!context->owners || !sock->row.inode)
		return;
	source->span = owners_of(context->owners, &sock->row);
	if (source->span.count)
		source->process = &context->owners->process[source->span.first->process];
}
