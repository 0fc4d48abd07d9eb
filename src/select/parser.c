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
#include <sockview/countof.h>
#include <sockview/near.h>

#include "select/column_term.h"
#include "select/lexer.h"

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

enum accepts { EQUALITY, ORDER };

struct condition {
	const char *key;
	enum accepts accepts;
	const char *expected;                                          /* as a value */
	uint32_t (*read)(struct reading *reading, struct piece value); /* of what is no end of a connection */
	enum expr_end host, port; /* the end that the value is a host or ports of; 0: none */
	bool state, excluded;     /* it speaks of states; of those that do not fit */
	bool names_owner;         /* it asks for the sockets of an owner, of any state */
};

static uint32_t negated_if(struct reading *reading, bool negated, uint32_t node)
{
	if (node == EXPR_FAILED || !negated)
		return node;
	node = expr_not(reading->expr, node);
	return node == EXPR_FAILED ? reading_no_memory(reading) : node;
}

/* The ports that the comparison makes of one. */
static uint32_t ordered_ports(struct reading *reading, struct piece value, enum token_kind comparison,
                              struct expr_node *node)
{
	const struct expr_range *range = node->ranges.count == 1 ? &reading->expr->range[node->ranges.first] : NULL;
	if (!range || range->low != range->high)
		return reading_fail(reading, value.at, "one port", "found more or less than one port to compare with");
	node->mask = EXPR_HOST_ORDER;
	struct expr_range order[] = {
		[TOKEN_LT - TOKEN_LT] = { 0, range->low - 1 },
		[TOKEN_LE - TOKEN_LT] = { 0, range->low },
		[TOKEN_GT - TOKEN_LT] = { range->low + 1, 65535 },
		[TOKEN_GE - TOKEN_LT] = { range->low, 65535 },
	};
	if ((comparison == TOKEN_LT && range->low == 0) || (comparison == TOKEN_GT && range->low == 65535))
		return expr_none(reading->expr);
	if (expr_keep_ranges(reading->expr, &order[comparison - TOKEN_LT], 1, &node->ranges) < 0)
		return reading_no_memory(reading);
	return reading_add(reading, node);
}

/* The FAMILY: of ss before a port. */
static uint32_t port_family(struct reading *reading, struct piece *value)
{
	int family = AF_UNSPEC;
	if (piece_skip(value, "inet6:"))
		family = AF_INET6;
	else if (piece_skip(value, "inet:"))
		family = AF_INET;
	if (family == AF_UNSPEC)
		return 0;
	return reading_add(reading, &(struct expr_node){ .kind = EXPR_FAMILY, .family = (uint8_t)family });
}

static uint32_t port_condition(struct reading *reading, struct piece value, enum token_kind comparison,
                               enum expr_end end)
{
	struct expr_node node = { .kind = EXPR_HOST, .end = (uint8_t)end };
	if (reading->strict && end == EXPR_EITHER)
		node.end = EXPR_LOCAL;
	uint32_t family = port_family(reading, &value), ports = 0;
	bool any;
	if (family == EXPR_FAILED)
		return family;
	if (value.len && value.text[0] == ':')
		value = piece_from(value, 1);
	if (ports_read(reading, value, &node.ranges, &any) < 0)
		return EXPR_FAILED;
	if (comparison >= TOKEN_LT)
		ports = ordered_ports(reading, value, comparison, &node);
	else if (!any)
		ports = reading_add(reading, &node);
	if (ports == EXPR_FAILED)
		return ports;
	ports = negated_if(reading, comparison == TOKEN_NE, ports);
	uint32_t both = expr_and(reading->expr, family, ports);
	return both == EXPR_FAILED ? reading_no_memory(reading) : both;
}

static const struct condition conditions[] = {
	{ "sport", ORDER, EXPECTED_PORT, .port = EXPR_LOCAL },
	{ "dport", ORDER, EXPECTED_PORT, .port = EXPR_REMOTE },
	{ "src", EQUALITY, EXPECTED_HOST, .host = EXPR_LOCAL },
	{ "dst", EQUALITY, EXPECTED_HOST, .host = EXPR_REMOTE },
	{ "port", ORDER, EXPECTED_PORT, .port = EXPR_EITHER },
	{ "host", EQUALITY, EXPECTED_HOST, .host = EXPR_EITHER },
	{ "state", EQUALITY, "a state", .read = state_read, .state = true },
	{ "exclude", EQUALITY, "a state", .read = state_read, .state = true, .excluded = true },
	{ "excl", EQUALITY, "a state", .read = state_read, .state = true, .excluded = true },
	{ "dev", EQUALITY, "an interface", .read = device_read },
	{ "fwmark", EQUALITY, "MARK or MARK/MASK", .read = mark_read },
	{ "cgroup", EQUALITY, "a cgroup's path", .read = cgroup_read },
	{ "pid", EQUALITY, "a process id", .read = pid_read, .names_owner = true },
	{ "program", EQUALITY, "a program's name", .read = program_read, .names_owner = true },
	{ "user", EQUALITY, "a user's name or number", .read = user_read, .names_owner = true },
	{ "inode", EQUALITY, "an inode number", .read = inode_read },
	{ "event", EQUALITY, "an event", .read = event_read },
};

