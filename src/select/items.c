// SPDX-License-Identifier: MIT
/*
 * items.c - lsof's lists beside -i: files of chosen processes (-p, -u, -c, -g), joined as lsof joins them.
 *
 *   -i:80 -p 1,^2 -c /ngi/     (port 80 OR pid 1 OR command) AND NOT pid 2
 *   -a -i:80 -p 1 -c ngi       (port 80 AND pid 1 AND command)
 *
 * lsof's exit status tells of each item whether it was found: so each is kept.
 */
#include <sockview/filter.h>

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/vec.h>

#include "select/filter_parts.h"
#include "select/judge.h"

/* /RE/ and what may stand behind it: b basic, i any case, x extended (which it is anyway). */
static uint32_t command_regex(struct filter *filter, struct reading *reading, struct piece item)
{
	static const char expected[] = "/REGEX/ with b, i or x behind it";
	const char *end = memrchr(item.text + 1, '/', item.len - 1);
	size_t len = end ? (size_t)(end - item.text) - 1 : 0;
	int flags = REG_EXTENDED | REG_NOSUB;
	char text[256];
	if (!end || !len || !piece_copy((struct piece){ item.text + 1, len, 0 }, text, sizeof(text)))
		return reading_fail(reading, item.at, expected, "found \"%.*s\"", PIECE_ARGS(item));
	for (const char *at = end + 1; at < item.text + item.len; at++) {
		if (!strchr("bix", *at))
			return reading_fail(reading, item.at + (size_t)(at - item.text), expected, "found \"%c\"", *at);
		flags = *at == 'b' ? flags & ~REG_EXTENDED : *at == 'i' ? flags | REG_ICASE : flags;
	}
	regex_t *regex = vec_push(filter->regex, filter->regex_count, filter->regex_capacity);
	if (!regex)
		return reading_no_memory(reading);
	int result = regcomp(regex, text, flags);
	if (result) {
		char why[100];
		regerror(result, regex, why, sizeof(why));
		filter->regex_count--;
		return reading_fail(reading, item.at, expected, "%s", why);
	}
	return reading_add(reading,
	                   &(struct expr_node){ .kind = EXPR_COMMAND, .value = (uint32_t)filter->regex_count });
}

static uint32_t command_read(struct filter *filter, struct reading *reading, struct piece item)
{
	struct expr_node node = { .kind = EXPR_COMMAND };
	if (!item.len)
		return reading_fail(reading, item.at, "the beginning of a command's name, or /REGEX/", "it ends here");
	if (item.text[0] == '/')
		return command_regex(filter, reading, item);
	if (expr_keep_text(&filter->expr, item.text, item.len, &node.text) < 0)
		return reading_no_memory(reading);
	return reading_add(reading, &node);
}

static uint32_t items_read(struct filter *filter, struct reading *reading, enum filter_item kind, struct piece item)
{
	uint32_t node;
	switch (kind) {
	case ITEM_COMMAND:
		return command_read(filter, reading, item);
	case ITEM_USER:
		node = user_read(reading, item);
		/* The process's user, not that of the socket's maker. */
		if (node != EXPR_FAILED)
			filter->expr.node[node].value = 1;
		return node;
	case ITEM_GROUP:
		node = pid_read(reading, item);
		if (node != EXPR_FAILED)
			filter->expr.node[node].kind = EXPR_GROUP;
		return node;
	default:
		return pid_read(reading, item);
	}
}

int filter_seek(struct filter *filter, uint32_t node, enum filter_sought_in in)
{
	struct filter_sought *sought = vec_push(filter->sought, filter->sought_count, filter->sought_capacity);
	if (!sought)
		return -1;
	*sought = (struct filter_sought){ .node = node, .in = in };
	return 0;
}

