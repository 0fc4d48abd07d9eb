// SPDX-License-Identifier: MIT
/*
 * whose_line.c - lsof's line, ss's, or neither's (whose_line.h).
 *
 * -i and -t mean one thing to lsof and another to ss and netstat, and what
 * lsof prints for -t is handed to kill. So the whole line is looked at first:
 *
 *   -ti :80   -nPi   -Pan -i4   -wni tcp:80   lsof's: an i behind letters without arguments, or with a SPEC
 *   -ti  -tin  -tmi  -tie  -t -i -m -o -e     ss's: a t, x, e, o or m beside the i, and nothing that lsof alone has
 *   -i dst 192.0.2.7                          ss's: its filter, which are names of files to lsof
 *
 * A `w` beside the i says nothing: ss has no internals of raw sockets, and -wni is common lsof.
 */
#include "cli/whose_line.h"

#include <string.h>

#include <sockview/countof.h>
#include <sockview/proto.h>

#include "cli/option_table.h"

/* lsof's letters that take no argument, as far as they stand before an i. */
#define LSOF_FLAGS "tnPalwRKUxVhbOCXNQ46"
/* Flags of ss and netstat. */
#define SS_FLAGS "tuxwlanpieomrHWvcIO046"
/* ss's flags that an -i of lsof's is not seen with, in one word. */
#define SS_BESIDE "tuxeom"

/* What the words of a line show. */
struct signs {
	bool lsof_i;  /* an i that can be lsof's */
	bool other_i; /* an i in a bundle that cannot */
	bool beside;  /* an i in a bundle with a flag of ss's */
	bool bare;    /* a bare -i */
	bool spec;    /* a SPEC, attached or behind */
	bool lsof;    /* -P, -F, -s PROTO:, -g, +c: what lsof alone has beside -i */
	bool details; /* -m, -o, -e */
	bool filter;  /* a word that begins an expression of ss's */
};

static bool begins_filter(const char *word)
{
	static const char *const words[] = { "state", "exclude", "src", "dst", "sport", "dport", "dev", "not" };
	for (size_t i = 0; i < countof(words); i++)
		if (strcmp(word, words[i]) == 0)
			return true;
	return *word == '(' || strncmp(word, "sport ", 6) == 0 || strncmp(word, "dport ", 6) == 0 ||
	       strncmp(word, "dst ", 4) == 0 || strncmp(word, "src ", 4) == 0 || strncmp(word, "state ", 6) == 0;
}

static void look_at_bundle(struct signs *signs, const char *letters, const char *next)
{
	const char *at = strchr(letters, 'i');
	size_t before = strspn(letters, LSOF_FLAGS);
	bool beside = strpbrk(letters, SS_BESIDE) != NULL;
	if (at && (size_t)(at - letters) == before && (!at[1] || option_begins_like_spec(at + 1))) {
		signs->lsof_i = true;
		signs->bare |= at == letters && !at[1];
		/* Letters of a SPEC are none of ss's. */
		signs->beside |= memchr(letters, 't', before) || memchr(letters, 'x', before);
		signs->spec |= at[1] || (next && option_begins_like_spec(next));
		signs->lsof |= memchr(letters, 'P', before) != NULL;
		return;
	}
	/* An argument ends a bundle, be it lsof's -cnginx or -s PROTO:; but -cti and -upi are flags of netstat and ss. */
	size_t flags = strspn(letters, SS_FLAGS) == strlen(letters) ? strlen(letters) : strcspn(letters, "sFgApfcu");
	at = memchr(letters, 'i', flags);
	signs->other_i |= at != NULL;
	signs->beside |= at && beside;
	signs->lsof |= memchr(letters, 'P', flags) || letters[flags] == 'F' || letters[flags] == 'g' ||
	               (letters[flags] == 's' && option_is_proto_state(letters[flags + 1] ? letters + flags + 1
	                                                               : next             ? next
	                                                                                  : ""));
	signs->details |= memchr(letters, 'm', flags) || memchr(letters, 'o', flags) || memchr(letters, 'e', flags);
}

/* The words behind the long option that are its argument: 0 or 1. */
static int long_argument(const char *name)
{
	struct option_row made;
	const struct option_row *row;
	if (strchr(name, '='))
		return 0;
	for (size_t i = 0; (row = option_at(i, &made)); i++)
		if (row->name && row->argument == ARGUMENT_REQUIRED && strncmp(row->name, name, strlen(name)) == 0)
			return 1;
	return 0;
}

enum line_of whose_line(int argc, char *const *argv)
{
	struct signs signs = { 0 };
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const char *word = argv[i], *next = i + 1 < argc ? argv[i + 1] : NULL;
		if (strncmp(word, "--internet", 10) == 0 && (!word[10] || word[10] == '=')) {
			signs.lsof_i = signs.spec = true;
		} else if (strncmp(word, "--", 2) == 0) {
			i += long_argument(word + 2);
		} else if (word[0] == '-' && word[1]) {
			look_at_bundle(&signs, word + 1, next);
		} else {
			signs.filter |= begins_filter(word);
			signs.lsof |= strncmp(word, "+c", 2) == 0 || strcmp(word, "+M") == 0;
		}
	}
	bool lsof = signs.spec || signs.lsof;
	if (signs.lsof_i &&
	    (lsof || !(signs.beside || (signs.bare && signs.details) || (signs.bare && signs.filter) || signs.other_i)))
		return LINE_LSOF;
	return signs.lsof_i || signs.other_i ? LINE_SS : LINE_OWN;
}
