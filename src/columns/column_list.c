// SPDX-License-Identifier: MIT
/* column_list.c - a choice of columns (column_list.h). */
#include <sockview/column_list.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/proto.h>
#include <sockview/text.h>
#include <sockview/vec.h>

int column_list_add(struct column_list *list, const struct column *column)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->column[i] == column)
			return 0;
	const struct column **added = vec_push(list->column, list->count, list->capacity);
	if (!added)
		return -1;
	*added = column;
	return 0;
}

int column_list_add_group(struct column_list *list, enum column_group group)
{
	const struct column *column;
	for (size_t i = 0; (column = column_at(i)); i++)
		if (column->group == group && column_list_add(list, column) < 0)
			return -1;
	return 0;
}

void column_list_free(struct column_list *list)
{
	free(list->column);
	*list = (struct column_list){ 0 };
}

static void column_list_remove(struct column_list *list, const struct column *column)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++)
		if (list->column[i] != column)
			list->column[kept++] = list->column[i];
	list->count = kept;
}

static int add_all(struct column_list *list)
{
	const struct column *column;
	for (size_t i = 0; (column = column_at(i)); i++)
		if (column_list_add(list, column) < 0)
			return -1;
	return 0;
}

/* One name of --columns, with its sign. */
static int parse_name(struct column_list *list, const char *name, size_t len, struct error *error)
{
	char sign = len && (*name == '+' || *name == '-') ? *name : 0;
	bool removed = sign == '-';
	name += sign != 0;
	len -= sign != 0;
	int result = 0;
	if (text_is_name("all", name, len)) {
		if (removed)
			list->count = 0;
		else
			result = add_all(list);
	} else {
		const struct column *column = column_named(name, len, error);
		if (!column)
			return -1;
		if (removed)
			column_list_remove(list, column);
		else
			result = column_list_add(list, column);
	}
	return result < 0 ? error_set(error, errno, "keep the columns", "") : 0;
}

int column_list_parse(struct column_list *list, const char *text, struct error *error)
{
	if (*text != '+' && *text != '-')
		list->count = 0;
	for (;; text++) {
		size_t len = strcspn(text, ",");
		if (parse_name(list, text, len, error) < 0)
			return -1;
		text += len;
		if (!*text)
			break;
	}
	return list->count ? 0 : error_set(error, ENODATA, "leave out all columns", "");
}

void column_needs_add(struct column_needs *needs, const struct column *column)
{
	needs->want |= column->want;
	needs->details |= column->details;
	needs->need |= column->need;
}

void column_list_needs(const struct column_list *list, struct column_needs *needs)
{
	for (size_t i = 0; i < list->count; i++)
		column_needs_add(needs, list->column[i]);
}

/* --- the columns of a format without --columns --- */

/* Names of columns with a blank between them; NULL for none. */
static int add_names(struct column_list *list, const char *names)
{
	while (names && *names) {
		size_t len = strcspn(names, " ");
		if (column_list_add(list, column_find(names, len)) < 0)
			return -1;
		names += len + (names[len] == ' ');
	}
	return 0;
}

int column_list_default(struct column_list *list, const struct column_defaults *how)
{
	bool table = how->style == COLUMNS_TABLE, tree = how->style == COLUMNS_TREE;
	bool inet = how->protos & PROTO_INET_ALL;
	const char *const first[] = {
		table ? "proto recv_q send_q" : "proto family state recv_q send_q backlog",
		table && inet ? "local remote" : NULL,
		table ? "state" : NULL,
		!table && inet ? "local_address local_port remote_address remote_port interface" : NULL,
	};
	const char *const last[] = {
		!table ? "uid inode" : NULL,
		!how->netns ? NULL
		: table     ? "netns_name"
			    : "netns netns_name",
		how->extend && !how->numeric_users ? "user" : NULL,
		how->extend ? "uid inode" : NULL,
		!how->programs       ? NULL
		: tree               ? "owners owner_reason"
		: how->programs == 1 ? "pid program"
				     : "owners",
		how->contexts ? "context" : NULL,
	};
	const struct {
		bool yes;
		enum column_group group;
	} groups[] = {
		{ how->extend > 1, GROUP_EXTRA }, { how->timers, GROUP_TIMER },   { how->memory, GROUP_MEMORY },
		{ how->info, GROUP_INFO },        { how->filters, GROUP_FILTER }, { how->storage, GROUP_STORAGE },
	};
	int result = 0;
	for (size_t i = 0; i < countof(first); i++)
		result |= add_names(list, first[i]);
	FOR_EACH_PROTO (proto, how->protos)
		result |= add_names(list, proto_table[proto].columns);
	for (size_t i = 0; i < countof(last); i++)
		result |= add_names(list, last[i]);
	for (size_t i = 0; i < countof(groups); i++)
		result |= groups[i].yes ? column_list_add_group(list, groups[i].group) : 0;
	FOR_EACH_PROTO (proto, how->extend ? how->protos : 0)
		result |= add_names(list, proto_table[proto].more_columns);
	return result;
}