int filter_add_item(struct filter *filter, enum filter_item kind, const char *text, size_t len,
                    struct filter_error *error)
{
	struct reading reading = filter_reading(filter, error);
	struct filter_choice *choice = &filter->item[kind];
	struct piece rest = { text, len, 0 }, item;
	/* Of -c the comma is part of the name. */
	while (kind == ITEM_COMMAND ? (item = rest, true) : piece_split(&rest, ',', &item)) {
		bool unwanted = piece_skip(&item, "^");
		uint32_t node = items_read(filter, &reading, kind, item);
		if (node == EXPR_FAILED)
			return -1;
		filter->needs.items = true;
		expr_list_add(&filter->expr, unwanted ? &choice->unwanted : &choice->wanted, node);
		if (!unwanted && filter_seek(filter, node, SOUGHT_PROCESS) < 0)
			return reading_no_memory(&reading), -1;
		if (kind == ITEM_COMMAND)
			break;
	}
	return 0;
}

void filter_join_items(struct filter *filter, bool all, unsigned also)
{
	filter->items_all = all;
	filter->items_also = also;
}

void items_close(struct filter *filter)
{
	struct expr *expr = &filter->expr;
	struct expr_list kinds = { .kind = filter->items_all ? EXPR_AND : EXPR_OR };
	if (filter->needs.specs)
		expr_list_add(expr, &kinds, expr_list_close(expr, &filter->specs));
	if (filter->items_also)
		expr_list_add(expr, &kinds,
		              expr_add(expr, &(struct expr_node){ .kind = EXPR_PROTO, .mask = filter->items_also }));
	for (size_t i = 0; i < ITEM_COUNT; i++) {
		struct filter_choice *choice = &filter->item[i];
		if (choice->wanted.count || choice->wanted.failed)
			expr_list_add(expr, &kinds, expr_list_close(expr, &choice->wanted));
		if (choice->unwanted.count || choice->unwanted.failed)
			expr_list_add(expr, &filter->all, expr_not(expr, expr_list_close(expr, &choice->unwanted)));
	}
	if (kinds.count || kinds.settled || kinds.failed)
		expr_list_add(expr, &filter->all, expr_list_close(expr, &kinds));
}

void items_free(struct filter *filter)
{
	for (size_t i = 0; i < filter->regex_count; i++)
		regfree(&filter->regex[i]);
	free(filter->regex);
	free(filter->sought);
}

/* --- what was found --- */

void filter_seek_in(struct filter *filter, const struct sock *sock, const struct owners *owners)
{
	for (size_t i = 0; i < filter->sought_count; i++)
		if (!filter->sought[i].found)
			filter->sought[i].found =
				judge_part(filter, filter->sought[i].node, sock, owners) == VERDICT_YES;
}

void filter_seek_process(struct filter *filter, const struct filter_process *process)
{
	for (size_t i = 0; i < filter->sought_count; i++) {
		struct filter_sought *sought = &filter->sought[i];
		if (sought->in == SOUGHT_PROCESS && !sought->found)
			sought->found = judge_process(filter, &filter->expr.node[sought->node], process);
	}
}

void filter_seek_state(struct filter *filter, const struct sock *sock)
{
	for (size_t i = 0; i < filter->sought_count; i++) {
		struct filter_sought *sought = &filter->sought[i];
		if (sought->in == SOUGHT_STATE && !sought->found)
			sought->found = judge_part(filter, sought->node, sock, NULL) == VERDICT_YES;
	}
}

unsigned filter_missing_in(const struct filter *filter, enum filter_sought_in in)
{
	unsigned missing = 0;
	for (size_t i = 0; i < filter->sought_count; i++)
		missing += !filter->sought[i].found && filter->sought[i].in == in;
	return missing;
}

unsigned filter_missing(const struct filter *filter)
{
	return filter_missing_in(filter, SOUGHT_FITTING) + filter_missing_in(filter, SOUGHT_STATE) +
	       filter_missing_in(filter, SOUGHT_PROCESS);
}
