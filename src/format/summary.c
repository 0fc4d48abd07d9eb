// SPDX-License-Identifier: MIT
/* summary.c - sockets counted for --summary (summary.h). */
#include "format/summary.h"

#include <stdlib.h>
#include <string.h>

#include <sockview/proto.h>
#include <sockview/vec.h>

static int summary_list_make(struct summary_list *list, const char *by)
{
	const struct groups_words words = { .by = by };
	char problem[GROUPS_PROBLEM_MAX];
	list->groups = groups_new(&words, problem);
	return list->groups ? groups_columns(list->groups, &list->columns) : -1;
}

int summary_begin(void *at, const struct view *view, struct out *out)
{
	struct summary *summary = at;
	(void)view;
	(void)out;
	if (summary_list_make(&summary->hosts, "remote_address") < 0 ||
	    summary_list_make(&summary->programs, "program") < 0)
		return -1;
	return summary_list_make(&summary->toward, "local_address,remote_address,remote_port");
}

void summary_free(struct summary *summary)
{
	struct summary_list *lists[] = { &summary->hosts, &summary->programs, &summary->toward };
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		groups_free(lists[i]->groups);
		column_list_free(&lists[i]->columns);
	}
	free(summary->listener);
	free(summary->process);
	free(summary->host.host);
	free(summary->host.slot);
}

struct summary_kind summary_kind(unsigned order)
{
	enum proto proto = order / 2;
	int family = proto == PROTO_UNIX ? AF_UNIX : order % 2 ? AF_INET6 : AF_INET;
	return (struct summary_kind){ proto, proto_name(proto), proto_family_name(proto, family) };
}

const char *summary_state(enum proto proto, unsigned state)
{
	if (state == STATE_CLOSE && !proto_has(proto, PROTO_CONNECTIONS))
		return "UNCONNECTED";
	return state && state < STATE_COUNT && state != STATE_NEW_SYN_RECV ? state_name(state) : NULL;
}

bool summary_host_number(const struct view *view, enum host_number which, uint64_t *number)
{
	/* Of several network namespaces: these were read of our own. */
	bool ours = which == HOST_TIME_WAIT_MAX || which == HOST_PORT_FIRST || which == HOST_PORT_LAST;
	if (!view->host || !view->host->known[which] || (ours && view->context->netns))
		return false;
	*number = view->host->value[which];
	return true;
}

static int summary_add_listener(struct summary *summary, const struct sock *sock)
{
	struct summary_listener *added = vec_push(summary->listener, summary->listeners, summary->listener_capacity);
	if (!added)
		return -1;
	added->row = sock->row;
	added->has_queue = sock->row.flags & ROW_HAS_QUEUES && sock->row.flags & ROW_BACKLOG;
	added->accept_queue = added->has_queue ? sock->row.recv_q : 0;
	added->backlog = added->has_queue ? sock->row.send_q : 0;
	added->has_drops = sock->skmem && sock->skmem->count > SKMEM_DROPS;
	added->drops = added->has_drops ? sock->skmem->value[SKMEM_DROPS] : 0;
	return 0;
}

/* --- a socket counted: it has one look-up of its owners, and no text is made of it --- */

static bool is_same_host(const struct row *left, const struct row *right)
{
	return left->family == right->family && memcmp(&left->remote, &right->remote, sizeof(left->remote)) == 0;
}

static size_t host_home(const struct summary_hosts *hosts, const struct row *row)
{
	uint64_t word[2];
	memcpy(word, &row->remote, sizeof(word));
	uint64_t mixed = (word[0] ^ word[1] * 0xff51afd7ed558ccdu ^ row->family) * 0x9e3779b97f4a7c15u;
	return (size_t)(mixed >> 32) & (hosts->slots - 1);
}

static int grow_hosts(struct summary_hosts *hosts)
{
	struct summary_hosts grown = *hosts;
	grown.slots = hosts->slots ? 2 * hosts->slots : 256;
	grown.slot = calloc(grown.slots, sizeof(*grown.slot));
	if (!grown.slot)
		return -1;
	for (size_t i = 0; i < hosts->count; i++) {
		size_t at = host_home(&grown, &hosts->host[i].row);
		while (grown.slot[at])
			at = (at + 1) & (grown.slots - 1);
		grown.slot[at] = (uint32_t)i + 1;
	}
	free(hosts->slot);
	*hosts = grown;
	return 0;
}

static int summary_add_host(struct summary_hosts *hosts, const struct row *row)
{
	if (2 * hosts->count >= hosts->slots && grow_hosts(hosts) < 0)
		return -1;
	size_t at = host_home(hosts, row);
	while (hosts->slot[at] && !is_same_host(&hosts->host[hosts->slot[at] - 1].row, row))
		at = (at + 1) & (hosts->slots - 1);
	if (!hosts->slot[at]) {
		struct summary_host *added = vec_push(hosts->host, hosts->count, hosts->capacity);
		if (!added)
			return -1;
		added->row = *row;
		hosts->slot[at] = (uint32_t)hosts->count;
	}
	hosts->host[hosts->slot[at] - 1].count++;
	return 0;
}

