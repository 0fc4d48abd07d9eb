// SPDX-License-Identifier: MIT
/* owner.c - what the joined answer says of one socket: its owners and their texts (owner.h). */
#include <sockview/owner.h>

#include <stdlib.h>

struct owner_span owners_of(const struct owners *owners, const struct row *row)
{
	uint32_t slot = owners && owners->owner_count ? inode_index_find(&owners->index, row->inode) : SLOT_NONE;
	if (slot == SLOT_NONE)
		return (struct owner_span){ NULL, 0 };
	uint32_t from = owners->start[slot];
	return (struct owner_span){ owners->owner + from, owners->start[slot + 1] - from };
}

void owners_prefetch(const struct owners *owners, const struct row *row)
{
	if (owners && owners->owner_count)
		inode_index_prefetch(&owners->index, row->inode);
}

struct bytes owners_text(const struct owners *owners, struct process_text text)
{
	if (!text.offset || text.offset + (size_t)text.len >= owners->strings_len)
		return (struct bytes){ NULL, 0 };
	return (struct bytes){ owners->strings + text.offset, text.len };
}

void owners_free(struct owners *owners)
{
	inode_index_free(&owners->index);
	free(owners->start);
	free(owners->owner);
	free(owners->process);
	free(owners->parent);
	free(owners->evidence);
	free(owners->listener);
	free(owners->strings);
	*owners = (struct owners){ 0 };
}