static const struct condition *condition_named(const char *key)
{
	for (size_t i = 0; i < countof(conditions); i++)
		if (strcmp(conditions[i].key, key) == 0)
			return &conditions[i];
	return NULL;
}

/* The key, a condition's or a column's, that a mistyped one may have meant; NULL if none is near. */
static const char *nearest_key(struct piece key)
{
	char word[NEAR_LONGEST + 1];
	const struct column *column = column_nearest(key.text, key.len);
	const char *best = NULL;
	size_t least = key.len / 3 + 1;
	if (!piece_copy(key, word, sizeof(word)))
		return NULL;
	for (size_t i = 0; i < countof(conditions); i++) {
		size_t far = near_distance(word, conditions[i].key);
		if (far < least) {
			least = far;
			best = conditions[i].key;
		}
	}
	return column && near_distance(word, column->name) < least ? column->name : best;
}

static uint32_t unknown_key(struct parser *parser, const struct token *token)
{
	char expected[sizeof(parser->reading->error->expected)];
	struct piece key = { parser->lexer.text + token->start, token->end - token->start, token->start };
	const char *near = nearest_key(key);
	if (near)
		snprintf(expected, sizeof(expected), "%s, or another key: sport, src, state ..., or any column", near);
	else
		snprintf(expected, sizeof(expected), "%s, or any column of --list-columns", EXPECTED_TERM);
	return reading_fail(parser->reading, key.at, expected, "unknown key \"%.*s\"", PIECE_ARGS(key));
}

static uint32_t condition_node(struct reading *reading, const struct condition *condition, struct piece value,
                               enum token_kind comparison)
{
	reading->target |= condition->port == EXPR_EITHER || condition->host == EXPR_EITHER;
	reading->who |= condition->port == EXPR_EITHER;
	if (condition->port)
		return port_condition(reading, value, comparison, condition->port);
	reading->states_said |= condition->state;
	/* As ports do: the question is who. */
	reading->target |= condition->names_owner;
	size_t first = reading->expr->node_count;
	uint32_t node = condition->host ? host_read(reading, value, condition->host) : condition->read(reading, value);
	if (node != EXPR_FAILED && condition->host == EXPR_EITHER)
		target_widen(reading, first);
	return negated_if(reading, (comparison == TOKEN_NE) != condition->excluded, node);
}

/* Reads the value that begins at `from`; leaves the token behind it as the next. */
static uint32_t read_value(struct parser *parser, const struct condition *condition, enum token_kind comparison,
                           size_t from)
{
	parser->lexer.at = from;
	struct token value = lexer_value(&parser->lexer);
	if (value.kind != TOKEN_WORD)
		return parser_fail(parser, &value, condition->expected);
	struct piece piece = { value.word, value.len, value.start };
	uint32_t column, other, node;
	struct piece key = { condition->key, strlen(condition->key), 0 };
	/* pid = ppid */
	if (!value.quoted && column_number(key, &column) && column_right_of(column_at(column), piece, &other))
		node = negated_if(parser->reading, comparison == TOKEN_NE,
		                  column_read(parser->reading, column, COMPARE_EQ, piece, false));
	else
		node = condition_node(parser->reading, condition, piece, comparison);
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
static uint32_t read_condition(struct parser *parser, const struct condition *condition)
{
	advance(parser);
	struct token comparison = parser->token;
	if (!token_compares(comparison.kind))
		return read_value(parser, condition, TOKEN_EQ, comparison.start);
	uint32_t column;
	struct piece key = { condition->key, strlen(condition->key), 0 };
	if (condition->accepts == EQUALITY && comparison.kind > TOKEN_NE && column_number(key, &column) &&
	    column_at(column)->type != COLUMN_TEXT)
		return read_column(parser, column);
	if (condition->accepts == EQUALITY && comparison.kind > TOKEN_NE)
		return parser_fail(parser, &comparison, "= or !=, or nothing");
	return read_value(parser, condition, comparison.kind, comparison.end);
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
	const struct condition *condition = condition_named(parser->token.word);
	if (condition)
		return read_condition(parser, condition);
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
	return negated_if(parser->reading, negated, read_primary(parser));
}

static uint32_t close_list(struct parser *parser, struct expr_list *list)
{
	uint32_t node = expr_list_close(parser->reading->expr, list);
	return node == EXPR_FAILED ? reading_no_memory(parser->reading) : node;
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
	static const struct condition chosen = { "state", EQUALITY, "a state", .read = state_read };
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
	uint32_t node = expr_and(parser->reading->expr, states, rest);
	return node == EXPR_FAILED ? reading_no_memory(parser->reading) : node;
}

uint32_t parser_read(struct reading *reading, const char *text, size_t len)
{
	struct parser parser = { .reading = reading, .lexer = { .text = text, .len = len } };
	advance(&parser);
	uint32_t node = read_filter(&parser);
	lexer_free(&parser.lexer);
	return node;
}
