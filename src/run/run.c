// SPDX-License-Identifier: MIT
/* run.c - one invocation from the options to the last flush (sockview/run.h). */
#include <sockview/run.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/message.h>

#include "run/acting.h"
#include "run/checkup.h"
#include "run/confine.h"
#include "run/connecting.h"
#include "run/eventing.h"
#include "run/explaining.h"
#include "run/exposing.h"
#include "run/look.h"
#include "run/meant.h"
#include "run/namespaces.h"
#include "run/naming.h"
#include "run/notes.h"
#include "run/netns_counts.h"
#include "run/open.h"
#include "run/signalling.h"
#include "run/vacating.h"
#include "run/waiting.h"
#include "run/watching.h"

static enum exit_status say(const struct error *error, enum exit_status status)
{
	message_error(error);
	return status;
}

static void print_begins(void *context)
{
	sandbox_enter(NULL, context);
}

enum exit_status run_print(const struct options *options, char *text)
{
	struct out out;
	struct error error;
	struct sandbox_lacks lacks;
	if (!text || privilege_drop() < 0 || out_open(&out, STDOUT_FILENO) < 0) {
		error_set(&error, errno, "start", "");
		free(text);
		return say(&error, EXIT_NO_ANSWER);
	}
	out.begins = options->no_sandbox ? NULL : print_begins;
	out.context = &lacks;
	out_string(&out, text);
	free(text);
	if (out_close(&out) == 0 || out_has_no_reader(&out))
		return EXIT_ROWS;
	error_set(&error, errno, "write to", "standard output");
	return say(&error, EXIT_NO_ANSWER);
}

static enum exit_status say_selection(const struct run *run)
{
	const struct selection *selection = &run->selection;
	const char *number = meant_number(selection->text.data);
	if (!selection->wrong)
		return say(&selection->error, selection->error.number == ENOMEM ? EXIT_NO_ANSWER : EXIT_USAGE);
	notes_filter(selection->what, selection->wrong, selection->wrong_len, &selection->problem);
	if (run->options->hint)
		message("%s", run->options->hint);
	else if (number && selection->wrong == selection->text.data && !run->options->replay &&
	         meant_pid(run->proc_fd, number))
		notes_pid(number);
	return EXIT_USAGE;
}

static const struct run_mode *const modes[MODE_COUNT] = {
	[MODE_LOOK] = &mode_look,       [MODE_EVENTS] = &mode_events,
	[MODE_EXPLAIN] = &mode_explain, [MODE_KILL] = &mode_kill,
	[MODE_WAIT] = &mode_wait,       [MODE_EXPOSURE] = &mode_exposure,
	[MODE_HEALTH] = &mode_health,   [MODE_LIST_NETNS] = &mode_list_netns,
	[MODE_WATCH] = &mode_watch,     [MODE_SIGNAL] = &mode_signal,
	[MODE_NAMES] = &mode_names,     [MODE_CONNECT] = &mode_connect,
	[MODE_FREE] = &mode_free,
};

static enum exit_status run_steps(struct run *run)
{
	char problem[OPTIONS_PROBLEM_MAX];
	if (listing_choose(&run->listing, run->options, problem) < 0) {
		message_usage("%s", problem);
		return EXIT_USAGE;
	}
	if (run->mode->begin && !run->mode->begin(run))
		return EXIT_USAGE;
	confine_plan(run);
	/* The caller named a folder or, below, a file that cannot be opened. */
	if (run_open_proc(run) < 0)
		return say(&run->error, EXIT_USAGE);
	/* Before any right is raised or given up. */
	if (run->mode->instead)
		return run->mode->instead(run);
	if (namespaces_choose(run, problem) < 0) {
		if (!*problem)
			return say(&run->error, EXIT_NO_ANSWER);
		message_usage("%s", problem);
		return EXIT_USAGE;
	}
	if (selection_make(&run->selection, run->options, &run->lookup) < 0)
		return say_selection(run);
	if (!run->options->quiet)
		notes_readings(run->selection.program ? run->selection.text.data : NULL,
		               run->selection.needs.two_readings);
	if (run->selection.needs.who && listing_ask_who(&run->listing, run->options, problem) < 0) {
		message_usage("%s", problem);
		return EXIT_USAGE;
	}
	if (run->selection.needs.events && run->options->mode != MODE_EVENTS) {
		message_usage("event is a key of --events: sockets that are listed have none");
		return EXIT_USAGE;
	}
	if (run->mode->check && !run->mode->check(run))
		return EXIT_USAGE;
	/* The sources of the filter's columns are read with those of the listing's. */
	run->listing.needs.details |= run->selection.needs.details;
	run->listing.needs.need |= run->selection.needs.columns;
	filter_set_context(run->selection.filter, &run->listing.context);
	if (run_open_paths(run) < 0)
		return say(&run->error, EXIT_USAGE);
	if (run_open(run) < 0 || run->mode->answer(run) < 0)
		return say(&run->error, EXIT_NO_ANSWER);
	/* A file on a full disk may tell only when it is closed. */
	if (out_close(&run->out) < 0 && !out_has_no_reader(&run->out)) {
		error_set(&run->error, errno, "write to", "standard output");
		return say(&run->error, EXIT_NO_ANSWER);
	}
	return run->mode->status(run);
}

enum exit_status run_invocation(const struct options *options, const struct privilege *privilege,
                                const volatile sig_atomic_t *stop_asked)
{
	struct run run = {
		.options = options,
		.mode = modes[options->mode],
		.stop_asked = stop_asked,
		.privilege = *privilege,
		.proc_fd = -1,
		.proc_net_fd = -1,
		.record_fd = -1,
		.replay_fd = -1,
	};
	enum exit_status status = run_steps(&run);
	run_close(&run);
	return status;
}
