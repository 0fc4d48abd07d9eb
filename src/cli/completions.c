/*
 * completions.c - what bash, zsh and fish are told of the options (cli.h).
 *
 * What an option's argument may be follows from the option table: its words,
 * or by what it is called (FILE, a state, a column ...), from the tables of those.
 */

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/proto.h>

#include <sockview/cli.h>

#include "cli/option_table.h"

/* What completes an argument. */
enum source { FROM_NOTHING, FROM_WORDS, FROM_FILES, FROM_FOLDERS, FROM_USERS, FROM_INTERFACES, FROM_PIDS };

struct argument {
	enum source source;
	bool list;   /* several, with commas between them */
	char *words; /* FROM_WORDS: with blanks between them; freed by argument_free() */
};

/* In the case that people type; any will do. SYN_RECV stands in the table for two of the kernel's states. */
static void put_states(FILE *file)
{
	const char *name;
	bool received = false;
	for (size_t i = 0; (name = state_name_listed(i)); i++) {
		bool again = strcmp(name, "SYN_RECV") == 0 && received;
		received |= strcmp(name, "SYN_RECV") == 0;
		if (again)
			continue;
		fputs(i ? " " : "", file);
		for (; *name; name++)
			fputc(tolower((unsigned char)*name), file);
	}
}

static void put_columns(FILE *file)
{
	const struct column *column;
	for (size_t i = 0; (column = column_at(i)); i++)
		fprintf(file, "%s%s", i ? " " : "", column->name);
}

static void put_families(FILE *file)
{
	for (unsigned i = 0; i < PROTO_COUNT; i++)
		fprintf(file, "%s ", proto_name(i));
	fputs("inet inet6 all", file);
}

static void put_shells(FILE *file)
{
	fputs("bash zsh fish", file);
}

/* Options whose argument's words stand in another table. */
static const struct {
	const char *option;
	bool list;
	void (*put)(FILE *file);
} word_tables[] = {
	{ "state", true, put_states },      { "columns", true, put_columns }, { "sort", true, put_columns },
	{ "protocol", true, put_families }, { "family", true, put_families }, { "completions", false, put_shells },
};

static const struct {
	const char *option, *metavar;
	enum source source;
	bool list;
} sources[] = {
	{ NULL, "FILE", FROM_FILES, false }, { NULL, "DIR", FROM_FOLDERS, false },
	{ "user", NULL, FROM_USERS, true },  { NULL, "USER", FROM_USERS, false },
	{ "pid", NULL, FROM_PIDS, true },    { NULL, "IF", FROM_INTERFACES, false },
};

static bool is_option(const struct option_view *option, const char *name)
{
	return option->name && name && strcmp(option->name, name) == 0;
}

static bool is_metavar(const struct option_view *option, const char *metavar)
{
	return option->metavar && metavar && strcmp(option->metavar, metavar) == 0;
}

static void put_commas_as_blanks(FILE *file, const char *words)
{
	for (; *words; words++)
		fputc(*words == ',' ? ' ' : *words, file);
}

/* The text of the words, NULL if there are none. */
static bool argument_words(struct argument *argument, const struct option_view *option)
{
	size_t size, index = 0;
	const size_t tables = countof(word_tables);
	while (index < tables && !is_option(option, word_tables[index].option))
		index++;
	if (!option->words && index == tables)
		return true;
	FILE *file = open_memstream(&argument->words, &size);
	if (!file)
		return false;
	argument->source = FROM_WORDS;
	if (option->words) {
		put_commas_as_blanks(file, option->words);
	} else {
		word_tables[index].put(file);
		argument->list = word_tables[index].list;
	}
	return fclose(file) == 0;
}

/* False with errno. */
static bool argument_of(struct argument *argument, const struct option_view *option)
{
	*argument = (struct argument){ FROM_NOTHING, false, NULL };
	if (option->argument == ARGUMENT_NONE)
		return true;
	if (!argument_words(argument, option))
		return false;
	for (size_t i = 0; argument->source == FROM_NOTHING && i < countof(sources); i++)
		if (is_option(option, sources[i].option) || is_metavar(option, sources[i].metavar)) {
			argument->source = sources[i].source;
			argument->list = sources[i].list;
		}
	return true;
}

static void argument_free(struct argument *argument)
{
	free(argument->words);
}

/* The text with a backslash before each of `special`, and each ' as the shell wants it inside quotes. */
static void put_quoted(FILE *file, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'') {
			fputs("'\\''", file);
			continue;
		}
		if (strchr(special, *text))
			fputc('\\', file);
		fputc(*text, file);
	}
}

/* --- bash --- */

