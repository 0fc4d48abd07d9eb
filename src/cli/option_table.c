/*
 * option_table.c - one table of options (option_table.h).
 *
 * A row says what is done with it: most set a flag or keep a word at an offset
 * in struct options; the few that need a look at the word have a function.
 */
#include "cli/option_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <sockview/countof.h>
#include <sockview/proto.h>
#include <sockview/text.h>
#include <sockview/vec.h>

int option_problem(struct parse *parse, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(parse->problem, OPTIONS_PROBLEM_MAX, format, args);
	va_end(args);
	return -1;
}

int option_add_word(struct words *words, const char *word)
{
	const char **item = vec_reserve(words->item, &words->capacity, words->count + 1, sizeof(*item));
	if (!item)
		return -1;
	words->item = item;
	words->item[words->count++] = word;
	return 0;
}

/* --- what needs a function --- */

/* The words of -A: families and protocols of netstat and ss. */
static const struct {
	const char *name;
	unsigned protos;
	bool inet, inet6;
} families[] = {
	{ "inet", 0, true, false },
	{ "ip", 0, true, false },
	{ "ipv4", 0, true, false },
	{ "inet6", 0, false, true },
	{ "ip6", 0, false, true },
	{ "ipv6", 0, false, true },
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
	for (size_t i = 0; i < countof(families); i++) {
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
	return option_problem(parse,
	                      "%s: unknown family or protocol '%.*s'; it takes tcp, udp, udplite, raw, "
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
		return option_problem(parse, "%s: '%s' is not a number of seconds above 0, as in -c2 or -c0.5",
		                      parse->shown, word);
	options->interval = seconds;
	return 0;
}

static int set_count(struct parse *parse, const char *word)
{
	uint64_t *count = &parse->options->count;
	if (!text_parse_u64(word, strlen(word), UINT32_MAX, count) || !*count)
		return option_problem(parse, "--count: '%s' is not a whole number above 0", word);
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
		option_problem(parse, "%s: unknown word '%s'; it takes one of %s", parse->shown, word, words);
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
	return word ? option_add_word(&parse->options->spec, word) : 0;
}

static int set_fields(struct parse *parse, const char *word)
{
	size_t known = word ? strspn(word, OPTION_LSOF_FIELDS) : 0;
	if (word && word[known])
		return option_problem(parse, "-F: there is no field '%c'", word[known]);
	parse->options->fields_given = true;
	parse->options->fields = word;
	return 0;
}

/* --- the table --- */

#define AT(field) offsetof(struct options, field)
#define FLAG(group, letter, name, field, help) \
	{ \
		letter, ARGUMENT_NONE, SET_FLAG, group, AT(field), 0, NULL, name, NULL, NULL, help \
	}
#define COUNTED(group, letter, name, field, help) \
	{ \
		letter, ARGUMENT_NONE, ADD_ONE, group, AT(field), 0, NULL, name, NULL, NULL, help \
	}
#define PROTO(letter, name, proto, help) \
	{ \
		letter, ARGUMENT_NONE, ADD_PROTO, OPTIONS_WHICH, 0, PROTO_BIT(proto), NULL, name, NULL, NULL, help \
	}
#define WORD(group, letter, name, field, metavar, help) \
	{ \
		letter, ARGUMENT_REQUIRED, KEEP_WORD, group, AT(field), 0, NULL, name, metavar, NULL, help \
	}
#define WORDS(group, letter, name, field, metavar, help) \
	{ \
		letter, ARGUMENT_REQUIRED, ADD_WORD, group, AT(field), 0, NULL, name, metavar, NULL, help \
	}
#define CALLS(group, letter, name, argument, set, metavar, words, help) \
	{ \
		letter, argument, CALL, group, 0, 0, set, name, metavar, words, help \
	}

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
	CALLS(OPTIONS_WHICH, 'f', "family", ARGUMENT_REQUIRED, set_families, "LIST", NULL, "the same as -A"),

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
	CALLS(OPTIONS_SHOW, 'c', "continuous", ARGUMENT_OPTIONAL, set_interval, "SEC", NULL, "again every SEC seconds"),
	CALLS(OPTIONS_SHOW, 0, "count", ARGUMENT_REQUIRED, set_count, "N", NULL, "stop after N times"),

	CALLS(OPTIONS_FORM, 0, "format", ARGUMENT_REQUIRED, set_format, FORMAT_SHOWN, FORMAT_WORDS,
	      "the form of the output"),
	CALLS(OPTIONS_FORM, 0, "json", ARGUMENT_NONE, set_json, NULL, NULL, "--format json"),
	CALLS(OPTIONS_FORM, 0, "jsonl", ARGUMENT_NONE, set_jsonl, NULL, NULL, "--format jsonl"),
	CALLS(OPTIONS_FORM, 0, "csv", ARGUMENT_NONE, set_csv, NULL, NULL, "--format csv"),
	WORD(OPTIONS_FORM, 0, "columns", columns, "LIST", "which columns; +NAME adds, -NAME leaves out"),
	FLAG(OPTIONS_FORM, 0, "list-columns", list_columns, "name, type and meaning of each column"),
	WORD(OPTIONS_FORM, 0, "sort", sort, "LIST", "by columns; -NAME descending"),
	CALLS(OPTIONS_FORM, 'F', NULL, ARGUMENT_OPTIONAL, set_fields, "FIELDS", NULL, "with -i, lsof's field output"),
	FLAG(OPTIONS_FORM, 'H', "no-header", no_header, "rows only"),
	FLAG(OPTIONS_FORM, 'W', "wide", wide, "accepted: nothing is ever cut"),
	FLAG(OPTIONS_FORM, 0, "no-trunc", no_trunc, "never cut a table to the terminal"),
	CALLS(OPTIONS_FORM, 0, "color", ARGUMENT_OPTIONAL, set_color, "WHEN", COLOR_WORDS, "colour the state"),
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

enum { SPECS = countof(specs) };

const struct spec *option_at(size_t index)
{
	return index < SPECS ? &specs[index] : NULL;
}

bool options_get(size_t index, struct option_view *view)
{
	const struct spec *spec = option_at(index);
	if (!spec)
		return false;
	*view = (struct option_view){ spec->letter, spec->name, spec->argument, spec->metavar,
		                      spec->words,  spec->help, spec->group };
	return true;
}
