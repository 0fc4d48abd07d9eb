/* options.c - the arguments read by the table of options (cli.h). */
#include <sockview/cli.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/format.h>
#include <sockview/proto.h>
#include <sockview/text.h>

#include "cli/option_table.h"
#include "cli/options_near.h"

/* getopt's value of a row: its letter, or a number above all letters. */
static int row_value(const struct option_row *row, size_t index)
{
	return row->letter ? row->letter : (int)(256 + index);
}

static const struct option_row *row_by_value(int value, struct option_row *made)
{
	const struct option_row *row;
	for (size_t i = 0; (row = option_at(i, made)); i++)
		if (row_value(row, i) == value)
			return row;
	return NULL;
}

static void build_getopt(char letters[3 * OPTIONS_MAX + 2], struct option longs[OPTIONS_MAX + 1])
{
	static const char *const colons[] = { "", ":", "::" };
	size_t count = 0;
	char *to = stpcpy(letters, ":");
	struct option_row made;
	const struct option_row *row;
	for (size_t i = 0; i < OPTIONS_MAX && (row = option_at(i, &made)); i++) {
		if (row->letter) {
			*to++ = row->letter;
			to = stpcpy(to, colons[row->argument]);
		}
		if (row->name)
			longs[count++] = (struct option){ row->name, (int)row->argument, NULL, row_value(row, i) };
	}
	longs[count] = (struct option){ 0 };
}

/* getopt said '?': unknown, ambiguous, or an argument to an option that takes none. `value` is 0 for a long one. */
static int unknown_option(struct parse *parse, int value, const char *word)
{
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	bool named = strncmp(name, "--", 2) == 0;
	if (value && named)
		return option_problem(parse, "option '%s' takes no argument", name);
	if (value)
		return option_problem(parse, "unknown option '-%c'", value);
	const char *near = named ? options_nearest(name + 2) : NULL;
	if (near)
		return option_problem(parse, "unknown option '%s'; did you mean --%s?", name, near);
	return option_problem(parse, "unknown or ambiguous option '%s'", name);
}

static void name_row(const struct option_row *row, char shown[64])
{
	if (row->letter && row->name)
		snprintf(shown, 64, "-%c, --%s", row->letter, row->name);
	else if (row->letter)
		snprintf(shown, 64, "-%c", row->letter);
	else
		snprintf(shown, 64, "--%s", row->name);
}

/* People write `-c 5`: that 5 is a port, as any word is of the filter. Nobody waits hours. */
static bool may_be_seconds(const char *word)
{
	char *end;
	double seconds = strtod(word, &end);
	return *word && strspn(word, "0123456789.") == strlen(word) && !*end && seconds > 0 && seconds <= 60;
}

static int missing_argument(struct parse *parse, int value)
{
	struct option_row made;
	const struct option_row *row = row_by_value(value, &made);
	char known[128];
	name_row(row, parse->shown);
	if (!row->words || row->list)
		return option_problem(parse, "option %s needs %s", parse->shown, row->metavar);
	option_join_words(row->words, ",", known, sizeof(known));
	return option_problem(parse, "option %s needs one of %s", parse->shown, known);
}

/* One option with its argument, if it has one; `word` is what stands behind its letter. */
static int take_option(struct parse *parse, const struct option_row *row, const char *word, int argc, char **argv)
{
	name_row(row, parse->shown);
	if (!word && optind < argc) {
		if (row->takes_next && row->takes_next(argv[optind]))
			word = argv[optind++];
		else if (row->letter == 'c' && may_be_seconds(argv[optind]))
			parse->options->stray_interval = argv[optind];
	}
	return option_apply(parse, row, word);
}

/* netstat's -c has no argument, and stands anywhere in a bundle: -cant is -c -ant. */
static bool is_bundle(const struct option_row *row, const char *word)
{
	bool number = word && strchr("0123456789.", *word);
	struct option_row made;
	return row->letter == 'c' && word && !number && row_by_value((unsigned char)*word, &made);
}

