// SPDX-License-Identifier: MIT
/* columns_help.c - --list-columns: the table of columns as text (cli.h). */
#include <sockview/cli.h>

#include <stdio.h>
#include <stdlib.h>

#include <sockview/column_table.h>

char *columns_help(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	for (unsigned group = 0; group < GROUP_COUNT; group++) {
		const struct column *column;
		fprintf(file, "%s%s\n", group ? "\n" : "", column_group_title(group));
		for (size_t i = 0; (column = column_at(i)); i++)
			if (column->group == group)
				fprintf(file, "  %-21s %-7s%s%s%s%s\n", column->name, column_type_name(column->type),
				        column->help, column->unit ? " [" : "", column->unit ? column->unit : "",
				        column->unit ? "]" : "");
	}
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}
