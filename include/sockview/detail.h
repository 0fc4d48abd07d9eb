/* detail.h - the details of a socket as text behind its row: -ee, -m and -I of the netstat format. */
#ifndef SOCKVIEW_DETAIL_H
#define SOCKVIEW_DETAIL_H

#include <sockview/column.h>
#include <sockview/out.h>

/*
 * Appends " name:value" for each column of the group that has a value, a unit
 * of time or rate behind it, a true bool as its name alone. What is 0 or
 * false is left out of GROUP_INFO and GROUP_EXTRA, as it tells nothing there.
 * 0, or -1 with errno ENOMEM.
 */
int detail_out(struct out *out, struct text *scratch, enum column_group group, const struct column_source *source);

#endif
