// SPDX-License-Identifier: MIT
/* by_owner.c - whether processes can be chosen before their sockets (filter_by_owner()). */
#include <sockview/filter.h>

#include "select/filter_parts.h"

static bool is_owner_condition(const struct expr_node *node)
{
	return node->kind == EXPR_PID || node->kind == EXPR_PROGRAM || node->kind == EXPR_USER ||
	       node->kind == EXPR_COMMAND || node->kind == EXPR_GROUP;
}

static bool asks_owners(const struct expr *expr, uint32_t index)
{
	const struct expr_node *node = &expr->node[index];
	bool parent = node->kind == EXPR_AND || node->kind == EXPR_OR || node->kind == EXPR_NOT;
	for (uint32_t i = parent ? node->child : 0; i; i = expr->node[i].next)
		if (asks_owners(expr, i))
			return true;
	return is_owner_condition(node);
}

static enum filter_by_owner node_by_owner(const struct expr *expr, uint32_t index)
{
	const struct expr_node *node = &expr->node[index];
	enum filter_by_owner best = BY_OWNER_NOT, worst = BY_OWNER_ALONE;
	switch ((enum expr_kind)node->kind) {
	case EXPR_NONE:
	case EXPR_PID:
	case EXPR_PROGRAM:
	case EXPR_COMMAND:
	case EXPR_GROUP:
		return BY_OWNER_ALONE;
	case EXPR_USER:
		/* See judge_user(): without a value it is also the socket's own. */
		return node->value ? BY_OWNER_ALONE : BY_OWNER_OR_UID;
	case EXPR_AND:
	case EXPR_OR:
		for (uint32_t i = node->child; i; i = expr->node[i].next) {
			enum filter_by_owner one = node_by_owner(expr, i);
			best = one > best ? one : best;
			worst = one < worst ? one : worst;
		}
		return node->kind == EXPR_AND ? best : worst;
	default:
		return BY_OWNER_NOT;
	}
}

enum filter_by_owner filter_by_owner(const struct filter *filter)
{
	const struct expr *expr = &filter->expr;
	/* What owners that do not fit may change: their absence, or a value of theirs. */
	for (uint32_t i = 0; i < expr->node_count; i++)
		if (expr->node[i].kind == EXPR_CGROUP || expr->node[i].kind == EXPR_COLUMN ||
		    (expr->node[i].kind == EXPR_NOT && asks_owners(expr, expr->node[i].child)))
			return BY_OWNER_NOT;
	return node_by_owner(expr, expr->root);
}