static int summary_add_owners(struct summary *summary, const struct owners *owners, const struct row *row)
{
	struct owner_span span = owners_of(owners, row);
	enum owner_reason reason = span.count ? REASON_OWNED : owners_reason(owners, row);
	summary->reason[reason]++;
	summary->unowned += reason != REASON_OWNED;
	if (!summary->process && owners->process_count) {
		summary->process = calloc(owners->process_count, sizeof(*summary->process));
		if (!summary->process)
			return -1;
	}
	/* Once for each process that has it. */
	for (size_t i = 0; i < span.count; i++)
		if (!i || span.first[i].process != span.first[i - 1].process)
			summary->process[span.first[i].process]++;
	return 0;
}

/* A connection whose local port may have been chosen by connect(). */
static bool summary_is_ephemeral(const struct view *view, const struct row *row)
{
	uint64_t first, last;
	return summary_host_number(view, HOST_PORT_FIRST, &first) && summary_host_number(view, HOST_PORT_LAST, &last) &&
	       proto_has(row->proto, PROTO_CONNECTIONS) && row->local_port >= first && row->local_port <= last;
}

int summary_row(void *at, const struct view *view, struct out *out, const struct sock *sock)
{
	struct summary *summary = at;
	const struct row *row = &sock->row;
	(void)out;
	bool listener = row->state == STATE_LISTEN && row_is_inet(row);
	bool connected = row_is_inet(row) && !listener && row->remote_port;
	summary->sockets++;
	summary->count[row_order(row)][row->state < STATE_COUNT ? row->state : STATE_UNKNOWN]++;
	if (view->owners && summary_add_owners(summary, view->owners, row) < 0)
		return -1;
	if (listener && summary_add_listener(summary, sock) < 0)
		return -1;
	if (connected && summary_add_host(&summary->host, row) < 0)
		return -1;
	if (connected && summary->metrics && summary_is_ephemeral(view, row) &&
	    groups_add(summary->toward.groups, view->context, sock) < 0)
		return -1;
	return 0;
}

/* --- in order --- */

static int compare_fullness(const void *a, const void *b)
{
	const struct summary_listener *left = a, *right = b;
	uint64_t mine = left->accept_queue * (right->backlog + 1), theirs = right->accept_queue * (left->backlog + 1);
	if (mine != theirs)
		return mine > theirs ? -1 : 1;
	if (left->drops != right->drops)
		return left->drops > right->drops ? -1 : 1;
	if (left->row.local_port != right->row.local_port)
		return left->row.local_port < right->row.local_port ? -1 : 1;
	return strcmp(left->address, right->address);
}

static int summary_fill_lists(struct summary *summary, const struct view *view)
{
	struct sock sock = { 0 };
	struct column_source source;
	for (size_t i = 0; i < summary->host.count; i++) {
		sock.row = summary->host.host[i].row;
		column_source_set(&source, view->context, &sock);
		if (groups_add_alike(summary->hosts.groups, &source, summary->host.host[i].count) < 0)
			return -1;
	}
	sock.row = (struct row){ 0 };
	for (size_t i = 0; summary->process && i < view->owners->process_count; i++) {
		source = (struct column_source){ .context = view->context,
			                         .sock = &sock,
			                         .process = &view->owners->process[i] };
		if (summary->process[i] && groups_add_alike(summary->programs.groups, &source, summary->process[i]) < 0)
			return -1;
	}
	return 0;
}

int summary_settle(struct summary *summary, const struct view *view)
{
	for (size_t i = 0; i < summary->listeners; i++) {
		struct summary_listener *listener = &summary->listener[i];
		struct owner_span span = { 0 };
		if (view->owners && listener->row.inode)
			span = owners_of(view->owners, &listener->row);
		listener->process = span.count ? &view->owners->process[span.first->process] : NULL;
		*addr_text(listener->address, &listener->row.local, listener->row.family,
		           listener->row.flags & ROW_LOCAL_MAPPED) = '\0';
	}
	if (summary_fill_lists(summary, view) < 0)
		return -1;
	if (summary->listeners)
		qsort(summary->listener, summary->listeners, sizeof(*summary->listener), compare_fullness);
	if (groups_order(summary->hosts.groups, view->context) < 0)
		return -1;
	return groups_order(summary->programs.groups, view->context);
}

/* A group without a value is no item of a list: sockets without an owner are told by reason. */
size_t summary_list_len(const struct summary_list *list, const struct view *view, size_t room)
{
	size_t count = groups_count(list->groups);
	room = view->top ? view->top : room;
	return count < room ? count : room;
}

uint64_t summary_list_at(struct summary_list *list, const struct view *view, size_t index, struct value *value,
                         struct column_source *source)
{
	struct value count;
	column_source_set(source, view->context, groups_at(list->groups, index));
	column_get(list->columns.column[0], source, &count);
	column_get(list->columns.column[1], source, value);
	return count.uint;
}

struct bytes summary_program(const struct summary_listener *listener, const struct view *view)
{
	return listener->process ? owners_text(view->owners, listener->process->program) : (struct bytes){ 0 };
}
