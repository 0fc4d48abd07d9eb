// SPDX-License-Identifier: MIT
/*
 * parser.c - recursive descent over the words of a filter (ss(8), EXPRESSION):
 *
 *   filter  = { ("state" | "exclude") STATES } [ or ]
 *   or      = and { ("or" | "|" | "||") and }
 *   and     = not { [ "and" | "&" | "&&" ] not }
 *   not     = { "not" | "!" } primary
 *   primary = "(" or ")" | KEY [ OPERATOR ] VALUE | COLUMN OPERATOR VALUE
 *           | COLUMN OPERATOR COLUMN | "autobound" | TARGET
 *
 * The manual of ss ranks its operators so too; its parser gives `and` and
 * `or` the same rank.
 */
#include "select/parser.h"

#include <stdio.h>
#include <string.h>

#include <sockview/column_table.h>

#include "select/column_term.h"
#include "select/key_term.h"

/* Each parenthesis takes four frames of the stack. */
#define DEPTH_MAX 1024

#define EXPECTED_TERM \
	"a condition: sport, dport, src, dst, state, dev, fwmark, cgroup, autobound, pid, " \
	"program, user, inode, a port, an address, ( or not"

struct parser {
	struct reading *reading;
	struct lexer lexer;
	struct token token; /* the next to be used */
	unsigned depth;
};

static uint32_t read_or(struct parser *parser);

static void advance(struct parser *parser)
{
	parser->token = lexer_next(&parser->lexer);
}

/* Words the error at the token: what was found there, and what was expected. */
static uint32_t parser_fail(struct parser *parser, const struct token *token, const char *expected)
{
	struct reading *reading = parser->reading;
	struct piece piece = { parser->lexer.text + token->start, token->end - token->start, token->start };
	switch (token->kind) {
	case TOKEN_NO_MEMORY:
		return reading_no_memory(reading);
	case TOKEN_END:
		return reading_fail(reading, token->start, expected, "it ends here");
	case TOKEN_BAD_NUL:
		return reading_fail(reading, token->end, "text", "found a NUL byte");
	case TOKEN_BAD_QUOTE:
		return reading_fail(reading, token->start, "a second one behind the text",
		                    "a quote that is not closed");
	default:
		return reading_fail(reading, piece.at, expected, "found \"%.*s\"", PIECE_ARGS(piece));
	}
}

/* --- conditions: KEY OPERATOR VALUE --- */

static uint32_t unknown_key(struct parser *parser, const struct token *token)
{
	char expected[sizeof(parser->reading->error->expected)];
	struct piece key = { parser->lexer.text + token->start, token->end - token->start, token->start };
	const char *near = key_term_nearest(key);
	if (near)
		snprintf(expected, sizeof(expected), "%s, or another key: sport, src, state ..., or any column", near);
	else
		snprintf(expected, sizeof(expected), "%s, or any column of --list-columns", EXPECTED_TERM);
	return reading_fail(parser->reading, key.at, expected, "unknown key \"%.*s\"", PIECE_ARGS(key));
}

/* Reads the value that begins at `from`; leaves the token behind it as the next. */
static uint32_t read_value(struct parser *parser, const struct key_term *term, enum token_kind comparison, size_t from)
{
	parser->lexer.at = from;
	struct token value = lexer_value(&parser->lexer);
	if (value.kind != TOKEN_WORD)
		return parser_fail(parser, &value, term->expected);
	struct piece piece = { value.word, value.len, value.start };
	uint32_t column, other, node;
	struct piece key = { term->key, strlen(term->key), 0 };
	/* pid = ppid */
	if (!value.quoted && column_number(key, &column) && column_right_of(column_at(column), piece, &other))
		node = reading_negate(parser->reading, comparison == TOKEN_NE,
		                      column_read(parser->reading, column, COMPARE_EQ, piece, false));
	else
		node = key_term_read(parser->reading, term, piece, comparison);
	advance(parser);
	return node;
}

/* The token is the comparison behind a column's name. */
static uint32_t read_column(struct parser *parser, uint32_t column)
{
	enum compare compare = (enum compare)(parser->token.kind - TOKEN_EQ);
	parser->lexer.at = parser->token.end;
	struct token value = lexer_value(&parser->lexer);
	if (value.kind != TOKEN_WORD)
		return parser_fail(parser, &value, "a value, or another column");
	uint32_t node = column_read(parser->reading, column, compare,
	                            (struct piece){ value.word, value.len, value.start }, value.quoted);
	advance(parser);
	return node;
}

/* The token is the key. */
static uint32_t read_condition(struct parser *parser, const struct key_term *term)
{
	advance(parser);
	struct token comparison = parser->token;
	if (!token_compares(comparison.kind))
		return read_value(parser, term, TOKEN_EQ, comparison.start);
	uint32_t column;
	struct piece key = { term->key, strlen(term->key), 0 };
	if (term->accepts == KEY_EQUALITY && comparison.kind > TOKEN_NE && column_number(key, &column) &&
	    column_at(column)->type != COLUMN_TEXT)
		return read_column(parser, column);
	if (term->accepts == KEY_EQUALITY && comparison.kind > TOKEN_NE)
		return parser_fail(parser, &comparison, "= or !=, or nothing");
	return read_value(parser, term, comparison.kind, comparison.end);
}

/* --- and, or, not --- */

