// SPDX-License-Identifier: MIT
/*
 * completions.c - what bash, zsh and fish are told of the options (cli.h).
 *
 * The option's row says how its argument is completed: its words, or where the
 * shell finds them.
 */
#include <sockview/cli.h>

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/proto.h>

#include "cli/option_table.h"

/* Keys and operators of the filter language; the states follow. */
#define FILTER_WORDS \
	"state exclude sport dport src dst dev fwmark cgroup autobound pid program user inode event not and or "

/* Each once and in small letters, as people type them: SYN_RECV is the name of two of the kernel's states. */
static void put_words(FILE *file, option_words *words)
{
	const char *word;
	for (size_t i = 0; (word = words(i)); i++) {
		size_t first = 0;
		while (strcmp(words(first), word) != 0)
			first++;
		if (first < i)
			continue;
		fputs(i ? " " : "", file);
		for (; *word; word++)
			fputc(tolower((unsigned char)*word), file);
	}
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

/* The KIND of --x-names; NULL: something else tells. */
static const char *names_source(enum option_source source)
{
	static const char *const kinds[] = {
		[FROM_PIDS] = "pid",       [FROM_PROGRAMS] = "program", [FROM_OWNERS] = "user",
		[FROM_CGROUPS] = "cgroup", [FROM_NETNS] = "netns",      [FROM_PORTS] = "port",
	};
	return source < countof(kinds) ? kinds[source] : NULL;
}

/* --- bash --- */

/*
 * A name of the system is data: compgen -W expands its words, $(command)
 * included, and what stands in COMPREPLY is read by the shell once it was
 * taken. So names stay in arrays and go into COMPREPLY quoted.
 */
static const char bash_head[] =
	"# bash completion for sockview; made by `sockview --completions bash`\n"
	"\n"
	"# _sockview_words BEFORE TYPED WORD...: those words that begin as typed, quoted or not.\n"
	"_sockview_words()\n"
	"{\n"
	"\tlocal before=$1 typed=$2 word quoted\n"
	"\tshift 2\n"
	"\tfor word; do\n"
	"\t\tprintf -v quoted %q \"$word\"\n"
	"\t\tif [[ $word == \"$typed\"* || $quoted == \"$typed\"* ]]; then\n"
	"\t\t\tCOMPREPLY+=(\"$before$quoted\")\n"
	"\t\tfi\n"
	"\tdone\n"
	"}\n"
	"\n"
	"# _sockview_list WORD...: the last of a list with commas.\n"
	"_sockview_list()\n"
	"{\n"
	"\tlocal before= word=${cur##*,}\n"
	"\tif [[ $cur == *,* ]]; then before=${cur%,*},; fi\n"
	"\tif [[ $word == [-+^]* ]]; then before+=${word:0:1} word=${word:1}; fi\n"
	"\t# states go in either case\n"
	"\tif [[ $word == [A-Z]* ]]; then set -- \"${@^^}\"; fi\n"
	"\t_sockview_words \"$before\" \"$word\" \"$@\"\n"
	"\tcompopt -o nospace 2>/dev/null\n"
	"}\n"
	"\n"
	"# _sockview_names KIND: what is running here. A name may hold any byte but NUL.\n"
	"_sockview_names()\n"
	"{\n"
	"\tmapfile -d '' -t found < <(command sockview --x-names \"$1\" 2>/dev/null)\n"
	"}\n"
	"\n"
	"_sockview()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal -a found\n"
	"\tCOMPREPLY=()\n"
	"\t# readline takes --format=json for three words\n"
	"\tif [[ $cur == = ]]; then\n"
	"\t\tcur=\n"
	"\telif [[ $prev == = ]]; then\n"
	"\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\tfi\n"
	"\tcase $prev in\n";

#define BASH_WORDS      "_sockview_words '' \"$cur\" "
#define BASH_INTERFACES "found=(/sys/class/net/*); " BASH_WORDS "\"${found[@]##*/}\""
#define BASH_USERS      "mapfile -t found < <(compgen -u); "

static void bash_action(FILE *file, const struct option_row *option)
{
	static const char *const actions[] = {
		[FROM_NOTHING] = ":",
		/* readline's own, which quotes what it finds. */
		[FROM_FILES] = "compopt -o default 2>/dev/null",
		[FROM_FOLDERS] = "compopt -o dirnames 2>/dev/null",
		[FROM_USERS] = BASH_USERS BASH_WORDS "\"${found[@]}\"",
		[FROM_INTERFACES] = BASH_INTERFACES,
	};
	if (option->words) {
		fputs(option->list ? "_sockview_list " : BASH_WORDS, file);
		put_words(file, option->words);
	} else if (names_source(option->source)) {
		fprintf(file, "_sockview_names %s; %s\"${found[@]}\"", names_source(option->source),
		        option->list ? "_sockview_list " : BASH_WORDS);
	} else {
		fputs(actions[option->source], file);
	}
}

static void bash_option(FILE *file, const struct option_row *option)
{
	/* An optional argument is part of the same word; only --NAME= can lead to one. */
	if (option->argument == ARGUMENT_NONE || (option->argument == ARGUMENT_OPTIONAL && !option->name))
		return;
	fputs("\t", file);
	if (option->letter && option->argument == ARGUMENT_REQUIRED)
		fprintf(file, "-%c%s", option->letter, option->name ? "|" : "");
	if (option->name)
		fprintf(file, "--%s", option->name);
	fputs(")\n\t\t", file);
	if (option->argument == ARGUMENT_OPTIONAL)
		fputs("if [[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then ", file);
	bash_action(file, option);
	fputs("; return", file);
	if (option->argument == ARGUMENT_OPTIONAL)
		fputs("; fi", file);
	fputs(" ;;\n", file);
}

/* What follows a key of the filter language, with = or without. */
static void bash_keys(FILE *file)
{
	fputs("\tstate|exclude)\n\t\t_sockview_list ", file);
	put_words(file, state_name_listed);
	fputs("; return ;;\n"
	      "\tdev)\n\t\t" BASH_INTERFACES "; return ;;\n"
	      "\tuser)\n\t\t" BASH_USERS "_sockview_list \"${found[@]}\"; return ;;\n",
	      file);
}

static void bash_script(FILE *file)
{
	struct option_row made;
	const struct option_row *option;
	fputs(bash_head, file);
	for (size_t i = 0; (option = option_at(i, &made)); i++)
		if (option->help)
			bash_option(file, option);
	bash_keys(file);
	fputs("\tesac\n\tif [[ $cur == -* ]]; then\n\t\t" BASH_WORDS, file);
	for (size_t i = 0; (option = option_at(i, &made)); i++) {
		if (option->help && option->letter)
			fprintf(file, "-%c ", option->letter);
		if (option->help && option->name)
			fprintf(file, "--%s ", option->name);
	}
	fputs("\n\t\treturn\n\tfi\n\t" BASH_WORDS FILTER_WORDS, file);
	put_words(file, state_name_listed);
	fputs("\n}\ncomplete -F _sockview sockview\n", file);
}

/* --- zsh --- */

static void zsh_action(FILE *file, const struct option_row *option)
{
	static const char *const actions[] = {
		[FROM_NOTHING] = " ",
		[FROM_FILES] = "_files",
		[FROM_FOLDERS] = "_directories",
		[FROM_USERS] = "_users",
		[FROM_INTERFACES] = "_sockview_interfaces",
	};
	if (names_source(option->source)) {
		fprintf(file, " _sockview_names %s%s", names_source(option->source), option->list ? " list" : "");
		return;
	}
	if (!option->words) {
		fputs(actions[option->source], file);
		return;
	}
	fputs(option->list ? "{compset -P \"*,\"; compset -P \"[-+^]\"; compadd -S \"\" -- " : "(", file);
	put_words(file, option->words);
	fputs(option->list ? "}" : ")", file);
}

/* One spelling of an option with what follows it: see zshcompsys(1), _arguments. */
static void zsh_spec(FILE *file, const struct option_row *option, bool by_name)
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
		zsh_action(file, option);
	}
	fputs("' \\\n", file);
}

