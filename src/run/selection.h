/*
 * selection.h - which sockets the command line wants: its options and FILTER
 * as one filter, and the query that follows.
 */
#ifndef SOCKVIEW_SELECTION_H
#define SOCKVIEW_SELECTION_H

#include <sockview/filter.h>

#include <sockview/options.h>

struct selection {
	struct filter *filter;
	struct filter_needs needs;
	struct text text; /* the FILTER as one line */
	/* After a failure: what could not be read (an option's name or "filter"), its text, and why. */
	const char *what;
	const char *wrong;
	size_t wrong_len;
	struct filter_error problem;
};

/*
 * Reads the filter, and --filter-file with the rights the caller has now. 0;
 * or -1: with errno if `wrong` is NULL (what: the file or the step that
 * failed), else for what `problem` says. selection_free() after both; `lookup`
 * must last until then.
 */
int selection_make(struct selection *selection, const struct options *options, const struct lookup *lookup);
void selection_free(struct selection *selection);

/* Sets protocols, families, states and details of the query, as small as the selection allows. */
void selection_query(const struct selection *selection, const struct options *options, struct query *query);

/* True if only connected sockets are looked at, because nothing else was said. */
/* Whether what is looked at can hold sockets that wait for others, and whether any of another kind. */
void selection_kinds(const struct query *query, bool *servers, bool *others);
bool selection_is_connected(const struct selection *selection, const struct options *options);

#endif
