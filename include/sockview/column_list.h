// SPDX-License-Identifier: MIT
/* column_list.h - a choice of columns: those of --columns, those of an option, and what has to be collected for them. */
#ifndef SOCKVIEW_COLUMN_LIST_H
#define SOCKVIEW_COLUMN_LIST_H

#include <sockview/column.h>
#include <sockview/error.h>

/* In order. Zero-initialised is empty; column_list_free() frees the array. */
struct column_list {
	const struct column **column;
	size_t count, capacity;
};

/* Each adds what is not there yet. 0, or -1 with errno ENOMEM. */
int column_list_add(struct column_list *list, const struct column *column);
int column_list_add_group(struct column_list *list, enum column_group group);
/*
 * Reads "proto,state": the named columns instead of what the list holds. A
 * first name with `+` or `-` keeps what it holds; each name with `-` takes its
 * column out, each other one adds it; `all` is every column. 0, or -1 with
 * error: EINVAL, a name that no column has as its subject; ENODATA, no column
 * is left; ENOMEM.
 */
int column_list_parse(struct column_list *list, const char *text, struct error *error);
void column_list_free(struct column_list *list);

/* What the options of netstat's lines mean if --columns is not given. */
enum column_style {
	COLUMNS_NONE,  /* none */
	COLUMNS_TABLE, /* for people: endpoints instead of addresses and ports */
	COLUMNS_FLAT,  /* csv, tsv: one text a cell */
	COLUMNS_TREE,  /* json: lists may be cells */
};

struct column_defaults {
	enum column_style style;
	unsigned protos; /* PROTO_BIT()s: what is asked for */
	unsigned programs, extend;
	bool timers, memory, info, filters, storage, contexts;
	bool numeric_users;
	bool netns; /* the rows are of several network namespaces */
};
int column_list_default(struct column_list *list, const struct column_defaults *defaults);

/* All that has to be collected for the columns; adds to what the needs hold. */
struct column_needs {
	unsigned want;    /* enum want */
	unsigned details; /* enum process_detail */
	unsigned need;    /* enum column_need */
};
void column_needs_add(struct column_needs *needs, const struct column *column);
void column_list_needs(const struct column_list *list, struct column_needs *needs);

#endif
