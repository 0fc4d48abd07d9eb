// SPDX-License-Identifier: MIT
/* options.c - the arguments read by the table of options (cli.h). */
#include <sockview/cli.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <sockview/countof.h>
#include <sockview/format.h>
#include <sockview/proto.h>

#include "cli/contradictions.h"
#include "cli/lsof_words.h"
#include "cli/option_table.h"
#include "cli/respell.h"
#include "cli/whose_line.h"

/* getopt's value of a row: its letter, or a number above all letters. */
static int row_value(const struct option_row *row, size_t index)
{
	return row->letter ? row->letter : (int)(256 + index);
}

static const struct option_row *row_by_value(const struct parse *parse, int value, struct option_row *made)
{
	const struct option_row *row;
	if (parse->ss_info && value == 'i')
		value = 'I';
	for (size_t i = 0; (row = option_at(i, made)); i++)
		if (row_value(row, i) == value)
			return row;
	return NULL;
}

static void build_getopt(const struct parse *parse, char letters[3 * OPTIONS_MAX + 2],
                         struct option longs[OPTIONS_MAX + 1])
{
	static const char *const colons[] = { "", ":", "::" };
	size_t count = 0;
	char *to = stpcpy(letters, ":");
	struct option_row made;
	const struct option_row *row;
	for (size_t i = 0; i < OPTIONS_MAX && (row = option_at(i, &made)); i++) {
		if (row->letter) {
			*to++ = row->letter;
			to = stpcpy(to, parse->ss_info && row->letter == 'i' ? "" : colons[row->argument]);
		}
		if (row->name)
			longs[count++] = (struct option){ row->name, (int)row->argument, NULL, row_value(row, i) };
	}
	longs[count] = (struct option){ 0 };
}

/* People write `-c 5`: that 5 is a port, as any word is of the filter. Above 60 s it is not taken for an interval. */
static bool may_be_seconds(const char *word)
{
	char *end;
	double seconds = strtod(word, &end);
	return *word && strspn(word, "0123456789.") == strlen(word) && !*end && seconds > 0 && seconds <= 60;
}

static int missing_argument(struct parse *parse, int value)
{
	struct option_row made;
	const struct option_row *row = row_by_value(parse, value, &made);
	char known[128];
	option_name(row, parse->shown);
	if (!row->words || row->list)
		return option_problem(parse, "option %s needs %s", parse->shown, row->metavar);
	option_join_words(row->words, ",", known, sizeof(known));
	return option_problem(parse, "option %s needs one of %s", parse->shown, known);
}

/* One option with its argument, if it has one; `word` is what stands behind its letter. */
static int take_option(struct parse *parse, const struct option_row *row, const char *word, int argc, char **argv)
{
	option_name(row, parse->shown);
	if (!word && optind < argc) {
		if (row->takes_next && row->takes_next(argv[optind]))
			word = argv[optind++];
		else if (row->letter == 'c' && may_be_seconds(argv[optind]))
			parse->options->stray_interval = argv[optind];
	}
	return option_apply(parse, row, word);
}

/*
 * netstat's -c has no argument, and stands anywhere in a bundle: -cant is
 * -c -ant. So do -h and ss's -s, which is lsof's only before PROTO:STATE.
 */
static bool is_bundle(const struct parse *parse, const struct option_row *row, const char *word)
{
	bool number = word && strchr("0123456789.", *word);
	struct option_row made;
	if (row->letter == 'h')
		return word && strcmp(word, "all") != 0;
	if (row->letter == 's')
		return word && !option_is_proto_state(word);
	return row->letter == 'c' && word && !number && row_by_value(parse, (unsigned char)*word, &made);
}

/* The rest of a bundle that getopt took for an argument. */
static int take_bundle(struct parse *parse, const char *letters, int argc, char **argv)
{
	for (; *letters; letters++) {
		struct option_row made;
		const struct option_row *row = row_by_value(parse, (unsigned char)*letters, &made);
		const char *word = letters[1] && row && row->argument != ARGUMENT_NONE ? letters + 1 : NULL;
		if (!row) {
			if (respell_unknown(parse, *letters, "") < 0)
				return -1;
			continue;
		}
		if (is_bundle(parse, row, word))
			word = NULL;
		else if (!word && row->argument == ARGUMENT_REQUIRED && optind == argc)
			return missing_argument(parse, row->letter);
		else if (!word && row->argument == ARGUMENT_REQUIRED)
			word = argv[optind++];
		parse->by_letter = true;
		if (take_option(parse, row, word, argc, argv) < 0)
			return -1;
		if (word)
			return 0;
	}
	return 0;
}

