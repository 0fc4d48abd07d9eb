/*
 * options.c - one table of options (options.h).
 *
 * A row says what is done with it: most set a flag or keep a word at an offset
 * in struct options; the few that need a look at the word have a function.
 */
#include "cli/options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <sockview/proto.h>
#include <sockview/text.h>
#include <sockview/vec.h>

/* Where a problem is worded, and the option it is about. */
struct parse {
	struct options *options;
	char *problem;
	char shown[64]; /* "-A, --protocol" */
};

typedef int set_fn(struct parse *parse, const char *word);

enum action {
	SET_FLAG,   /* a bool */
	ADD_ONE,    /* an unsigned that counts */
	ADD_PROTO,  /* bits into protos */
	KEEP_WORD,  /* a const char * */
	ADD_WORD,   /* a struct words */
	CALL,       /* a function */
};

struct spec {
	char letter;
	enum option_argument argument;
	enum action action;
	enum option_group group;
	size_t at;               /* offset in struct options */
	unsigned bits;           /* ADD_PROTO; ADD_WORD of one kind */
	set_fn *set;             /* CALL */
	const char *name, *metavar, *words, *help;
};

static int problem(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int problem(struct parse *parse, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(parse->problem, OPTIONS_PROBLEM_MAX, format, args);
	va_end(args);
	return -1;
}

static int add_word(struct words *words, const char *word)
{
	const char **item = vec_reserve(words->item, &words->capacity, words->count + 1, sizeof *item);
	if (!item)
		return -1;
	words->item = item;
	words->item[words->count++] = word;
	return 0;
}

/* --- what needs a function --------------------------------------------------- */

/* The words of -A: families and protocols of netstat and ss. */
static const struct {
	const char *name;
	unsigned protos;
	bool inet, inet6;
} families[] = {
	{ "inet", 0, true, false },        { "ip", 0, true, false },
	{ "ipv4", 0, true, false },        { "inet6", 0, false, true },
	{ "ip6", 0, false, true },         { "ipv6", 0, false, true },
	{ "tcp", PROTO_BIT(PROTO_TCP), false, false },
	{ "udp", PROTO_BIT(PROTO_UDP), false, false },
	{ "udplite", PROTO_BIT(PROTO_UDPLITE), false, false },
	{ "raw", PROTO_BIT(PROTO_RAW), false, false },
	{ "unix", PROTO_BIT(PROTO_UNIX), false, false },
	{ "local", PROTO_BIT(PROTO_UNIX), false, false },
	{ "all", PROTO_ALL, false, false },
};

static int add_family(struct parse *parse, const char *name, size_t len)
{
	bool exclude = len && name[0] == '!';
	name += exclude;
	len -= exclude;
	for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
		if (strlen(families[i].name) != len || strncasecmp(families[i].name, name, len) != 0)
			continue;
		if (exclude && !families[i].protos)
			break;
		if (exclude) {
			/* ss: "!tcp" alone means all but TCP. */
			unsigned from = parse->options->protos ? parse->options->protos : PROTO_ALL;
			parse->options->protos = from & ~families[i].protos;
			return 0;
		}
		parse->options->protos |= families[i].protos;
		parse->options->inet |= families[i].inet;
		parse->options->inet6 |= families[i].inet6;
		return 0;
	}
	return problem(parse, "%s: unknown family or protocol '%.*s'; it takes tcp, udp, udplite, raw, "
	               "unix, inet, inet6, all, or !PROTOCOL",
	               parse->shown, (int)len, name);
}

static int set_families(struct parse *parse, const char *word)
{
	for (const char *at = word;; at++) {
		size_t len = strcspn(at, ",");
		if (add_family(parse, at, len) < 0)
			return -1;
		at += len;
		if (!*at)
			return 0;
	}
}

static int set_numeric(struct parse *parse, const char *word)
{
	(void)word;
	struct options *options = parse->options;
	options->numeric = true;
	return 0;
}

static int set_interval(struct parse *parse, const char *word)
{
	struct options *options = parse->options;
	options->continuous = true;
	options->interval = 1;
	if (!word)
		return 0;
	char *end;
	double seconds = strtod(word, &end);
	bool digits = *word && strspn(word, "0123456789.") == strlen(word);
	if (!digits || *end || !(seconds > 0) || seconds > 86400 * 365.0)
		return problem(parse, "%s: '%s' is not a number of seconds above 0, as in -c2 or -c0.5",
		               parse->shown, word);
	options->interval = seconds;
	return 0;
}

