// SPDX-License-Identifier: MIT
/* carry.h - owners from one look to the next, so that only new sockets are looked for. */
#ifndef SOCKVIEW_CARRY_H
#define SOCKVIEW_CARRY_H

#include <sockview/owner.h>
#include <sockview/process_list.h>

/*
 * The inodes of the table's rows that the look before did not have or left
 * `waiting`, or whose owners have all ended since. 0, or -1 with errno ENOMEM.
 */
int owners_unknown(const struct owners *before, const struct inode_index *waiting, const struct process_list *living,
                   const struct table *table, struct inode_index *unknown);
/*
 * Fills `now`, whose index is built of the table: what was found (NULL:
 * nothing was looked for) of those, and of the others what was known of
 * processes that still live. 0, or -1 with errno ENOMEM.
 */
int owners_carry(struct owners *now, const struct owners *before, const struct owners *found,
                 const struct process_list *living, const struct table *table);

#endif