/* What getopt found: `value` is its row's, optarg its argument; `letter` if it was not given by its name. */
static int parse_one(struct parse *parse, int value, bool letter, int argc, char **argv)
{
	struct option_row made;
	const struct option_row *row = row_by_value(parse, value, &made);
	const char *word = optarg;
	if (!row)
		return option_problem(parse, "unknown option");
	parse->by_letter = letter;
	/* Of --continuous=WORD the word is nothing else than what it should be. */
	if (!letter || !is_bundle(parse, row, word))
		return take_option(parse, row, word, argc, argv);
	if (take_option(parse, row, NULL, argc, argv) < 0)
		return -1;
	return take_bundle(parse, word, argc, argv);
}

/* The words left over: a filter, and +c0 or +c 15, lsof's width of COMMAND, which getopt cannot know. */
static int take_words(struct parse *parse, char *const *words, int count)
{
	for (int i = 0, used; i < count; i += used) {
		used = strncmp(words[i], "+c", 2) == 0 ? lsof_words_take(parse, words + i, count - i) : 1;
		if (used < 0)
			return -1;
		if (words[i][0] == '+' && words[i][1] == 'c')
			continue;
		if (option_add_word(parse, &parse->options->filter, words[i]) < 0)
			return -1;
	}
	return 0;
}

/* Fills in what follows from the options, and defaults. */
static void settle_options(struct options *options)
{
	/* -F implies -i. */
	options->internet |= options->fields_given;
	options->all_netns |= options->mode == MODE_LIST_NETNS && !options->netns.count;
	/* lsof's -n is of hosts alone, and its users write -nP for both; netstat's -n is of all. */
	bool lsof = options->format ? options->format == &format_lsof : options->internet && !options->columns;
	options->numeric_hosts |= options->numeric;
	options->numeric_ports |= options->numeric && !lsof;
	options->numeric_users |= options->numeric && !lsof;
	options->protos_named = options->protos != 0;
	if (options->internet && !options->protos)
		options->protos = protos_with(PROTO_LSOF);
	if (options->lsof_unix)
		options->protos |= protos_of(AF_UNIX);
	if (!(options->protos & PROTO_INET_ALL) && (!options->protos || options->inet || options->inet6))
		options->protos |= protos_with(PROTO_DEFAULT);
	if (!options->inet && !options->inet6)
		options->inet = options->inet6 = true;
	/* A summary is of all states, but where some are chosen. */
	options->all |= options->summary && !options->listening;
	if (options->mode == MODE_WATCH) {
		options->format = options->format ? options->format : &format_table;
		bool several = options->netns.count || options->all_netns;
		if (!options->columns)
			options->columns = several ? "program,local,remote,state,tx_rate,rx_rate,proto,netns_name"
			                           : "program,local,remote,state,tx_rate,rx_rate,proto";
	}
	/* --count without -c. */
	if (options->continuous && !(options->interval > 0))
		options->interval = 1;
}

/* lsof's lists are alternatives to -i unless -a is given, which its users forget, too. */
static int note_alternatives(struct parse *parse)
{
	const struct options *options = parse->options;
	bool wanted = false;
	for (size_t i = 0; i < ITEM_COUNT; i++)
		for (size_t j = 0; j < options->item[i].count; j++)
			wanted |= options->item[i].item[j][0] != '^';
	if (!wanted || options->lsof_and)
		return 0;
	return option_note(parse,
	                   "-i and lsof's -p, -u, -c and -g are joined by or, as lsof does; -a joins them by and");
}

/* netstat's habits: its -rn is another program here, and its -an lists unix sockets. */
static int note_netstat(struct parse *parse)
{
	const struct options *options = parse->options;
	bool bare = !options->protos_named && options->inet && options->inet6 && !options->filter.count;
	if (options->mode != MODE_LOOK || options->internet || options->summary)
		return 0;
	if (options->resolve && options->numeric && bare &&
	    option_note(parse, "-r looks up the names of hosts; netstat's table of routes: ip route") < 0)
		return -1;
	bool mptcp = options->protos & PROTO_BIT(PROTO_MPTCP) && options->protos != PROTO_ALL;
	if (mptcp &&
	    option_aside(parse, "-M is of MPTCP, as ss's; masqueraded connections, netstat's -M: conntrack -L") < 0)
		return -1;
	if (options->all && bare && !options->format && !options->columns && !options->netns.count)
		return option_aside(parse, "unix sockets are not listed unless -x is given: netstat -a is -atuwx here");
	return 0;
}

/* One long option of lsof's line, with its argument: how many words that were, or -1 with the problem. */
static int take_long(struct parse *parse, const struct option *longs, int argc, char **argv)
{
	int name = -1;
	optind = 0;
	int value = getopt_long(argc, argv, "+:", longs, &name);
	if (value == ':')
		return missing_argument(parse, optopt);
	if (value == '?' && optopt)
		return option_problem(parse, "option '%.*s' takes no argument", (int)strcspn(argv[1], "="), argv[1]);
	if (value == '?')
		return respell_unknown(parse, 0, argv[1]);
	return parse_one(parse, value, false, argc, argv) < 0 ? -1 : optind - 1;
}

