// SPDX-License-Identifier: MIT
/* columns_owner.c - the columns of who holds a socket: those of its first owner, the lowest pid. */
#include "columns/columns.h"

#include <stddef.h>
#include <string.h>

#include <sockview/cgroup.h>
#include <sockview/containers.h>
#include <sockview/countof.h>
#include <sockview/names.h>

static void get_process_user(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (!source->process || !(source->process->has & PROCESS_UID))
		return;
	value_set_string(value, names_user(source->context->names, source->process->uid));
}

/* field.offset is that of a struct process_text. */
static struct bytes process_bytes(const struct column *column, const struct column_source *source)
{
	struct process_text text;
	if (!source->process)
		return (struct bytes){ 0 };
	memcpy(&text, (const char *)source->process + column->field.offset, sizeof(text));
	return owners_text(source->context->owners, text);
}

static void get_process_text(const struct column *column, const struct column_source *source, struct value *value)
{
	value_set_bytes(value, process_bytes(column, source));
}

static void get_cmdline(const struct column *column, const struct column_source *source, struct value *value)
{
	value_set_bytes(value, process_bytes(column, source));
	if (value->kind != VALUE_NONE)
		value->kind = VALUE_ARGS;
}

#define DELETED " (deleted)"

/* The kernel appends it to the path (d_path, fs/d_path.c). */
static void get_exe_deleted(const struct column *column, const struct column_source *source, struct value *value)
{
	struct bytes exe = process_bytes(column, source);
	size_t len = sizeof(DELETED) - 1;
	if (exe.data)
		value_set_bool(value,
		               exe.len > len && memcmp((const char *)exe.data + exe.len - len, DELETED, len) == 0);
}

/* --- time --- */

static bool process_start(const struct column_source *source, int64_t *start)
{
	const struct column_context *context = source->context;
	if (!source->process || !(source->process->has & PROCESS_START))
		return false;
	if (!context->boot_time || context->ticks_per_second <= 0)
		return false;
	*start = context->boot_time + (int64_t)(source->process->start_ticks / (uint64_t)context->ticks_per_second);
	return true;
}

static void get_start_time(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (process_start(source, &value->time))
		value->kind = VALUE_TIME;
}

static void get_age(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	int64_t start;
	if (process_start(source, &start))
		value_set_uint(value, source->context->now > start ? (uint64_t)(source->context->now - start) : 0);
}

/* --- cgroups --- */

static struct bytes socket_cgroup(const struct column_source *source)
{
	const struct sock_extra *extra = source->sock->extra;
	if (!extra || !(extra->has & EXTRA_CGROUP) || !source->context->cgroups)
		return (struct bytes){ 0 };
	return cgroups_path(source->context->cgroups, extra->cgroup_id);
}

static void get_cgroup(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	value_set_bytes(value, socket_cgroup(source));
}

/*
 * The process's cgroup where one is known: a socket that systemd opened for
 * a service stays in systemd's own.
 */
static struct bytes best_cgroup(const struct column *column, const struct column_source *source)
{
	struct bytes path = process_bytes(column, source);
	return path.data ? path : socket_cgroup(source);
}

static void get_unit(const struct column *column, const struct column_source *source, struct value *value)
{
	struct bytes unit;
	if (cgroup_unit(best_cgroup(column, source), &unit))
		value_set_bytes(value, unit);
}

static void get_container(const struct column *column, const struct column_source *source, struct value *value)
{
	struct container container;
	if (cgroup_container(best_cgroup(column, source), &container))
		value_set_bytes(value, container.id);
}

static void get_container_name(const struct column *column, const struct column_source *source, struct value *value)
{
	struct container container;
	struct containers *containers = source->context->containers;
	struct bytes cgroup = best_cgroup(column, source);
	if (containers && containers_want(containers, cgroup) == 0 && cgroup_container(cgroup, &container))
		value_set_bytes(value, containers_name(containers, container.id));
}

static void get_runtime(const struct column *column, const struct column_source *source, struct value *value)
{
	struct container container;
	if (cgroup_container(best_cgroup(column, source), &container))
		value_set_word(value, container.runtime);
}

/* --- all of them --- */

/* False if no look for owners was taken. */
static bool looked_for(const struct column_source *source)
{
	return owners_reason(source->context->owners, &source->sock->row) != REASON_NOT_ASKED;
}

static void get_owner_count(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (looked_for(source))
		value_set_uint(value, source->span.count);
}

static void get_owner_reason(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	value_set_word(value, owner_reason_name(owners_reason(source->context->owners, &source->sock->row)));
}

static void get_kernel_kind(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct owners *owners = source->context->owners;
	bool sure;
	if (owners_reason(owners, &source->sock->row) != REASON_KERNEL)
		return;
	value_set_word(value, kernel_kind_name(owners_kernel_kind(owners, &source->sock->row, &sure)));
}

