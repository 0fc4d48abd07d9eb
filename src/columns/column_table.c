// SPDX-License-Identifier: MIT
/* column_table.c - the parts of the column table as one (column_table.h). */
#include <sockview/column_table.h>

#include <errno.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/near.h>
#include <sockview/text.h>

#include "columns/columns.h"

/* The order is that of --list-columns. */
static const struct {
	const struct column *column;
	const size_t *count;
} parts[] = {
	{ columns_socket, &columns_socket_count }, { columns_owner, &columns_owner_count },
	{ columns_extra, &columns_extra_count },   { columns_info, &columns_info_count },
	{ columns_ulp, &columns_ulp_count },       { columns_family, &columns_family_count },
	{ columns_rate, &columns_rate_count },
};

const struct column *column_at(size_t index)
{
	for (size_t i = 0; i < countof(parts); i++) {
		if (index < *parts[i].count)
			return &parts[i].column[index];
		index -= *parts[i].count;
	}
	return NULL;
}

const struct column *column_find(const char *name, size_t len)
{
	const struct column *column;
	for (size_t i = 0; (column = column_at(i)); i++)
		if (text_is_name(column->name, name, len))
			return column;
	return NULL;
}

const struct column *column_named(const char *name, size_t len, struct error *error)
{
	const struct column *column = column_find(name, len);
	if (!column) {
		char text[sizeof(error->subject)] = "";
		memcpy(text, name, len < sizeof(text) - 1 ? len : sizeof(text) - 1);
		error_set(error, EINVAL, "find the column", text);
	}
	return column;
}

const struct column *column_nearest(const char *name, size_t len)
{
	const struct column *column, *best = NULL;
	char word[NEAR_LONGEST + 1];
	/* At most one slip in three letters. */
	size_t least = len / 3 + 1;
	if (len > NEAR_LONGEST)
		return NULL;
	for (size_t i = 0; i < len; i++)
		word[i] = name[i] == '-' ? '_' : text_lower(name[i]);
	word[len] = '\0';
	for (size_t i = 0; (column = column_at(i)); i++) {
		size_t far = near_distance(word, column->name);
		if (far < least) {
			least = far;
			best = column;
		}
	}
	return best;
}
