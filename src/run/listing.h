// SPDX-License-Identifier: MIT
/* listing.h - what is printed and in which form, as the options choose. */
#ifndef SOCKVIEW_LISTING_H
#define SOCKVIEW_LISTING_H

#include <sockview/column_list.h>
#include <sockview/column_source.h>
#include <sockview/format.h>
#include <sockview/groups.h>
#include <sockview/host_numbers.h>
#include <sockview/sort.h>

#include <sockview/options.h>

struct listing {
	const struct format *format;
	struct column_list columns;
	struct sort_list sort;
	struct groups *groups;     /* NULL: without --group-by */
	struct column_needs needs; /* of both */
	struct column_context context;
	struct document document;
	struct host_numbers host_numbers; /* of --summary */
	struct cgroups *cgroups;
	int cgroups_errno; /* why there are none, if it is not that none is mounted */
	struct containers *containers;
	char host[256];
	char boot_id[40]; /* struct origin's */
	bool who;         /* owners are shown and ports are numbers, as the question was who has a port */
};

/*
 * Chooses the format, the columns and the order. 0, or -1 with a line for the
 * user in `problem`. listing_free() after both.
 */
int listing_choose(struct listing *listing, const struct options *options, char problem[OPTIONS_PROBLEM_MAX]);
/* A port or a program was asked for, and nothing said what to print: who it is. 0, or -1 as above. */
int listing_ask_who(struct listing *listing, const struct options *options, char problem[OPTIONS_PROBLEM_MAX]);
void listing_free(struct listing *listing);

/*
 * Reads what the columns need of the system for one look, with the caller's own
 * rights. `proc_fd` may be -1. 0, or -1 with errno ENOMEM.
 */
int listing_prepare(struct listing *listing, const struct options *options, int proc_fd, bool proc_is_ours);

/* Reads all cgroups. 0, or -1 with errno ENOMEM. */
int listing_read_cgroups(struct listing *listing);
/* Looks up the cgroups of the table's sockets, which takes the rights of the moment. */
void listing_find_cgroups(const struct listing *listing, const struct table *table);
/* The errno for which not all cgroups could be read; 0: they were, or there are none here. */
int listing_cgroups_unread(const struct listing *listing);

/*
 * Reads what the columns need of the owners (names of containers), with the
 * caller's own rights. `owners` may be NULL. 0, or -1 with errno ENOMEM.
 */
int listing_prepare_owners(struct listing *listing, const struct options *options, int proc_fd,
                           const struct owners *owners);

#endif