static int set_count(struct parse *parse, const char *word)
{
	uint64_t *count = &parse->options->count;
	if (!text_parse_u64(word, strlen(word), UINT32_MAX, count) || !*count)
		return problem(parse, "--count: '%s' is not a whole number above 0", word);
	parse->options->continuous = true;
	if (!(parse->options->interval > 0))
		parse->options->interval = 1;
	return 0;
}

/* The index of `word` in a comma-separated list, -1 if it isn't there. */
static int word_index(const char *words, const char *word)
{
	size_t len = strlen(word);
	for (int index = 0;; index++) {
		size_t one = strcspn(words, ",");
		if (one == len && strncmp(words, word, len) == 0)
			return index;
		if (!words[one])
			return -1;
		words += one + 1;
	}
}

static int choose(struct parse *parse, const char *words, const char *word)
{
	int index = word_index(words, word);
	if (index < 0)
		problem(parse, "%s: unknown word '%s'; it takes one of %s", parse->shown, word, words);
	return index;
}

#define COLOR_WORDS "auto,always,never"
static int set_color(struct parse *parse, const char *word)
{
	int index = choose(parse, COLOR_WORDS, word ? word : "always");
	parse->options->color = index < 0 ? WHEN_AUTO : (enum when)index;
	return index < 0 ? -1 : 0;
}

#define SOURCE_WORDS "auto,netlink,proc"
static int set_source(struct parse *parse, const char *word)
{
	int index = choose(parse, SOURCE_WORDS, word);
	parse->options->source = index < 0 ? SOURCE_AUTO : (enum source_from)index;
	return index < 0 ? -1 : 0;
}

#define OWNERS_WORDS "auto,proc,bpf"
static int set_owners_from(struct parse *parse, const char *word)
{
	int index = choose(parse, OWNERS_WORDS, word);
	parse->options->owners_from = index < 0 ? OWNERS_AUTO : (enum owners_from)index;
	return index < 0 ? -1 : 0;
}

#define FORMAT_SHOWN "netstat|lsof|table|json|jsonl|csv|tsv"
#define FORMAT_WORDS "netstat,lsof,table,json,jsonl,csv,tsv"
static int set_format(struct parse *parse, const char *word)
{
	parse->options->format = word;
	return choose(parse, FORMAT_WORDS, word) < 0 ? -1 : 0;
}

static int set_json(struct parse *parse, const char *word)
{
	(void)word;
	parse->options->format = "json";
	return 0;
}

static int set_jsonl(struct parse *parse, const char *word)
{
	(void)word;
	parse->options->format = "jsonl";
	return 0;
}

static int set_csv(struct parse *parse, const char *word)
{
	(void)word;
	parse->options->format = "csv";
	return 0;
}

#define PROBE_WORDS "bind,listen"
static int set_probe(struct parse *parse, const char *word)
{
	int index = choose(parse, PROBE_WORDS, word);
	parse->options->probe_bind = index == 0;
	parse->options->probe_listen = index == 1;
	return index < 0 ? -1 : 0;
}

static int set_internet(struct parse *parse, const char *word)
{
	parse->options->internet = true;
	return word ? add_word(&parse->options->spec, word) : 0;
}

/* lsof(8), OUTPUT FOR OTHER PROGRAMS: also those that are of no socket, which are left out. */
#define LSOF_FIELDS "acCdDfFgGiKklLmMnNopPrRsStTuzZ0"

static int set_fields(struct parse *parse, const char *word)
{
	size_t known = word ? strspn(word, LSOF_FIELDS) : 0;
	if (word && word[known])
		return problem(parse, "-F: there is no field '%c'", word[known]);
	parse->options->fields_given = true;
	parse->options->fields = word;
	return 0;
}

/* --- the table --------------------------------------------------------------- */

#define AT(field) offsetof(struct options, field)
#define FLAG(group, letter, name, field, help) \
	{ letter, ARGUMENT_NONE, SET_FLAG, group, AT(field), 0, NULL, name, NULL, NULL, help }
#define COUNTED(group, letter, name, field, help) \
	{ letter, ARGUMENT_NONE, ADD_ONE, group, AT(field), 0, NULL, name, NULL, NULL, help }
#define PROTO(letter, name, proto, help) \
	{ letter, ARGUMENT_NONE, ADD_PROTO, OPTIONS_WHICH, 0, PROTO_BIT(proto), NULL, name, NULL, NULL, help }
