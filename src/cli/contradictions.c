// SPDX-License-Identifier: MIT
/*
 * contradictions.c - options that cannot be meant together (contradictions.h).
 *
 * Three tables, read against what was given (struct parse):
 *
 *   pairs   -v and -q, --record and -c        refused with both names
 *   forms   --health --csv, --kill -x         the formats and protocols that an answer of its own kind has
 *   needs   --utc without --events            said alone, the option would do nothing
 *
 * The words left over are the filter, which some answers do not take.
 */
#include "cli/contradictions.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <sockview/countof.h>
#include <sockview/format.h>
#include <sockview/proto.h>

#include "cli/option_table.h"

/* Names with blanks between them; NAME=WORD is the option with that argument, "F" the letter that has no name. */
#define OF_LSOF  "internet proto-state F pids"
#define OF_NETNS "netns all-netns"
#define OF_FILES "record replay proc-root"
#define OF_ROWS  "columns sort group-by sum top summary"
#define AGAIN    "continuous count"

static const struct pair {
	const char *options, *others;
	const char *why;
	unsigned unless; /* none, if one of these protocols was named */
} pairs[] = {
	{ "verbose", "quiet", NULL, 0 },
	{ "resolve", "numeric-hosts", NULL, 0 },
	{ "probe", "no-probe", NULL, 0 },
	{ "reuseaddr", "no-reuseaddr", NULL, 0 },
	{ "wait-for", "wait-free", NULL, 0 },
	{ "inet inet6", "packet netlink vsock xdp", "those sockets have no addresses of IPv4 or IPv6", PROTO_INET_ALL },
	{ "internet", "unix packet netlink vsock xdp", "it lists internet sockets; lsof's -U adds unix sockets", 0 },

	{ "record", "replay", "a replay is already recorded", 0 },
	{ "record", AGAIN, "a recording is of one look", 0 },
	{ "record", "source=proc", "a recording is of netlink's answers", 0 },
	{ "replay", "source=proc", "a replay is netlink's answers", 0 },
	{ "owners-from=bpf", "proc-root source=proc", "BPF tells of this kernel, and nothing of another /proc", 0 },

	{ "pids", "F columns sort format json jsonl csv", "pids are printed alone", 0 },
	{ "group-by", "columns", "groups have a count, --group-by's columns and --sum's", 0 },
	{ "group-by", "pids", NULL, 0 },
	{ "top", "pids", NULL, 0 },
	{ "summary", "columns sort pids group-by F csv-safe", "it prints totals, no rows", 0 },

	{ "kill", "signal", "--kill closes sockets, --signal ends their owners", 0 },
	{ "free", "signal", "--free chooses its signals: --force is for SIGKILL", 0 },
	{ "kill signal free", OF_LSOF " info " OF_NETNS " " OF_FILES " " AGAIN " " OF_ROWS,
	  "it acts once on sockets of now, here", 0 },
	{ "kill signal free", "source=proc", "/proc tells no cookies", 0 },
	{ "explain", OF_ROWS " " OF_LSOF " " AGAIN, "it answers once, about one port", 0 },
	{ "explain", "listening programs", "it looks at every state, and names the processes by itself", 0 },
	{ "events", OF_FILES " source=proc", "it watches this kernel by netlink and BPF", 0 },
	{ "events", "sort group-by sum top summary pids F", "it has lines of its own", 0 },
	{ "watch", "group-by sum top summary pids internet F record replay", "it shows the sockets of now, a row each",
	  0 },
	{ "health", OF_LSOF " record replay " AGAIN " " OF_ROWS,
	  "it compares two looks at the sockets here; a recording is of one", 0 },
	{ "exposure", OF_LSOF " info " OF_FILES " " AGAIN " " OF_ROWS, "it is of what listens now", 0 },
	{ "exposure", OF_NETNS, "run it there: nsenter -t PID -n sockview --exposure", 0 },
	{ "connect", OF_LSOF " info " OF_FILES " " AGAIN " " OF_ROWS " listening programs",
	  "it answers once, about one end of now", 0 },
	{ "connect", OF_NETNS, "run it there: nsenter -t PID -n sockview --connect", 0 },
	{ "list-netns", OF_LSOF " record replay " AGAIN " " OF_ROWS, "it counts the sockets of network namespaces", 0 },
	{ "wait-for wait-free", OF_LSOF " " OF_NETNS " " OF_FILES " " AGAIN " " OF_ROWS,
	  "it prints nothing, and ends when it can", 0 },
};

