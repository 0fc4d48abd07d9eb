// SPDX-License-Identifier: MIT
/*
 * key_term.c - the keys of conditions that are no columns, and their values compared (key_term.h).
 *
 * Ports have an order; every other key is equal or is not.
 */
#include "select/key_term.h"

#include <string.h>

#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/near.h>

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

static uint32_t read_port(struct reading *reading, struct piece value, enum token_kind comparison, enum expr_end end)
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
	ports = reading_negate(reading, comparison == TOKEN_NE, ports);
	return reading_keep(reading, expr_and(reading->expr, family, ports));
}

static const struct key_term key_terms[] = {
	{ "sport", KEY_ORDER, EXPECTED_PORT, .port = EXPR_LOCAL },
	{ "dport", KEY_ORDER, EXPECTED_PORT, .port = EXPR_REMOTE },
	{ "src", KEY_EQUALITY, EXPECTED_HOST, .host = EXPR_LOCAL },
	{ "dst", KEY_EQUALITY, EXPECTED_HOST, .host = EXPR_REMOTE },
	{ "port", KEY_ORDER, EXPECTED_PORT, .port = EXPR_EITHER },
	{ "host", KEY_EQUALITY, EXPECTED_HOST, .host = EXPR_EITHER },
	{ "state", KEY_EQUALITY, "a state", .read = state_read, .state = true },
	{ "exclude", KEY_EQUALITY, "a state", .read = state_read, .state = true, .excluded = true },
	{ "excl", KEY_EQUALITY, "a state", .read = state_read, .state = true, .excluded = true },
	{ "dev", KEY_EQUALITY, "an interface", .read = device_read },
	{ "fwmark", KEY_EQUALITY, "MARK or MARK/MASK", .read = mark_read },
	{ "cgroup", KEY_EQUALITY, "a cgroup's path", .read = cgroup_read },
	{ "pid", KEY_EQUALITY, "a process id", .read = pid_read, .names_owner = true },
	{ "program", KEY_EQUALITY, "a program's name", .read = program_read, .names_owner = true },
	{ "user", KEY_EQUALITY, "a user's name or number", .read = user_read, .names_owner = true },
	{ "inode", KEY_EQUALITY, "an inode number", .read = inode_read },
	{ "event", KEY_EQUALITY, "an event", .read = event_read },
};

const struct key_term *key_term_named(const char *key)
{
	for (size_t i = 0; i < countof(key_terms); i++)
		if (strcmp(key_terms[i].key, key) == 0)
			return &key_terms[i];
	return NULL;
}

const char *key_term_nearest(struct piece key)
{
	char word[NEAR_LONGEST + 1];
	const struct column *column = column_nearest(key.text, key.len);
	const char *best = NULL;
	size_t least = key.len / 3 + 1;
	if (!piece_copy(key, word, sizeof(word)))
		return NULL;
	for (size_t i = 0; i < countof(key_terms); i++) {
		size_t far = near_distance(word, key_terms[i].key);
		if (far < least) {
			least = far;
			best = key_terms[i].key;
		}
	}
	return column && near_distance(word, column->name) < least ? column->name : best;
}

uint32_t key_term_read(struct reading *reading, const struct key_term *term, struct piece value,
                       enum token_kind comparison)
{
	reading->target |= term->port == EXPR_EITHER || term->host == EXPR_EITHER;
	reading->who |= term->port == EXPR_EITHER;
	if (term->port)
		return read_port(reading, value, comparison, term->port);
	reading->states_said |= term->state;
	/* As ports do: the question is who. */
	reading->target |= term->names_owner;
	size_t first = reading->expr->node_count;
	uint32_t node = term->host ? host_read(reading, value, term->host) : term->read(reading, value);
	if (node != EXPR_FAILED && term->host == EXPR_EITHER)
		target_widen(reading, first);
	return reading_negate(reading, (comparison == TOKEN_NE) != term->excluded, node);
}
