// SPDX-License-Identifier: MIT
/*
 * expr_ports.c - which ports a filter leaves possible (expr.h).
 *
 * AND intersects sets, OR unites them, NOT inverts the set of a condition that
 * is of ports alone. Any other condition leaves every port possible, so the
 * answer is never too small.
 */
#include <sockview/expr.h>

#define PORT_MAX 65535u
/* Beyond this depth of AND and OR every port is taken for possible. */
#define DEPTH_MAX 8

static bool node_ports(const struct expr *expr, uint32_t index, enum expr_end end, unsigned depth,
                       struct expr_ports *ports);

static bool ports_add(struct expr_ports *ports, uint32_t low, uint32_t high)
{
	if (ports->count == EXPR_PORTS_MAX)
		return false;
	ports->range[ports->count++] = (struct expr_range){ low, high };
	return true;
}

static bool host_ports(const struct expr *expr, const struct expr_node *node, struct expr_ports *ports)
{
	ports->count = 0;
	for (uint32_t i = 0; i < node->ranges.count; i++) {
		const struct expr_range *range = &expr->range[node->ranges.first + i];
		if (!ports_add(ports, range->low, range->high))
			return false;
	}
	return true;
}

static bool ports_invert(const struct expr_ports *from, struct expr_ports *to)
{
	uint32_t low = 0;
	to->count = 0;
	for (size_t i = 0; i < from->count; i++) {
		const struct expr_range *range = &from->range[i];
		if (range->low > low && !ports_add(to, low, range->low - 1))
			return false;
		low = range->high + 1;
	}
	return low > PORT_MAX || ports_add(to, low, PORT_MAX);
}

static bool ports_cut(struct expr_ports *ports, const struct expr_ports *by)
{
	struct expr_ports cut = { 0 };
	size_t i = 0, j = 0;
	while (i < ports->count && j < by->count) {
		const struct expr_range *x = &ports->range[i], *y = &by->range[j];
		uint32_t low = x->low > y->low ? x->low : y->low;
		uint32_t high = x->high < y->high ? x->high : y->high;
		if (low <= high && !ports_add(&cut, low, high))
			return false;
		if (x->high < y->high)
			i++;
		else
			j++;
	}
	*ports = cut;
	return true;
}

/* a or b, by way of not (not a and not b). */
static bool ports_join(struct expr_ports *ports, const struct expr_ports *with)
{
	struct expr_ports a, b;
	return ports_invert(ports, &a) && ports_invert(with, &b) && ports_cut(&a, &b) && ports_invert(&a, ports);
}

static bool or_ports(const struct expr *expr, const struct expr_node *node, enum expr_end end, unsigned depth,
                     struct expr_ports *ports)
{
	struct expr_ports one;
	ports->count = 0;
	for (uint32_t i = node->child; i; i = expr->node[i].next)
		if (!node_ports(expr, i, end, depth, &one) || !ports_join(ports, &one))
			return false;
	return true;
}

static bool and_ports(const struct expr *expr, const struct expr_node *node, enum expr_end end, unsigned depth,
                      struct expr_ports *ports)
{
	struct expr_ports one;
	bool told = false;
	for (uint32_t i = node->child; i; i = expr->node[i].next) {
		if (!node_ports(expr, i, end, depth, &one))
			continue;
		if (!told)
			*ports = one;
		else
			ports_cut(ports, &one); /* with too many ranges the larger set stays */
		told = true;
	}
	return told;
}

static bool not_ports(const struct expr *expr, const struct expr_node *node, enum expr_end end,
                      struct expr_ports *ports)
{
	struct expr_ports inner;
	bool only_ports = node->kind == EXPR_HOST && node->end == end && node->ranges.count &&
	                  node->family == AF_UNSPEC && !node->value;
	return only_ports && host_ports(expr, node, &inner) && ports_invert(&inner, ports);
}

static bool node_ports(const struct expr *expr, uint32_t index, enum expr_end end, unsigned depth,
                       struct expr_ports *ports)
{
	const struct expr_node *node = &expr->node[index];
	if (depth > DEPTH_MAX)
		return false;
	switch (node->kind) {
	case EXPR_NONE:
		ports->count = 0;
		return true;
	case EXPR_HOST:
		return node->end == end && node->ranges.count && host_ports(expr, node, ports);
	case EXPR_NOT:
		return not_ports(expr, &expr->node[node->child], end, ports);
	case EXPR_AND:
		return and_ports(expr, node, end, depth + 1, ports);
	case EXPR_OR:
		return or_ports(expr, node, end, depth + 1, ports);
	default:
		return false;
	}
}

bool expr_ports(const struct expr *expr, enum expr_end end, struct expr_ports *ports)
{
	return node_ports(expr, expr->root, end, 0, ports);
}