/* "": none. NULL: any. */
static const struct form {
	const char *options, *formats, *printed;
	unsigned protos; /* 0: any */
} forms[] = {
	{ "summary", "json openmetrics", "it prints text, or with --json or --format openmetrics", 0 },
	{ "explain", "json", "it prints text, or JSON with --json", 0 },
	{ "events", NULL, NULL, PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) },
	{ "kill", "", "it prints a line for each socket", PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) },
	{ "signal", "", "it prints a line for each process", 0 },
	{ "free", "", "it prints a plan and what became of it", PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) },
	{ "wait-for wait-free", "", "it prints nothing", 0 },
	{ "watch", "table", "it shows a table", 0 },
	{ "health", "json openmetrics", "it prints text, or with --json or --format openmetrics",
	  PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) },
	{ "exposure", "json", "it prints text, or JSON with --json", PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) },
	{ "connect", "json", "it prints text, or JSON with --json", PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) },
	{ "list-netns", "netstat table json jsonl csv tsv", "it prints a table of its own, or json, jsonl, csv, tsv",
	  0 },
	{ "group-by top", "netstat table json jsonl csv tsv openmetrics", "lsof's listing is a line for each file", 0 },
};

static const struct need {
	const char *options, *with;
} needs[] = {
	{ "threshold", "health" },
	{ "utc", "events" },
	{ "for", "events free wait-for wait-free netns all-netns list-netns connect" },
	{ "probe=connect", "connect" },
	{ "dry-run yes", "kill signal free" },
	{ "force", "free probe=inject" },
	{ "probe=inject", "exposure" },
	{ "sum", "group-by" },
	{ "reuseaddr no-reuseaddr reuseport v6only as-user as-unit device no-probe probe=bind probe=listen",
	  "explain" },
	{ "format=openmetrics", "summary health" },
};

/* The next name of a list; false behind the last. */
static bool list_next(const char **list, const char **name, size_t *len)
{
	*list += strspn(*list, " ");
	*name = *list;
	*len = strcspn(*list, " ");
	*list += *len;
	return *len > 0;
}

/* The option's index, if it was given, with that argument if NAME=WORD says one; OPTIONS_MAX if not. */
static size_t index_given(const struct parse *parse, const char *name, size_t len)
{
	const char *equals = memchr(name, '=', len);
	size_t index = option_index(name, equals ? (size_t)(equals - name) : len);
	if (index == OPTIONS_MAX || !parse->given[index].is)
		return OPTIONS_MAX;
	const char *word = parse->given[index].word;
	size_t rest = equals ? len - (size_t)(equals + 1 - name) : 0;
	if (equals && (!word || strlen(word) != rest || strncmp(word, equals + 1, rest) != 0))
		return OPTIONS_MAX;
	return index;
}

static size_t first_given(const struct parse *parse, const char *list)
{
	const char *name;
	size_t len, index = OPTIONS_MAX;
	while (index == OPTIONS_MAX && list_next(&list, &name, &len))
		index = index_given(parse, name, len);
	return index;
}

/* As the user spelled it: -c, --continuous, --source proc. */
static const char *spelled(const struct parse *parse, size_t index, char text[64])
{
	const struct given *given = &parse->given[index];
	struct option_row made;
	const struct option_row *row = option_at(index, &made);
	bool word = given->word && row->words && !row->list;
	if (given->letter)
		snprintf(text, 64, "-%c", given->letter);
	else
		snprintf(text, 64, "--%s%s%.32s", row->name, word ? " " : "", word ? given->word : "");
	return text;
}

static int exclude(struct parse *parse, size_t one, size_t other, const char *why)
{
	char first[64], second[64];
	return option_problem(parse, "%s and %s exclude each other%s%s", spelled(parse, one, first),
	                      spelled(parse, other, second), why ? ": " : "", why ? why : "");
}

static int check_pairs(struct parse *parse)
{
	for (size_t i = 0; i < countof(pairs); i++) {
		size_t one = first_given(parse, pairs[i].options);
		size_t other = one == OPTIONS_MAX ? one : first_given(parse, pairs[i].others);
		if (other != OPTIONS_MAX && !(parse->options->protos & pairs[i].unless))
			return exclude(parse, one, other, pairs[i].why);
	}
	return 0;
}

/* Two options that each ask for an answer of its own kind. --help and --version are answered whatever else is said. */
static int check_modes(struct parse *parse)
{
	struct option_row made, another;
	const struct option_row *row, *next;
	for (size_t i = 0; (row = option_at(i, &made)); i++)
		for (size_t j = i + 1; parse->given[i].is && (next = option_at(j, &another)); j++)
			if (parse->given[j].is && row->mode != MODE_LOOK && next->mode != MODE_LOOK &&
			    row->mode < MODE_COLUMNS && next->mode < MODE_COLUMNS && row->mode != next->mode)
				return exclude(parse, i, j, "each has an answer of its own");
	return 0;
}

static bool list_names(const char *list, const char *word)
{
	const char *name;
	size_t len;
	while (list_next(&list, &name, &len))
		if (strlen(word) == len && strncmp(name, word, len) == 0)
			return true;
	return false;
}

