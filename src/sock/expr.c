// SPDX-License-Identifier: MIT
/* expr.c - building and reading the tree of a filter; see expr.h. */
#include <sockview/expr.h>

#include <string.h>

#include <sockview/vec.h>

/* Room for `more` items behind `count`, which are indexed by 32 bits. */
static int reserve(void *array_at, size_t *capacity, size_t count, size_t more, size_t size)
{
	void **array = array_at;
	if (more > UINT32_MAX - 1 || count > UINT32_MAX - 1 - more) {
		errno = ENOMEM;
		return -1;
	}
	void *grown = vec_reserve(*array, capacity, count + more, size);
	if (!grown)
		return -1;
	*array = grown;
	return 0;
}

uint32_t expr_add(struct expr *expr, const struct expr_node *node)
{
	if (reserve(&expr->node, &expr->node_capacity, expr->node_count, 1, sizeof(*expr->node)) < 0)
		return EXPR_FAILED;
	expr->node[expr->node_count] = *node;
	return (uint32_t)expr->node_count++;
}

int expr_init(struct expr *expr)
{
	*expr = (struct expr){ 0 };
	return expr_add(expr, &(struct expr_node){ .kind = EXPR_ALL }) == 0 ? 0 : -1;
}

void expr_free(struct expr *expr)
{
	free(expr->node);
	free(expr->range);
	free(expr->number);
	free(expr->text);
	*expr = (struct expr){ 0 };
}

uint32_t expr_none(struct expr *expr)
{
	return expr_add(expr, &(struct expr_node){ .kind = EXPR_NONE });
}

uint32_t expr_not(struct expr *expr, uint32_t child)
{
	if (child == EXPR_FAILED)
		return EXPR_FAILED;
	switch (expr->node[child].kind) {
	case EXPR_ALL:
		return expr_none(expr);
	case EXPR_NONE:
		return 0;
	case EXPR_NOT:
		return expr->node[child].child;
	default:
		return expr_add(expr, &(struct expr_node){ .kind = EXPR_NOT, .child = child });
	}
}

/* AND and OR keep their last child in `value`, so that lists are joined without a walk. */
static void list_append(const struct expr *expr, struct expr_list *list, uint32_t first, uint32_t last)
{
	if (list->count)
		expr->node[list->last].next = first;
	else
		list->first = first;
	list->last = last;
	list->count++;
}

void expr_list_add(const struct expr *expr, struct expr_list *list, uint32_t child)
{
	if (child == EXPR_FAILED) {
		list->failed = true;
		return;
	}
	const struct expr_node *node = &expr->node[child];
	if (node->kind == (list->kind == EXPR_AND ? EXPR_ALL : EXPR_NONE))
		return;
	if (node->kind == (list->kind == EXPR_AND ? EXPR_NONE : EXPR_ALL)) {
		list->settled = true;
		return;
	}
	if (node->kind != list->kind) {
		list_append(expr, list, child, child);
		return;
	}
	list_append(expr, list, node->child, node->value);
	list->count++; /* a list within has two or more */
}

uint32_t expr_list_close(struct expr *expr, struct expr_list *list)
{
	bool all = list->kind == EXPR_AND;
	if (list->failed)
		return EXPR_FAILED;
	if (list->settled)
		all = !all;
	if (list->settled || !list->count)
		return all ? 0 : expr_none(expr);
	if (list->count == 1)
		return list->first;
	return expr_add(expr,
	                &(struct expr_node){ .kind = (uint8_t)list->kind, .child = list->first, .value = list->last });
}

uint32_t expr_and(struct expr *expr, uint32_t a, uint32_t b)
{
	struct expr_list list = { .kind = EXPR_AND };
	expr_list_add(expr, &list, a);
	expr_list_add(expr, &list, b);
	return expr_list_close(expr, &list);
}

static int range_order(const void *a, const void *b)
{
	const struct expr_range *x = a, *y = b;
	return x->low < y->low ? -1 : x->low > y->low;
}

/* How many are left when those that overlap or touch are one. */
static size_t ranges_join(struct expr_range *ranges, size_t count)
{
	if (!count)
		return 0;
	qsort(ranges, count, sizeof(*ranges), range_order);
	size_t kept = 0;
	for (size_t i = 1; i < count; i++) {
		struct expr_range *last = &ranges[kept];
		if (ranges[i].low > last->high && ranges[i].low - last->high > 1)
			ranges[++kept] = ranges[i];
		else if (ranges[i].high > last->high)
			last->high = ranges[i].high;
	}
	return kept + 1;
}

int expr_keep_ranges(struct expr *expr, struct expr_range *ranges, size_t count, struct expr_span *span)
{
	count = ranges_join(ranges, count);
	if (reserve(&expr->range, &expr->range_capacity, expr->range_count, count, sizeof(*expr->range)) < 0)
		return -1;
	*span = (struct expr_span){ (uint32_t)expr->range_count, (uint32_t)count };
	if (count)
		memcpy(expr->range + expr->range_count, ranges, count * sizeof(*ranges));
	expr->range_count += count;
	return 0;
}

static int number_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

int expr_keep_numbers(struct expr *expr, uint64_t *numbers, size_t count, struct expr_span *span)
{
	if (reserve(&expr->number, &expr->number_capacity, expr->number_count, count, sizeof(*expr->number)) < 0)
		return -1;
	*span = (struct expr_span){ (uint32_t)expr->number_count, (uint32_t)count };
	if (!count)
		return 0;
	qsort(numbers, count, sizeof(*numbers), number_order);
	memcpy(expr->number + expr->number_count, numbers, count * sizeof(*numbers));
	expr->number_count += count;
	return 0;
}

int expr_keep_text(struct expr *expr, const char *text, size_t len, struct expr_span *span)
{
	if (reserve(&expr->text, &expr->text_capacity, expr->text_count, len, 1) < 0)
		return -1;
	*span = (struct expr_span){ (uint32_t)expr->text_count, (uint32_t)len };
	if (len)
		memcpy(expr->text + expr->text_count, text, len);
	expr->text_count += len;
	return 0;
}

bool expr_in_ranges(const struct expr *expr, struct expr_span ranges, uint32_t value)
{
	const struct expr_range *range = expr->range + ranges.first;
	size_t low = 0, high = ranges.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (value > range[middle].high)
			low = middle + 1;
		else
			high = middle;
	}
	return low < ranges.count && value >= range[low].low;
}

bool expr_in_numbers(const struct expr *expr, struct expr_span numbers, uint64_t value)
{
	const uint64_t *number = expr->number + numbers.first;
	size_t low = 0, high = numbers.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (value > number[middle])
			low = middle + 1;
		else
			high = middle;
	}
	return low < numbers.count && number[low] == value;
}
