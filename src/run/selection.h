// SPDX-License-Identifier: MIT
/*
 * selection.h - which sockets the command line wants: its options and FILTER
 * as one filter, and the query that follows.
 */
#ifndef SOCKVIEW_SELECTION_H
#define SOCKVIEW_SELECTION_H

#include <sockview/error.h>
#include <sockview/filter.h>

#include <sockview/options.h>

struct selection {
	struct filter *filter;
	struct filter_needs needs;
	struct text text; /* the FILTER as one line, a NUL behind it */
	bool program;     /* it is one word that is taken as a program's name */
	bool ports;       /* it is several ports: both, or where nothing has both, either */
	/* After a failure: the text that is wrong, what it was given as (an option's name or "filter"), and why. */
	const char *what;
	const char *wrong; /* NULL: no text is wrong, see error */
	size_t wrong_len;
	struct filter_error problem;
	struct error error;
};

/*
 * Reads the filter, and --filter-file with the rights the caller has now. 0,
 * or -1: with `error` if `wrong` is NULL, else with what `problem` says of the
 * text `wrong`. selection_free() after both; `lookup` must last until then.
 */
int selection_make(struct selection *selection, const struct options *options, const struct lookup *lookup);
/* The same with the several ports as alternatives. */
int selection_make_either(struct selection *selection, const struct options *options, const struct lookup *lookup);
void selection_free(struct selection *selection);

/* Sets protocols, families, states and details of the query, as small as the selection allows. */
void selection_query(const struct selection *selection, const struct options *options, struct query *query);

/* Whether the query's states include that of sockets that wait for peers, and any other. */
void selection_kinds(const struct query *query, bool *servers, bool *others);
/* True if only connected sockets are looked at, because nothing else was said. */
bool selection_is_connected(const struct selection *selection, const struct options *options);

#endif