static int check_form(struct parse *parse, const struct form *form)
{
	const struct options *options = parse->options;
	size_t one = first_given(parse, form->options);
	char text[64];
	if (one == OPTIONS_MAX)
		return 0;
	if (form->formats && options->format && !list_names(form->formats, options->format->name))
		return option_problem(parse, "%s and --format %s exclude each other: %s", spelled(parse, one, text),
		                      options->format->name, form->printed);
	if (!form->protos || !(options->protos & ~form->protos))
		return 0;
	return option_problem(parse, "%s and %s sockets exclude each other: it is of TCP and UDP",
	                      spelled(parse, one, text), proto_name(proto_next(options->protos & ~form->protos, 0)));
}

static int check_needs(struct parse *parse)
{
	for (size_t i = 0; i < countof(needs); i++) {
		const char *list = needs[i].with, *name;
		size_t one = first_given(parse, needs[i].options), len, used = 0;
		char text[64], with[128] = "";
		if (one == OPTIONS_MAX || first_given(parse, needs[i].with) != OPTIONS_MAX)
			continue;
		while (list_next(&list, &name, &len) && used < sizeof(with))
			used += (size_t)snprintf(with + used, sizeof(with) - used, "%s--%.*s", used ? ", " : "",
			                         (int)len, name);
		return option_problem(parse, "%s goes with %s", spelled(parse, one, text), with);
	}
	return 0;
}

/* lsof's listing by -i alone has no groups; -i with a unix socket of -A is a family that it does not list. */
static int check_internet(struct parse *parse)
{
	const struct options *options = parse->options;
	unsigned others = options->protos & ~protos_of(AF_INET);
	char text[64];
	size_t one = first_given(parse, "internet");
	size_t top = first_given(parse, "top");
	if (one == OPTIONS_MAX)
		return 0;
	if (others && !options->lsof_unix)
		return option_problem(parse,
		                      "%s and %s sockets exclude each other: it lists internet sockets; "
		                      "lsof's -U adds unix sockets",
		                      spelled(parse, one, text), proto_name(proto_next(others, 0)));
	if (top != OPTIONS_MAX && !options->group_by && !options->format && !options->columns && !options->summary)
		return exclude(parse, top, one, "lsof's listing is a line for each file; --format table has rows");
	return 0;
}

/* Words left over, which are a filter elsewhere. */
static int check_words(struct parse *parse)
{
	const struct options *options = parse->options;
	const struct words *filter = &options->filter;
	const char *first = filter->count ? filter->item[0] : NULL;
	if (options->command.count && options->wait_free)
		return option_problem(parse, "a command goes with --wait-for, not with --wait-free");
	if (!first)
		return 0;
	if (filter->count == 1 && strcmp(first, "help") == 0)
		return option_problem(parse, "'help': the options are shown by sockview --help");
	switch (options->mode) {
	case MODE_LOOK:
		if (filter->count == 2 && (strcmp(first, "explain") == 0 || strcmp(first, "why") == 0))
			return option_problem(parse, "'%s' is no word of a filter: sockview --explain %s", first,
			                      filter->item[1]);
		return 0;
	case MODE_EXPLAIN:
		return option_problem(parse, "--explain takes one TARGET and no filter: '%s' is too much", first);
	case MODE_FREE:
		return option_problem(parse, "--free takes one TARGET and no filter: '%s' is too much", first);
	case MODE_CONNECT:
		return option_problem(parse, "--connect takes one TARGET and no filter: '%s' is too much", first);
	case MODE_WAIT:
		return option_problem(parse, "'%s': targets are joined by commas, and a command stands behind --",
		                      first);
	case MODE_LIST_NETNS:
		return option_problem(parse, "--list-netns counts all sockets: it takes no filter, as '%s'", first);
	default:
		return 0;
	}
}

int contradictions_check(struct parse *parse)
{
	if (parse->options->mode >= MODE_COLUMNS)
		return 0;
	if (check_pairs(parse) < 0 || check_modes(parse) < 0)
		return -1;
	for (size_t i = 0; i < countof(forms); i++)
		if (check_form(parse, &forms[i]) < 0)
			return -1;
	if (check_needs(parse) < 0 || check_internet(parse) < 0)
		return -1;
	return check_words(parse);
}

const char *contradictions_names(size_t index)
{
	size_t pair = index / 2;
	if (pair < countof(pairs))
		return index % 2 ? pairs[pair].others : pairs[pair].options;
	index -= 2 * countof(pairs);
	if (index < countof(forms))
		return forms[index].options;
	index -= countof(forms);
	pair = index / 2;
	if (pair < countof(needs))
		return index % 2 ? needs[pair].with : needs[pair].options;
	return NULL;
}
