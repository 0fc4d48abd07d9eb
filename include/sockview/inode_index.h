// SPDX-License-Identifier: MIT
/* inode_index.h - the sockets that owners are looked for: a set of inodes, each with a number, its slot. */
#ifndef SOCKVIEW_INODE_INDEX_H
#define SOCKVIEW_INODE_INDEX_H

#include <sockview/row.h>

/* Read-only, and so shared by threads, once filled. */
struct inode_index {
	struct inode_cell *cell; /* open addressing; see inode_index.c */
	uint32_t groups;         /* of cells */
	uint32_t count;          /* slots are 0 .. count-1 */
};

#define SLOT_NONE UINT32_MAX

/* From the rows that have an inode; with `peers` also the other ends of unix sockets. 0, or -1 with errno ENOMEM. */
int inode_index_build(struct inode_index *index, const struct table *table, bool peers);
/* Empty, with room for that many inodes at most. 0, or -1 with errno ENOMEM. */
int inode_index_begin(struct inode_index *index, size_t room);
/* The slot of an inode that is not 0, which is added unless it is there. */
uint32_t inode_index_add(struct inode_index *index, uint32_t inode);
/* The inode's slot or SLOT_NONE. */
uint32_t inode_index_find(const struct inode_index *index, uint32_t inode);
/* Fetches into the cache what the find will read. */
void inode_index_prefetch(const struct inode_index *index, uint32_t inode);
void inode_index_free(struct inode_index *index);

#endif
