// SPDX-License-Identifier: MIT
/* columns.h - the parts of the column table, one a file of columns; column_table.c joins them. */
#ifndef SOCKVIEW_COLUMNS_H
#define SOCKVIEW_COLUMNS_H

#include <sockview/column.h>

extern const struct column columns_socket[], columns_owner[], columns_extra[], columns_info[], columns_ulp[],
	columns_family[], columns_rate[];
extern const size_t columns_socket_count, columns_owner_count, columns_extra_count, columns_info_count,
	columns_ulp_count, columns_family_count, columns_rate_count;

/* The place of a column's field that is the member of a struct. */
#define FIELD_OF(struct_, member) \
	.field.offset = offsetof(struct_, member), .field.size = sizeof(((struct_ *)NULL)->member)

/* For column.words. */
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

#endif