static int parse_lsof_line(struct parse *parse, const struct option *longs, int argc, char **argv)
{
	for (int i = 1, used; i < argc; i += used) {
		if (strcmp(argv[i], "--") == 0)
			return take_words(parse, argv + i + 1, argc - i - 1);
		if (strncmp(argv[i], "--", 2) == 0)
			used = take_long(parse, longs, argc - i + 1, argv + i - 1);
		else if ((argv[i][0] == '-' || argv[i][0] == '+') && argv[i][1])
			used = lsof_words_take(parse, argv + i, argc - i);
		else
			used = option_add_word(parse, &parse->options->filter, argv[i]) < 0 ? -1 : 1;
		if (used < 0)
			return -1;
	}
	return 0;
}

/* How many words stand behind the first "--". */
static int words_behind(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--") == 0)
			return argc - i - 1;
	return 0;
}

/* Of --wait-for these are the command; how many they are. They are last also once getopt has sorted the words. */
static int command_words(struct parse *parse, int behind, int argc, char **argv)
{
	struct options *options = parse->options;
	if (options->mode != MODE_WAIT)
		return 0;
	for (int i = argc - behind; i < argc; i++)
		if (option_add_word(parse, &options->command, argv[i]) < 0)
			return -1;
	return behind;
}

static int parse_own_line(struct parse *parse, const char *letters, const struct option *longs, int argc, char **argv)
{
	int behind = words_behind(argc, argv);
	optind = 0; /* glibc and musl: start over, so that tests may parse more than once */
	for (;;) {
		int at = optind ? optind : 1;
		int name = -1;
		int value = getopt_long(argc, argv, letters, longs, &name);
		const char *word = argv[optind > at ? optind - 1 : at];
		if (value == -1)
			break;
		if (value == ':')
			return missing_argument(parse, optopt);
		if (value == '?' && optopt && strncmp(word, "--", 2) == 0)
			return option_problem(parse, "option '%.*s' takes no argument", (int)strcspn(word, "="), word);
		if (value == '?' && respell_unknown(parse, (char)optopt, word) < 0)
			return -1;
		if (value != '?' && parse_one(parse, value, name < 0, argc, argv) < 0)
			return -1;
	}
	behind = command_words(parse, behind, argc, argv);
	return behind < 0 ? -1 : take_words(parse, argv + optind, argc - optind - behind);
}

int options_parse(struct options *options, int argc, char **argv, char text[OPTIONS_PROBLEM_MAX])
{
	struct parse parse = { .options = options, .problem = text };
	char letters[3 * OPTIONS_MAX + 2];
	struct option longs[OPTIONS_MAX + 1];
	enum line_of line = whose_line(argc, argv);
	*options = (struct options){ 0 };
	parse.ss_info = line == LINE_SS;
	build_getopt(&parse, letters, longs);
	opterr = 0;
	if (respell(&parse, argc, argv, line == LINE_LSOF) < 0)
		return -1;
	if (line == LINE_SS && option_note(&parse, "the letter i is ss's here, TCP internals (-I); lsof's is -i with a "
	                                           "SPEC, or without -t, -x, -e, -o and -m") < 0)
		return -1;
	if (line == LINE_LSOF ? parse_lsof_line(&parse, longs, argc, argv)
	                      : parse_own_line(&parse, letters, longs, argc, argv))
		return -1;
	/* As they were said: what follows from them is not what the user contradicted. */
	if (contradictions_check(&parse) < 0)
		return -1;
	settle_options(options);
	return note_alternatives(&parse) < 0 ? -1 : note_netstat(&parse);
}

void options_free(struct options *options)
{
	struct words *all[] = { &options->state,   &options->pid,       &options->program, &options->user,
		                &options->cgroup,  &options->filter,    &options->spec,    &options->proto_state,
		                &options->netns,   &options->notes,     &options->spelled, &options->asides,
		                &options->command, &options->thresholds };
	for (size_t i = 0; i < options->notes.count; i++)
		free((char *)options->notes.item[i]);
	for (size_t i = 0; i < options->asides.count; i++)
		free((char *)options->asides.item[i]);
	for (size_t i = 0; i < options->spelled.count; i++)
		free((char *)options->spelled.item[i]);
	free(options->hint);
	for (size_t i = 0; i < countof(all); i++)
		free(all[i]->item);
	for (size_t i = 0; i < ITEM_COUNT; i++)
		free(options->item[i].item);
	*options = (struct options){ 0 };
}
