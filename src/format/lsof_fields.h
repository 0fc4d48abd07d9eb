// SPDX-License-Identifier: MIT
/* lsof_fields.h - lsof -F. */
#ifndef SOCKVIEW_FORMAT_LSOF_FIELDS_H
#define SOCKVIEW_FORMAT_LSOF_FIELDS_H

#include "format/lsof_line.h"

/* The fields that view->fields names. 0, or -1 with errno ENOMEM. */
int lsof_out_fields(struct lsof_state *state, const struct view *view, struct out *out);

#endif
