// SPDX-License-Identifier: MIT
/*
 * option_table.c - one table of options (option_table.h).
 *
 * A row says what is done with it: most set a flag or keep a word at an offset
 * in struct options; the few that check or compute something have a function.
 */
#include "cli/option_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/explain.h>
#include <sockview/format.h>
#include <sockview/proto.h>
#include <sockview/signal_name.h>
#include <sockview/text.h>
#include <sockview/vec.h>

int option_add_word(struct parse *parse, struct words *words, const char *word)
{
	const char **item = vec_push(words->item, words->count, words->capacity);
	if (!item)
		return option_problem(parse, "out of memory");
	*item = word;
	return 0;
}

/* --- words that arguments may be --- */

#define WORD_LIST(name, ...) \
	static const char *name(size_t index) \
	{ \
		static const char *const words[] = { __VA_ARGS__ }; \
		return index < countof(words) ? words[index] : NULL; \
	}

WORD_LIST(color_words, [WHEN_AUTO] = "auto", [WHEN_ALWAYS] = "always", [WHEN_NEVER] = "never")
WORD_LIST(source_words, [SOURCE_AUTO] = "auto", [SOURCE_NETLINK] = "netlink", [SOURCE_PROC] = "proc")
WORD_LIST(owners_words, [OWNERS_AUTO] = "auto", [OWNERS_PROC] = "proc", [OWNERS_BPF] = "bpf")
WORD_LIST(name_words, [NAMES_PID] = "pid", [NAMES_PROGRAM] = "program", [NAMES_USER] = "user",
          [NAMES_CGROUP] = "cgroup", [NAMES_NETNS] = "netns", [NAMES_PORT] = "port")
WORD_LIST(shell_words, [SHELL_BASH] = "bash", [SHELL_ZSH] = "zsh", [SHELL_FISH] = "fish")
/* From EXPLAIN_PROBE_BIND on. */
WORD_LIST(probe_words, "bind", "listen", "connect", "inject")

static const char *format_words(size_t index)
{
	const struct format *format = format_at(index);
	return format ? format->name : NULL;
}

static const char *column_words(size_t index)
{
	const struct column *column = column_at(index);
	return column ? column->name : NULL;
}

/* The two names that --group-by has beside the columns. */
static const char *group_words(size_t index)
{
	static const char *const nets[] = { "remote_net", "local_net" };
	return index < countof(nets) ? nets[index] : column_words(index - countof(nets));
}

void option_join_words(option_words *words, const char *separator, char *text, size_t size)
{
	const char *word;
	size_t used = 0;
	*text = '\0';
	for (size_t i = 0; used < size && (word = words(i)); i++)
		used += (size_t)snprintf(text + used, size - used, "%s%s", i ? separator : "", word);
}

/* --- arguments that take a function --- */

/* One type of a protocol's sockets; -x, or `unix` before it, asked for every type. */
static void choose_type(struct options *options, const struct proto_choice *choice)
{
	FOR_EACH_PROTO (proto, choice->protos) {
		bool every = options->protos & PROTO_BIT(proto) && !options->types[proto];
		if (!choice->type)
			options->types[proto] = 0;
		else if (!every)
			options->types[proto] |= (uint16_t)(1u << choice->type);
	}
}

/* ss's word means more than netstat's. */
static int note_family(struct parse *parse, const char *word, const struct proto_choice *choice)
{
	if (choice->inet && !choice->inet6 && !choice->protos)
		return option_aside(parse, "%s %.*s is IPv4 alone, as netstat's; ss's means IPv6 too: inet,inet6",
		                    parse->shown, 4, word);
	return 0;
}

static int add_family(struct parse *parse, const char *word, size_t len)
{
	struct options *options = parse->options;
	struct proto_choice choice;
	bool exclude = len && *word == '!';
	word += exclude;
	len -= exclude;
	if (!proto_choose(word, len, &choice) || (exclude && (!choice.protos || choice.type))) {
		char known[320];
		option_join_words(proto_choice_listed, ", ", known, sizeof(known));
		return option_problem(parse, "%s: unknown family or protocol '%.*s'; it takes %s, or !PROTOCOL",
		                      parse->shown, (int)len, word, known);
	}
	if (exclude) {
		/* ss: "!tcp" alone means all but TCP. */
		options->protos = (options->protos ? options->protos : PROTO_ALL) & ~choice.protos;
		return 0;
	}
	choose_type(options, &choice);
	options->protos |= choice.protos;
	options->inet |= choice.inet;
	options->inet6 |= choice.inet6;
	return note_family(parse, word, &choice);
}

