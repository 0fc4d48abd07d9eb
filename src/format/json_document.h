// SPDX-License-Identifier: MIT
/* json_document.h - see json_document.c. */
#ifndef SOCKVIEW_FORMAT_JSON_DOCUMENT_H
#define SOCKVIEW_FORMAT_JSON_DOCUMENT_H

#include <sockview/format.h>

/* `,"name":` with `before` in the comma's place. */
void json_out_key(struct out *out, char before, const char *name);
/* The same and a number. */
void json_out_number_field(struct out *out, char before, const char *name, uint64_t number);
/* From the brace that opens the answer to the network namespace. */
void json_document_begin(const struct view *view, struct out *out);
/* The source and the report, and the brace. */
void json_document_end(const struct view *view, struct out *out);
/* True if nothing that could be told is missing, and no error ended the answer. Known at the end. */
bool view_is_complete(const struct view *view);

#endif