/* The rest of a bundle that getopt took for an argument. */
static int take_bundle(struct parse *parse, const char *letters, int argc, char **argv)
{
	for (; *letters; letters++) {
		struct option_row made;
		const struct option_row *row = row_by_value((unsigned char)*letters, &made);
		const char *word = letters[1] && row && row->argument != ARGUMENT_NONE ? letters + 1 : NULL;
		if (!row)
			return option_problem(parse, "unknown option '-%c'", *letters);
		if (is_bundle(row, word))
			word = NULL;
		else if (!word && row->argument == ARGUMENT_REQUIRED && optind == argc)
			return missing_argument(parse, row->letter);
		else if (!word && row->argument == ARGUMENT_REQUIRED)
			word = argv[optind++];
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
	const struct option_row *row = row_by_value(value, &made);
	const char *word = optarg;
	if (!row)
		return option_problem(parse, "unknown option");
	/* Of --continuous=WORD the word is nothing else than what it should be. */
	if (!letter || !is_bundle(row, word))
		return take_option(parse, row, word, argc, argv);
	if (take_option(parse, row, NULL, argc, argv) < 0)
		return -1;
	return take_bundle(parse, word, argc, argv);
}

/* +c0, +c 15: lsof's width of COMMAND, which getopt cannot know. Returns the words used. */
static int command_width(struct parse *parse, char **words, int count)
{
	if (strncmp(words[0], "+c", 2) != 0)
		return 0;
	const char *number = words[0][2] ? words[0] + 2 : count > 1 ? words[1] : "";
	uint64_t width;
	if (!text_parse_u64(number, strlen(number), 1024, &width))
		return option_problem(parse, "+c: '%s' is not a width; it takes 0 (whole) to 1024", number);
	parse->options->command_width = (unsigned)width;
	parse->options->command_width_given = true;
	return words[0][2] ? 1 : 2;
}

static int take_words(struct parse *parse, char **words, int count)
{
	for (int i = 0; i < count;) {
		int used = command_width(parse, words + i, count - i);
		if (used < 0)
			return -1;
		i += used;
		if (!used && option_add_word(parse, &parse->options->filter, words[i++]) < 0)
			return -1;
	}
	return 0;
}

/* Fills in what follows from the options, and defaults. */
static void settle_options(struct options *options)
{
	/* -F implies -i. */
	options->internet |= options->fields_given;
	/* lsof's -n is of hosts alone, and its users write -nP for both; netstat's -n is of all. */
	bool lsof = options->format ? options->format == &format_lsof : options->internet && !options->columns;
	options->numeric_hosts |= options->numeric;
	options->numeric_ports |= options->numeric && !lsof;
	options->numeric_users |= options->numeric && !lsof;
	options->protos_named = options->protos != 0;
	if (options->internet && !options->protos)
		options->protos = protos_with(PROTO_LSOF);
	if (!(options->protos & PROTO_INET_ALL) && (!options->protos || options->inet || options->inet6))
		options->protos |= protos_with(PROTO_DEFAULT);
	if (!options->inet && !options->inet6)
		options->inet = options->inet6 = true;
	/* --count without -c. */
	if (options->continuous && !(options->interval > 0))
		options->interval = 1;
}

static int check_explain(struct parse *parse)
{
	const struct options *options = parse->options;
	bool planned = options->reuseaddr || options->reuseport || options->v6only || options->as_user ||
	               options->device || options->probe || options->no_probe;
	if (!options->explain && planned)
		return option_problem(
			parse, "--reuseaddr, --reuseport, --v6only, --as-user, --device and --probe describe the "
			       "bind that --explain explains: they go with it");
	if (!options->explain)
		return 0;
	if (options->filter.count)
		return option_problem(parse, "--explain takes one TARGET and no filter: '%s' is too much",
		                      options->filter.item[0]);
	if (options->format && options->format != &format_json)
		return option_problem(parse,
		                      "--explain prints text, or JSON with --json; --format %s is of the listings",
		                      options->format->name);
	if (options->no_probe && options->probe)
		return option_problem(parse, "--probe and --no-probe exclude each other");
	if (options->continuous)
		return option_problem(parse, "--explain answers once: it cannot go with -c");
	return 0;
}

static int check_together(struct parse *parse)
{
	const struct options *options = parse->options;
	if (check_explain(parse) < 0)
		return -1;
	if (options->record && options->replay)
		return option_problem(parse, "--record and --replay exclude each other: a replay is already recorded");
	if (options->replay && options->source == SOURCE_PROC)
		return option_problem(parse,
		                      "--replay and --source proc exclude each other: a replay is netlink's answers");
	if (options->record && options->continuous)
		return option_problem(parse, "--record and -c exclude each other: a recording is of one look");
	if (options->record && options->source == SOURCE_PROC)
		return option_problem(parse, "--record keeps netlink's answers: it cannot go with --source proc");
	if (options->verbose && options->quiet)
		return option_problem(parse, "-v and -q exclude each other");
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, char text[OPTIONS_PROBLEM_MAX])
{
	struct parse parse = { .options = options, .problem = text };
	char letters[3 * OPTIONS_MAX + 2];
	struct option longs[OPTIONS_MAX + 1];
	*options = (struct options){ 0 };
	build_getopt(letters, longs);
	opterr = 0;
	optind = 0; /* glibc and musl: start over, so that tests may parse more than once */
	for (;;) {
		int at = optind ? optind : 1;
		int name = -1;
		int value = getopt_long(argc, argv, letters, longs, &name);
		if (value == -1)
			break;
		if (value == ':')
			return missing_argument(&parse, optopt);
		if (value == '?')
			return unknown_option(&parse, optopt, argv[optind > at ? optind - 1 : at]);
		if (parse_one(&parse, value, name < 0, argc, argv) < 0)
			return -1;
	}
	if (take_words(&parse, argv + optind, argc - optind) < 0)
		return -1;
	settle_options(options);
	return check_together(&parse);
}

void options_free(struct options *options)
{
	struct words *all[] = { &options->state,  &options->pid,    &options->program, &options->user,
		                &options->cgroup, &options->filter, &options->spec,    &options->proto_state };
	for (size_t i = 0; i < countof(all); i++)
		free(all[i]->item);
	*options = (struct options){ 0 };
}
