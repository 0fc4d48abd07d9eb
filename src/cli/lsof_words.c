// SPDX-License-Identifier: MIT
/*
 * lsof_words.c - the letters of lsof's line (lsof_words.h), by what lsof 4.95 does with them.
 *
 *   -nPiTCP:80   n, P, then i with the rest of the word as its argument
 *   -p 812       the next word, unless it begins with - or +
 *   -r2 -r 2     an argument that may be missing
 *   +c 15 +M     + turns a letter round, or is a letter of its own
 *
 * Unlike lsof's, our words may stand in any order, and -i takes the next word
 * only if it begins like a SPEC: what else is left over is a filter.
 */
#include "cli/lsof_words.h"

#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/text.h>

static bool is_seconds(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

/* "12,^13": of -g, which has no argument otherwise. */
static bool is_groups(const char *word)
{
	return *word && strspn(word, "0123456789,^") == strlen(word);
}

static bool is_any(const char *word)
{
	return *word != '-' && *word != '+';
}

static int lsof_item(struct parse *parse, const char *word, enum filter_item item)
{
	return option_add_word(parse, &parse->options->item[item], word);
}

static int take_pid(struct parse *parse, const char *word)
{
	return lsof_item(parse, word, ITEM_PID);
}

static int take_user(struct parse *parse, const char *word)
{
	return lsof_item(parse, word, ITEM_USER);
}

static int take_command(struct parse *parse, const char *word)
{
	return lsof_item(parse, word, ITEM_COMMAND);
}

static int take_group(struct parse *parse, const char *word)
{
	parse->options->show_group = true;
	return word ? lsof_item(parse, word, ITEM_GROUP) : 0;
}

static int take_internet(struct parse *parse, const char *word)
{
	parse->options->internet = true;
	return word ? option_add_word(parse, &parse->options->spec, word) : 0;
}

static int take_states(struct parse *parse, const char *word)
{
	return option_add_word(parse, &parse->options->proto_state, word);
}

static int take_unix(struct parse *parse, const char *word)
{
	(void)word;
	parse->options->lsof_unix = true;
	return 0;
}

/* RPTTM of lsof: every 15 seconds; -r0 is no repetition. */
static int take_repeat(struct parse *parse, const char *word)
{
	struct options *options = parse->options;
	uint64_t seconds = 15;
	if (word && !text_parse_u64(word, strlen(word), 86400 * 365, &seconds))
		return option_problem(parse, "-r: '%s' is not a number of seconds", word);
	options->continuous = options->repeated = seconds > 0;
	options->interval = (double)seconds;
	return 0;
}

static int take_repeat_until(struct parse *parse, const char *word)
{
	parse->options->until_empty = true;
	return take_repeat(parse, word);
}

static int take_width(struct parse *parse, const char *word)
{
	uint64_t width;
	if (!text_parse_u64(word, strlen(word), 1024, &width))
		return option_problem(parse, "+c: '%s' is not a width; it takes 0 (whole) to 1024", word);
	parse->options->command_width = (unsigned)width;
	parse->options->command_width_given = true;
	return 0;
}

static int take_fields(struct parse *parse, const char *word)
{
	parse->options->fields_given = true;
	return option_set_fields(parse, word);
}

#define SETS(letter, field) \
	{ \
		letter, 0, offsetof(struct options, field), NULL, NULL, NULL, NULL \
	}
#define IGNORED(letter) \
	{ \
		letter, 0, 0, NULL, NULL, NULL, NULL \
	}
#define TAKES(letter, required, call, is) \
	{ \
		letter, required, 0, call, is, NULL, NULL \
	}
#define REFUSED(letter, text) \
	{ \
		letter, 0, 0, NULL, NULL, text, NULL \
	}
#define NEEDS(letter, metavar, call, is) \
	{ \
		letter, true, 0, call, is, NULL, metavar \
	}

struct lsof_letter {
	char letter;
	bool required;                                      /* the argument */
	size_t flag;                                        /* offset of a bool that is set; 0: none */
	int (*call)(struct parse *parse, const char *word); /* takes an argument, if `is` */
	bool (*is)(const char *word); /* true if the next word is the argument; NULL: none is taken */
	const char *refused;          /* why */
	const char *metavar;
};

static const struct lsof_letter minus[] = {
	SETS('a', lsof_and),
	SETS('t', pids),
	SETS('n', numeric),
	SETS('P', numeric_ports),
	SETS('l', numeric_users),
	SETS('R', show_parent),
	SETS('Q', search_may_fail),
	/* How lsof reads the system, what it warns of: there is nothing here that they would change. */
	IGNORED('w'),
	IGNORED('b'),
	IGNORED('O'),
	IGNORED('M'),
	IGNORED('V'),
	IGNORED('C'),
	IGNORED('L'),
	TAKES('U', false, take_unix, NULL),
	TAKES('i', false, take_internet, option_begins_like_spec),
	NEEDS('p', "LIST", take_pid, is_any),
	NEEDS('u', "LIST", take_user, is_any),
	NEEDS('c', "NAME", take_command, is_any),
	TAKES('g', false, take_group, is_groups),
	NEEDS('s', "PROTO:STATE", take_states, is_any),
	TAKES('r', false, take_repeat, is_seconds),
	TAKES('F', false, take_fields, option_is_fields),
	REFUSED('K', "lists tasks: --columns +tid"),
	REFUSED('d', "selects descriptors; of a socket it is the column fd: --columns +fd"),
	REFUSED('D', "is about directories, not sockets"),
	REFUSED('N', "lists NFS files, not sockets; network namespaces: --netns"),
	REFUSED('S', "is about calls that block on file systems: none is made here"),
	REFUSED('o', "shows file offsets, which sockets have none of; timers are --timers"),
	REFUSED('T', "chooses what is told of TCP: -F T, or --columns +recv_q,+send_q"),
	REFUSED('x', "is about directories, not sockets; unix sockets are added to those of -i with -U"),
	REFUSED('E', "looks for the other ends of pipes and sockets: --columns +peer_inode of unix sockets"),
	REFUSED('Z', "shows security contexts: --context"),
	REFUSED('X', "leaves out TCP and UDP: nothing would remain"),
	REFUSED('k', "names a kernel file, which is not read here"),
	REFUSED('z', "is about zones of Solaris"),
}, plus[] = {
	NEEDS('c', "WIDTH", take_width, is_any),
	TAKES('r', false, take_repeat_until, is_seconds),
	IGNORED('w'),
	IGNORED('M'),
	IGNORED('n'),
	IGNORED('P'),
	REFUSED('d', "is about directories, not sockets"),
	REFUSED('D', "is about directories, not sockets"),
	REFUSED('L', "shows link counts, which sockets have none of"),
	REFUSED('e', "is about file systems, not sockets"),
	REFUSED('E', "looks for the other ends of pipes and sockets"),
	REFUSED('f', "is about file systems, not sockets"),
	REFUSED('m', "is about mount points, not sockets"),
};

/* The options of our own that contradict others whichever letter they have. */
static const struct {
	char letter;
	const char *name;
} same[] = { { 'i', "internet" }, { 't', "pids" }, { 'r', "continuous" }, { 'F', "F" }, { 's', "proto-state" } };

static const struct lsof_letter *letter_find(const struct lsof_letter *letters, size_t count, char letter)
{
	for (size_t i = 0; i < count; i++)
		if (letters[i].letter == letter)
			return &letters[i];
	return NULL;
}

/* A word that is being read: `at` its next letter; `next` the word behind it, NULL: none; `used` words so far. */
struct lsof_reader {
	struct parse *parse;
	const char *at, *next;
	char sign;
	int used;
};

/* What lsof takes for -r5nP: the digits alone; for others all that is behind the letter. */
static size_t attached_length(const struct lsof_letter *letter, const char *rest)
{
	return letter->letter == 'r' ? strspn(rest, "0123456789") : strlen(rest);
}

static int take_letter(struct lsof_reader *reader, const struct lsof_letter *letter)
{
	struct parse *parse = reader->parse;
	const char *word = NULL;
	char number[32];
	for (size_t i = 0; i < countof(same); i++)
		if (reader->sign == '-' && same[i].letter == letter->letter)
			option_mark(parse, same[i].name, letter->letter, NULL);
	if (letter->refused)
		return option_problem(parse, "%c%c: lsof's %c%c %s", reader->sign, letter->letter, reader->sign,
		                      letter->letter, letter->refused);
	if (letter->flag)
		*(bool *)((char *)parse->options + letter->flag) = true;
	if (!letter->call)
		return 0;
	size_t len = letter->is ? attached_length(letter, reader->at) : 0;
	if (len && reader->at[len]) {
		snprintf(number, sizeof(number), "%.*s", (int)len, reader->at);
		word = number;
	} else if (len) {
		word = reader->at;
	} else if (letter->is && !*reader->at && reader->next && letter->is(reader->next)) {
		word = reader->next;
		reader->used++;
	}
	reader->at += len;
	if (!word && letter->required)
		return option_problem(parse, "option %c%c of lsof needs %s", reader->sign, letter->letter,
		                      letter->metavar);
	return letter->call(parse, word);
}

static int take_own(struct lsof_reader *reader, char letter)
{
	struct parse *parse = reader->parse;
	struct option_row made;
	const struct option_row *row = option_by_letter(letter, &made);
	const char *word = NULL;
	if (!row || reader->sign == '+')
		return option_problem(parse, "unknown option '%c%c'", reader->sign, letter);
	parse->by_letter = true;
	option_name(row, parse->shown);
	if (row->argument != ARGUMENT_NONE && *reader->at) {
		word = reader->at;
		reader->at += strlen(reader->at);
	} else if (row->argument == ARGUMENT_REQUIRED && reader->next) {
		word = reader->next;
		reader->used++;
	} else if (row->argument == ARGUMENT_REQUIRED) {
		return option_problem(parse, "option %s needs %s", parse->shown, row->metavar);
	}
	return option_apply(parse, row, word);
}

int lsof_words_take(struct parse *parse, char *const *words, int count)
{
	struct lsof_reader reader = { parse, words[0] + 1, count > 1 ? words[1] : NULL, words[0][0], 1 };
	while (*reader.at) {
		char c = *reader.at++;
		const struct lsof_letter *letter = reader.sign == '+' ? letter_find(plus, countof(plus), c)
		                                                      : letter_find(minus, countof(minus), c);
		if (c == '?')
			letter = NULL, c = 'h';
		if ((letter ? take_letter(&reader, letter) : take_own(&reader, c)) < 0)
			return -1;
	}
	return reader.used;
}
