/* owner_reason.c - why a row shows no owner, from the row and from how the look for owners went. */
#include <sockview/owner.h>

static const char *const reason_names[REASON_COUNT] = {
	[REASON_OWNED] = "",
	[REASON_NOT_ASKED] = "not-asked",
	[REASON_PERMISSION] = "permission",
	[REASON_TIME_WAIT] = "time-wait",
	[REASON_SYN_RECV] = "syn-recv",
	[REASON_ORPHAN] = "orphan",
	[REASON_UNACCEPTED] = "unaccepted",
	[REASON_KERNEL] = "kernel",
	[REASON_IN_FLIGHT] = "in-flight",
	[REASON_OTHER_PIDNS] = "other-pidns",
	[REASON_VANISHED] = "vanished",
};

const char *owner_reason_name(enum owner_reason reason)
{
	return (unsigned)reason < REASON_COUNT ? reason_names[reason] : "";
}

/*
 * A socket without an inode has no struct socket: never accept()ed, or closed
 * by its process. Both can be ESTABLISHED or CLOSE_WAIT in theory, but close()
 * moves those two on to FIN_WAIT1 and LAST_ACK at once (tcp_close_state,
 * net/ipv4/tcp.c), so the state tells them apart.
 */
static enum owner_reason reason_without_inode(const struct row *row)
{
	switch (row->state) {
	case STATE_TIME_WAIT:
		return REASON_TIME_WAIT;
	case STATE_SYN_RECV:
	case STATE_NEW_SYN_RECV:
		return REASON_SYN_RECV;
	case STATE_ESTABLISHED:
	case STATE_CLOSE_WAIT:
		return REASON_UNACCEPTED;
	case STATE_FIN_WAIT1:
	case STATE_FIN_WAIT2:
	case STATE_LAST_ACK:
	case STATE_CLOSING:
		return REASON_ORPHAN;
	default: /* caught in the middle of its close() */
		return REASON_VANISHED;
	}
}

/* It has an inode, and nobody we could see has an fd on it. */
static enum owner_reason reason_with_inode(const struct owner_report *report, const struct row *row)
{
	if (report->denied)
		return REASON_PERMISSION;
	if (report->vanished)
		return REASON_VANISHED;
	if (report->other_pidns)
		return REASON_OTHER_PIDNS;
	/* Sockets the kernel opens for itself belong to root, and none of them is a unix socket. */
	if (row->family != AF_UNIX && (row->flags & ROW_HAS_UID) && row->uid == 0)
		return REASON_KERNEL;
	return REASON_IN_FLIGHT;
}

enum owner_reason owners_reason(const struct owners *owners, const struct row *row)
{
	if (!owners || !owners->report.asked)
		return REASON_NOT_ASKED;
	if (!row->inode)
		return reason_without_inode(row);
	if (owners_of(owners, row).count)
		return REASON_OWNED;
	return reason_with_inode(&owners->report, row);
}
