/* option_table.h - the table of options as its readers see it: parsing, --help, the completions. */
#ifndef SOCKVIEW_CLI_OPTION_TABLE_H
#define SOCKVIEW_CLI_OPTION_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include <sockview/options.h>

/* The table as others read it: completions and the check of the documents. */
enum option_argument { ARGUMENT_NONE, ARGUMENT_REQUIRED, ARGUMENT_OPTIONAL };
/* By intent, as --help shows them. */
enum option_group {
	OPTIONS_WHICH,
	OPTIONS_OWNER,
	OPTIONS_SHOW,
	OPTIONS_FORM,
	OPTIONS_EXPLAIN,
	OPTIONS_FROM,
	OPTIONS_COUNT
};
struct option_view {
	char letter;      /* 0: none */
	const char *name; /* NULL: none */
	enum option_argument argument;
	const char *metavar; /* of the argument, NULL for none */
	const char *words;   /* what it may be, comma-separated; NULL: anything */
	const char *help;    /* NULL: not to be shown */
	enum option_group group;
};
/* False after the last. */
bool options_get(size_t index, struct option_view *view);

/* Where a problem is worded, and the option it is about. */
struct parse {
	struct options *options;
	char *problem;
	char shown[64]; /* "-A, --protocol" */
};

typedef int set_fn(struct parse *parse, const char *word);

enum action {
	SET_FLAG,  /* a bool */
	ADD_ONE,   /* an unsigned that counts */
	ADD_PROTO, /* bits into protos */
	KEEP_WORD, /* a const char * */
	ADD_WORD,  /* a struct words */
	CALL,      /* a function */
};

struct spec {
	char letter;
	enum option_argument argument;
	enum action action;
	enum option_group group;
	size_t at;     /* offset in struct options */
	unsigned bits; /* ADD_PROTO; ADD_WORD of one kind */
	set_fn *set;   /* CALL */
	const char *name, *metavar, *words, *help;
};

/* The number of rows is below this. */
enum { OPTIONS_MAX = 160 };
/* Row `index`; NULL behind the last. */
const struct spec *option_at(size_t index);
/* Words the problem; always -1. */
int option_problem(struct parse *parse, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* 0, or -1 with errno ENOMEM. */
int option_add_word(struct words *words, const char *word);

/* lsof(8), OUTPUT FOR OTHER PROGRAMS: also those that are of no socket, which are left out. */
#define OPTION_LSOF_FIELDS "acCdDfFgGiKklLmMnNopPrRsStTuzZ0"

#endif
