// SPDX-License-Identifier: MIT
/* parser.h - the FILTER: [state S | exclude S]... [EXPR]. */
#ifndef SELECT_PARSER_H
#define SELECT_PARSER_H

#include "select/reading.h"

/* A node or EXPR_FAILED, the error worded. An empty text is EXPR_ALL. */
uint32_t parser_read(struct reading *reading, const char *text, size_t len);

#endif
