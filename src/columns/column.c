/* column.c - the table of columns as a whole: by number, by name, chosen and by default (column.h). */
#include <sockview/column.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/vec.h>

#include "columns/columns.h"

/* Each file of columns holds a part of the table; the order is that of --list-columns. */
static const struct columns parts[] = {
	{ columns_socket, &columns_socket_count }, { columns_owner, &columns_owner_count },
	{ columns_extra, &columns_extra_count },   { columns_info, &columns_info_count },
	{ columns_ulp, &columns_ulp_count },
};

#define PARTS (countof(parts))

size_t column_count(void)
{
	size_t count = 0;
	for (size_t i = 0; i < PARTS; i++)
		count += *parts[i].count;
	return count;
}

const struct column *column_at(size_t index)
{
	for (size_t i = 0; i < PARTS; i++) {
		if (index < *parts[i].count)
			return &parts[i].column[index];
		index -= *parts[i].count;
	}
	return NULL;
}

static bool same_name(const char *name, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int c = text[i] == '-' ? '_' : tolower((unsigned char)text[i]);
		if (name[i] != c)
			return false;
	}
	return name[len] == '\0';
}

const struct column *column_find(const char *name, size_t len)
{
	const struct column *column;
	for (size_t i = 0; (column = column_at(i)); i++)
		if (strlen(column->name) == len && same_name(column->name, name, len))
			return column;
	return NULL;
}

const char *column_type_name(enum column_type type)
{
	static const char *const names[] = {
		[COLUMN_TEXT] = "text", [COLUMN_NUMBER] = "number", [COLUMN_REAL] = "real",
		[COLUMN_BOOL] = "bool", [COLUMN_TIME] = "time",     [COLUMN_LIST] = "list",
	};
	return names[type];
}

const char *column_group_title(enum column_group group)
{
	static const char *const titles[GROUP_COUNT] = {
		[GROUP_SOCKET] = "The socket",
		[GROUP_OWNER] = "Who holds it",
		[GROUP_EXTRA] = "More of the socket (-ee)",
		[GROUP_TIMER] = "Timer (-o)",
		[GROUP_MEMORY] = "Memory (-m)",
		[GROUP_INFO] = "TCP internals (-I)",
		[GROUP_UNIX] = "Unix sockets",
	};
	return titles[group];
}

/* --- a choice of columns --- */

int column_list_add(struct column_list *list, const struct column *column)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->column[i] == column)
			return 0;
	const struct column **grown =
		vec_reserve(list->column, &list->capacity, list->count + 1, sizeof(*list->column));
	if (!grown)
		return -1;
	list->column = grown;
	list->column[list->count++] = column;
	return 0;
}

void column_list_free(struct column_list *list)
{
	free(list->column);
	*list = (struct column_list){ 0 };
}

static int add_all(struct column_list *list)
{
	const struct column *column;
	for (size_t i = 0; (column = column_at(i)); i++)
		if (column_list_add(list, column) < 0)
			return -1;
	return 0;
}

static int unknown(struct error *error, const char *name, size_t len)
{
	char text[sizeof(error->subject)];
	size_t keep = len < sizeof(text) - 1 ? len : sizeof(text) - 1;
	memcpy(text, name, keep);
	text[keep] = '\0';
	return error_set(error, EINVAL, "find the column", text);
}

static int add_named(struct column_list *list, const char *name, size_t len, struct error *error)
{
	if (len && *name == '+') {
		name++;
		len--;
	}
	int done = 0;
	if (same_name("all", name, len)) {
		done = add_all(list);
	} else {
		const struct column *column = column_find(name, len);
		if (!column)
			return unknown(error, name, len);
		done = column_list_add(list, column);
	}
	return done < 0 ? error_set(error, errno, "keep the columns", "") : 0;
}

int column_list_parse(struct column_list *list, const char *text, struct error *error)
{
	if (*text != '+')
		list->count = 0;
	for (;;) {
		size_t len = strcspn(text, ",");
		if (add_named(list, text, len, error) < 0)
			return -1;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

void column_list_needs(const struct column_list *list, struct column_needs *needs)
{
	for (size_t i = 0; i < list->count; i++) {
		needs->want |= list->column[i]->want;
		needs->details |= list->column[i]->details;
		needs->need |= list->column[i]->need;
	}
}

/* --- the columns nobody named --- */

static int add_names(struct column_list *list, const char *names)
{
	struct error error;
	while (*names) {
		size_t len = strcspn(names, " ");
		if (add_named(list, names, len, &error) < 0)
			return -1;
		names += len + (names[len] == ' ');
	}
	return 0;
}

static int add_group(struct column_list *list, enum column_group group)
{
	const struct column *column;
	for (size_t i = 0; (column = column_at(i)); i++)
		if (column->group == group && column_list_add(list, column) < 0)
			return -1;
	return 0;
}

int column_list_default(struct column_list *list, const struct column_defaults *how)
{
	bool table = how->style == COLUMNS_TABLE, tree = how->style == COLUMNS_TREE;
	const struct {
		bool yes;
		const char *names;
	} names[] = {
		{ table, "proto recv_q send_q" },
		{ table && how->inet, "local remote" },
		{ table, "state" },
		{ !table, "proto family state recv_q send_q backlog" },
		{ !table && how->inet, "local_address local_port remote_address remote_port interface" },
		{ how->unix_, "unix_type path" },
		{ !table, "uid inode" },
		{ how->extend && !how->numeric_users, "user" },
		{ how->extend, "uid inode" },
		{ tree && how->programs, "owners owner_reason" },
		{ !tree && how->programs == 1, "pid program" },
		{ !tree && how->programs > 1, "owners" },
	};
	const struct {
		bool yes;
		enum column_group group;
	} groups[] = {
		{ how->extend > 1, GROUP_EXTRA },
		{ how->timers, GROUP_TIMER },
		{ how->memory, GROUP_MEMORY },
		{ how->info, GROUP_INFO },
		{ how->unix_ && how->extend, GROUP_UNIX },
	};
	for (size_t i = 0; i < countof(names); i++)
		if (names[i].yes && add_names(list, names[i].names) < 0)
			return -1;
	for (size_t i = 0; i < countof(groups); i++)
		if (groups[i].yes && add_group(list, groups[i].group) < 0)
			return -1;
	return 0;
}
