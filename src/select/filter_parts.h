// SPDX-License-Identifier: MIT
/* filter_parts.h - struct filter, for the files that put parts into it or read them. */
#ifndef SELECT_FILTER_PARTS_H
#define SELECT_FILTER_PARTS_H

#include <regex.h>

#include <sockview/column_source.h>

#include "select/reading.h"

/* An option's list: one of `wanted`, none of `unwanted`. */
struct filter_choice {
	struct expr_list wanted, unwanted;
};

struct filter {
	const struct lookup *names;
	const struct column_context *context; /* NULL: no column has a value */
	bool strict;
	struct expr expr;
	struct expr_list all;              /* what must hold, gathered */
	struct expr_list specs;            /* -i */
	struct filter_choice proto_states; /* -s */
	struct filter_choice option[FILTER_OPTION_COUNT];
	/* lsof's lists; all of them must hold with `items_all` (-a), else one; one is any socket of `items_also` (-U). */
	struct filter_choice item[ITEM_COUNT];
	unsigned items_also; /* PROTO_BIT()s */
	bool items_all;
	int spec_family; /* of SPECs without one: lsof's -i4 -itcp is IPv4 alone */
	regex_t *regex;  /* of -c /REGEX/: EXPR_COMMAND's value is the index + 1 */
	size_t regex_count, regex_capacity;
	struct filter_sought *sought;
	size_t sought_count, sought_capacity;
	struct filter_needs needs;
};

/* An item of lsof's line: its exit status tells whether each was found. */
struct filter_sought {
	uint32_t node;
	enum filter_sought_in in;
	bool found;
};

/* Keeps the node of an item. 0, or -1 with errno ENOMEM. */
int filter_seek(struct filter *filter, uint32_t node, enum filter_sought_in in);
/* For filter_close() and filter_free(). */
void items_close(struct filter *filter);
void items_free(struct filter *filter);

/* A reading that puts its nodes into the filter. */
static inline struct reading filter_reading(struct filter *filter, struct filter_error *error)
{
	*error = (struct filter_error){ 0 };
	filter->needs.any = true;
	return (struct reading){
		.expr = &filter->expr, .names = filter->names, .error = error, .strict = filter->strict
	};
}

#endif