/* Of an unaccepted connection: the processes that may have it in an accept queue. */
static void get_waiting(const struct column_source *source, struct owner_waiting *waiting)
{
	const struct owners *owners = source->context->owners;
	*waiting = (struct owner_waiting){ .listener = NULL };
	if (owners_reason(owners, &source->sock->row) == REASON_UNACCEPTED)
		owners_waiting(owners, &source->sock->row, waiting);
}

/* NULL if it is not one, or may be another. */
static const struct process *listener_process(const struct column_source *source)
{
	struct owner_waiting waiting;
	get_waiting(source, &waiting);
	bool sure = waiting.count == 1 && !waiting.more;
	return sure ? &source->context->owners->process[waiting.process[0]] : NULL;
}

static void get_listener_candidates(const struct column *column, const struct column_source *source,
                                    struct value *value)
{
	(void)column;
	struct owner_waiting waiting;
	get_waiting(source, &waiting);
	if (!waiting.count)
		return;
	value->kind = VALUE_CANDIDATES;
	value->process = waiting.process[0];
}

static void get_listener_pid(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct process *process = listener_process(source);
	if (process)
		value_set_uint(value, (uint64_t)process->pid);
}

static void get_listener_program(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct process *process = listener_process(source);
	if (process)
		value_set_bytes(value, owners_text(source->context->owners, process->program));
}

/* The first owner of a unix socket's other end; NULL: none is known. */
static const struct process *peer_process(const struct column_source *source)
{
	const struct owners *owners = source->context->owners;
	const struct sock_unix *unix_ = source->sock->unix_;
	if (!owners || !unix_ || !(unix_->has & UNIX_HAS_PEER))
		return NULL;
	struct owner_span span = owners_of(owners, &(struct row){ .inode = unix_->peer, .family = AF_UNIX });
	return span.count ? &owners->process[span.first->process] : NULL;
}

static void get_peer_pid(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct process *process = peer_process(source);
	if (process)
		value_set_uint(value, (uint64_t)process->pid);
}

static void get_peer_program(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct process *process = peer_process(source);
	if (process)
		value_set_bytes(value, owners_text(source->context->owners, process->program));
}

static void get_owners(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (looked_for(source))
		value->kind = VALUE_OWNERS;
}

static void get_parents(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (!source->process || !(source->process->has & PROCESS_START))
		return;
	value->kind = VALUE_PARENTS;
	value->process = source->span.first->process;
}

#define OWNER(name_, type_, details_, help_, ...) \
	{ \
		.name = name_, .help = help_, .type = type_, .group = GROUP_OWNER, .need = NEED_OWNERS, \
		.details = details_, __VA_ARGS__ \
	}
#define OWNER_NUMBER(name_, from_, struct_, member, details_, help_) \
	OWNER(name_, COLUMN_NUMBER, details_, help_, .get = column_get_field, .field.from = from_, \
	      FIELD_OF(struct_, member), .field.told = details_)
#define OWNER_TEXT(name_, member, details_, help_, get_) \
	OWNER(name_, COLUMN_TEXT, details_, help_, .field.offset = offsetof(struct process, member), .get = get_)
/* The second look tells more of these. */
#define REASON(name_, type_, details_, help_, get_) \
	{ \
		.name = name_, .help = help_, .type = type_, .group = GROUP_OWNER, \
		.need = NEED_OWNERS | NEED_EVIDENCE, .details = details_, .all_owners = true, .get = get_ \
	}
#define PEER(name_, type_, details_, help_, get_) \
	{ \
		.name = name_, .help = help_, .type = type_, .group = GROUP_OWNER, .want = WANT_UNIX | WANT_PEER, \
		.need = NEED_OWNERS | NEED_PEERS, .details = details_, .all_owners = true, .get = get_ \
	}
/* No look for owners is taken for these alone: the socket's own cgroup is there without one. */
#define CGROUP_TEXT(name_, group_, need_, help_, get_) \
	{ \
		.name = name_, .help = help_, .type = COLUMN_TEXT, .group = group_, .need = need_, .want = WANT_EXTRA, \
		.details = PROCESS_CGROUP, .field.offset = offsetof(struct process, cgroup), .get = get_ \
	}

/* What an element of JSON's owners tells, and so what is read for it. */
#define OWNERS_DETAILS (PROCESS_NAME | PROCESS_UID | PROCESS_CMDLINE | PROCESS_EXE | PROCESS_CGROUP | PROCESS_START)