static void zsh_script(FILE *file)
{
	struct option_row made;
	const struct option_row *option;
	fputs("#compdef sockview\n# zsh completion for sockview; made by `sockview --completions zsh`\n\n"
	      "# compadd quotes what it is given; _net_interfaces takes what ifconfig prints apart.\n"
	      "_sockview_interfaces()\n{\n"
	      "\tlocal -a found=(/sys/class/net/*(N:t))\n"
	      "\tcompadd \"$@\" -a found\n}\n\n"
	      "# What is running here; a name may hold any byte but NUL.\n"
	      "_sockview_names()\n{\n"
	      "\tlocal -a found=(\"${(0@)$(command sockview --x-names $1 2>/dev/null)}\")\n"
	      "\tfound=(\"${(@)found:#}\")\n"
	      "\tif [[ -n $2 ]]; then\n\t\tcompset -P '*,'\n\t\tcompset -P '[-+^]'\n\tfi\n"
	      "\tcompadd -a found\n}\n\n"
	      "_arguments -s -S \\\n",
	      file);
	for (size_t i = 0; (option = option_at(i, &made)); i++) {
		if (option->help && option->letter)
			zsh_spec(file, option, false);
		if (option->help && option->name)
			zsh_spec(file, option, true);
	}
	fputs("\t'*:filter:(" FILTER_WORDS, file);
	put_words(file, state_name_listed);
	fputs(")'\n", file);
}

