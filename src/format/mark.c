// SPDX-License-Identifier: MIT
/* mark.c - the restrained colours of a terminal (mark.h). */
#include "format/mark.h"

#include <sockview/proto.h>

const char *mark_begin(enum mark mark)
{
	static const char *const sequences[MARK_COUNT] = {
		[MARK_NONE] = "",        [MARK_LISTEN] = "\033[32m", [MARK_LIVE] = "\033[36m",
		[MARK_ODD] = "\033[33m", [MARK_BAD] = "\033[31m",
	};
	return sequences[mark];
}

enum mark mark_state(const struct row *row)
{
	if (!proto_has(row->proto, PROTO_CONNECTIONS))
		return MARK_NONE;
	switch (row->state) {
	case STATE_LISTEN:
		return MARK_LISTEN;
	case STATE_ESTABLISHED:
		return MARK_LIVE;
	case STATE_CLOSE_WAIT:
		return MARK_ODD;
	default:
		return MARK_NONE;
	}
}

/* The kernel takes connections until the queue is longer than the backlog (sk_acceptq_is_full). */
enum mark mark_queue(const struct row *row)
{
	bool full = row->flags & ROW_BACKLOG && row->recv_q > row->send_q;
	return full ? MARK_BAD : MARK_NONE;
}

enum mark mark_value(const struct column *column, const struct value *value, const struct sock *sock)
{
	bool some = (value->kind == VALUE_UINT || value->kind == VALUE_BOOL) && value->uint;
	switch ((enum column_mark)column->mark) {
	case COLUMN_MARK_STATE:
		return mark_state(&sock->row);
	case COLUMN_MARK_QUEUE:
		return mark_queue(&sock->row);
	case COLUMN_MARK_SOME:
		return some ? MARK_ODD : MARK_NONE;
	case COLUMN_MARK_NEVER:
		break;
	}
	return MARK_NONE;
}
