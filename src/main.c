/*
 * main.c - the composition root: arguments in, exit status out.
 *
 * A map of the code
 *
 *   include/sockview/   the contracts between the folders
 *     row.h query.h       a socket as data; what a source is asked
 *     source.h finder.h   where sockets and their owners come from
 *     owner.h             the join of the two
 *     format.h            rows to bytes
 *   src/
 *     options.c           the command line: one table
 *     column.c columns_*.c value.c    what can be said of a socket: one table of typed columns
 *     sort.c detail.c                 rows in order; columns as text behind a row
 *     cgroup.c cgroups.c containers.c units and containers by cgroup path; paths by number; names
 *     json.c parents.c                text as JSON strings; from a process to the one above it
 *     expr.c expr_ports.c             a filter as a tree
 *     rows.c proto.c query.c          rows; names of protocols and states
 *     inode_index.c findings.c owner.c owner_reason.c     the join with processes
 *     names.c hosts.c resolver.c      services, users, interfaces, hosts
 *     text.c out.c message.c message_filter.c   printable text, standard output, standard error
 *     privilege.c                     capabilities: kept, raised, dropped
 *     completions.c       the option table as a shell's completions
 *     run/                one invocation, from the options to the last flush: with main.c
 *                         the only code that knows every part (it outgrew one file)
 *       selection.c listing.c pids.c   which sockets; which format, columns and order; --pids
 *       pager.c                        the user's pager behind our output
 *       open.c gather.c show.c look.c  the steps of a look; explaining.c in place of it
 *     collect/            kernel -> rows
 *       wire.c record.c     live netlink; a recording and its replay
 *       request.c netlink.c decode.c    what is asked, the loop, one answer
 *       bytecode.c bytecode_ops.c       what of a filter the kernel judges
 *       procnet.c           the same from the text of /proc/net
 *     owners/             fds -> (inode, process, fd)
 *     select/             filter text -> what is shown
 *     format/             rows -> bytes: netstat.c lsof.c lsof_fields.c json.c csv.c table.c
 *     explain/            a port -> why it is taken
 *   tests/              tests/README.md says what is where
 *
 * Arrows ("may include"): main -> run -> options and the folders; the folders -> the
 * core (the files of src/, by their headers in include/sockview) -> libc. No folder
 * includes another's headers. `make check-layers` holds them to it.
 *
 * One run: options -> privileges put away -> the caller's files opened ->
 * privileges raised -> sockets dumped -> their inodes indexed -> fds scanned
 * -> joined -> privileges dropped -> names -> format -> output checked.
 * Without owners to find, rows are written while the kernel still answers.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/message.h>

#include "cli/completions.h"
#include "run/run.h"

enum exit_status { EXIT_ROWS = 0, EXIT_NOTHING = 1, EXIT_USAGE = 2, EXIT_NO_ANSWER = 3 };

/* A second signal is not waited for: it ends the program at once (SA_RESETHAND). */
static volatile sig_atomic_t stop_asked;

static void on_signal(int number)
{
	(void)number;
	stop_asked = 1;
}

/* What the caller has us ignore stays so: a shell keeps Ctrl-C from what it runs in the background. */
static void catch_signal(int number)
{
	struct sigaction stop = { .sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND }, before;
	if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		sigaction(number, &stop, NULL);
}

static void catch_signals(bool continuous)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	/* A closed pipe is told by write(2): a quiet end, not a death. */
	sigaction(SIGPIPE, &ignore, NULL);
	if (!continuous)
		return;
	catch_signal(SIGINT);
	catch_signal(SIGTERM);
}

static void run_init(struct run *run)
{
	*run = (struct run){
		.proc_fd = -1, .proc_net_fd = -1, .record_fd = -1, .replay_fd = -1,
	};
}

static enum exit_status say(const struct run *run, enum exit_status status)
{
	message_error(&run->error);
	return status;
}

static enum exit_status say_error(const struct run *run)
{
	return say(run, EXIT_NO_ANSWER);
}

/* --help and --version: text that is there without a look at any socket. */
static enum exit_status print_text(struct run *run, char *text)
{
	if (!text || out_open(&run->out, STDOUT_FILENO) < 0) {
		error_set(&run->error, errno, "start", "");
		free(text);
		return say_error(run);
	}
	out_string(&run->out, text);
	free(text);
	if (out_flush(&run->out) == 0 || look_closed_pipe(run))
		return EXIT_ROWS;
	error_set(&run->error, errno, "write to", "standard output");
	return say_error(run);
}

/* The caller's own words; read with his own rights. */
static enum exit_status say_selection(const struct run *run)
{
	const struct selection *selection = &run->selection;
	if (selection->wrong)
		message_filter(selection->what, selection->wrong, selection->wrong_len, &selection->problem);
	else
		message("cannot read %s: %s", selection->what, strerror(errno));
	return EXIT_USAGE;
}

static enum exit_status print_completions(struct run *run)
{
	char *script = completions_script(run->options.completions);
	if (script || errno != EINVAL)
		return print_text(run, script);
	message_usage("--completions: unknown shell '%s'; it takes bash, zsh or fish", run->options.completions);
	return EXIT_USAGE;
}

static enum exit_status run_all(struct run *run)
{
	if (run->options.help)
		return print_text(run, options_help());
	if (run->options.version)
		return print_text(run, strdup("sockview " SOCKVIEW_VERSION "\n"));
	if (run->options.completions)
		return print_completions(run);
	if (run->options.list_columns)
		return print_text(run, listing_list_columns());
	if (run->options.explain && !run_make_explain(run))
		return EXIT_USAGE;
	if (selection_make(&run->selection, &run->options) < 0)
		return say_selection(run);
	/* The caller named a file or folder he can not have. */
	if (run_open_paths(run) < 0)
		return say(run, EXIT_USAGE);
	if (run_open(run) < 0 || (run->explain ? run_explain(run) : look_run(run, &stop_asked)) < 0)
		return say_error(run);
	/* A file on a full disk may tell only when it is closed. */
	if (out_close(&run->out) < 0 && !look_closed_pipe(run)) {
		error_set(&run->error, errno, "write to", "standard output");
		return say_error(run);
	}
	if (run->explain)
		return (enum exit_status)explain_status(run->explain);
	bool selected = run->selection.needs.any || run->listing.format->owned_only;
	return selected && !run->shown_ever ? EXIT_NOTHING : EXIT_ROWS;
}

/* ss's way to name a file of `ss -D`. As --replay it is opened with the caller's own rights. */
static void replay_from_environment(struct options *options)
{
	const char *file = getenv("TCPDIAG_FILE");
	bool live = options->record || options->source != SOURCE_AUTO || options->explain;
	if (file && *file && !options->replay && !live)
		options->replay = file;
}

int main(int argc, char **argv)
{
	struct run run;
	char problem[OPTIONS_PROBLEM_MAX];
	run_init(&run);
	if (privilege_begin(&run.privilege) < 0) {
		message("cannot put privileges away: %s", strerror(errno));
		return EXIT_NO_ANSWER;
	}
	enum exit_status status = EXIT_USAGE;
	if (options_parse(&run.options, argc, argv, problem) < 0 ||
	    listing_choose(&run.listing, &run.options, problem) < 0) {
		message_usage("%s", problem);
	} else {
		replay_from_environment(&run.options);
		catch_signals(run.options.continuous);
		status = run_all(&run);
	}
	run_close(&run);
	return status;
}