static int add_families(struct parse *parse, const char *word)
{
	for (const char *at = word;; at++) {
		size_t len = strcspn(at, ",");
		if (add_family(parse, at, len) < 0)
			return -1;
		at += len;
		if (*at)
			continue;
		const struct options *options = parse->options;
		if (strchr(word, '!') && !options->protos && !options->inet && !options->inet6)
			return option_problem(parse, "%s: '%s' leaves no protocol", parse->shown, word);
		return 0;
	}
}

static int set_interval(struct parse *parse, const char *word)
{
	struct options *options = parse->options;
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

static int set_events(struct parse *parse, const char *word)
{
	return word ? add_families(parse, word) : 0;
}

static int set_seconds(struct parse *parse, const char *word)
{
	char *end;
	double seconds = strtod(word, &end);
	if (!*word || strspn(word, "0123456789.") != strlen(word) || *end || !(seconds > 0) || seconds > 86400 * 365.0)
		return option_problem(parse, "--for: '%s' is not a number of seconds above 0, as in --for 10", word);
	parse->options->seconds = seconds;
	return 0;
}

static int set_signal(struct parse *parse, const char *word)
{
	int number = signal_number(word ? word : "TERM");
	if (!number)
		return option_problem(parse, "--signal: '%s' is no signal; they are named as in --signal=HUP", word);
	parse->options->signal = number;
	return 0;
}

static int parse_number(struct parse *parse, const char *word, uint64_t *number)
{
	if (!text_parse_u64(word, strlen(word), UINT32_MAX, number) || !*number)
		return option_problem(parse, "%s: '%s' is not a whole number above 0", parse->shown, word);
	return 0;
}

static int set_health(struct parse *parse, const char *word)
{
	char *end;
	double seconds = word ? strtod(word, &end) : 1;
	if (word &&
	    (!*word || strspn(word, "0123456789.") != strlen(word) || *end || !(seconds > 0) || seconds > 86400))
		return option_problem(parse, "--health: '%s' is not a number of seconds above 0, as in --health=10",
		                      word);
	parse->options->health_seconds = seconds;
	return 0;
}

static int set_count(struct parse *parse, const char *word)
{
	return parse_number(parse, word, &parse->options->count);
}

static int set_top(struct parse *parse, const char *word)
{
	return parse_number(parse, word, &parse->options->top);
}

static int set_parts(struct parse *parse, const char *word)
{
	return parse_number(parse, word, &parse->options->parts);
}

bool option_begins_like_spec(const char *word)
{
	if (*word == '4' || *word == '6')
		word++;
	else if (!*word)
		return false;
	if (!*word || *word == '@' || *word == ':')
		return true;
	FOR_EACH_PROTO (proto, protos_with(PROTO_LSOF))
		if (strncasecmp(word, proto_name(proto), strlen(proto_name(proto))) == 0)
			return true;
	return false;
}

bool option_is_proto_state(const char *word)
{
	size_t len = strcspn(word, ":");
	if (!word[len] || !protos_by_word(word, len, NULL))
		return false;
	const char *state = word + len + 1;
	state += *state == '^';
	len = strcspn(state, ",");
	return state_mask_by_name(state, len) || (len == 4 && strncasecmp(state, "idle", 4) == 0);
}

static int add_proto_state(struct parse *parse, const char *word)
{
	if (word)
		return option_add_word(parse, &parse->options->proto_state, word);
	parse->options->summary = true;
	option_mark(parse, "summary", parse->by_letter ? 's' : '\0', NULL);
	return option_aside(parse, "-s is a summary, as ss's; netstat's counters of protocols: nstat -az");
}

/* lsof(8), OUTPUT FOR OTHER PROGRAMS: also those that are of no socket, which are left out. */
#define LSOF_FIELDS "acCdDfFgGiKklLmMnNopPrRsStTuzZ0"

bool option_is_fields(const char *word)
{
	return *word && strspn(word, LSOF_FIELDS) == strlen(word);
}

int option_set_fields(struct parse *parse, const char *word)
{
	size_t known = word ? strspn(word, LSOF_FIELDS) : 0;
	if (word && word[known])
		return option_problem(parse, "-F: there is no field '%c'", word[known]);
	parse->options->fields = word;
	return 0;
}

static bool is_all(const char *word)
{
	return strcmp(word, "all") == 0;
}

static int set_help(struct parse *parse, const char *word)
{
	if (word && !is_all(word))
		return option_problem(parse, "%s: '%s' is nothing to help with; it takes all, or no word", parse->shown,
		                      word);
	parse->options->help_all |= word != NULL;
	return 0;
}

/* --- what a row does --- */

static int choose(struct parse *parse, const struct option_row *row, const char *word, size_t *index)
{
	char known[128];
	const char *name;
	for (*index = 0; (name = row->words(*index)); ++*index)
		if (strcmp(name, word) == 0)
			return 0;
	option_join_words(row->words, ",", known, sizeof(known));
	return option_problem(parse, "%s: unknown word '%s'; it takes one of %s", parse->shown, word, known);
}

size_t option_index(const char *name, size_t len)
{
	struct option_row made;
	const struct option_row *row;
	for (size_t i = 0; (row = option_at(i, &made)); i++)
		if (row->name ? strlen(row->name) == len && strncmp(row->name, name, len) == 0
		              : len == 1 && row->letter == *name)
			return i;
	return OPTIONS_MAX;
}

void option_mark(struct parse *parse, const char *name, char letter, const char *word)
{
	size_t index = option_index(name, strlen(name));
	if (index < OPTIONS_MAX)
		parse->given[index] = (struct given){ true, letter, word };
}

/* Where a second, other argument would replace the first: the user cannot have meant both. */
static bool takes_one(const struct option_row *row)
{
	return row->action == CHOOSE ? !row->without : row->action == KEEP_WORD && !row->list;
}

static int mark_row(struct parse *parse, const struct option_row *row, const char *word)
{
	const char name[] = { row->letter, '\0' };
	size_t index = option_index(row->name ? row->name : name, row->name ? strlen(row->name) : 1);
	const struct given *before = &parse->given[index];
	if (before->is && before->word && word && takes_one(row) && strcmp(before->word, word) != 0)
		return option_problem(parse, "--%s %s and --%s %s exclude each other", row->name, before->word,
		                      row->name, word);
	parse->given[index] = (struct given){ true, parse->by_letter ? row->letter : '\0', word };
	return 0;
}

/* The same format twice is none too many. */
static int take_format(struct parse *parse, const struct format *format)
{
	const struct format **chosen = &parse->options->format;
	if (*chosen && *chosen != format)
		return option_problem(parse, "the formats %s and %s exclude each other: --format takes one",
		                      (*chosen)->name, format->name);
	*chosen = format;
	return 0;
}

int option_apply(struct parse *parse, const struct option_row *row, const char *word)
{
	struct options *options = parse->options;
	void *field = (char *)options + row->at;
	size_t index;
	if (mark_row(parse, row, word) < 0)
		return -1;
	if (row->mode > options->mode)
		options->mode = row->mode;
	if (row->given)
		*(bool *)((char *)options + row->given) = true;
	switch (row->action) {
	case SET_MODE:
		return 0;
	case SET_FLAG:
		*(bool *)field = true;
		return 0;
	case ADD_ONE:
		++*(unsigned *)field;
		return 0;
	case ADD_PROTO:
		options->protos |= row->value;
		choose_type(options, &(struct proto_choice){ .protos = row->value });
		return 0;
	case KEEP_WORD:
		*(const char **)field = word;
		return 0;
	case ADD_WORD:
		return word ? option_add_word(parse, field, word) : 0;
	case CHOOSE:
		if (choose(parse, row, word ? word : row->without, &index) < 0)
			return -1;
		*(unsigned *)field = row->value + (unsigned)index;
		return 0;
	case CHOOSE_FORMAT:
		return choose(parse, row, word, &index) < 0 ? -1 : take_format(parse, format_at(index));
	case SET_FORMAT:
		return take_format(parse, row->format);
	case CALL:
		return row->call(parse, word);
	}
	return 0;
}

/* --- the table --- */

#define AT(field)    .at = offsetof(struct options, field)
#define GIVEN(field) .given = offsetof(struct options, field)
#define ROW(action_, group_, letter_, name_, argument_, metavar_, help_) \
	.action = action_, .group = group_, .letter = letter_, .name = name_, .argument = argument_, \
	.metavar = metavar_, .help = help_

#define FLAG(group, letter, name, field, help) \
	{ \
		ROW(SET_FLAG, group, letter, name, ARGUMENT_NONE, NULL, help), AT(field) \
	}
#define COUNTED(group, letter, name, field, help) \
	{ \
		ROW(ADD_ONE, group, letter, name, ARGUMENT_NONE, NULL, help), AT(field) \
	}
#define TEXT(group, letter, name, mode_, help) \
	{ \
		ROW(SET_MODE, group, letter, name, ARGUMENT_NONE, NULL, help), .mode = mode_ \
	}
#define FORMAT(name, format_, help) \
	{ \
		ROW(SET_FORMAT, OPTIONS_FORM, 0, name, ARGUMENT_NONE, NULL, help), .format = &format_ \
	}
/* The rest with an argument; behind `help` what else the row says. */
#define WORD(group, letter, name, field, metavar, help, ...) \
	{ \
		ROW(KEEP_WORD, group, letter, name, ARGUMENT_REQUIRED, metavar, help), AT(field), ##__VA_ARGS__ \
	}
#define WORDS(group, letter, name, argument, field, metavar, help, ...) \
	{ \
		ROW(ADD_WORD, group, letter, name, argument, metavar, help), AT(field), ##__VA_ARGS__ \
	}
#define CHOICE(group, name, argument, field, words_, metavar, help, ...) \
	{ \
		ROW(CHOOSE, group, 0, name, argument, metavar, help), AT(field), .words = words_, ##__VA_ARGS__ \
	}
#define CALLS(group, letter, name, argument, call_, metavar, help, ...) \
	{ \
		ROW(CALL, group, letter, name, argument, metavar, help), .call = call_, ##__VA_ARGS__ \
	}
#define LIST_OF(words_) .words = words_, .list = true

static const struct option_row rows[] = {
	FLAG(OPTIONS_WHICH, '4', "inet", inet, "IPv4"),
	FLAG(OPTIONS_WHICH, '6', "inet6", inet6, "IPv6"),
	FLAG(OPTIONS_WHICH, 'l', "listening", listening, "listening sockets only"),
	FLAG(OPTIONS_WHICH, 'a', "all", all, "listening, connected, bound: all"),
	CALLS(OPTIONS_WHICH, 'A', "protocol", ARGUMENT_REQUIRED, add_families, "LIST", "protocols and families by name",
	      LIST_OF(proto_choice_listed)),
	CALLS(OPTIONS_WHICH, 'f', "family", ARGUMENT_REQUIRED, add_families, "LIST", "the same as -A",
	      LIST_OF(proto_choice_listed)),
	WORDS(OPTIONS_WHICH, 'N', "netns", ARGUMENT_REQUIRED, netns, "LIST", "of these network namespaces, or all",
	      .source = FROM_NETNS, .list = true),
	FLAG(OPTIONS_WHICH, 0, "all-netns", all_netns, "-N all"),
	TEXT(OPTIONS_WHICH, 0, "list-netns", MODE_LIST_NETNS, "network namespaces, their sockets counted"),

	WORDS(OPTIONS_OWNER, 0, "state", ARGUMENT_REQUIRED, state, "LIST", "by state; ^STATE excludes",
	      LIST_OF(state_name_listed)),
	WORDS(OPTIONS_OWNER, 0, "pid", ARGUMENT_REQUIRED, pid, "LIST", "by process id of an owner", .source = FROM_PIDS,
	      .list = true),
	WORDS(OPTIONS_OWNER, 0, "program", ARGUMENT_REQUIRED, program, "GLOB", "by program of an owner",
	      .source = FROM_PROGRAMS),
	WORDS(OPTIONS_OWNER, 0, "user", ARGUMENT_REQUIRED, user, "LIST", "by user", .source = FROM_OWNERS,
	      .list = true),
	WORDS(OPTIONS_OWNER, 0, "cgroup", ARGUMENT_REQUIRED, cgroup, "PATH", "by cgroup", .source = FROM_CGROUPS),
	WORDS(OPTIONS_OWNER, 'i', "internet", ARGUMENT_OPTIONAL, spec, "SPEC",
	      "internet sockets as lsof -i selects them", GIVEN(internet), .takes_next = option_begins_like_spec),
	CALLS(OPTIONS_OWNER, 's', "proto-state", ARGUMENT_OPTIONAL, add_proto_state, "PROTO:STATE",
	      "with -i, lsof's -s; else --summary", .takes_next = option_is_proto_state),
	FLAG(OPTIONS_OWNER, 0, "pids", pids, "print only the owners' pids"),
	WORD(OPTIONS_OWNER, 0, "filter-file", filter_file, "FILE", "read FILTER from FILE, - for stdin",
	     .source = FROM_FILES),
	FLAG(OPTIONS_OWNER, 0, "no-pushdown", no_pushdown, NULL),

	COUNTED(OPTIONS_SHOW, 'p', "programs", programs, "PID/Program; -pp all owners"),
	FLAG(OPTIONS_SHOW, 'b', "bpf", filters, "packet filters of packet sockets"),
	FLAG(OPTIONS_SHOW, 0, "bpf-maps", storage, "what BPF programs keep for sockets"),
	COUNTED(OPTIONS_SHOW, 'e', "extend", extend, "user and inode; -ee more"),
	FLAG(OPTIONS_SHOW, 'o', "timers", timers, "timers"),
	FLAG(OPTIONS_SHOW, 'm', "memory", memory, "socket memory"),
	FLAG(OPTIONS_SHOW, 'I', "info", info, "TCP internals"),
	FLAG(OPTIONS_SHOW, 0, "summary", summary, "totals: states, memory, queues, hosts"),
	FLAG(OPTIONS_SHOW, 'Z', "context", contexts, "the owners' security contexts"),
	FLAG(OPTIONS_SHOW, 'n', "numeric", numeric, "numbers, no names"),
	FLAG(OPTIONS_SHOW, 0, "numeric-hosts", numeric_hosts, "no host names"),
	FLAG(OPTIONS_SHOW, 0, "numeric-ports", numeric_ports, "no service names"),
	FLAG(OPTIONS_SHOW, 'P', NULL, numeric_ports, "no service names"),
	FLAG(OPTIONS_SHOW, 0, "numeric-users", numeric_users, "no user names"),
	FLAG(OPTIONS_SHOW, 'r', "resolve", resolve, "host names"),
	CALLS(OPTIONS_SHOW, 'c', "continuous", ARGUMENT_OPTIONAL, set_interval, "SEC", "again every SEC seconds",
	      GIVEN(continuous)),
	CALLS(OPTIONS_SHOW, 0, "count", ARGUMENT_REQUIRED, set_count, "N", "stop after N times", GIVEN(continuous)),

	{ ROW(CHOOSE_FORMAT, OPTIONS_FORM, 0, "format", ARGUMENT_REQUIRED, NULL, "the form of the output"),
	  .words = format_words },
	FORMAT("json", format_json, "--format json"),
	FORMAT("jsonl", format_jsonl, "--format jsonl"),
	FORMAT("csv", format_csv, "--format csv"),
	FLAG(OPTIONS_FORM, 0, "csv-safe", csv_safe, "csv, tsv: no cell is a formula to a spreadsheet"),
	WORD(OPTIONS_FORM, 0, "columns", columns, "LIST", "which columns; +NAME adds, -NAME leaves out",
	     LIST_OF(column_words)),
	TEXT(OPTIONS_FORM, 0, "list-columns", MODE_COLUMNS, "name, type and meaning of each column"),
	WORD(OPTIONS_FORM, 0, "sort", sort, "LIST", "by columns; -NAME descending", LIST_OF(column_words)),
	WORD(OPTIONS_FORM, 0, "group-by", group_by, "LIST", "count sockets by columns; remote_net/24",
	     LIST_OF(group_words)),
	WORD(OPTIONS_FORM, 0, "sum", sum, "LIST", "with --group-by, add up these columns", LIST_OF(column_words)),
	CALLS(OPTIONS_FORM, 0, "top", ARGUMENT_REQUIRED, set_top, "N", "the first N rows or groups alone"),
	CALLS(OPTIONS_FORM, 'F', NULL, ARGUMENT_OPTIONAL, option_set_fields, "FIELDS", "with -i, lsof's field output",
	      GIVEN(fields_given), .takes_next = option_is_fields),
	FLAG(OPTIONS_FORM, 'H', "no-header", no_header, "rows only"),
	FLAG(OPTIONS_FORM, 'W', "wide", wide, "accepted: nothing is ever cut"),
	FLAG(OPTIONS_FORM, 0, "no-trunc", no_trunc, "never cut a table to the terminal"),
	CHOICE(OPTIONS_FORM, "color", ARGUMENT_OPTIONAL, color, color_words, "WHEN", "colour the state",
	       .without = "always"),
	FLAG(OPTIONS_FORM, 0, "pager", pager, "through $PAGER on a terminal"),
	FLAG(OPTIONS_FORM, 'v', "verbose", verbose, "say what was missing and why"),
	FLAG(OPTIONS_FORM, 'q', "quiet", quiet, "no notes on standard error"),

	CALLS(OPTIONS_LIVE, 'E', "events", ARGUMENT_OPTIONAL, set_events, "LIST", "opens and closes as they happen",
	      .mode = MODE_EVENTS),
	CALLS(OPTIONS_LIVE, 0, "watch", ARGUMENT_OPTIONAL, set_interval, "SEC", "a screen that is kept up to date",
	      GIVEN(continuous), .mode = MODE_WATCH),
	CALLS(OPTIONS_LIVE, 0, "for", ARGUMENT_REQUIRED, set_seconds, "SEC", "end after SEC seconds"),
	TEXT(OPTIONS_LIVE, 'K', "kill", MODE_KILL, "close the sockets that FILTER chose"),
	CALLS(OPTIONS_LIVE, 0, "signal", ARGUMENT_OPTIONAL, set_signal, "SIG", "signal the owners of what FILTER chose",
	      .mode = MODE_SIGNAL),
	WORD(OPTIONS_LIVE, 0, "free", free_target, "TARGET", "stop what holds the port", .mode = MODE_FREE),
	FLAG(OPTIONS_LIVE, 0, "force", force, "--free: SIGKILL too; --probe=inject: rules that keep a state"),
	FLAG(OPTIONS_LIVE, 0, "dry-run", dry_run, "say what would be done"),
	FLAG(OPTIONS_LIVE, 0, "yes", yes, "do not ask"),
	FLAG(OPTIONS_LIVE, 0, "utc", utc, "times in UTC"),

	CALLS(OPTIONS_LIVE, 0, "health", ARGUMENT_OPTIONAL, set_health, "SEC", "which sockets are sick, and why",
	      .mode = MODE_HEALTH),
	WORDS(OPTIONS_LIVE, 0, "threshold", ARGUMENT_REQUIRED, thresholds, "KEY=VALUE", "from where on, with --health"),
	WORD(OPTIONS_LIVE, 0, "wait-for", wait_for, "TARGETS", "until all of them listen; -- COMMAND",
	     .mode = MODE_WAIT),
	WORD(OPTIONS_LIVE, 0, "wait-free", wait_free, "TARGET", "until a bind of the port would pass",
	     .source = FROM_PORTS, .mode = MODE_WAIT),

	WORD(OPTIONS_EXPLAIN, 0, "connect", connect, "TARGET", "would a connection from here work, and if not, why",
	     .mode = MODE_CONNECT),
	TEXT(OPTIONS_EXPLAIN, 0, "exposure", MODE_EXPOSURE, "who can reach what listens here"),
	WORD(OPTIONS_EXPLAIN, 0, "explain", explain, "TARGET", "why a port is taken, what frees it",
	     .source = FROM_PORTS, .mode = MODE_EXPLAIN),
	FLAG(OPTIONS_EXPLAIN, 0, "reuseaddr", reuseaddr, "... sets SO_REUSEADDR (TCP: it does)"),
	FLAG(OPTIONS_EXPLAIN, 0, "no-reuseaddr", no_reuseaddr, "the planned bind does not set SO_REUSEADDR"),
	FLAG(OPTIONS_EXPLAIN, 0, "reuseport", reuseport, "the planned bind sets SO_REUSEPORT"),
	FLAG(OPTIONS_EXPLAIN, 0, "v6only", v6only, "the planned bind sets IPV6_V6ONLY"),
	WORD(OPTIONS_EXPLAIN, 0, "as-user", as_user, "USER", "the planned bind is USER's", .source = FROM_USERS),
	WORD(OPTIONS_EXPLAIN, 0, "as-unit", as_unit, "UNIT", "try it in that systemd unit's cgroup"),
	WORD(OPTIONS_EXPLAIN, 0, "device", device, "IF", "the planned bind is to an interface",
	     .source = FROM_INTERFACES),
	CHOICE(OPTIONS_EXPLAIN, "probe", ARGUMENT_REQUIRED, probe, probe_words, "HOW",
	       "bind, listen; connect, inject: see there", .value = EXPLAIN_PROBE_BIND),
	FLAG(OPTIONS_EXPLAIN, 0, "no-probe", no_probe, "explain from the tables alone"),

	CHOICE(OPTIONS_FROM, "source", ARGUMENT_REQUIRED, source, source_words, "FROM", "where sockets come from"),
	CHOICE(OPTIONS_FROM, "owners-from", ARGUMENT_REQUIRED, owners_from, owners_words, "FROM",
	       "how owners are found"),
	WORD(OPTIONS_FROM, 0, "proc-root", proc_root, "DIR", "another /proc", .source = FROM_FOLDERS),
	WORD(OPTIONS_FROM, 0, "record", record, "FILE", "keep the kernel's answers", .source = FROM_FILES),
	WORD(OPTIONS_FROM, 0, "replay", replay, "FILE", "read them instead of the kernel", .source = FROM_FILES),
	CHOICE(OPTIONS_FROM, "completions", ARGUMENT_REQUIRED, completions, shell_words, "SHELL",
	       "for bash, zsh or fish", .mode = MODE_COMPLETIONS),
	FLAG(OPTIONS_FROM, 0, "no-sandbox", no_sandbox, NULL),
	/* For tests: how many parts a long dump is received in. */
	CALLS(OPTIONS_FROM, 0, "x-parts", ARGUMENT_REQUIRED, set_parts, "N", NULL),
	/* For those completions: quick, quiet, and no option that people type. */
	CHOICE(OPTIONS_FROM, "x-names", ARGUMENT_REQUIRED, names, name_words, NULL, NULL, .mode = MODE_NAMES),
	CALLS(OPTIONS_FROM, 'h', "help", ARGUMENT_OPTIONAL, set_help, "all", "the everyday options; all: each",
	      .mode = MODE_HELP, .takes_next = is_all),
	TEXT(OPTIONS_FROM, 'V', "version", MODE_VERSION, "the version"),
};

const struct option_row *option_at(size_t index, struct option_row *made)
{
	if (index >= PROTO_COUNT)
		return index - PROTO_COUNT < countof(rows) ? &rows[index - PROTO_COUNT] : NULL;
	const struct proto_info *info = &proto_table[index];
	*made = (struct option_row){
		.name = info->name,
		.help = info->help,
		.letter = info->letter,
		.action = ADD_PROTO,
		.group = OPTIONS_WHICH,
		.value = PROTO_BIT(index),
	};
	return made;
}

const struct option_row *option_by_letter(char letter, struct option_row *made)
{
	const struct option_row *row;
	for (size_t i = 0; (row = option_at(i, made)); i++)
		if (row->letter == letter)
			return row;
	return NULL;
}

void option_name(const struct option_row *row, char shown[64])
{
	if (row->letter && row->name)
		snprintf(shown, 64, "-%c, --%s", row->letter, row->name);
	else if (row->letter)
		snprintf(shown, 64, "-%c", row->letter);
	else
		snprintf(shown, 64, "--%s", row->name);
}

__attribute__((format(printf, 3, 0))) static int add_note(struct parse *parse, struct words *words, const char *format,
                                                          va_list list)
{
	char *text = NULL;
	if (vasprintf(&text, format, list) < 0)
		return option_problem(parse, "out of memory");
	if (option_add_word(parse, words, text) == 0)
		return 0;
	free(text);
	return -1;
}

int option_note(struct parse *parse, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int result = add_note(parse, &parse->options->notes, format, list);
	va_end(list);
	return result;
}

int option_aside(struct parse *parse, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	int result = add_note(parse, &parse->options->asides, format, list);
	va_end(list);
	return result;
}
