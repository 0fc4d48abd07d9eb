// SPDX-License-Identifier: MIT
/* sort.h - the order of rows by columns. */
#ifndef SOCKVIEW_SORT_H
#define SOCKVIEW_SORT_H

#include <sockview/column_list.h>
#include <sockview/row.h>

struct sort_key {
	const struct column *column;
	bool descending;
};

/* The first key counts most. Zero-initialised is empty; sort_list_free() frees the array. */
struct sort_list {
	struct sort_key *key;
	size_t count, capacity;
};

/* Reads "state,-recv_q". 0, or -1 with error: EINVAL, a name that no column has as its subject; ENOMEM. */
int sort_list_parse(struct sort_list *list, const char *text, struct error *error);
void sort_list_free(struct sort_list *list);
void sort_list_needs(const struct sort_list *list, struct column_needs *needs);

/*
 * The rows' indexes in order, to be freed; NULL with errno ENOMEM. Numbers are
 * compared as numbers, addresses by family and number, text byte by byte;
 * absent values come last, descending too; equal rows stay in netstat's order of
 * protocols and families, and therein as they were.
 */
uint32_t *sort_order(const struct table *table, const struct sort_list *list, const struct column_context *context);

/*
 * Appends a value as bytes whose memcmp() is the order, the absent behind all;
 * equal values alone have equal bytes, and no value's are the beginning of
 * another's. 0, or -1 with errno ENOMEM. sort_key_add() fetches it and minds
 * the key's direction.
 */
int sort_value_add(struct text *keys, const struct value *value, const struct column_source *source);
int sort_key_add(struct text *keys, const struct sort_key *key, const struct column_source *source);

#endif
