// SPDX-License-Identifier: MIT
/* view.c - what the options say of the lines that are printed (view.h). */
#include "run/view.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool wants_color(enum when color, bool terminal)
{
	const char *term = getenv("TERM");
	const char *no_color = getenv("NO_COLOR");
	if (color != WHEN_AUTO)
		return color == WHEN_ALWAYS;
	return terminal && !(no_color && *no_color) && term && strcmp(term, "dumb") != 0;
}

/* Width of the terminal in characters; 0 where nothing is to be cut. */
static unsigned terminal_width(const struct run *run)
{
	struct winsize size;
	if (run->options->no_trunc || !run->on_terminal || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		return 0;
	return size.ws_col;
}

void run_make_view(struct run *run)
{
	const struct options *options = run->options;
	bool servers, others;
	/* netstat's heading names what can be among the rows, whichever way it was asked for. */
	selection_kinds(&run->query, &servers, &others);
	/* States that are named replace what -l says of them. */
	bool only = options->listening && !run->selection.needs.states_chosen;
	bool asked = options->all || only || (!servers && !others);
	run->view = (struct view){
		.listening = asked ? options->listening : servers,
		.all = asked ? options->all : servers && others,
		.protos = run->query.protos ? run->query.protos : options->protos,
		.programs = run->listing.who ? 1 : options->programs,
		.extend = options->extend,
		.timers = options->timers,
		.memory = options->memory,
		.info = options->info,
		.filters = options->filters,
		.storage = options->storage,
		.contexts = options->contexts,
		.numeric_hosts = options->numeric_hosts,
		.numeric_ports = options->numeric_ports || run->listing.who,
		.numeric_users = options->numeric_users,
		.resolve = options->resolve,
		.no_header = options->no_header,
		.csv_safe = options->csv_safe,
		.color = wants_color(options->color, run->on_terminal),
		.names = run->names,
		.columns = &run->listing.columns,
		.context = &run->listing.context,
		.document = &run->listing.document,
		.width = terminal_width(run),
		.bars = run->on_terminal,
		.top = options->top,
		.host = options->summary && !options->replay ? &run->listing.host_numbers : NULL,
		/* lsof's -F without letters is all of them; its COMMAND is cut to 9 unless +c says otherwise. */
		.fields = options->fields_given && !options->fields ? "" : options->fields,
		.command_width = options->command_width_given ? options->command_width : 9,
	};
	run->view.chosen = run->selection.needs.items ? run->selection.filter : NULL;
	run->view.show_parent = options->show_parent;
	run->view.show_group = options->show_group;
	run->view.repeated = options->repeated;
	run->listing.context.names = run->names;
	run->listing.context.netns = run->namespaces.list.count ? &run->namespaces.list : NULL;
	run->listing.document.report = &run->report;
}