#define WORD(group, letter, name, field, metavar, help) \
	{ letter, ARGUMENT_REQUIRED, KEEP_WORD, group, AT(field), 0, NULL, name, metavar, NULL, help }
#define WORDS(group, letter, name, field, metavar, help) \
	{ letter, ARGUMENT_REQUIRED, ADD_WORD, group, AT(field), 0, NULL, name, metavar, NULL, help }
#define CALLS(group, letter, name, argument, set, metavar, words, help) \
	{ letter, argument, CALL, group, 0, 0, set, name, metavar, words, help }

static const struct spec specs[] = {
	PROTO('t', "tcp", PROTO_TCP, "TCP"),
	PROTO('u', "udp", PROTO_UDP, "UDP"),
	PROTO('U', "udplite", PROTO_UDPLITE, "UDPLITE"),
	PROTO('w', "raw", PROTO_RAW, "raw sockets"),
	PROTO('x', "unix", PROTO_UNIX, "unix sockets"),
	FLAG(OPTIONS_WHICH, '4', "inet", inet, "IPv4"),
	FLAG(OPTIONS_WHICH, '6', "inet6", inet6, "IPv6"),
	FLAG(OPTIONS_WHICH, 'l', "listening", listening, "listening sockets only"),
	FLAG(OPTIONS_WHICH, 'a', "all", all, "listening, connected, bound: all"),
	CALLS(OPTIONS_WHICH, 'A', "protocol", ARGUMENT_REQUIRED, set_families, "LIST", NULL,
	      "protocols and families by name"),
	CALLS(OPTIONS_WHICH, 'f', "family", ARGUMENT_REQUIRED, set_families, "LIST", NULL,
	      "the same as -A"),

	WORDS(OPTIONS_OWNER, 0, "state", state, "LIST", "by state; ^STATE excludes"),
	WORDS(OPTIONS_OWNER, 0, "pid", pid, "LIST", "by process id of an owner"),
	WORDS(OPTIONS_OWNER, 0, "program", program, "GLOB", "by program of an owner"),
	WORDS(OPTIONS_OWNER, 0, "user", user, "LIST", "by user"),
	WORDS(OPTIONS_OWNER, 0, "cgroup", cgroup, "PATH", "by cgroup"),
	CALLS(OPTIONS_OWNER, 'i', "internet", ARGUMENT_OPTIONAL, set_internet, "SPEC", NULL,
	      "internet sockets as lsof -i selects them"),
	WORDS(OPTIONS_OWNER, 's', "proto-state", proto_state, "PROTO:STATE", "with -i, lsof's -s"),
	FLAG(OPTIONS_OWNER, 0, "pids", pids, "print only the owners' pids"),
	WORD(OPTIONS_OWNER, 0, "filter-file", filter_file, "FILE", "read FILTER from FILE, - for stdin"),
	FLAG(OPTIONS_OWNER, 0, "no-pushdown", no_pushdown, NULL),

	COUNTED(OPTIONS_SHOW, 'p', "programs", programs, "PID/Program; -pp all owners"),
	COUNTED(OPTIONS_SHOW, 'e', "extend", extend, "user and inode; -ee more"),
	FLAG(OPTIONS_SHOW, 'o', "timers", timers, "timers"),
	FLAG(OPTIONS_SHOW, 'm', "memory", memory, "socket memory"),
	FLAG(OPTIONS_SHOW, 'I', "info", info, "TCP internals"),
	CALLS(OPTIONS_SHOW, 'n', "numeric", ARGUMENT_NONE, set_numeric, NULL, NULL, "numbers, no names"),
	FLAG(OPTIONS_SHOW, 0, "numeric-hosts", numeric_hosts, "no host names"),
	FLAG(OPTIONS_SHOW, 0, "numeric-ports", numeric_ports, "no service names"),
	FLAG(OPTIONS_SHOW, 'P', NULL, numeric_ports, "no service names"),
	FLAG(OPTIONS_SHOW, 0, "numeric-users", numeric_users, "no user names"),
	FLAG(OPTIONS_SHOW, 'r', "resolve", resolve, "host names"),
	CALLS(OPTIONS_SHOW, 'c', "continuous", ARGUMENT_OPTIONAL, set_interval, "SEC", NULL,
	      "again every SEC seconds"),
	CALLS(OPTIONS_SHOW, 0, "count", ARGUMENT_REQUIRED, set_count, "N", NULL, "stop after N times"),

	CALLS(OPTIONS_FORM, 0, "format", ARGUMENT_REQUIRED, set_format, FORMAT_SHOWN, FORMAT_WORDS,
	      "the form of the output"),
	CALLS(OPTIONS_FORM, 0, "json", ARGUMENT_NONE, set_json, NULL, NULL, "--format json"),
	CALLS(OPTIONS_FORM, 0, "jsonl", ARGUMENT_NONE, set_jsonl, NULL, NULL, "--format jsonl"),
	CALLS(OPTIONS_FORM, 0, "csv", ARGUMENT_NONE, set_csv, NULL, NULL, "--format csv"),
	WORD(OPTIONS_FORM, 0, "columns", columns, "LIST", "which columns; +NAME adds"),
	FLAG(OPTIONS_FORM, 0, "list-columns", list_columns, "name, type and meaning of each column"),
	WORD(OPTIONS_FORM, 0, "sort", sort, "LIST", "by columns; -NAME descending"),
	CALLS(OPTIONS_FORM, 'F', NULL, ARGUMENT_OPTIONAL, set_fields, "FIELDS", NULL,
	      "with -i, lsof's field output"),
	FLAG(OPTIONS_FORM, 'H', "no-header", no_header, "rows only"),
	FLAG(OPTIONS_FORM, 'W', "wide", wide, "accepted: nothing is ever cut"),
	FLAG(OPTIONS_FORM, 0, "no-trunc", no_trunc, "never cut a table to the terminal"),
	CALLS(OPTIONS_FORM, 0, "color", ARGUMENT_OPTIONAL, set_color, "WHEN", COLOR_WORDS,
	      "colour the state"),
	FLAG(OPTIONS_FORM, 0, "pager", pager, "through $PAGER on a terminal"),
	FLAG(OPTIONS_FORM, 'v', "verbose", verbose, "say what was missing and why"),
	FLAG(OPTIONS_FORM, 'q', "quiet", quiet, "no notes on standard error"),

	WORD(OPTIONS_EXPLAIN, 0, "explain", explain, "TARGET", "why a port is taken, what frees it"),
	FLAG(OPTIONS_EXPLAIN, 0, "reuseaddr", reuseaddr, "the planned bind sets SO_REUSEADDR"),
	FLAG(OPTIONS_EXPLAIN, 0, "reuseport", reuseport, "the planned bind sets SO_REUSEPORT"),
	FLAG(OPTIONS_EXPLAIN, 0, "v6only", v6only, "the planned bind sets IPV6_V6ONLY"),
	WORD(OPTIONS_EXPLAIN, 0, "as-user", as_user, "USER", "the planned bind is USER's"),
	WORD(OPTIONS_EXPLAIN, 0, "device", device, "IF", "the planned bind is to an interface"),
	CALLS(OPTIONS_EXPLAIN, 0, "probe", ARGUMENT_REQUIRED, set_probe, "HOW", PROBE_WORDS,
	      "try bind(), or listen() too"),
	FLAG(OPTIONS_EXPLAIN, 0, "no-probe", no_probe, "explain from the tables alone"),

	CALLS(OPTIONS_FROM, 0, "source", ARGUMENT_REQUIRED, set_source, "FROM", SOURCE_WORDS,
	      "where sockets come from"),
	CALLS(OPTIONS_FROM, 0, "owners-from", ARGUMENT_REQUIRED, set_owners_from, "FROM", OWNERS_WORDS,
	      "how owners are found"),
	WORD(OPTIONS_FROM, 0, "proc-root", proc_root, "DIR", "another /proc"),
	WORD(OPTIONS_FROM, 0, "record", record, "FILE", "keep the kernel's answers"),
	WORD(OPTIONS_FROM, 0, "replay", replay, "FILE", "read them instead of the kernel"),
	WORD(OPTIONS_FROM, 0, "completions", completions, "SHELL", "for bash, zsh or fish"),
	FLAG(OPTIONS_FROM, 'h', "help", help, "this text"),
	FLAG(OPTIONS_FROM, 'V', "version", version, "the version"),
};

