// SPDX-License-Identifier: MIT
/*
 * respell.c - the spelling of other tools (respell.h).
 *
 *   --processes  --query=tcp  --program    --programs  --protocol=tcp  --programs
 *   -p 812  -tcp  -p4924                   taken as they stand, with a note; refused with what was meant
 */
#include "cli/respell.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/foreign_words.h"
#include "cli/options_near.h"

static bool is_all_digits(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

/* "--OWN" with what is behind the name of the word. 0, or -1 with the problem. */
static int replace(struct parse *parse, char **word, const char *own, const char *rest)
{
	char *text = NULL;
	if (asprintf(&text, "--%s%s", own, rest) < 0)
		return option_problem(parse, "out of memory");
	if (option_add_word(parse, &parse->options->spelled, text) < 0) {
		free(text);
		return -1;
	}
	*word = text;
	return 0;
}

static int respell_long(struct parse *parse, char **word, const char *next)
{
	size_t len = strcspn(*word, "=");
	const struct foreign_word *foreign = foreign_word_find(*word, len);
	/* netstat's --program has no argument, ours has. */
	if (strcmp(*word, "--program") == 0 && (!next || *next == '-'))
		return replace(parse, word, "programs", "");
	return foreign && foreign->own && *foreign->own ? replace(parse, word, foreign->own, *word + len) : 0;
}

/* -p4924: a bundle of -p, -4 and letters that are none. */
static bool is_attached_pid(const char *word)
{
	size_t letters = strcspn(word, "0123456789");
	return letters && word[letters - 1] == 'p' && is_all_digits(word + letters) &&
	       strspn(word + letters, "46") != strlen(word + letters);
}

static int respell_short(struct parse *parse, const char *letters, const char *next)
{
	if (strcmp(letters, "tcp") == 0 &&
	    option_note(parse, "-tcp is -t -c -p, again every second; TCP alone is -t, --tcp") < 0)
		return -1;
	if (is_attached_pid(letters))
		return option_problem(parse, "-p takes no argument: --pid %s selects a process, -%.*s %s a port",
		                      letters + strcspn(letters, "0123456789"), (int)strcspn(letters, "0123456789"),
		                      letters, letters + strcspn(letters, "0123456789"));
	if (strcmp(letters, "p") != 0 || !next || !is_all_digits(next))
		return 0;
	if (strlen(next) > 5 || atoi(next) > 65535)
		return option_problem(parse, "'%s' is no port; of a process: --pid %s", next, next);
	return option_note(parse, "%s is taken as a port; of a process: --pid %s", next, next);
}

/* lsof's -u NAME and -c NAME, where the letter is ours: what is behind is a word of the filter. */
static int hint_of(struct parse *parse, const char *letters, const char *next)
{
	char last = letters[strlen(letters) - 1];
	const char *option = last == 'u' ? "user" : last == 'c' ? "program" : last == 'p' ? "pid" : NULL;
	if (!option || !next || !(isalpha((unsigned char)*next) || *next == '^'))
		return 0;
	free(parse->options->hint);
	if (asprintf(&parse->options->hint, "-%c takes no argument here; lsof's -%c %s is --%s %s", last, last, next,
	             option, next) < 0) {
		parse->options->hint = NULL;
		return option_problem(parse, "out of memory");
	}
	return 0;
}

int respell(struct parse *parse, int argc, char **argv, bool lsof)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;
		int result = 0;
		if (strncmp(argv[i], "--", 2) == 0)
			result = respell_long(parse, &argv[i], next);
		else if (argv[i][0] == '-' && argv[i][1] && !lsof)
			result = respell_short(parse, argv[i] + 1, next) < 0 ? -1 : hint_of(parse, argv[i] + 1, next);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* --- what is no option --- */

/* "--programs, --program, --protocol": the options that the name may be short for. How many. */
static unsigned long_candidates(const char *name, char *text, size_t size)
{
	struct option_row made;
	const struct option_row *row;
	unsigned count = 0;
	size_t used = 0;
	*text = '\0';
	for (size_t i = 0; (row = option_at(i, &made)); i++) {
		if (!row->name || !row->help || strncmp(row->name, name, strlen(name)) != 0)
			continue;
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s--%s", count ? ", " : "", row->name);
		count++;
	}
	return count;
}

static int unknown_long(struct parse *parse, const char *word)
{
	char name[64], known[256];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word, "="), word);
	const struct foreign_word *foreign = foreign_word_find(name, strlen(name));
	if (foreign && foreign->text)
		return option_problem(parse, "unknown option '%s'; %s: %s", name, foreign->tool, foreign->text);
	if (name[2] && long_candidates(name + 2, known, sizeof(known)) > 1)
		return option_problem(parse, "option '%s' may be one of %s", name, known);
	const char *near = options_nearest(name + 2);
	if (near)
		return option_problem(parse, "unknown option '%s'; did you mean --%s?", name, near);
	return option_problem(parse, "unknown option '%s'; --help all names each", name);
}

/* The option of our own that the letter of another tool is. */
static int apply_own(struct parse *parse, const char *own)
{
	struct option_row made;
	const struct option_row *row;
	size_t len = strcspn(own, "=");
	for (size_t i = 0; (row = option_at(i, &made)); i++)
		if (row->name && strlen(row->name) == len && strncmp(row->name, own, len) == 0)
			return option_apply(parse, row, own[len] ? own + len + 1 : NULL);
	return option_problem(parse, "unknown option '--%s'", own);
}

int respell_unknown(struct parse *parse, char letter, const char *word)
{
	char name[3] = { '-', letter, '\0' };
	struct option_row made;
	const struct option_row *row;
	if (!letter)
		return unknown_long(parse, word);
	for (size_t i = 0; word[0] == '-' && word[1] && word[2] && (row = option_at(i, &made)); i++)
		if (row->name && row->help && strcmp(row->name, word + 1) == 0)
			return option_problem(parse, "unknown option '%s' in '%s'; did you mean --%s?", name, word,
			                      row->name);
	const struct foreign_word *foreign = foreign_word_find(name, 2);
	if (foreign && foreign->own && !*foreign->own)
		return option_note(parse, "%s of %s has no effect here: %s", name, foreign->tool, foreign->text);
	if (foreign && foreign->own)
		return apply_own(parse, foreign->own);
	if (foreign)
		return option_problem(parse, "unknown option '%s'; %s: %s", name, foreign->tool, foreign->text);
	return option_problem(parse, "unknown option '%s'", name);
}