static const char bash_head[] = "# bash completion for sockview; made by `sockview --completions bash`\n"
				"\n"
				"# The last of a list with commas.\n"
				"_sockview_list()\n"
				"{\n"
				"\tlocal before= word=${cur##*,}\n"
				"\tif [[ $cur == *,* ]]; then before=${cur%,*},; fi\n"
				"\tif [[ $word == [-+^]* ]]; then before+=${word:0:1} word=${word:1}; fi\n"
				"\t# states go in either case\n"
				"\tif [[ $word == [A-Z]* ]]; then set -- \"${1^^}\"; fi\n"
				"\tCOMPREPLY=($(compgen -P \"$before\" -W \"$1\" -- \"$word\"))\n"
				"\tcompopt -o nospace 2>/dev/null\n"
				"}\n"
				"\n"
				"_sockview()\n"
				"{\n"
				"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
				"\t# readline takes --format=json for three words\n"
				"\tif [[ $cur == = ]]; then\n"
				"\t\tcur=\n"
				"\telif [[ $prev == = ]]; then\n"
				"\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
				"\tfi\n"
				"\tcase $prev in\n";

static void bash_action(FILE *file, const struct argument *argument)
{
	static const char *const actions[] = {
		[FROM_FILES] = "compgen -f --",
		[FROM_FOLDERS] = "compgen -d --",
		[FROM_USERS] = "compgen -u --",
	};
	switch (argument->source) {
	case FROM_WORDS:
		if (argument->list)
			fprintf(file, "_sockview_list \"%s\"", argument->words);
		else
			fprintf(file, "COMPREPLY=($(compgen -W \"%s\" -- \"$cur\"))", argument->words);
		break;
	case FROM_USERS:
		if (argument->list) {
			fputs("_sockview_list \"$(compgen -u)\"", file);
			break;
		}
		/* fall through */
	case FROM_FILES:
	case FROM_FOLDERS:
		fprintf(file, "COMPREPLY=($(%s \"$cur\"))", actions[argument->source]);
		break;
	case FROM_INTERFACES:
		fputs("COMPREPLY=($(compgen -W \"$(command ls /sys/class/net 2>/dev/null)\" -- \"$cur\"))", file);
		break;
	case FROM_PIDS:
		fputs("_sockview_list \"$(cd /proc && command ls -d [0-9]* 2>/dev/null)\"", file);
		break;
	default:
		fputs("COMPREPLY=()", file);
	}
}

static bool bash_option(FILE *file, const struct option_view *option)
{
	struct argument argument;
	/* An optional argument is part of the same word; only --NAME= can lead to one. */
	if (option->argument == ARGUMENT_NONE || (option->argument == ARGUMENT_OPTIONAL && !option->name))
		return true;
	if (!argument_of(&argument, option))
		return false;
	fputs("\t", file);
	if (option->letter && option->argument == ARGUMENT_REQUIRED)
		fprintf(file, "-%c%s", option->letter, option->name ? "|" : "");
	if (option->name)
		fprintf(file, "--%s", option->name);
	fputs(")\n\t\t", file);
	if (option->argument == ARGUMENT_OPTIONAL)
		fputs("if [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then ", file);
	bash_action(file, &argument);
	fputs("; return", file);
	if (option->argument == ARGUMENT_OPTIONAL)
		fputs("; fi", file);
	fputs(" ;;\n", file);
	argument_free(&argument);
	return true;
}

/* What follows a key of the filter language, with = or without. */
static void bash_keys(FILE *file)
{
	fputs("\tstate|exclude)\n\t\t_sockview_list \"", file);
	put_states(file);
	fputs("\"; return ;;\n"
	      "\tdev)\n\t\tCOMPREPLY=($(compgen -W \"$(command ls /sys/class/net 2>/dev/null)\" -- \"$cur\")); return ;;\n"
	      "\tuser)\n\t\t_sockview_list \"$(compgen -u)\"; return ;;\n",
	      file);
}