enum { SPECS = sizeof specs / sizeof *specs };

/* --- parsing ----------------------------------------------------------------- */

/* getopt's value of a row: its letter, or a number above all letters. */
static int spec_value(size_t index)
{
	return specs[index].letter ? specs[index].letter : (int)(256 + index);
}

static const struct spec *spec_by_value(int value)
{
	for (size_t i = 0; i < SPECS; i++)
		if (spec_value(i) == value)
			return &specs[i];
	return NULL;
}

static void build_getopt(char letters[3 * SPECS + 2], struct option longs[SPECS + 1])
{
	/* getopt's numbers of no, required and optional arguments are in our order. */
	static const char *const colons[] = { "", ":", "::" };
	size_t count = 0;
	char *to = stpcpy(letters, ":");
	for (size_t i = 0; i < SPECS; i++) {
		if (specs[i].letter) {
			*to++ = specs[i].letter;
			to = stpcpy(to, colons[specs[i].argument]);
		}
		if (specs[i].name)
			longs[count++] = (struct option){ specs[i].name, (int)specs[i].argument, NULL,
			                                  spec_value(i) };
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
		return add_word((struct words *)field, word);
	case CALL:
		return spec->set(parse, word);
	}
	return 0;
}

static int unknown_long(struct parse *parse, const char *word)
{
	char name[64];
	snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
	const char *near = options_nearest(name + 2);
	if (near)
		return problem(parse, "unknown option '%s'; did you mean --%s?", name, near);
	return problem(parse, "unknown or ambiguous option '%s'", name);
}

