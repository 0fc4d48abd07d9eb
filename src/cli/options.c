/* options.c - the arguments read by the table of options (cli.h). */
#include <sockview/cli.h>

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sockview/countof.h>
#include <sockview/row.h>
#include <sockview/text.h>

#include "cli/option_table.h"
#include "cli/options_near.h"

/* getopt's value of a row: its letter, or a number above all letters. */
static int spec_value(const struct spec *spec, size_t index)
{
	return spec->letter ? spec->letter : (int)(256 + index);
}

static const struct spec *spec_by_value(int value)
{
	const struct spec *spec;
	for (size_t i = 0; (spec = option_at(i)); i++)
		if (spec_value(spec, i) == value)
			return spec;
	return NULL;
}

static void build_getopt(char letters[3 * OPTIONS_MAX + 2], struct option longs[OPTIONS_MAX + 1])
{
	/* getopt's numbers of no, required and optional arguments are in our order. */
	static const char *const colons[] = { "", ":", "::" };
	size_t count = 0;
	char *to = stpcpy(letters, ":");
	const struct spec *spec;
	for (size_t i = 0; i < OPTIONS_MAX && (spec = option_at(i)); i++) {
		if (spec->letter) {
			*to++ = spec->letter;
			to = stpcpy(to, colons[spec->argument]);
		}
		if (spec->name)
			longs[count++] = (struct option){ spec->name, (int)spec->argument, NULL, spec_value(spec, i) };
	}
	longs[count] = (struct option){ 0 };
}

static int apply(struct parse *parse, const struct spec *spec, const char *word)
{
	char *field = (char *)parse->options + spec->at;
	switch (spec->action) {
	case SET_FLAG:
		*(bool *)field = true;
		return 0;
	case ADD_ONE:
		++*(unsigned *)field;
		return 0;
	case ADD_PROTO:
		parse->options->protos |= spec->bits;
		return 0;
	case KEEP_WORD:
		*(const char **)field = word;
		return 0;
	case ADD_WORD:
		return option_add_word((struct words *)field, word);
	case CALL:
		return spec->set(parse, word);
	}
	return 0;
}

static int unknown_long(struct parse *parse, const char *word)
{
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	const char *near = options_nearest(name + 2);
	if (near)
		return option_problem(parse, "unknown option '%s'; did you mean --%s?", name, near);
	return option_problem(parse, "unknown or ambiguous option '%s'", name);
}

/* getopt said '?' (unknown, ambiguous, or an argument nobody wanted). */
static int unknown(struct parse *parse, int value, const char *word)
{
	if (value >= 256 || (value && strncmp(word, "--", 2) == 0))
		return option_problem(parse, "option '%.*s' takes no argument", (int)strcspn(word, "="), word);
	if (!value)
		return unknown_long(parse, word);
	return option_problem(parse, "unknown option '-%c'", value);
}

static void name_spec(const struct spec *spec, char shown[64])
{
	if (spec->letter && spec->name)
		snprintf(shown, 64, "-%c, --%s", spec->letter, spec->name);
	else if (spec->letter)
		snprintf(shown, 64, "-%c", spec->letter);
	else
		snprintf(shown, 64, "--%s", spec->name);
}

/* lsof takes the word behind a bare -i if it can be a SPEC; ports alone can not. */
static bool begins_like_spec(const char *word)
{
	if (!word)
		return false;
	if (*word == '4' || *word == '6')
		word++;
	else if (!strchr(":@tTuU", *word) || !*word)
		return false;
	if (!*word || *word == '@' || *word == ':')
		return true;
	return strncasecmp(word, "tcp", 3) == 0 || strncasecmp(word, "udp", 3) == 0;
}

static bool begins_like_fields(const char *word)
{
	return word && *word && *word != '-' && strspn(word, OPTION_LSOF_FIELDS) == strlen(word);
}

/* The optional argument as a word of its own, for the two options of lsof that allow it. */
static const char *next_word(const struct spec *spec, const char *word)
{
	if (spec->letter == 'i' && begins_like_spec(word))
		return word;
	if (spec->letter == 'F' && begins_like_fields(word))
		return word;
	return NULL;
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
	const struct spec *spec = spec_by_value(value);
	char shown[64];
	name_spec(spec, shown);
	if (spec->words)
		return option_problem(parse, "option %s needs one of %s", shown, spec->words);
	return option_problem(parse, "option %s needs %s", shown, spec->metavar);
}

/* One option with its argument, if it has one; `word` is what stands behind its letter. */
static int take_option(struct parse *parse, const struct spec *spec, const char *word, int argc, char **argv)
{
	name_spec(spec, parse->shown);
	if (!word && spec->argument == ARGUMENT_OPTIONAL && optind < argc) {
		word = next_word(spec, argv[optind]);
		optind += word != NULL;
		if (spec->letter == 'c' && may_be_seconds(argv[optind]))
			parse->options->stray_interval = argv[optind];
	}
	return apply(parse, spec, word);
}

