// SPDX-License-Identifier: MIT
/*
 * judge.c - a filter against one socket, in three values.
 *
 * MAYBE: what decides is not known. The owners (filter_judge() before they were
 * looked for); everything but protocol, family and state (judge_kind(), before
 * the kernel was asked); or who chose a port, where the kernel was not asked that.
 */
#include <sockview/filter.h>

#include <string.h>

#include <sockview/column_table.h>
#include <sockview/glob.h>
#include <sockview/lookup.h>
#include <sockview/proto.h>

#include "select/column_term.h"
#include "select/filter_parts.h"
#include "select/judge.h"

/* What is known of the socket: protocol, family and state; all of its row and, once looked for, its owners; or not those. */
enum judged_known { KNOWN_KIND, KNOWN_ROW, KNOWN_ALL_BUT_OWNERS };

struct judged {
	const struct expr *expr;
	const struct sock *sock;
	const struct owners *owners;
	enum judged_known known;
	const struct owner *only; /* as if it were the only owner; NULL: all of them */
	const struct column_context *context;
	const regex_t *regex; /* of EXPR_COMMAND */
};

static enum verdict judge_node(const struct judged *judged, uint32_t index);

static enum verdict verdict_of(bool yes)
{
	return yes ? VERDICT_YES : VERDICT_NO;
}

static enum verdict judge_and(const struct judged *judged, const struct expr_node *node)
{
	enum verdict all = VERDICT_YES;
	for (uint32_t i = node->child; i; i = judged->expr->node[i].next) {
		enum verdict one = judge_node(judged, i);
		if (one == VERDICT_NO)
			return VERDICT_NO;
		if (one == VERDICT_MAYBE)
			all = VERDICT_MAYBE;
	}
	return all;
}

static enum verdict judge_or(const struct judged *judged, const struct expr_node *node)
{
	enum verdict any = VERDICT_NO;
	for (uint32_t i = node->child; i; i = judged->expr->node[i].next) {
		enum verdict one = judge_node(judged, i);
		if (one == VERDICT_YES)
			return VERDICT_YES;
		if (one == VERDICT_MAYBE)
			any = VERDICT_MAYBE;
	}
	return any;
}

static enum verdict judge_not(const struct judged *judged, const struct expr_node *node)
{
	enum verdict child = judge_node(judged, node->child);
	return child == VERDICT_MAYBE ? VERDICT_MAYBE : verdict_of(child == VERDICT_NO);
}

/* --- addresses and ports --- */

static bool end_matches(const struct judged *judged, const struct expr_node *node, enum expr_end end)
{
	const struct row *row = &judged->sock->row;
	const union addr *addr = end == EXPR_LOCAL ? &row->local : &row->remote;
	uint16_t port = end == EXPR_LOCAL ? row->local_port : row->remote_port;
	bool mapped = row->flags & (end == EXPR_LOCAL ? ROW_LOCAL_MAPPED : ROW_REMOTE_MAPPED);
	const uint8_t *bytes = addr->byte;
	if (node->ranges.count && !expr_in_ranges(judged->expr, node->ranges, port))
		return false;
	if (node->family == AF_UNSPEC)
		return true;
	if (node->family == AF_INET && row->family == AF_INET6 && mapped)
		bytes += 12;
	else if (node->family != row->family)
		return false;
	return addr_has_prefix(bytes, node->addr.byte, node->prefix_len);
}

/*
 * True if the socket waits on every address, this one among them. A listener
 * that is bound to an interface gets what comes in by it, and connections of
 * this host itself count as coming in by the interface that has the address,
 * though they pass through lo (ip_route_output_key_hash_rcu(), orig_oif of a
 * local route, net/ipv4/route.c).
 */
static bool serves(const struct judged *judged, const struct expr_node *node)
{
	const struct row *row = &judged->sock->row;
	bool mapped = row->flags & ROW_LOCAL_MAPPED;
	if (!proto_has(row->proto, PROTO_PORTS) || !(proto_table[row->proto].waiting & STATE_BIT(row->state)) ||
	    !addr_is_any(&row->local, mapped) || !expr_in_ranges(judged->expr, node->ranges, row->local_port))
		return false;
	if (!addr_device_serves(&node->device, row->ifindex))
		return false;
	if (node->family == AF_INET6)
		return row->family == AF_INET6 && !mapped && !addr_is_mapped(&node->addr);
	return row->family == AF_INET || !(row->flags & ROW_V6ONLY);
}