const struct column columns_owner[] = {
	OWNER_NUMBER("pid", FROM_PROCESS, struct process, pid, 0, "of the owner with the lowest number"),
	OWNER_NUMBER("tid", FROM_OWNER, struct owner, tid, 0,
	             "the thread that holds it; the pid unless a thread has its own files"),
	OWNER_NUMBER("fd", FROM_OWNER, struct owner, fd, 0, "the owner's file descriptor"),
	OWNER_TEXT("program", program, PROCESS_NAME, "base name of the program as it was called, one word",
	           get_process_text),
	OWNER_TEXT("comm", comm, PROCESS_NAME, "the kernel's name of the process, at most 15 bytes", get_process_text),
	OWNER_TEXT("cmdline", cmdline, PROCESS_CMDLINE, "the arguments, a blank between them", get_cmdline),
	OWNER_TEXT("exe", exe, PROCESS_EXE, "the program's file", get_process_text),
	OWNER("exe_deleted", COLUMN_BOOL, PROCESS_EXE, "the program's file was deleted or replaced",
	      .field.offset = offsetof(struct process, exe), .mark = COLUMN_MARK_SOME, .get = get_exe_deleted),
	OWNER_NUMBER("ppid", FROM_PROCESS, struct process, ppid, PROCESS_START, "the process's parent"),
	{ .name = "parents",
	  .help = "the parent and those above it, nearest first: pid/name",
	  .type = COLUMN_LIST,
	  .group = GROUP_OWNER,
	  .need = NEED_OWNERS | NEED_PARENTS,
	  .details = PROCESS_START | PROCESS_NAME,
	  .get = get_parents },
	OWNER_NUMBER("process_uid", FROM_PROCESS, struct process, uid, PROCESS_UID,
	             "the user that the process runs as"),
	{ .name = "process_user",
	  .help = "that uid's login name",
	  .type = COLUMN_TEXT,
	  .group = GROUP_OWNER,
	  .need = NEED_OWNERS | NEED_PROCESS_USERS,
	  .details = PROCESS_UID,
	  .get = get_process_user },
	OWNER("start_time", COLUMN_TIME, PROCESS_START, "when the process was started", .get = get_start_time),
	OWNER("age", COLUMN_NUMBER, PROCESS_START, "how long the process has been running", .unit = "s",
	      .get = get_age),
	CGROUP_TEXT("cgroup", GROUP_EXTRA, NEED_CGROUPS, "the socket's own: that of the process that made it",
	            get_cgroup),
	CGROUP_TEXT("unit", GROUP_OWNER, NEED_CGROUPS,
	            "systemd's name of the service, scope or socket; the owner's if it was looked for", get_unit),
	CGROUP_TEXT("container", GROUP_OWNER, NEED_CGROUPS,
	            "id or name of the container; the owner's if it was looked for", get_container),
	CGROUP_TEXT("container_name", GROUP_OWNER, NEED_CGROUPS | NEED_CONTAINERS,
	            "the container's name, where its runtime left it readable on disk", get_container_name),
	CGROUP_TEXT("container_runtime", GROUP_OWNER, NEED_CGROUPS, "docker, podman, containerd, cri-o, lxc ...",
	            get_runtime),
	OWNER_TEXT("process_cgroup", cgroup, PROCESS_CGROUP, "the process's", get_process_text),
	OWNER_NUMBER("process_netns", FROM_PROCESS, struct process, netns, PROCESS_NETNS,
	             "the process's network namespace"),
	PEER("peer_pid", COLUMN_NUMBER, 0, "of a unix socket's other end: its owner's pid", get_peer_pid),
	PEER("peer_program", COLUMN_TEXT, PROCESS_NAME, "that owner's program", get_peer_program),
	OWNER_TEXT("context", context, PROCESS_CONTEXT, "security context: SELinux's, AppArmor's", get_process_text),
	OWNER("owner_count", COLUMN_NUMBER, 0, "how many file descriptors are on the socket", .all_owners = true,
	      .get = get_owner_count),
	REASON("owner_reason", COLUMN_TEXT, 0, "why no owner is shown: permission, time-wait, kernel ...",
	       get_owner_reason),
	REASON("kernel_kind", COLUMN_TEXT, 0, "what the kernel itself has the socket for: vxlan, wireguard, nfsd ...",
	       get_kernel_kind),
	REASON("listener_pid", COLUMN_NUMBER, 0,
	       "the process that has not accepted the connection yet, if it can be but one", get_listener_pid),
	REASON("listener_program", COLUMN_TEXT, PROCESS_NAME, "that process's program", get_listener_program),
	REASON("listener_candidates", COLUMN_LIST, PROCESS_NAME,
	       "each process one of which has not accepted the connection yet", get_listener_candidates),
	{ .name = "owners",
	  .help = "all owners",
	  .type = COLUMN_LIST,
	  .group = GROUP_OWNER,
	  .need = NEED_OWNERS | NEED_CONTAINERS,
	  .details = OWNERS_DETAILS,
	  .all_owners = true,
	  .get = get_owners },
};
const size_t columns_owner_count = countof(columns_owner);
