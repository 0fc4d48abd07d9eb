/* filter_parts.h - struct filter, for the files that put parts into it or read them. */
#ifndef SELECT_FILTER_PARTS_H
#define SELECT_FILTER_PARTS_H

#include <sockview/column_source.h>

#include "select/reading.h"

/* An option's list: one of `wanted`, none of `unwanted`. */
struct filter_choice {
	struct expr_list wanted, unwanted;
};

struct filter {
	const struct lookup *names;
	const struct column_context *context; /* NULL: no column has a value */
	struct expr expr;
	struct expr_list all;              /* what must hold, gathered */
	struct expr_list specs;            /* -i */
	struct filter_choice proto_states; /* -s */
	struct filter_choice option[FILTER_OPTION_COUNT];
	struct filter_needs needs;
};

/* A reading that puts its nodes into the filter. */
static inline struct reading filter_reading(struct filter *filter, struct filter_error *error)
{
	*error = (struct filter_error){ 0 };
	filter->needs.any = true;
	return (struct reading){ .expr = &filter->expr, .names = filter->names, .error = error };
}

#endif
