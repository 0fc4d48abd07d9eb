// SPDX-License-Identifier: MIT
/* owner_reason.c - why a row shows no owner, from the row and from how the look for owners went. */
#include <sockview/owner.h>

#include <sockview/countof.h>

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
	[REASON_NO_PROC] = "no-proc",
	[REASON_UNKNOWN] = "unknown",
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

/*
 * It has an inode, and no process that was seen has an fd on it. The kernel's
 * own, in flight, gone since: which it is takes evidence (evidence.h).
 */
static enum owner_reason reason_with_inode(const struct owner_report *report)
{
	if (report->denied || report->hides)
		return REASON_PERMISSION;
	if (report->other_pidns && !owners_unseen(report))
		return REASON_OTHER_PIDNS;
	return REASON_UNKNOWN;
}

const struct owner_evidence *owners_evidence(const struct owners *owners, const struct row *row)
{
	uint32_t slot = owners && owners->evidence ? inode_index_find(&owners->index, row->inode) : SLOT_NONE;
	return slot == SLOT_NONE ? NULL : &owners->evidence[slot];
}

enum owner_reason owners_reason(const struct owners *owners, const struct row *row)
{
	if (!owners)
		return REASON_NOT_ASKED;
	/* Without an inode no process can have it: no look is needed to know that. */
	if (!row->inode && row->family != AF_UNIX)
		return reason_without_inode(row);
	if (owners->report.no_proc && row->inode)
		return REASON_NO_PROC;
	if (!owners->report.asked)
		return REASON_NOT_ASKED;
	if (!row->inode)
		return reason_without_inode(row);
	if (owners_of(owners, row).count)
		return REASON_OWNED;
	if (row->flags & ROW_KERNEL)
		return REASON_KERNEL;
	const struct owner_evidence *evidence = owners_evidence(owners, row);
	if (evidence && evidence->reason != REASON_OWNED)
		return evidence->reason;
	return reason_with_inode(&owners->report);
}

bool owners_hidden(const struct owners *owners, const struct row *row)
{
	if (!owners || !owners_unseen(&owners->report))
		return false;
	enum owner_reason reason = owners_reason(owners, row);
	return reason == REASON_PERMISSION || reason == REASON_UNKNOWN;
}

/* --- the kernel's own --- */

static const char *const kind_names[KERNEL_KINDS] = {
	[KERNEL_VXLAN] = "vxlan",     [KERNEL_GENEVE] = "geneve",
	[KERNEL_BAREUDP] = "bareudp", [KERNEL_WIREGUARD] = "wireguard",
	[KERNEL_GTP] = "gtp",         [KERNEL_NFSD] = "nfsd",
	[KERNEL_NFS] = "nfs",         [KERNEL_SMB] = "smb",
	[KERNEL_ISCSI] = "iscsi",     [KERNEL_NVME] = "nvme",
	[KERNEL_CEPH] = "ceph",
};

/* Ports the kernel's own servers and tunnels have by default, and those its clients call. */
static const struct {
	uint16_t port;
	uint8_t proto;
	bool remote;
	uint8_t kind;
} kinds_by_port[] = {
	{ 4789, PROTO_UDP, false, KERNEL_VXLAN },  { 8472, PROTO_UDP, false, KERNEL_VXLAN },
	{ 6081, PROTO_UDP, false, KERNEL_GENEVE }, { 51820, PROTO_UDP, false, KERNEL_WIREGUARD },
	{ 2152, PROTO_UDP, false, KERNEL_GTP },    { 2049, PROTO_TCP, false, KERNEL_NFSD },
	{ 2049, PROTO_UDP, false, KERNEL_NFSD },   { 2049, PROTO_TCP, true, KERNEL_NFS },
	{ 2049, PROTO_UDP, true, KERNEL_NFS },     { 445, PROTO_TCP, false, KERNEL_SMB },
	{ 445, PROTO_TCP, true, KERNEL_SMB },      { 3260, PROTO_TCP, true, KERNEL_ISCSI },
	{ 3260, PROTO_TCP, false, KERNEL_ISCSI },  { 4420, PROTO_TCP, true, KERNEL_NVME },
	{ 4420, PROTO_TCP, false, KERNEL_NVME },   { 6789, PROTO_TCP, true, KERNEL_CEPH },
	{ 3300, PROTO_TCP, true, KERNEL_CEPH },
};

const char *kernel_kind_name(enum kernel_kind kind)
{
	return (unsigned)kind < KERNEL_KINDS ? kind_names[kind] : NULL;
}

enum kernel_kind owners_kernel_kind(const struct owners *owners, const struct row *row, bool *sure)
{
	const struct owner_evidence *evidence = owners_evidence(owners, row);
	*sure = evidence && evidence->kind != KERNEL_OTHER;
	if (*sure)
		return evidence->kind;
	for (size_t i = 0; i < countof(kinds_by_port); i++) {
		uint16_t port = kinds_by_port[i].remote ? row->remote_port : row->local_port;
		if (kinds_by_port[i].proto == row->proto && kinds_by_port[i].port == port)
			return kinds_by_port[i].kind;
	}
	return KERNEL_OTHER;
}
