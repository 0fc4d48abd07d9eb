// SPDX-License-Identifier: MIT
/* detail.h - the details of a socket as text behind its row: -ee, -m and -I of the netstat format. */
#ifndef SOCKVIEW_DETAIL_H
#define SOCKVIEW_DETAIL_H

#include <sockview/column_list.h>
#include <sockview/out.h>

enum { DETAIL_TEXT = 32 };

/* A column, and what of it is written beside its value. */
struct detail {
	const struct column *column;
	size_t name_len, unit_len; /* unit_len 0: no unit is written */
	bool is_field;             /* its value is that of its field */
	bool is_plain;             /* a number as it stands there, in 4 or 8 bytes, but for a listener */
	bool is_short;             /* its name is in ... */
	char text[DETAIL_TEXT];    /* ... " name:" and blanks */
};

struct detail_list {
	struct detail *item;
	size_t count, capacity;
};

/* 0, or -1 with errno ENOMEM. detail_list_free() after both. */
int detail_list_make(struct detail_list *list, const struct column_list *columns);
void detail_list_free(struct detail_list *list);

/*
 * Appends " name:value" for each of the columns that has a value, a unit of
 * time or rate behind it, a true bool as its name alone. Numbers that are 0
 * and bools that are false are left out, but for those of GROUP_MEMORY.
 * 0, or -1 with errno ENOMEM.
 */
int detail_out(struct out *out, struct text *scratch, const struct detail_list *details,
               const struct column_source *source);

#endif