/* netstat's -c has no argument, and stands anywhere in a bundle: -cant is -c -ant. */
static bool is_bundle(const struct spec *spec, const char *word)
{
	bool number = word && strchr("0123456789.", *word);
	return spec->letter == 'c' && word && !number && spec_by_value((unsigned char)*word);
}

/* The rest of a bundle that getopt took for an argument. */
static int take_bundle(struct parse *parse, const char *letters, int argc, char **argv)
{
	for (; *letters; letters++) {
		const struct spec *spec = spec_by_value((unsigned char)*letters);
		const char *word = letters[1] && spec && spec->argument != ARGUMENT_NONE ? letters + 1 : NULL;
		if (!spec)
			return option_problem(parse, "unknown option '-%c'", *letters);
		if (is_bundle(spec, word))
			word = NULL;
		else if (!word && spec->argument == ARGUMENT_REQUIRED && optind == argc)
			return missing_argument(parse, spec->letter);
		else if (!word && spec->argument == ARGUMENT_REQUIRED)
			word = argv[optind++];
		if (take_option(parse, spec, word, argc, argv) < 0)
			return -1;
		if (word)
			return 0;
	}
	return 0;
}

static int parse_one(struct parse *parse, int value, int argc, char **argv)
{
	const struct spec *spec = spec_by_value(value);
	const char *word = optarg;
	if (!spec)
		return option_problem(parse, "unknown option");
	/* Of --continuous=WORD the word is nothing else than what it should be. */
	bool is_short = !word || word[-1] != '=';
	if (!is_short || !is_bundle(spec, word))
		return take_option(parse, spec, word, argc, argv);
	if (take_option(parse, spec, NULL, argc, argv) < 0)
		return -1;
	return take_bundle(parse, word, argc, argv);
}

/* +c0, +c 15: lsof's width of COMMAND, which getopt can not know. Returns the words used. */
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
		if (!used && option_add_word(&parse->options->filter, words[i++]) < 0)
			return option_problem(parse, "out of memory");
	}
	return 0;
}

/* lsof's -n is of hosts alone, and whoever wants its listing writes -nP as ever; netstat's is of all. */
static void settle_numeric(struct options *options, bool lsof)
{
	if (!options->numeric)
		return;
	options->numeric_hosts = true;
	options->numeric_ports |= !lsof;
	options->numeric_users |= !lsof;
}

/* What follows from what was not said. */
static void settle(struct options *options)
{
	/* Fields are of what -i lists. */
	options->internet |= options->fields_given;
	bool lsof = options->format ? strcmp(options->format, "lsof") == 0 : options->internet;
	options->protos_named = options->protos != 0;
	settle_numeric(options, lsof && !options->columns);
	if (options->internet && !options->protos)
		options->protos = PROTO_INET_ALL & ~PROTO_BIT(PROTO_RAW);
	if (!(options->protos & PROTO_INET_ALL) && (!options->protos || options->inet || options->inet6))
		options->protos |= PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP);
	if (!options->inet && !options->inet6)
		options->inet = options->inet6 = true;
}

static int check_explain(struct parse *parse)
{
	const struct options *options = parse->options;
	bool planned = options->reuseaddr || options->reuseport || options->v6only || options->as_user ||
	               options->device || options->probe_bind || options->probe_listen || options->no_probe;
	if (!options->explain && planned)
		return option_problem(
			parse, "--reuseaddr, --reuseport, --v6only, --as-user, --device and --probe describe the "
			       "bind that --explain explains: they go with it");
	if (!options->explain)
		return 0;
	if (options->filter.count)
		return option_problem(parse, "--explain takes one TARGET and no filter: '%s' is too much",
		                      options->filter.item[0]);
	if (options->format && strcmp(options->format, "json") != 0)
		return option_problem(parse,
		                      "--explain prints text, or JSON with --json; --format %s is of the listings",
		                      options->format);
	if (options->no_probe && (options->probe_bind || options->probe_listen))
		return option_problem(parse, "--probe and --no-probe exclude each other");
	if (options->continuous)
		return option_problem(parse, "--explain answers once: it can not go with -c");
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
		return option_problem(parse, "--record keeps netlink's answers: it can not go with --source proc");
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
	optind = 0; /* glibc: start over, so that tests may parse more than once */
	for (;;) {
		int at = optind ? optind : 1;
		int value = getopt_long(argc, argv, letters, longs, NULL);
		if (value == -1)
			break;
		if (value == ':')
			return missing_argument(&parse, optopt);
		if (value == '?')
			return unknown(&parse, optopt, argv[optind > at ? optind - 1 : at]);
		if (parse_one(&parse, value, argc, argv) < 0)
			return -1;
	}
	if (take_words(&parse, argv + optind, argc - optind) < 0)
		return -1;
	settle(options);
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
