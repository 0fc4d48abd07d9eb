/* run.c - one invocation from the options to the last flush (sockview/run.h). */
#include <sockview/run.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/message.h>

#include "run/explaining.h"
#include "run/look.h"
#include "run/notes.h"
#include "run/open.h"

static enum exit_status say(const struct error *error, enum exit_status status)
{
	message_error(error);
	return status;
}

enum exit_status run_print(char *text)
{
	struct out out;
	struct error error;
	if (!text || out_open(&out, STDOUT_FILENO) < 0) {
		error_set(&error, errno, "start", "");
		free(text);
		return say(&error, EXIT_NO_ANSWER);
	}
	out_string(&out, text);
	free(text);
	int result = out_close(&out);
	error_set(&error, errno, "write to", "standard output");
	return result == 0 || out.error == EPIPE ? EXIT_ROWS : say(&error, EXIT_NO_ANSWER);
}

/* The caller's own words; read with the caller's own rights. */
static enum exit_status say_selection(const struct selection *selection)
{
	if (selection->wrong)
		notes_filter(selection->what, selection->wrong, selection->wrong_len, &selection->problem);
	else
		message("cannot read %s: %s", selection->what, strerror(errno));
	return EXIT_USAGE;
}

static enum exit_status look_or_explain(struct run *run, const volatile sig_atomic_t *stop_asked)
{
	if (run->options->explain && !run_make_explain(run))
		return EXIT_USAGE;
	/* The caller named a folder or, below, a file that cannot be opened. */
	if (run_open_proc(run) < 0)
		return say(&run->error, EXIT_USAGE);
	if (selection_make(&run->selection, run->options, &run->lookup) < 0)
		return say_selection(&run->selection);
	if (run_open_paths(run) < 0)
		return say(&run->error, EXIT_USAGE);
	if (run_open(run) < 0 || (run->explain ? run_explain(run) : look_run(run, stop_asked)) < 0)
		return say(&run->error, EXIT_NO_ANSWER);
	/* A file on a full disk may tell only when it is closed. */
	if (out_close(&run->out) < 0 && !look_closed_pipe(run)) {
		error_set(&run->error, errno, "write to", "standard output");
		return say(&run->error, EXIT_NO_ANSWER);
	}
	if (run->explain)
		return (enum exit_status)explain_status(run->explain);
	bool selected = run->selection.needs.any || run->listing.format->owned_only;
	return selected && !run->shown_ever ? EXIT_NOTHING : EXIT_ROWS;
}

enum exit_status run_invocation(const struct options *options, const struct privilege *privilege,
                                const volatile sig_atomic_t *stop_asked)
{
	struct run run = {
		.options = options,
		.privilege = *privilege,
		.proc_fd = -1,
		.proc_net_fd = -1,
		.record_fd = -1,
		.replay_fd = -1,
	};
	char problem[OPTIONS_PROBLEM_MAX];
	enum exit_status status = EXIT_USAGE;
	if (options->list_columns)
		status = run_print(listing_list_columns());
	else if (listing_choose(&run.listing, options, problem) < 0)
		message_usage("%s", problem);
	else
		status = look_or_explain(&run, stop_asked);
	run_close(&run);
	return status;
}
