// SPDX-License-Identifier: MIT
/*
 * bounded.c - whether each alternative of a filter names what it is about
 * (filter_is_bounded()): what is closed or signalled must have been named.
 */
#include <sockview/filter.h>

#include <string.h>

#include <sockview/column_table.h>
#include <sockview/countof.h>

#include "select/column_term.h"
#include "select/filter_parts.h"

static bool ranges_name(const struct expr *expr, struct expr_span ranges)
{
	uint64_t count = 0;
	for (uint32_t i = 0; i < ranges.count; i++)
		count += (uint64_t)expr->range[ranges.first + i].high - expr->range[ranges.first + i].low + 1;
	return count > 0 && count <= FILTER_BOUND;
}

/* A pattern with a character of its own: not *, ?*, [!x]*, and of a path not the root and all below it. */
static bool glob_names(const char *glob, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (glob[i] == '[') {
			while (i < len && glob[i] != ']')
				i++;
			continue;
		}
		if (!strchr("*?/", glob[i]))
			return true;
	}
	return false;
}

static bool host_names(const struct expr *expr, const struct expr_node *node)
{
	if (node->family != AF_UNSPEC && node->prefix_len)
		return true;
	return !(node->mask & EXPR_HOST_ORDER) && ranges_name(expr, node->ranges);
}

static bool column_names(const struct expr *expr, const struct expr_node *node)
{
	static const char *const names[] = { "local_port", "remote_port", "local_address",  "remote_address",
		                             "pid",        "program",     "user",           "process_user",
		                             "unit",       "cgroup",      "process_cgroup", "cookie" };
	const char *at = expr->text + node->text.first, *end = at + node->text.count;
	bool known = false;
	for (size_t i = 0; i < countof(names); i++)
		known |= strcmp(names[i], column_at(node->value)->name) == 0;
	if (!known || node->end != COMPARE_EQ || node->prefix_len == OPERAND_COLUMN)
		return false;
	if (node->prefix_len == OPERAND_NUMBERS)
		return column_term_count(expr, node) <= FILTER_BOUND;
	for (size_t len; at < end; at += len + 1) {
		len = strlen(at);
		if (!glob_names(at, len))
			return false;
	}
	return true;
}

static bool node_names(const struct expr *expr, uint32_t index)
{
	const struct expr_node *node = &expr->node[index];
	bool all = node->kind == EXPR_OR;
	switch ((enum expr_kind)node->kind) {
	case EXPR_NONE:
		return true;
	case EXPR_AND:
	case EXPR_OR:
		for (uint32_t i = node->child; i; i = expr->node[i].next)
			if (node_names(expr, i) != all)
				return !all;
		return all;
	case EXPR_HOST:
		return host_names(expr, node);
	case EXPR_PID:
	case EXPR_USER:
		return ranges_name(expr, node->ranges);
	case EXPR_PROGRAM:
	case EXPR_CGROUP:
	case EXPR_UNIX:
		return glob_names(expr->text + node->text.first, node->text.count);
	case EXPR_COLUMN:
		return column_names(expr, node);
	default:
		return false;
	}
}

bool filter_is_bounded(const struct filter *filter)
{
	return node_names(&filter->expr, filter->expr.root);
}
