// SPDX-License-Identifier: MIT
/* option_table.h - the table of options as its readers see it: parsing, --help, the completions. */
#ifndef SOCKVIEW_CLI_OPTION_TABLE_H
#define SOCKVIEW_CLI_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <sockview/error.h>
#include <sockview/options.h>

/* In the order of getopt's no_argument, required_argument, optional_argument. */
enum option_argument { ARGUMENT_NONE, ARGUMENT_REQUIRED, ARGUMENT_OPTIONAL };

/* The groups of --help. */
enum option_group {
	OPTIONS_WHICH,
	OPTIONS_OWNER,
	OPTIONS_SHOW,
	OPTIONS_FORM,
	OPTIONS_LIVE,
	OPTIONS_EXPLAIN,
	OPTIONS_FROM,
	OPTIONS_COUNT
};

/* What a shell completes an argument with, besides the row's words. */
enum option_source {
	FROM_NOTHING,
	FROM_FILES,
	FROM_FOLDERS,
	FROM_USERS,
	FROM_INTERFACES,
	/* Of --x-names. */
	FROM_PIDS,
	FROM_PROGRAMS,
	FROM_OWNERS,
	FROM_CGROUPS,
	FROM_NETNS,
	FROM_PORTS
};

/* The number of rows is below this. */
enum { OPTIONS_MAX = 160 };

/* How an option was given. */
struct given {
	bool is;
	char letter;      /* 0: by its name */
	const char *word; /* the argument; NULL: none */
};

/* Where a problem is worded, and the option it is about. */
struct parse {
	struct options *options;
	char *problem;
	bool ss_info;                    /* the letter i is ss's, TCP internals */
	bool by_letter;                  /* how the option is spelled that is applied next */
	char shown[64];                  /* "-A, --protocol" */
	struct given given[OPTIONS_MAX]; /* by the row's index; of an option given twice the last */
};

/* What is done with the option. The field is the one at the row's offset in struct options. */
enum option_action {
	SET_MODE,      /* nothing beside the row's mode */
	SET_FLAG,      /* bool: true */
	ADD_ONE,       /* unsigned: one more */
	ADD_PROTO,     /* the row's bits into struct options' protos */
	KEEP_WORD,     /* const char *: the argument, NULL if there is none */
	ADD_WORD,      /* struct words: the argument, if there is one */
	CHOOSE,        /* an enum: the row's value + the argument's index among the row's words */
	CHOOSE_FORMAT, /* const struct format *: the one of that name */
	SET_FORMAT,    /* the same: the row's */
	CALL,          /* the row's function */
};

/* Word `index` of a list, NULL behind the last. */
typedef const char *option_words(size_t index);

struct option_row {
	const char *name;    /* NULL: none */
	const char *help;    /* NULL: not to be shown */
	const char *metavar; /* of the argument; NULL: --help shows the words */
	char letter;         /* 0: none */
	bool list;           /* the argument may be several words with commas between them */
	enum option_argument argument;
	enum option_action action;
	enum option_group group;
	enum option_source source;
	enum mode mode;              /* what it asks for in place of a listing; MODE_LOOK: nothing */
	size_t at;                   /* offset of the field in struct options */
	size_t given;                /* offset of a bool that is set, too; 0: none */
	unsigned value;              /* ADD_PROTO: bits; CHOOSE: of the first word */
	option_words *words;         /* what the argument may be; NULL: anything */
	const char *without;         /* CHOOSE: the word if there is no argument */
	const struct format *format; /* SET_FORMAT */
	/* True if the word behind the option is its optional argument; NULL: it never is. */
	bool (*takes_next)(const char *word);
	int (*call)(struct parse *parse, const char *word);
};

/* Row `index`; NULL behind the last. The protocols' options are made in `made` of their table (proto.h). */
const struct option_row *option_at(size_t index, struct option_row *made);

/* Does what the row says. 0, or -1 with the problem. */
int option_apply(struct parse *parse, const struct option_row *row, const char *word);
/* The index of the row with this name, or letter if it has no name ("F"); OPTIONS_MAX if there is none. */
size_t option_index(const char *name, size_t len);
/* Remembers that an option was given, by its name, or by a letter that may be another tool's. */
void option_mark(struct parse *parse, const char *name, char letter, const char *word);
/* Words the problem; always -1. */
#define option_problem(parse, ...) problem_set((parse)->problem, OPTIONS_PROBLEM_MAX, __VA_ARGS__)
/* 0, or -1 with the problem: memory ran out. */
int option_add_word(struct parse *parse, struct words *words, const char *word);
/* lsof takes the word behind a bare -i if it can be a SPEC; ports alone cannot. */
bool option_begins_like_spec(const char *word);
/* PROTO:STATE of lsof's -s; anything else behind -s is no argument: ss's -s has none. */
bool option_is_proto_state(const char *word);
/* -F's letters. */
bool option_is_fields(const char *word);
int option_set_fields(struct parse *parse, const char *word);
/* NULL if there is none. */
const struct option_row *option_by_letter(char letter, struct option_row *made);
/* "-A, --protocol" */
void option_name(const struct option_row *row, char shown[64]);
/* A line for standard error beside the answer. 0, or -1 with the problem: memory ran out. */
int option_note(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for a person alone: on a terminal, or with -v. */
int option_aside(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "auto,always,never" */
void option_join_words(option_words *words, const char *separator, char *text, size_t size);

#endif