static enum verdict judge_host(const struct judged *judged, const struct expr_node *node)
{
	const struct row *row = &judged->sock->row;
	if (!row_is_inet(row) || (row->family == AF_INET && node->family == AF_INET6))
		return VERDICT_NO;
	if (judged->known == KNOWN_KIND)
		return VERDICT_MAYBE;
	if (node->value && node->value != row->ifindex)
		return VERDICT_NO;
	if (((node->end & EXPR_LOCAL) && end_matches(judged, node, EXPR_LOCAL)) ||
	    ((node->end & EXPR_REMOTE) && end_matches(judged, node, EXPR_REMOTE)))
		return VERDICT_YES;
	if (!(node->mask & EXPR_HOST_SERVED) || !serves(judged, node))
		return VERDICT_NO;
	if (node->mask & EXPR_HOST_UNSURE && !(node->mask & EXPR_HOST_SEEN))
		return judged->owners ? VERDICT_NO : VERDICT_MAYBE;
	return VERDICT_YES;
}

/* --- names of unix sockets --- */

#define UNIX_NAME_MAX 256

/* As ss writes it: @ for the NULs of an abstract name. The length. */
static size_t unix_name(const struct sock *sock, char name[UNIX_NAME_MAX])
{
	struct bytes path = sock->blob[BLOB_PATH];
	size_t len = path.data ? path.len : 0;
	if (len > UNIX_NAME_MAX)
		len = UNIX_NAME_MAX;
	if (!len)
		return 0;
	memcpy(name, path.data, len);
	bool abstract = name[0] == '\0';
	while (!abstract && name[len - 1] == '\0')
		len--;
	for (size_t i = 0; i < len; i++)
		if (name[i] == '\0')
			name[i] = '@';
	return len;
}

static enum verdict judge_unix(const struct judged *judged, const struct expr_node *node)
{
	char name[UNIX_NAME_MAX];
	const char *glob = judged->expr->text + node->text.first;
	if (judged->sock->row.family != AF_UNIX)
		return VERDICT_NO;
	if (judged->known == KNOWN_KIND)
		return VERDICT_MAYBE;
	/* The kernel does not tell the peer's name: a pattern fits if it matches the empty name. */
	size_t len = node->end & EXPR_LOCAL ? unix_name(judged->sock, name) : 0;
	return verdict_of(glob_match(glob, node->text.count, name, len, true));
}

/* unix_autobind() makes five hexadecimal digits (net/unix/af_unix.c). */
static bool unix_autobound(const struct sock *sock)
{
	char name[UNIX_NAME_MAX];
	size_t len = unix_name(sock, name);
	if (len == 0)
		return true;
	if (len != 6 || name[0] != '@')
		return false;
	for (size_t i = 1; i < len; i++)
		if (!name[i] || !strchr("0123456789abcdef", name[i]))
			return false;
	return true;
}

static enum verdict judge_autobound(const struct judged *judged, const struct expr_node *node)
{
	const struct row *row = &judged->sock->row;
	if (judged->known == KNOWN_KIND)
		return VERDICT_MAYBE;
	if (row->family == AF_UNIX)
		return verdict_of(unix_autobound(judged->sock));
	if (!expr_in_ranges(judged->expr, node->ranges, row->local_port))
		return VERDICT_NO;
	/* Only the kernel knows whether bind() named a port of that range. */
	return row->flags & ROW_HAS_AUTOBOUND ? verdict_of(row->flags & ROW_AUTOBOUND) : VERDICT_MAYBE;
}

/* --- details --- */

/* Of what the source does not tell neither a condition nor its `not` is known to fit. */
static enum verdict judge_device(const struct judged *judged, const struct expr_node *node)
{
	const struct row *row = &judged->sock->row;
	if (row->flags & ROW_NO_DEVICE || (judged->known == KNOWN_KIND && row_is_inet(row)))
		return VERDICT_MAYBE;
	return verdict_of(row->ifindex == node->value);
}

static enum verdict judge_mark(const struct judged *judged, const struct expr_node *node)
{
	const struct sock_extra *extra = judged->sock->extra;
	if (judged->known == KNOWN_KIND)
		return row_is_inet(&judged->sock->row) ? VERDICT_MAYBE : VERDICT_NO;
	if (!extra || !(extra->has & EXTRA_MARK))
		return judged->sock->row.flags & ROW_NO_DEVICE ? VERDICT_MAYBE : VERDICT_NO;
	return verdict_of((extra->mark & node->mask) == node->value);
}

static enum verdict judge_inode(const struct judged *judged, const struct expr_node *node)
{
	if (judged->known == KNOWN_KIND)
		return VERDICT_MAYBE;
	return verdict_of(expr_in_ranges(judged->expr, node->ranges, judged->sock->row.inode));
}

/* --- owners --- */

static bool text_matches(const struct judged *judged, const struct expr_node *node, struct process_text text)
{
	struct bytes bytes = owners_text(judged->owners, text);
	return bytes.data &&
	       glob_match(judged->expr->text + node->text.first, node->text.count, bytes.data, bytes.len, false);
}

