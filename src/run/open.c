// SPDX-License-Identifier: MIT
/* open.c - opens and closes all that a run needs (open.h). */
#include "run/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sockview/bound.h>
#include <sockview/countof.h>
#include <sockview/file.h>
#include <sockview/names.h>
#include <sockview/origin.h>

#include "run/confine.h"
#include "run/keeping.h"
#include "run/namespaces.h"
#include "run/pager.h"
#include "run/rating.h"
#include "run/view.h"

/* With the caller's own rights: see privilege.h. */
static int open_or_say(struct run *run, const char *path, int flags, const char *what)
{
	int fd = open(path, flags | O_CLOEXEC, 0666);
	if (fd < 0)
		error_set(&run->error, errno, what, path);
	return fd;
}

int run_open_proc(struct run *run)
{
	const char *root = run->options->proc_root;
	struct stat given, own;
	run->proc_fd = open_or_say(run, root ? root : "/proc", O_RDONLY | O_DIRECTORY, "open");
	run->proc_errno = run->proc_fd < 0 ? run->error.number : 0;
	run->proc_is_ours = !root || (fstat(run->proc_fd, &given) == 0 && stat("/proc", &own) == 0 &&
	                              given.st_dev == own.st_dev && given.st_ino == own.st_ino);
	run->lookup = lookup_host(run->proc_fd, run->proc_is_ours);
	/* A recording's addresses are those of its rows, and so are another namespace's. */
	if (run->options->replay || run->options->netns.count || run->options->all_netns)
		run->lookup.own_address = NULL;
	return run->proc_fd < 0 && root ? -1 : 0;
}

int run_open_paths(struct run *run)
{
	const struct options *options = run->options;
	if (options->replay) {
		run->replay_fd = open_or_say(run, options->replay, O_RDONLY, "open the recording");
		return run->replay_fd < 0 ? -1 : 0;
	}
	if (options->record) {
		run->record_fd = open_or_say(run, options->record, O_WRONLY | O_CREAT | O_TRUNC, "write the recording");
		return run->record_fd < 0 ? -1 : 0;
	}
	return 0;
}

/* This boot of this machine. */
static struct origin own_origin(int proc_fd)
{
	struct origin origin = { 0 };
	struct utsname name;
	file_read_string(proc_fd, "sys/kernel/random/boot_id", origin.boot, sizeof(origin.boot));
	origin.boot[strcspn(origin.boot, "\n")] = '\0';
	if (uname(&name) == 0)
		snprintf(origin.release, sizeof(origin.release), "%s", name.release);
	return origin;
}

void run_find_boot_id(struct run *run)
{
	if (!((run->listing.needs.need | run->selection.needs.columns) & NEED_BOOT_ID) || run->listing.context.boot_id)
		return;
	struct origin origin = run->options->replay ? origin_read(wire_origin(run->wire)) : own_origin(run->proc_fd);
	if (!*origin.boot)
		return;
	snprintf(run->listing.boot_id, sizeof(run->listing.boot_id), "%s", origin.boot);
	run->listing.context.boot_id = run->listing.boot_id;
}

/* Makes the wire of a recording or a replay; a live one is made for each look. 0, or -1 with error. */
static int open_wire(struct run *run)
{
	char origin[WIRE_ORIGIN_MAX];
	if (run->replay_fd >= 0) {
		run->wire = wire_replay(run->replay_fd);
		if (run->wire)
			run->replay_fd = -1; /* the wire's from here on */
		return run->wire ? 0 : error_set(&run->error, errno, "replay", run->options->replay);
	}
	if (run->record_fd < 0)
		return 0;
	struct wire *live = wire_kernel();
	if (!live)
		return error_set(&run->error, errno, "open netlink, which is what is recorded", "");
	struct origin here = own_origin(run->proc_fd);
	here.bound = bound_is_told(NULL) ? ORIGIN_BOUND_TOLD : ORIGIN_BOUND_UNTOLD;
	origin_text(&here, origin);
	sandbox_grant_socket(&run->grants, live->fd);
	run->wire = wire_record(live, run->record_fd, origin);
	if (run->wire) {
		run->record_fd = -1;
		return 0;
	}
	wire_close(live);
	return error_set(&run->error, errno, "write the recording", run->options->record);
}

/*
 * Owners in a recording are looked for among this machine's processes only if
 * it was made in this boot; --proc-root says that the /proc fits the recording.
 */
bool run_proc_fits(const struct run *run)
{
	if (run->proc_fd < 0)
		return false;
	if (!run->options->replay || run->options->proc_root)
		return true;
	struct origin there = origin_read(wire_origin(run->wire));
	return *there.boot && strcmp(own_origin(run->proc_fd).boot, there.boot) == 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void run_close(struct run *run)
{
	table_free(&run->table);
	bound_free(&run->bound);
	owners_free(&run->owners);
	process_list_free(&run->fitting);
	owners_free(&run->chosen);
	hidden_free(&run->hidden);
	rating_close(run);
	keeping_end(run);
	confine_end(run);
	namespaces_free(&run->namespaces);
	wire_close(run->wire);
	names_free(run->names);
	free(run->format_state);
	/* The pager sees the end of its input only when the fd is closed. */
	if (run->pager > 0 && run->out.buffer)
		close(run->out.fd);
	free(run->out.buffer);
	if (run->pager > 0)
		pager_wait(run->pager);
	close_fd(run->proc_fd);
	close_fd(run->proc_net_fd);
	close_fd(run->record_fd);
	close_fd(run->replay_fd);
	if (run->mode->end)
		run->mode->end(run);
	listing_free(&run->listing);
	selection_free(&run->selection);
}

/*
 * Standard output, or a pager before it if that was asked for and the output is
 * a terminal. The buffer comes first: a pager that was started waits until what
 * it reads from is closed, and that is out's to do.
 */
static int open_output(struct run *run)
{
	if (out_open(&run->out, STDOUT_FILENO) < 0)
		return -1;
	run->out.stop_asked = run->stop_asked;
	confine_output(run, &run->out);
	run->on_terminal = isatty(STDOUT_FILENO);
	if (!run->options->pager || !run->on_terminal)
		return 0;
	int fd = pager_start(&run->pager);
	if (fd < 0)
		return -1;
	run->out.fd = fd;
	return 0;
}

int run_open(struct run *run)
{
	/* Another /proc may be a plain tree without "self". */
	static const char *const places[] = { "self/net", "net" };
	run->names = names_new();
	run->format_state = calloc(1, run->listing.format->state_size + 1);
	if (!run->names || !run->format_state || open_output(run) < 0)
		return error_set(&run->error, errno, "start", "");
	for (size_t i = 0; run->proc_fd >= 0 && run->proc_net_fd < 0 && i < countof(places); i++)
		run->proc_net_fd = openat(run->proc_fd, places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (open_wire(run) < 0)
		return -1;
	run->mode->plan(run);
	run_make_view(run);
	table_init(&run->table, run->query.want);
	return 0;
}