static uint32_t read_parentheses(struct parser *parser)
{
	if (parser->depth == DEPTH_MAX)
		return reading_fail(parser->reading, parser->token.start, "fewer",
		                    "more than %d parentheses within each other", DEPTH_MAX);
	parser->depth++;
	advance(parser);
	uint32_t node = read_or(parser);
	if (node == EXPR_FAILED)
		return node;
	if (parser->token.kind != TOKEN_CLOSE)
		return parser_fail(parser, &parser->token, "and, or, ) or another condition");
	parser->depth--;
	advance(parser);
	return node;
}

static uint32_t read_primary(struct parser *parser)
{
	if (parser->token.kind == TOKEN_OPEN)
		return read_parentheses(parser);
	if (parser->token.kind != TOKEN_WORD)
		return parser_fail(parser, &parser->token, EXPECTED_TERM);
	const struct key_term *term = key_term_named(parser->token.word);
	if (term)
		return read_condition(parser, term);
	struct token key = parser->token;
	struct piece piece = { parser->token.word, parser->token.len, parser->token.start };
	uint32_t column;
	bool known = !key.quoted && column_number(piece, &column);
	/* The token behind the word tells a key from a target. */
	advance(parser);
	if (token_compares(parser->token.kind))
		return known ? read_column(parser, column) : unknown_key(parser, &key);
	parser->lexer.at = key.start;
	advance(parser);
	piece.text = parser->token.word;
	uint32_t node =
		piece_is(piece, "autobound") ? autobound_read(parser->reading) : target_read(parser->reading, piece);
	advance(parser);
	return node;
}

static uint32_t read_not(struct parser *parser)
{
	bool negated = false;
	for (; parser->token.kind == TOKEN_NOT; advance(parser))
		negated = !negated;
	return reading_negate(parser->reading, negated, read_primary(parser));
}

static uint32_t close_list(struct parser *parser, struct expr_list *list)
{
	return reading_keep(parser->reading, expr_list_close(parser->reading->expr, list));
}

static uint32_t read_and(struct parser *parser)
{
	struct expr_list list = { .kind = EXPR_AND };
	for (;;) {
		uint32_t node = read_not(parser);
		if (node == EXPR_FAILED)
			return node;
		expr_list_add(parser->reading->expr, &list, node);
		enum token_kind next = parser->token.kind;
		if (next == TOKEN_AND)
			advance(parser);
		/* Where another condition begins, `and` may be left out. */
		else if (next != TOKEN_WORD && next != TOKEN_OPEN && next != TOKEN_NOT)
			return close_list(parser, &list);
	}
}

static uint32_t read_or(struct parser *parser)
{
	struct expr_list list = { .kind = EXPR_OR };
	for (;;) {
		uint32_t node = read_and(parser);
		if (node == EXPR_FAILED)
			return node;
		expr_list_add(parser->reading->expr, &list, node);
		if (parser->token.kind != TOKEN_OR)
			return close_list(parser, &list);
		advance(parser);
	}
}

/* --- state and exclude at the front --- */

/* `state a state b exclude c`: a or b, and not c, as ss gathers them; with an operator it is a condition. */
static bool at_state(struct parser *parser, bool *excluded)
{
	if (parser->token.kind != TOKEN_WORD)
		return false;
	*excluded = strcmp(parser->token.word, "exclude") == 0 || strcmp(parser->token.word, "excl") == 0;
	if (!*excluded && strcmp(parser->token.word, "state") != 0)
		return false;
	struct token key = parser->token;
	advance(parser);
	bool compares = token_compares(parser->token.kind);
	if (compares) {
		parser->lexer.at = key.start;
		advance(parser);
	}
	return !compares;
}

/* The token is the state's name. Adds its mask to `states`. */
static int add_states(struct parser *parser, bool excluded, bool first, uint32_t *states)
{
	static const struct key_term chosen = { "state", KEY_EQUALITY, "a state", .read = state_read };
	parser->reading->states_chosen = true;
	uint32_t node = read_value(parser, &chosen, TOKEN_EQ, parser->token.start);
	if (node == EXPR_FAILED)
		return -1;
	uint32_t mask = parser->reading->expr->node[node].mask;
	if (excluded)
		*states = (first ? STATE_ALL : *states) & ~mask;
	else
		*states |= mask;
	return 0;
}

static uint32_t read_states(struct parser *parser)
{
	uint32_t states = 0;
	bool excluded, first = true;
	for (; at_state(parser, &excluded); first = false)
		if (add_states(parser, excluded, first, &states) < 0)
			return EXPR_FAILED;
	if (first)
		return 0;
	return reading_add(parser->reading, &(struct expr_node){ .kind = EXPR_STATE, .mask = states });
}

static uint32_t read_filter(struct parser *parser)
{
	uint32_t states = read_states(parser), rest = 0;
	if (states == EXPR_FAILED)
		return states;
	if (parser->token.kind == TOKEN_OR && states)
		return parser_fail(parser, &parser->token,
		                   "and, or `state = S` with its = to make it a part of the "
		                   "condition");
	if (parser->token.kind == TOKEN_AND && states)
		advance(parser);
	if (parser->token.kind != TOKEN_END)
		rest = read_or(parser);
	if (rest == EXPR_FAILED)
		return rest;
	if (parser->token.kind != TOKEN_END)
		return parser_fail(parser, &parser->token, "and, or, or another condition");
	return reading_keep(parser->reading, expr_and(parser->reading->expr, states, rest));
}

uint32_t parser_read(struct reading *reading, const char *text, size_t len)
{
	struct parser parser = { .reading = reading, .lexer = { .text = text, .len = len } };
	advance(&parser);
	uint32_t node = read_filter(&parser);
	lexer_free(&parser.lexer);
	return node;
}