/* `comm` ends with a NUL. */
static bool command_fits(const struct expr *expr, const regex_t *regex, const struct expr_node *node, const char *comm)
{
	if (node->value)
		return regexec(&regex[node->value - 1], comm, 0, NULL, 0) == 0;
	return strncmp(comm, expr->text + node->text.first, node->text.count) == 0;
}

static bool owner_command_fits(const struct judged *judged, const struct expr_node *node, const struct process *process)
{
	struct bytes comm = owners_text(judged->owners, process->comm);
	return (process->has & PROCESS_NAME) && comm.data &&
	       command_fits(judged->expr, judged->regex, node, (const char *)comm.data);
}

static bool owner_fits(const struct judged *judged, const struct expr_node *node, const struct process *process)
{
	switch ((enum expr_kind)node->kind) {
	case EXPR_PID:
		return expr_in_ranges(judged->expr, node->ranges, (uint32_t)process->pid);
	case EXPR_PROGRAM:
		return (process->has & PROCESS_NAME) &&
		       (text_matches(judged, node, process->program) || text_matches(judged, node, process->comm));
	case EXPR_USER:
		return (process->has & PROCESS_UID) && expr_in_ranges(judged->expr, node->ranges, process->uid);
	case EXPR_COMMAND:
		return owner_command_fits(judged, node, process);
	case EXPR_GROUP:
		return (process->has & PROCESS_START) &&
		       expr_in_ranges(judged->expr, node->ranges, (uint32_t)process->pgrp);
	case EXPR_CGROUP:
		return (process->has & PROCESS_CGROUP) && text_matches(judged, node, process->cgroup);
	default:
		return false;
	}
}

static enum verdict judge_owners(const struct judged *judged, const struct expr_node *node)
{
	const struct row *row = &judged->sock->row;
	if (judged->known == KNOWN_KIND)
		return VERDICT_MAYBE;
	if (!row->inode) /* no process can have an fd of it */
		return VERDICT_NO;
	if (!judged->owners || judged->known == KNOWN_ALL_BUT_OWNERS)
		return VERDICT_MAYBE;
	struct owner_span span = owners_of(judged->owners, row);
	if (judged->only)
		span = (struct owner_span){ judged->only, 1 };
	for (size_t i = 0; i < span.count; i++)
		if (owner_fits(judged, node, &judged->owners->process[span.first[i].process]))
			return VERDICT_YES;
	return VERDICT_NO;
}

static enum verdict judge_user(const struct judged *judged, const struct expr_node *node)
{
	const struct row *row = &judged->sock->row;
	/* Of a socket without an inode the kernel always gives uid 0 (inet_twsk_diag_fill, inet_req_diag_fill). */
	bool told = judged->known != KNOWN_KIND && !node->value && (row->flags & ROW_HAS_UID) && row->inode;
	if (told && expr_in_ranges(judged->expr, node->ranges, row->uid))
		return VERDICT_YES;
	return judge_owners(judged, node);
}

static enum verdict judge_cgroup(const struct judged *judged, const struct expr_node *node)
{
	const struct sock_extra *extra = judged->sock->extra;
	if (judged->known != KNOWN_KIND && extra && (extra->has & EXTRA_CGROUP))
		return verdict_of(expr_in_numbers(judged->expr, node->numbers, extra->cgroup_id));
	return judge_owners(judged, node);
}

/* --- columns --- */

/* Of a column that is of one owner, any owner's will do. */
static enum verdict judge_column(const struct judged *judged, const struct expr_node *node)
{
	const struct row *row = &judged->sock->row;
	const struct column *column = column_at(node->value);
	if (judged->known == KNOWN_KIND)
		return column_protos(column) && !(column_protos(column) & PROTO_BIT(row->proto)) ? VERDICT_NO
		                                                                                 : VERDICT_MAYBE;
	if (!judged->context)
		return VERDICT_NO;
	if (judged->known == KNOWN_ALL_BUT_OWNERS && column_term_is_of_owner(node))
		return VERDICT_MAYBE;
	if (!judged->owners && column_term_waits(node, row))
		return VERDICT_MAYBE;
	struct column_context context = *judged->context;
	struct column_source all, one;
	context.owners = judged->owners;
	column_source_set(&all, &context, judged->sock);
	one = all;
	struct owner_span span = judged->only ? (struct owner_span){ judged->only, 1 } : all.span;
	if (!column_term_is_of_owner(node) || !span.count)
		return verdict_of(column_term_fits(judged->expr, node, &all, &all));
	for (size_t i = 0; i < span.count; i++) {
		one.span = (struct owner_span){ &span.first[i], 1 };
		one.process = &judged->owners->process[span.first[i].process];
		if (column_term_fits(judged->expr, node, &one, &all))
			return VERDICT_YES;
	}
	return VERDICT_NO;
}

