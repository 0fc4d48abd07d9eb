// SPDX-License-Identifier: MIT
/* lexer.c - the words of a filter (lexer.h). */
#include "select/lexer.h"

#include <string.h>

#include <sockview/countof.h>
#include <sockview/vec.h>

/* Where one symbol begins another, the longer comes first. */
static const struct {
	const char *text;
	enum token_kind kind;
} symbols[] = {
	{ "&&", TOKEN_AND }, { "&", TOKEN_AND }, { "||", TOKEN_OR },  { "|", TOKEN_OR },    { "!=", TOKEN_NE },
	{ "!", TOKEN_NOT },  { "==", TOKEN_EQ }, { "=", TOKEN_EQ },   { "<=", TOKEN_LE },   { "<", TOKEN_LT },
	{ ">=", TOKEN_GE },  { ">", TOKEN_GT },  { "(", TOKEN_OPEN }, { ")", TOKEN_CLOSE },
};

/* ss(8), EXPRESSION. */
static const struct {
	const char *text;
	enum token_kind kind;
} words[] = {
	{ "and", TOKEN_AND }, { "or", TOKEN_OR },  { "not", TOKEN_NOT }, { "eq", TOKEN_EQ },
	{ "ne", TOKEN_NE },   { "neq", TOKEN_NE }, { "lt", TOKEN_LT },   { "le", TOKEN_LE },
	{ "leq", TOKEN_LE },  { "gt", TOKEN_GT },  { "ge", TOKEN_GE },   { "geq", TOKEN_GE },
};

bool token_compares(enum token_kind kind)
{
	return kind >= TOKEN_EQ && kind <= TOKEN_GE;
}

static bool lexer_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool line_begins(const struct lexer *lexer)
{
	size_t at = lexer->at;
	while (at > 0 && lexer->text[at - 1] != '\n')
		if (!lexer_is_blank(lexer->text[--at]))
			return false;
	return true;
}

static void skip_blanks(struct lexer *lexer)
{
	bool fresh = line_begins(lexer);
	for (; lexer->at < lexer->len; lexer->at++) {
		char c = lexer->text[lexer->at];
		if (c == '\n')
			fresh = true;
		else if (c == '#' && fresh)
			while (lexer->at + 1 < lexer->len && lexer->text[lexer->at + 1] != '\n')
				lexer->at++;
		else if (!lexer_is_blank(c))
			return;
	}
}

static int word_add(struct lexer *lexer, char c)
{
	char *word = vec_reserve(lexer->word, &lexer->word_capacity, lexer->word_len + 2, 1);
	if (!word)
		return -1;
	lexer->word = word;
	word[lexer->word_len++] = c;
	word[lexer->word_len] = '\0';
	return 0;
}

/* Takes the quoted text at lexer->at. TOKEN_WORD if it went well. */
static enum token_kind take_quoted(struct lexer *lexer)
{
	char quote = lexer->text[lexer->at++];
	for (; lexer->at < lexer->len; lexer->at++) {
		char c = lexer->text[lexer->at];
		if (c == '\0')
			return TOKEN_BAD_NUL;
		if (c == quote) {
			lexer->at++;
			return TOKEN_WORD;
		}
		if (word_add(lexer, c) < 0)
			return TOKEN_NO_MEMORY;
	}
	return TOKEN_BAD_QUOTE;
}

/* Takes one byte or one quoted piece. */
static enum token_kind take_piece(struct lexer *lexer)
{
	char c = lexer->text[lexer->at];
	if (c == '\'' || c == '"')
		return take_quoted(lexer);
	/* Before a character that is special in a pattern the backslash stays. */
	if (c == '\\' && lexer->at + 1 < lexer->len) {
		char next = lexer->text[++lexer->at];
		if (next && strchr("*?[\\", next) && word_add(lexer, c) < 0)
			return TOKEN_NO_MEMORY;
		c = next;
	}
	if (c == '\0')
		return TOKEN_BAD_NUL;
	lexer->at++;
	return word_add(lexer, c) < 0 ? TOKEN_NO_MEMORY : TOKEN_WORD;
}

static enum token_kind take_word(struct lexer *lexer, const char *stops, bool *quoted)
{
	enum token_kind kind = TOKEN_WORD;
	lexer->word_len = 0;
	*quoted = false;
	while (kind == TOKEN_WORD && lexer->at < lexer->len) {
		char c = lexer->text[lexer->at];
		if (lexer_is_blank(c) || (c && strchr(stops, c)))
			break;
		*quoted = *quoted || c == '\'' || c == '"' || c == '\\';
		kind = take_piece(lexer);
	}
	if (kind != TOKEN_WORD)
		return kind;
	/* An empty word ('') is a word too, and needs its NUL. */
	if (word_add(lexer, '\0') < 0)
		return TOKEN_NO_MEMORY;
	lexer->word_len--;
	return TOKEN_WORD;
}

static enum token_kind word_kind(const char *word)
{
	for (size_t i = 0; i < countof(words); i++)
		if (strcmp(words[i].text, word) == 0)
			return words[i].kind;
	return TOKEN_WORD;
}

static bool take_symbol(struct lexer *lexer, struct token *token)
{
	for (size_t i = 0; i < countof(symbols); i++) {
		size_t len = strlen(symbols[i].text);
		if (len > lexer->len - lexer->at || memcmp(lexer->text + lexer->at, symbols[i].text, len) != 0)
			continue;
		lexer->at += len;
		token->kind = symbols[i].kind;
		token->end = lexer->at;
		return true;
	}
	return false;
}

static void token_word(struct lexer *lexer, struct token *token, const char *stops)
{
	token->kind = take_word(lexer, stops, &token->quoted);
	token->end = lexer->at;
	if (token->kind != TOKEN_WORD)
		return;
	token->word = lexer->word;
	token->len = lexer->word_len;
	if (!token->quoted && strchr(stops, '='))
		token->kind = word_kind(token->word);
}

static bool token_begins(struct lexer *lexer, struct token *token)
{
	skip_blanks(lexer);
	*token = (struct token){ .kind = TOKEN_END, .start = lexer->at, .end = lexer->at };
	return lexer->at < lexer->len;
}

struct token lexer_next(struct lexer *lexer)
{
	struct token token;
	if (token_begins(lexer, &token) && !take_symbol(lexer, &token))
		token_word(lexer, &token, "()!=<>&|");
	return token;
}

struct token lexer_value(struct lexer *lexer)
{
	struct token token;
	if (!token_begins(lexer, &token))
		return token;
	if (strchr("()&|", lexer->text[lexer->at]) && lexer->text[lexer->at])
		take_symbol(lexer, &token);
	else
		token_word(lexer, &token, "()&|");
	return token;
}

void lexer_free(struct lexer *lexer)
{
	free(lexer->word);
	lexer->word = NULL;
}
