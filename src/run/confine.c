// SPDX-License-Identifier: MIT
/* confine.c - whether a run has a sandbox, and what is done before it begins (confine.h). */
#include "run/confine.h"

#include <string.h>

#include <sockview/bound.h>
#include <sockview/column.h>
#include <sockview/message.h>
#include <sockview/names.h>
#include <sockview/proto.h>

#include "run/notes.h"

static const char *const open_modes[MODE_COUNT] = {
	[MODE_EVENTS] = "events are looked up as they come",
	[MODE_SIGNAL] = "processes are looked at again as each is signalled",
	[MODE_KILL] = "sockets are looked at again as each is closed",
	[MODE_FREE] = "the port's holders are looked at again after each step",
	[MODE_WAIT] = "the port is asked for again and again",
	[MODE_WATCH] = "the sockets are looked at again and again",
	[MODE_CONNECT] = "a connection is made",
};

/* NULL: there is one, as far as is known before the look. */
static const char *why_open(const struct options *options)
{
	if (options->no_sandbox)
		return "--no-sandbox";
	if (open_modes[options->mode])
		return open_modes[options->mode];
	if (options->continuous)
		return "the sockets are looked at again and again";
	if (options->netns.count || options->all_netns)
		return "other network namespaces are entered";
	return options->pager ? "a pager is started" : NULL;
}

static void say_open(const struct run *run, const char *why)
{
	if (run->options->verbose && !run->options->quiet)
		message("no sandbox: %s", why);
}

void confine_plan(struct run *run)
{
	const char *why = why_open(run->options), *absence = sandbox_absence();
	run->confined = run->options->sandbox && !why && !absence;
	/* That a build has no sandbox is told of a listing alone: elsewhere -v is asked for other things. */
	if (!why && absence && *absence && run->options->mode == MODE_LOOK)
		why = absence;
	if (run->options->sandbox && why)
		say_open(run, why);
}

/* --- what is done first --- */

/* Names that the rows which are still to be written take: enum column_need. */
static unsigned names_needed(const struct run *run)
{
	const struct format *format = run->listing.format;
	unsigned need = run->listing.needs.need;
	if (!run->view.numeric_ports)
		need |= NEED_SERVICES;
	/* The ends of packet sockets are interfaces. */
	if (run->query.protos & ~(unsigned)PROTO_INET_ALL)
		need |= NEED_INTERFACES;
	/* Lines that have no columns: lsof's, netstat's. */
	if (format->style == COLUMNS_NONE && !run->view.numeric_users)
		need |= format->owned_only ? NEED_PROCESS_USERS : run->view.extend ? NEED_USERS : 0u;
	return need;
}

static void names_of_table(struct run *run, unsigned need)
{
	for (size_t i = 0; need & (NEED_USERS | NEED_INTERFACES) && i < run->table.count; i++) {
		const struct row *row = &run->table.row[i];
		if (need & NEED_USERS && row->flags & ROW_HAS_UID)
			names_user(run->names, row->uid);
		if (need & NEED_INTERFACES && row->ifindex)
			names_interface(run->names, row->ifindex);
	}
	for (size_t i = 0; need & NEED_PROCESS_USERS && i < run->owners.process_count; i++)
		if (run->owners.process[i].has & PROCESS_UID)
			names_user(run->names, run->owners.process[i].uid);
}

/* Opens and looks up what the rest of the rows takes, as they come. NULL, or why it cannot be had ahead. */
static const char *prepare_stream(struct run *run, unsigned need)
{
	if (need & NEED_USERS)
		return "users are looked up as rows are written";
	if (need & NEED_INTERFACES)
		names_read_interfaces(run->names);
	/* With the right to search all of it that was done before the first row. */
	if (need & NEED_CGROUPS && !run->privilege.has_read_search)
		listing_read_cgroups(&run->listing);
	/* Where netlink has refused TCP, BOUND is looked for behind the last row. */
	if (run->report.netlink_errno && bound_is_asked(&run->query) && !run->bound.looked &&
	    run->options->source != SOURCE_NETLINK)
		bound_find(&run->bound, run->proc_net_fd);
	if (run->proc_net_fd >= 0)
		source_files_open(&run->files, run->proc_net_fd, &run->query);
	return NULL;
}

static void say_lack(const struct run *run, const char *what, int number)
{
	if (number && run->options->verbose && !run->options->quiet)
		message("the sandbox lacks %s: %s", what, strerror(number));
}

/* Called before the first byte is written. */
static void confine_begin(void *context)
{
	struct run *run = context;
	struct sandbox_lacks lacks;
	const char *why = NULL;
	bool rows = run->options->mode == MODE_LOOK && !run->told;
	unsigned need = rows ? names_needed(run) : 0;
	if (need & NEED_SERVICES)
		names_read_services(run->names);
	if (run->streaming)
		why = prepare_stream(run, need);
	else
		names_of_table(run, need);
	if (why) {
		say_open(run, why);
		return;
	}
	notes_prepare(&run->privilege);
	sandbox_enter(run->streaming ? &run->grants : NULL, &lacks);
	say_lack(run, "Landlock", lacks.landlock);
	say_lack(run, "seccomp", lacks.seccomp);
}

void confine_output(struct run *run, struct out *out)
{
	if (!run->confined)
		return;
	/* Rows may be many: they are not kept. */
	out->holds = run->options->mode != MODE_LOOK;
	out->begins = confine_begin;
	out->context = run;
}

void confine_source(struct run *run, struct sources *sources, struct source_request *request)
{
	if (!run->confined || !run->streaming)
		return;
	run->grants.threads = true;
	sources->grants = &run->grants;
	request->files = &run->files;
}

void confine_end(struct run *run)
{
	source_files_close(&run->files);
}
