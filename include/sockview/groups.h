// SPDX-License-Identifier: MIT
/*
 * groups.h - sockets counted by the values of columns.
 *
 * A group is a row of its own: a count, the columns that make it, and sums.
 * These are columns like any other (column.h), so each format of columns shows
 * groups as it shows sockets. Only the groups are kept, not the sockets.
 */
#ifndef SOCKVIEW_GROUPS_H
#define SOCKVIEW_GROUPS_H

#include <sockview/column_list.h>
#include <sockview/column_source.h>
#include <sockview/row.h>

struct groups;

/* The words of --group-by, --sum and --sort; the last two may be NULL. */
struct groups_words {
	const char *by, *sum, *sort;
	bool first_owner; /* a socket of several processes counts once, as the first one's */
};

enum { GROUPS_PROBLEM_MAX = 320 };

/* NULL with a line for the user in `problem`, empty if it is for want of memory. */
struct groups *groups_new(const struct groups_words *words, char problem[GROUPS_PROBLEM_MAX]);
void groups_free(struct groups *groups);

/* Adds COUNT, the columns and the sums, which live as long as the groups. 0, or -1 with errno ENOMEM. */
int groups_columns(const struct groups *groups, struct column_list *list);

/* Counts a socket: once for each process that holds it, if a column tells of one. 0, or -1 with errno ENOMEM. */
int groups_add(struct groups *groups, const struct column_context *context, const struct sock *sock);
/* So many sockets at once whose columns are alike; a sum takes one of them. 0, or -1 with errno ENOMEM. */
int groups_add_alike(struct groups *groups, const struct column_source *source, uint64_t count);
/* How many sockets were counted more than once. */
uint64_t groups_shared(const struct groups *groups);
/* Puts them in order. 0, or -1 with errno ENOMEM. */
int groups_order(struct groups *groups, const struct column_context *context);
size_t groups_count(const struct groups *groups);
/* A group as what its columns are taken of, until the next call. */
const struct sock *groups_at(struct groups *groups, size_t index);
/* A number of the group's keys, the same in each look. */
uint64_t groups_mark(const struct groups *groups, size_t index);
/* Forgets them all. */
void groups_clear(struct groups *groups);

#endif