static enum verdict judge_node(const struct judged *judged, uint32_t index)
{
	const struct expr_node *node = &judged->expr->node[index];
	const struct row *row = &judged->sock->row;
	switch ((enum expr_kind)node->kind) {
	case EXPR_ALL:
		return VERDICT_YES;
	case EXPR_NONE:
		return VERDICT_NO;
	case EXPR_AND:
		return judge_and(judged, node);
	case EXPR_OR:
		return judge_or(judged, node);
	case EXPR_NOT:
		return judge_not(judged, node);
	case EXPR_HOST:
		return judge_host(judged, node);
	case EXPR_UNIX:
		return judge_unix(judged, node);
	case EXPR_FAMILY:
		return verdict_of(row->family == node->family);
	case EXPR_PROTO:
		return verdict_of(PROTO_BIT(row->proto) & node->mask);
	case EXPR_STATE:
		return verdict_of(STATE_BIT(row->state) & node->mask);
	case EXPR_EVENT:
		return judged->known == KNOWN_KIND ? VERDICT_MAYBE : verdict_of(1u << judged->sock->event & node->mask);
	case EXPR_DEV:
		return judge_device(judged, node);
	case EXPR_MARK:
		return judge_mark(judged, node);
	case EXPR_CGROUP:
		return judge_cgroup(judged, node);
	case EXPR_AUTOBOUND:
		return judge_autobound(judged, node);
	case EXPR_INODE:
		return judge_inode(judged, node);
	case EXPR_PID:
	case EXPR_COMMAND:
	case EXPR_GROUP:
	case EXPR_PROGRAM:
		return judge_owners(judged, node);
	case EXPR_USER:
		return judge_user(judged, node);
	case EXPR_COLUMN:
		return judge_column(judged, node);
	}
	return VERDICT_NO;
}

enum verdict filter_judge(const struct filter *filter, const struct sock *sock, const struct owners *owners)
{
	struct judged judged = { &filter->expr, sock, owners, KNOWN_ROW, NULL, filter->context, filter->regex };
	return judge_node(&judged, filter->expr.root);
}

enum verdict filter_judge_owner(const struct filter *filter, const struct sock *sock, const struct owners *owners,
                                const struct owner *owner)
{
	struct judged judged = { &filter->expr, sock, owners, KNOWN_ROW, owner, filter->context, filter->regex };
	return judge_node(&judged, filter->expr.root);
}

enum verdict filter_judge_unseen(const struct filter *filter, const struct sock *sock, const struct owners *owners)
{
	struct judged judged = {
		&filter->expr, sock, owners, KNOWN_ALL_BUT_OWNERS, NULL, filter->context, filter->regex
	};
	return judge_node(&judged, filter->expr.root);
}

bool filter_concerns(const struct filter *filter, const struct owners *owners, const struct process *process)
{
	struct judged judged = { &filter->expr, NULL, owners, KNOWN_ROW, NULL, NULL, filter->regex };
	for (size_t i = 0; i < filter->expr.node_count; i++) {
		const struct expr_node *node = &filter->expr.node[i];
		/* A column takes the socket, too: it is judged with each. */
		bool column = node->kind == EXPR_COLUMN && column_term_is_of_owner(node);
		if (column || owner_fits(&judged, node, process))
			return true;
	}
	return false;
}

enum verdict judge_kind(const struct expr *expr, enum proto proto, int family, enum state state)
{
	struct sock sock = { .row = { .proto = (uint8_t)proto, .family = (uint8_t)family, .state = (uint8_t)state } };
	struct judged judged = { expr, &sock, NULL, KNOWN_KIND, NULL, NULL, NULL };
	return judge_node(&judged, expr->root);
}

enum verdict judge_part(const struct filter *filter, uint32_t node, const struct sock *sock,
                        const struct owners *owners)
{
	struct judged judged = { &filter->expr, sock, owners, KNOWN_ROW, NULL, filter->context, filter->regex };
	return judge_node(&judged, node);
}

bool judge_process(const struct filter *filter, const struct expr_node *node, const struct filter_process *process)
{
	switch ((enum expr_kind)node->kind) {
	case EXPR_COMMAND:
		return command_fits(&filter->expr, filter->regex, node, process->comm);
	case EXPR_USER:
		return expr_in_ranges(&filter->expr, node->ranges, process->uid);
	case EXPR_GROUP:
		return expr_in_ranges(&filter->expr, node->ranges, (uint32_t)process->group);
	default:
		return expr_in_ranges(&filter->expr, node->ranges, (uint32_t)process->pid);
	}
}
