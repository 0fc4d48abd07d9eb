// SPDX-License-Identifier: MIT
/*
 * lexer.h - the words of a filter.
 *
 * A word in the place of a condition ends at a blank, a parenthesis or an
 * operator; a value may hold = ! < > as paths do. Quotes ('..', "..") and a
 * backslash take what they hold as it is. A line that begins with # says
 * nothing.
 */
#ifndef SELECT_LEXER_H
#define SELECT_LEXER_H

#include <stdbool.h>
#include <stddef.h>

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_EQ,
	TOKEN_NE,
	TOKEN_LT,
	TOKEN_LE,
	TOKEN_GT,
	TOKEN_GE,
	TOKEN_BAD_NUL,   /* a NUL byte */
	TOKEN_BAD_QUOTE, /* a quote that nothing closes */
	TOKEN_NO_MEMORY,
};

struct token {
	enum token_kind kind;
	size_t start, end; /* in the text */
	const char *word;  /* unquoted, with a NUL behind; valid until the next token is read */
	size_t len;
	bool quoted; /* some of the word was */
};

struct lexer {
	const char *text;
	size_t len, at;
	char *word; /* owned */
	size_t word_len, word_capacity;
};

/* The next condition's word, operator or parenthesis. */
struct token lexer_next(struct lexer *lexer);
/* The next value: a word, unless there is none before the end or a parenthesis. */
struct token lexer_value(struct lexer *lexer);
void lexer_free(struct lexer *lexer);

/* True for TOKEN_EQ .. TOKEN_GE. */
bool token_compares(enum token_kind kind);

#endif
