// SPDX-License-Identifier: MIT
/*
 * column_term.h - a column compared with numbers, with text, or with another column.
 *
 * The node (EXPR_COLUMN, expr.h): `value` the column's number; `end` the
 * comparison; `prefix_len` what it is compared with, which lies in `text`, or
 * for OPERAND_COLUMN is the column whose number `mask` is. An absent value
 * makes every comparison false, COMPARE_NE too.
 */
#ifndef SELECT_COLUMN_TERM_H
#define SELECT_COLUMN_TERM_H

#include <sockview/column.h>

#include "select/reading.h"

/* In the order of enum token_kind's. */
enum compare { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LE, COMPARE_GT, COMPARE_GE };

enum operand {
	OPERAND_GLOBS,   /* patterns, a NUL behind each: one must fit, or none for COMPARE_NE */
	OPERAND_NUMBERS, /* struct column_span, one or more */
	OPERAND_COLUMN,
};

/* Reads the value; `quoted`: it is no column's name and no list. A node or EXPR_FAILED. */
uint32_t column_read(struct reading *reading, uint32_t number, enum compare compare, struct piece value, bool quoted);
/* The column of that name that may stand on the right of this one; false if there is none. */
bool column_right_of(const struct column *column, struct piece value, uint32_t *number);
/* The number of the column (column_at()); false if there is none of that name. */
bool column_number(struct piece name, uint32_t *number);

/* How many whole numbers the node (OPERAND_NUMBERS) names. */
long double column_term_count(const struct expr *expr, const struct expr_node *node);

/* True if a look for owners may decide its value. */
bool column_asks_owners(const struct column *column);
/* True if it may fit for one owner and not for another. */
bool column_term_is_of_owner(const struct expr_node *node);
/* True if owners, or names that are looked up as late as they are, may decide for this row. */
bool column_term_waits(const struct expr_node *node, const struct row *row);
/* `one`: as if the socket had one owner alone; what is said of all of them together is taken from `all`. */
bool column_term_fits(const struct expr *expr, const struct expr_node *node, const struct column_source *one,
                      const struct column_source *all);

#endif
