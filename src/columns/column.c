// SPDX-License-Identifier: MIT
/* column.c - the words for columns' types and groups, and the value of a column that is a field (column.h). */
#include <sockview/column.h>

#include <string.h>

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
		[GROUP_RATE] = "Rates (of two looks: -c)",
		[GROUP_UNIX] = "Unix sockets",
		[GROUP_FAMILY] = "Sockets of one family alone",
		[GROUP_FILTER] = "Packet filters (-b)",
		[GROUP_STORAGE] = "Storage of BPF programs (--bpf-maps)",
	};
	return titles[group];
}

/* Columns of one family's details are named for it. */
unsigned column_protos(const struct column *column)
{
	if (column->group == GROUP_UNIX)
		return protos_of(AF_UNIX);
	if (column->group != GROUP_FAMILY && column->group != GROUP_FILTER)
		return 0;
	return protos_by_word(column->name, strcspn(column->name, "_"), NULL) | column->protos;
}

static const char *word_of(const struct column *column, uint64_t number)
{
	if (number < column->first_word)
		return NULL;
	for (size_t i = 0; column->words[i]; i++)
		if (i == number - column->first_word)
			return column->words[i];
	return NULL;
}

void column_set(const struct column *column, uint64_t number, struct value *value)
{
	const char *word = column->words ? word_of(column, number) : NULL;
	if (!word && column->unknown_words)
		*value = (struct value){ .kind = VALUE_UNKNOWN_WORD, .uint = number };
	else if (column->words)
		value_set_word(value, word);
	else if (column->type == COLUMN_BOOL)
		value_set_bool(value, number);
	else
		value_set_uint(value, number);
}

void column_get_field(const struct column *column, const struct column_source *source, struct value *value)
{
	if (column_field_number(&column->field, source, &value->uint))
		column_set(column, value->uint, value);
}
