// SPDX-License-Identifier: MIT
/*
 * inode_index.c - the set of socket inodes that owners are looked for, each with a number.
 *
 *   inode 0x1234567 = 0x2468AC group, 7 place in it
 *   cells  |........|........|.......X|........|     eight cells of 8 bytes: one cache line
 *
 * Open addressing, linear probing. The kernel numbers sockets one after the
 * other and a process's fds are read in that order too, so eight neighbours
 * share a cache line; where the group lies is scattered, since two dense
 * ranges falling onto each other would make each probe as long as a range.
 */
#include <sockview/inode_index.h>

#include <errno.h>
#include <stdlib.h>

struct inode_cell {
	uint32_t inode; /* 0: empty */
	uint32_t slot;
};

#define GROUP_BITS 3
#define GROUPS_MIN 8
#define AHEAD      48 /* rows; a miss of the cache costs as much as dozens of them */

static size_t home_of(const struct inode_index *index, uint32_t inode)
{
	/* Fibonacci hashing: the upper half of the product is the well-mixed one. */
	uint64_t mixed = (uint64_t)(inode >> GROUP_BITS) * 0x9E3779B97F4A7C15u >> 32;
	/* Its share of 2^32 as that of the groups: their number need not be a power of two. */
	uint64_t group = mixed * index->groups >> 32;
	return (size_t)(group << GROUP_BITS | (inode & ((1u << GROUP_BITS) - 1)));
}

static struct inode_cell *probe(const struct inode_index *index, uint32_t inode)
{
	size_t at = home_of(index, inode);
	size_t cells = (size_t)index->groups << GROUP_BITS;
	while (index->cell[at].inode && index->cell[at].inode != inode)
		at = at + 1 < cells ? at + 1 : 0;
	return &index->cell[at];
}

void inode_index_prefetch(const struct inode_index *index, uint32_t inode)
{
	__builtin_prefetch(&index->cell[home_of(index, inode)]);
}

uint32_t inode_index_add(struct inode_index *index, uint32_t inode)
{
	struct inode_cell *cell = probe(index, inode);
	if (!cell->inode)
		*cell = (struct inode_cell){ inode, index->count++ };
	return cell->slot;
}

int inode_index_begin(struct inode_index *index, size_t room)
{
	if (room > UINT32_MAX / 2) {
		errno = ENOMEM;
		return -1;
	}
	/* At most two thirds full: 1,000,000 sockets take 12 MB. */
	uint32_t groups = (uint32_t)((room + room / 2) >> GROUP_BITS) + GROUPS_MIN;
	size_t cells = (size_t)groups << GROUP_BITS;
	*index = (struct inode_index){ .cell = calloc(cells, sizeof(struct inode_cell)), .groups = groups };
	return index->cell ? 0 : -1;
}

static void index_add(struct inode_index *index, uint32_t inode)
{
	if (inode)
		inode_index_add(index, inode);
}

static uint32_t peer_of(const struct table *table, size_t i)
{
	struct sock sock;
	if (table->row[i].family != AF_UNIX)
		return 0;
	table_get(table, i, &sock);
	return sock.unix_ && sock.unix_->has & UNIX_HAS_PEER ? sock.unix_->peer : 0;
}

int inode_index_build(struct inode_index *index, const struct table *table, bool peers)
{
	size_t want = 0;
	for (size_t i = 0; i < table->count; i++)
		want += (table->row[i].inode != 0) + (size_t)(peers && table->row[i].family == AF_UNIX);
	if (inode_index_begin(index, want) < 0)
		return -1;
	for (size_t i = 0; i < table->count; i++) {
		/* Rows come in the order of the kernel's hash, so every cell is far from the last one. */
		if (i + AHEAD < table->count)
			inode_index_prefetch(index, table->row[i + AHEAD].inode);
		index_add(index, table->row[i].inode);
		if (peers)
			index_add(index, peer_of(table, i));
	}
	return 0;
}

uint32_t inode_index_find(const struct inode_index *index, uint32_t inode)
{
	if (!inode || !index->count)
		return SLOT_NONE;
	const struct inode_cell *cell = probe(index, inode);
	return cell->inode ? cell->slot : SLOT_NONE;
}

void inode_index_free(struct inode_index *index)
{
	free(index->cell);
	*index = (struct inode_index){ 0 };
}
