/* open.c - what the options name is opened, and what follows from them is set (open.h). */
#include "run/pager.h"
#include "run/open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/file.h>

static void make_query(struct run *run)
{
	if (run->explain) {
		explain_query(run->explain, &run->query);
		return;
	}
	selection_query(&run->selection, run->options, &run->query);
	run->query.want |= run->listing.needs.want;
}

static bool wants_color(enum when color)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	if (color != WHEN_AUTO)
		return color == WHEN_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

/* Of the terminal, in characters; 0 where nothing is to be cut. */
static unsigned terminal_width(const struct options *options)
{
	struct winsize size;
	if (options->no_trunc || !isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

/* lsof's -F without letters is all of them; its COMMAND is cut to 9 unless +c says otherwise. */
static void make_lsof_view(struct view *view, const struct options *options)
{
	if (options->fields_given)
		view->fields = options->fields ? options->fields : "";
	view->command_width = options->command_width_given ? options->command_width : 9;
}

/* What netstat's heading says of the rows: what can be among them, whichever way it was asked for. */
static void make_heading(struct view *view, const struct run *run)
{
	const struct options *options = run->options;
	bool servers, others;
	selection_kinds(&run->query, &servers, &others);
	/* States that are named replace what -l says of them. */
	bool only = options->listening && !run->selection.needs.states_chosen;
	bool asked = options->all || only || (!servers && !others);
	view->listening = asked ? options->listening : servers;
	view->all = asked ? options->all : servers && others;
}

static void make_view(struct run *run)
{
	const struct options *options = run->options;
	run->view = (struct view){
		.protos = run->query.protos ? run->query.protos : options->protos,
		.programs = options->programs,
		.extend = options->extend,
		.timers = options->timers,
		.memory = options->memory,
		.info = options->info,
		.numeric_hosts = options->numeric_hosts,
		.numeric_ports = options->numeric_ports,
		.numeric_users = options->numeric_users,
		.resolve = options->resolve,
		.no_header = options->no_header,
		.color = wants_color(options->color),
		.names = run->names,
		.columns = &run->listing.columns,
		.context = &run->listing.context,
		.document = &run->listing.document,
		.width = terminal_width(options),
	};
	make_heading(&run->view, run);
	make_lsof_view(&run->view, options);
	run->listing.context.names = run->names;
	run->listing.document.report = &run->report;
}

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
	run->proc_is_ours = !root || (fstat(run->proc_fd, &given) == 0 && stat("/proc", &own) == 0 &&
	                              given.st_dev == own.st_dev && given.st_ino == own.st_ino);
	run->lookup = lookup_host(run->proc_fd, run->proc_is_ours);
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

/* Another /proc may be a plain tree without "self". */
static void open_proc_net(struct run *run)
{
	static const char *const places[] = { "self/net", "net" };
	for (size_t i = 0; run->proc_fd >= 0 && run->proc_net_fd < 0 && i < 2; i++)
		run->proc_net_fd = openat(run->proc_fd, places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Which boot of which machine: inodes mean nothing elsewhere. */
static void origin_text(const struct run *run, char text[WIRE_ORIGIN_MAX])
{
	char id[64];
	file_read_string(run->proc_fd, "sys/kernel/random/boot_id", id, sizeof(id));
	id[strcspn(id, "\n")] = '\0';
	snprintf(text, WIRE_ORIGIN_MAX, "sockview recording 1 boot %s", id);
}

/* A wire that lasts: the recording or the replay. 0, or -1 with error. */
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
	origin_text(run, origin);
	run->wire = wire_record(live, run->record_fd, origin);
	if (run->wire) {
		run->record_fd = -1;
		return 0;
	}
	wire_close(live);
	return error_set(&run->error, errno, "write the recording", run->options->record);
}

/*
 * The processes of this machine say nothing of a recording made on another, or
 * before a reboot; a --proc-root that the caller names is his word for it.
 */
bool run_proc_fits(const struct run *run)
{
	char origin[WIRE_ORIGIN_MAX];
	if (run->proc_fd < 0)
		return false;
	if (!run->options->replay || run->options->proc_root)
		return true;
	origin_text(run, origin);
	return strcmp(origin, wire_origin(run->wire)) == 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

void run_close(struct run *run)
{
	table_free(&run->table);
	owners_free(&run->owners);
	wire_close(run->wire);
	names_free(run->names);
	free(run->format_state);
	/* The pager ends when it has read all. */
	if (run->pager > 0 && run->out.buffer)
		close(run->out.fd);
	free(run->out.buffer);
	if (run->pager > 0)
		pager_wait(run->pager);
	close_fd(run->proc_fd);
	close_fd(run->proc_net_fd);
	close_fd(run->record_fd);
	close_fd(run->replay_fd);
	explain_free(run->explain);
	listing_free(&run->listing);
	selection_free(&run->selection);
}

/* Standard output, or a pager before it if that was asked for and somebody sits there. */
static int open_output(struct run *run)
{
	int fd = STDOUT_FILENO;
	if (run->options->pager && isatty(STDOUT_FILENO))
		fd = pager_start(&run->pager);
	return fd < 0 ? -1 : out_open(&run->out, fd);
}

int run_open(struct run *run)
{
	run->names = names_new();
	run->format_state = calloc(1, run->listing.format->state_size + 1);
	if (!run->names || !run->format_state || open_output(run) < 0)
		return error_set(&run->error, errno, "start", "");
	open_proc_net(run);
	if (open_wire(run) < 0)
		return -1;
	make_query(run);
	make_view(run);
	table_init(&run->table, run->query.want);
	return 0;
}