/* --- fish --- */

static void fish_argument(FILE *file, const struct option_row *option)
{
	static const char *const commands[] = {
		[FROM_FOLDERS] = "__fish_complete_directories",
		[FROM_USERS] = "__fish_complete_users",
		[FROM_INTERFACES] = "__fish_print_interfaces",
	};
	if (option->source == FROM_FILES) {
		fputs(" -r -F", file);
		return;
	}
	fputs(option->argument == ARGUMENT_REQUIRED ? " -x" : " -f", file);
	if (option->words) {
		fputs(option->list ? " -a '(__sockview_list " : " -a '", file);
		put_words(file, option->words);
		fputs(option->list ? ")'" : "'", file);
	} else if (names_source(option->source)) {
		fprintf(file, " -a '(__sockview_names %s%s)'", names_source(option->source),
		        option->list ? " list" : "");
	} else if (option->source != FROM_NOTHING) {
		fprintf(file, " -a '(%s)'", commands[option->source]);
	}
}

static void fish_script(FILE *file)
{
	struct option_row made;
	const struct option_row *option;
	fputs("# fish completion for sockview; made by `sockview --completions fish`\n\n"
	      "# The last of a list with commas, a sign before it or none.\n"
	      "function __sockview_list\n"
	      "\tset -l typed (commandline -ct | string replace -r '^--[a-z-]+=' '')\n"
	      "\tset -l before (string match -r '^(?:.*,)?[-+^]?' -- \"$typed\")\n"
	      "\tfor word in $argv\n"
	      "\t\tprintf '%s\\n' $before$word\n"
	      "\tend\n"
	      "end\n\n"
	      "# What is running here. A line is a name to fish, and what is behind a tab a remark.\n"
	      "function __sockview_names\n"
	      "\tset -l found\n"
	      "\tfor name in (command sockview --x-names $argv[1] 2>/dev/null | string split0)\n"
	      "\t\tstring match -qr '[\\n\\t]' -- \"$name\"; or set -a found $name\n"
	      "\tend\n"
	      "\tif set -q argv[2]\n"
	      "\t\t__sockview_list $found\n"
	      "\telse\n"
	      "\t\tprintf '%s\\n' $found\n"
	      "\tend\n"
	      "end\n\n"
	      "complete -c sockview -f\n",
	      file);
	for (size_t i = 0; (option = option_at(i, &made)); i++) {
		if (!option->help)
			continue;
		fputs("complete -c sockview", file);
		if (option->letter)
			fprintf(file, " -s %c", option->letter);
		if (option->name)
			fprintf(file, " -l %s", option->name);
		if (option->argument != ARGUMENT_NONE)
			fish_argument(file, option);
		fputs(" -d '", file);
		put_quoted(file, option->help, "\\");
		fputs("'\n", file);
	}
}

char *completions_script(enum shell shell)
{
	static void (*const scripts[])(FILE * file) = {
		[SHELL_BASH] = bash_script,
		[SHELL_ZSH] = zsh_script,
		[SHELL_FISH] = fish_script,
	};
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	scripts[shell](file);
	if (fclose(file) == 0)
		return text;
	free(text);
	errno = ENOMEM;
	return NULL;
}
