// SPDX-License-Identifier: MIT
/* column_table.h - every column, by number and by name. */
#ifndef SOCKVIEW_COLUMN_TABLE_H
#define SOCKVIEW_COLUMN_TABLE_H

#include <sockview/column.h>
#include <sockview/error.h>

/* Columns are numbered from 0, group after group; NULL behind the last. */
const struct column *column_at(size_t index);
/* NULL if there is none of that name. Any case, `-` for `_`. */
const struct column *column_find(const char *name, size_t len);
/* The same, with an error if there is none: EINVAL, the name as its subject. */
const struct column *column_named(const char *name, size_t len, struct error *error);
/* The column whose name a mistyped one may have meant; NULL if none is near. */
const struct column *column_nearest(const char *name, size_t len);

#endif
