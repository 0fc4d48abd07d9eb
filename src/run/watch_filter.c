// SPDX-License-Identifier: MIT
/* watch_filter.c - a filter that is typed while --watch runs (watch_filter.h). */
#include "run/watch_filter.h"

#include <errno.h>
#include <string.h>

#include <sockview/countof.h>

#include "run/look.h"
#include "run/notes.h"
#include "run/watch_lines.h"

enum { ERASE = 127, BACKSPACE = 8, KILL_LINE = 21 };

int watching_type_begin(struct run *run)
{
	struct watching *watching = run->own;
	const struct text *text = &run->selection.text;
	watching->typed.len = watching->problem_lines = 0;
	watching->typing = true;
	return text->len ? text_add(&watching->typed, text->data, text->len) : 0;
}

/* As many lines as the terminal needs for it; the second and later ones begin below the first one's text. */
static void add_problem(struct watching *watching, const char *problem)
{
	struct text escaped = { 0 };
	size_t width = watching->terminal.columns > 4 ? watching->terminal.columns : 4, at = 0;
	text_add_escaped(&escaped, (struct bytes){ problem, strlen(problem) }, TEXT_LINE);
	while (at < escaped.len && watching->problem_lines < WATCH_PROBLEM_LINES) {
		struct text *line = &watching->problem[watching->problem_lines++];
		size_t left = escaped.len - at, used,
		       fits = watching_cut(escaped.data + at, left, at ? width - 4 : width, &used);
		/* At a blank, if there is one. */
		size_t end = fits;
		while (fits < left && end && escaped.data[at + end] != ' ')
			end--;
		end = end && end <= fits ? end : fits;
		line->len = 0;
		text_add_string(line, at ? "    " : "");
		text_add(line, escaped.data + at, end);
		at += end ? end : left;
		at += at < escaped.len && escaped.data[at] == ' ';
	}
	text_free(&escaped);
}

/* What is wrong with it, as on the command line: the text, and a caret under the place. */
static void tell_wrong(struct watching *watching, const struct selection *selection)
{
	struct notes_filter lines;
	if (!selection->wrong) {
		add_problem(watching, "filter: it cannot be read");
		return;
	}
	notes_filter_lines(&lines, selection->what, selection->wrong, selection->wrong_len, &selection->problem);
	for (size_t i = 0; i < countof(lines.line); i++)
		add_problem(watching, lines.line[i]);
}

static int take_selection(struct run *run, const struct selection *selection)
{
	struct watching *watching = run->own;
	selection_free(&run->selection);
	run->selection = *selection;
	run->options = &watching->options;
	run->listing.needs.details |= selection->needs.details;
	run->listing.needs.need |= selection->needs.columns;
	filter_set_context(run->selection.filter, &run->listing.context);
	run->view.chosen = selection->needs.items ? run->selection.filter : NULL;
	look_plan(run);
	watching_keep(run);
	rates_widen(&run->rating.rates);
	places_free(&watching->places);
	places_free(&watching->group_places);
	watching->lines_stale = true;
	watching->typing = false;
	watching->first = watching->problem_lines = 0;
	return 1;
}

static int take_typed(struct run *run)
{
	struct watching *watching = run->own;
	struct selection selection;
	watching->problem_lines = 0;
	if (text_add_char(&watching->typed, '\0') < 0)
		return error_set(&run->error, errno, "read the filter", "");
	watching->typed.len--;
	/* The words of the typed filter before are not looked at any more. */
	watching->typed_word = watching->typed.data;
	watching->options = *watching->first_options;
	watching->options.filter = (struct words){ .item = &watching->typed_word, .count = watching->typed.len > 0 };
	if (watching->options.filter_file && strcmp(watching->options.filter_file, "-") == 0) {
		add_problem(watching, "filter: the one from standard input cannot be read again");
		return 0;
	}
	int made = selection_make(&selection, &watching->options, &run->lookup);
	/* The selection has a copy of the words. */
	watching->options.filter.count = 0;
	if (made < 0)
		tell_wrong(watching, &selection);
	else if (selection.needs.events)
		add_problem(watching, "filter: event is a key of --events: sockets that are listed have none");
	else
		return take_selection(run, &selection);
	selection_free(&selection);
	return 0;
}

static void erase_character(struct text *text)
{
	while (text->len && ((unsigned char)text->data[--text->len] & 0xc0) == 0x80)
		;
}

int watching_type(struct run *run, int key)
{
	struct watching *watching = run->own;
	switch (key) {
	case '\r':
	case '\n':
		return take_typed(run);
	case KEY_ESCAPE:
		watching->typing = false;
		watching->problem_lines = 0;
		return 0;
	case ERASE:
	case BACKSPACE:
		erase_character(&watching->typed);
		return 0;
	case KILL_LINE:
		watching->typed.len = 0;
		return 0;
	default:
		break;
	}
	if (key < ' ' || key > UINT8_MAX || watching->typed.len >= WATCH_TYPED_MAX)
		return 0;
	if (text_add_char(&watching->typed, (char)key) < 0)
		return error_set(&run->error, errno, "read the filter", "");
	return 0;
}