static bool bash_script(FILE *file)
{
	struct option_view option;
	fputs(bash_head, file);
	for (size_t i = 0; options_get(i, &option); i++)
		if (option.help && !bash_option(file, &option))
			return false;
	bash_keys(file);
	fputs("\tesac\n\tif [[ $cur == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"", file);
	for (size_t i = 0; options_get(i, &option); i++) {
		if (option.help && option.letter)
			fprintf(file, "-%c ", option.letter);
		if (option.help && option.name)
			fprintf(file, "--%s ", option.name);
	}
	fputs("\" -- \"$cur\"))\n\t\treturn\n\tfi\n\tCOMPREPLY=($(compgen -W \"state exclude sport dport src dst dev "
	      "fwmark cgroup autobound pid program user inode not and or ",
	      file);
	put_states(file);
	fputs("\" -- \"$cur\"))\n}\ncomplete -F _sockview sockview\n", file);
	return true;
}

/* --- zsh --- */

static void zsh_action(FILE *file, const struct argument *argument)
{
	static const char *const actions[] = {
		[FROM_NOTHING] = " ",
		[FROM_FILES] = "_files",
		[FROM_FOLDERS] = "_directories",
		[FROM_USERS] = "_users",
		[FROM_INTERFACES] = "_net_interfaces",
		[FROM_PIDS] = "_pids",
	};
	if (argument->source != FROM_WORDS)
		fputs(actions[argument->source], file);
	else if (argument->list)
		fprintf(file, "{compset -P \"*,\"; compset -P \"[-+^]\"; compadd -S \"\" -- %s}", argument->words);
	else
		fprintf(file, "(%s)", argument->words);
}

/* One spelling of an option with what follows it: see zshcompsys(1), _arguments. */
static void zsh_spec(FILE *file, const struct option_view *option, const struct argument *argument, bool by_name)
{
	static const char *const letter_join[] = { "", "+", "-" }, *const name_join[] = { "", "=", "=-" };
	fputs("\t'*", file);
	if (by_name)
		fprintf(file, "--%s%s", option->name, name_join[option->argument]);
	else
		fprintf(file, "-%c%s", option->letter, letter_join[option->argument]);
	fputc('[', file);
	put_quoted(file, option->help, "[]:\\");
	fputc(']', file);
	if (option->argument != ARGUMENT_NONE) {
		fprintf(file, "%s%s:", option->argument == ARGUMENT_OPTIONAL ? "::" : ":",
		        option->metavar ? option->metavar : "word");
		zsh_action(file, argument);
	}
	fputs("' \\\n", file);
}

static bool zsh_script(FILE *file)
{
	struct option_view option;
	struct argument argument;
	fputs("#compdef sockview\n# zsh completion for sockview; made by `sockview --completions zsh`\n\n"
	      "_arguments -s -S \\\n",
	      file);
	for (size_t i = 0; options_get(i, &option); i++) {
		if (!option.help)
			continue;
		if (!argument_of(&argument, &option))
			return false;
		if (option.letter)
			zsh_spec(file, &option, &argument, false);
		if (option.name)
			zsh_spec(file, &option, &argument, true);
		argument_free(&argument);
	}
	fputs("\t'*:filter:(state exclude sport dport src dst dev fwmark cgroup autobound pid program user inode "
	      "not and or ",
	      file);
	put_states(file);
	fputs(")'\n", file);
	return true;
}

/* --- fish --- */

static void fish_argument(FILE *file, const struct argument *argument, enum option_argument how)
{
	static const char *const commands[] = {
		[FROM_FOLDERS] = "__fish_complete_directories",
		[FROM_USERS] = "__fish_complete_users",
		[FROM_INTERFACES] = "__fish_print_interfaces",
		[FROM_PIDS] = "__fish_complete_pids",
	};
	if (argument->source == FROM_FILES) {
		fputs(" -r -F", file);
		return;
	}
	fputs(how == ARGUMENT_REQUIRED ? " -x" : " -f", file);
	if (argument->source == FROM_WORDS && argument->list)
		fprintf(file, " -a '(__sockview_list %s)'", argument->words);
	else if (argument->source == FROM_WORDS)
		fprintf(file, " -a '%s'", argument->words);
	else if (argument->source != FROM_NOTHING)
		fprintf(file, " -a '(%s)'", commands[argument->source]);
}

static bool fish_script(FILE *file)
{
	struct option_view option;
	struct argument argument;
	fputs("# fish completion for sockview; made by `sockview --completions fish`\n\n"
	      "# The last of a list with commas, a sign before it or none.\n"
	      "function __sockview_list\n"
	      "\tset -l typed (commandline -ct | string replace -r '^--[a-z-]+=' '')\n"
	      "\tset -l before (string match -r '^(?:.*,)?[-+^]?' -- \"$typed\")\n"
	      "\tfor word in $argv\n"
	      "\t\techo $before$word\n"
	      "\tend\n"
	      "end\n\n"
	      "complete -c sockview -f\n",
	      file);
	for (size_t i = 0; options_get(i, &option); i++) {
		if (!option.help)
			continue;
		if (!argument_of(&argument, &option))
			return false;
		fputs("complete -c sockview", file);
		if (option.letter)
			fprintf(file, " -s %c", option.letter);
		if (option.name)
			fprintf(file, " -l %s", option.name);
		if (option.argument != ARGUMENT_NONE)
			fish_argument(file, &argument, option.argument);
		fputs(" -d '", file);
		put_quoted(file, option.help, "\\");
		fputs("'\n", file);
		argument_free(&argument);
	}
	return true;
}

char *completions_script(const char *shell)
{
	static const struct {
		const char *shell;
		bool (*put)(FILE *file);
	} scripts[] = { { "bash", bash_script }, { "zsh", zsh_script }, { "fish", fish_script } };
	size_t index = 0, size;
	char *text = NULL;
	while (index < countof(scripts) && strcmp(scripts[index].shell, shell) != 0)
		index++;
	if (index == countof(scripts)) {
		errno = EINVAL;
		return NULL;
	}
	FILE *file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	bool written = scripts[index].put(file);
	if (fclose(file) == 0 && written)
		return text;
	free(text);
	errno = ENOMEM;
	return NULL;
}
