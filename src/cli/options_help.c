// SPDX-License-Identifier: MIT
/* options_help.c - the option table as a screen of text (cli.h). */
#include <sockview/cli.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>

#include "cli/option_table.h"

static const char *const group_title[OPTIONS_COUNT] = {
	"Sockets", "Select", "Show", "Form", "Live", "Explain", "Data",
};

enum { HELP_WIDTH = 79, HELP_INDENT = 9 };

/* "-A, --protocol LIST", "--color[=WHEN]", "--format netstat|lsof|...". */
static int option_text(const struct option_row *option, char text[128])
{
	char argument[80] = "", name[40] = "", words[72] = "";
	if (option->words && !option->metavar)
		option_join_words(option->words, "|", words, sizeof(words));
	const char *metavar = option->metavar ? option->metavar : words;
	if (option->argument == ARGUMENT_REQUIRED)
		snprintf(argument, sizeof(argument), " %s", metavar);
	if (option->argument == ARGUMENT_OPTIONAL)
		snprintf(argument, sizeof(argument), option->name && !option->letter ? "[=%s]" : "[%s]", metavar);
	if (option->name)
		snprintf(name, sizeof(name), "--%s", option->name);
	if (option->letter && option->argument == ARGUMENT_OPTIONAL)
		return snprintf(text, 128, "-%c%s%s%s", option->letter, argument, *name ? " " : "", name);
	if (option->letter)
		return snprintf(text, 128, "-%c%s%s%s", option->letter, *name ? " " : "", name, argument);
	return snprintf(text, 128, "%s%s", name, argument);
}

/* What --help shows; `--help all` has the rest. */
static const char *const everyday[] = {
	"tcp",     "udp",          "unix",    "inet",      "inet6",      "listening", "all",      "state",
	"pid",     "program",      "user",    "internet",  "pids",       "programs",  "extend",   "timers",
	"memory",  "info",         "numeric", "resolve",   "continuous", "format",    "json",     "csv",
	"columns", "list-columns", "sort",    "no-header", "verbose",    "quiet",     "explain",  "record",
	"replay",  "help",         "version", "netns",     "events",     "summary",   "group-by", "top",
};

static bool is_everyday(const struct option_row *option)
{
	for (size_t i = 0; option->name && i < countof(everyday); i++)
		if (strcmp(option->name, everyday[i]) == 0)
			return true;
	return false;
}

static void help_group(FILE *to, enum option_group group, bool all)
{
	int column = fprintf(to, "%-*s", HELP_INDENT, group_title[group]);
	bool first = true;
	struct option_row made;
	const struct option_row *option;
	for (size_t i = 0; (option = option_at(i, &made)); i++) {
		char text[128];
		if (option->group != group || !option->help || !(all || is_everyday(option)))
			continue;
		int len = option_text(option, text);
		if (!first && column + 2 + len > HELP_WIDTH) {
			column = fprintf(to, "\n%*s", HELP_INDENT, "") - 1;
			first = true;
		}
		column += fprintf(to, "%s%s", first ? "" : "  ", text);
		first = false;
	}
	fputc('\n', to);
}

char *options_help(bool all)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);
	if (!to)
		return NULL;
	fputs("Usage: sockview [OPTION]... [FILTER]       sockets, as netstat prints them\n"
	      "       sockview -i[SPEC]... [OPTION]...    open internet sockets, like lsof -i\n"
	      "       sockview --explain [PROTO:][ADDR:]PORT    why is this port taken?\n",
	      to);
	for (unsigned group = 0; group < OPTIONS_COUNT; group++)
		help_group(to, group, all);
	fputs("Examples: sockview -tlnp                  who listens, with PID/Program\n"
	      "          sockview -atn '! dst 10.0.0.0/8 and state = established'\n"
	      "          sockview --explain 8080         who holds it, and what frees it\n",
	      to);
	if (!all)
		fputs("          sockview 8080                   what has that port, at either end\n"
		      "          kill $(sockview -t -i:8080)     the pids alone, as lsof\n"
		      "          sockview -tn --sort -rtt --columns +rtt\n"
		      "Each option: sockview --help all.\n",
		      to);
	fputs("Exit 0 rows, 1 nothing matched, 2 usage, 3 no answer. More: man sockview\n", to);
	if (fclose(to) != 0) {
		free(text);
		return NULL;
	}
	return text;
}