/* getopt said '?' (unknown, ambiguous, or an argument nobody wanted). */
static int unknown(struct parse *parse, int value, const char *word)
{
	if (value >= 256 || (value && strncmp(word, "--", 2) == 0))
		return problem(parse, "option '%.*s' takes no argument", (int)strcspn(word, "="), word);
	if (!value)
		return unknown_long(parse, word);
	return problem(parse, "unknown option '-%c'", value);
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
	return word && *word && *word != '-' && strspn(word, LSOF_FIELDS) == strlen(word);
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
		return problem(parse, "option %s needs one of %s", shown, spec->words);
	return problem(parse, "option %s needs %s", shown, spec->metavar);
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
			return problem(parse, "unknown option '-%c'", *letters);
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
		return problem(parse, "unknown option");
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
		return problem(parse, "+c: '%s' is not a width; it takes 0 (whole) to 1024", number);
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
		if (!used && add_word(&parse->options->filter, words[i++]) < 0)
			return problem(parse, "out of memory");
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
	bool lsof = options->format ? strcmp(options->format, "lsof") == 0
	                            : options->internet;
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
		return problem(parse, "--reuseaddr, --reuseport, --v6only, --as-user, --device and --probe describe the "
		               "bind that --explain explains: they go with it");
	if (!options->explain)
		return 0;
	if (options->filter.count)
		return problem(parse, "--explain takes one TARGET and no filter: '%s' is too much", options->filter.item[0]);
	if (options->format && strcmp(options->format, "json") != 0)
		return problem(parse, "--explain prints text, or JSON with --json; --format %s is of the listings",
		               options->format);
	if (options->no_probe && (options->probe_bind || options->probe_listen))
		return problem(parse, "--probe and --no-probe exclude each other");
	if (options->continuous)
		return problem(parse, "--explain answers once: it can not go with -c");
	return 0;
}

static int check_together(struct parse *parse)
{
	const struct options *options = parse->options;
	if (check_explain(parse) < 0)
		return -1;
	if (options->record && options->replay)
		return problem(parse, "--record and --replay exclude each other: a replay is already recorded");
	if (options->replay && options->source == SOURCE_PROC)
		return problem(parse, "--replay and --source proc exclude each other: a replay is netlink's answers");
	if (options->record && options->continuous)
		return problem(parse, "--record and -c exclude each other: a recording is of one look");
	if (options->record && options->source == SOURCE_PROC)
		return problem(parse, "--record keeps netlink's answers: it can not go with --source proc");
	if (options->verbose && options->quiet)
		return problem(parse, "-v and -q exclude each other");
	return 0;
}

int options_parse(struct options *options, int argc, char **argv, char text[OPTIONS_PROBLEM_MAX])
{
	struct parse parse = { .options = options, .problem = text };
	char letters[3 * SPECS + 2];
	struct option longs[SPECS + 1];
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
	struct words *all[] = { &options->state, &options->pid, &options->program, &options->user,
		                &options->cgroup, &options->filter, &options->spec, &options->proto_state };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]->item);
	*options = (struct options){ 0 };
}

bool options_get(size_t index, struct option_view *view)
{
	if (index >= SPECS)
		return false;
	const struct spec *spec = &specs[index];
	*view = (struct option_view){ spec->letter, spec->name, spec->argument,
		                      spec->metavar, spec->words, spec->help, spec->group };
	return true;
}
