// SPDX-License-Identifier: MIT
/* carry.c - owners from one look to the next, so that only new sockets are looked for (sockview/carry.h). */
#include <sockview/carry.h>

#include <stdlib.h>

#include "owners/findings.h"

/* Where the processes of a look go among the findings; NOT_CARRIED: they have ended, or have nothing that is wanted. */
#define NOT_CARRIED UINT32_MAX

static bool is_living(const struct owners *before, const struct process_list *living, const struct owner *owner)
{
	return process_list_has(living, before->process[owner->process].pid);
}

static bool has_living(const struct owners *before, const struct process_list *living, struct owner_span span)
{
	for (size_t i = 0; i < span.count; i++)
		if (is_living(before, living, &span.first[i]))
			return true;
	return false;
}

int owners_unknown(const struct owners *before, const struct inode_index *waiting, const struct process_list *living,
                   const struct table *table, struct inode_index *unknown)
{
	struct table wanted;
	int result = 0;
	table_init(&wanted, 0);
	for (size_t i = 0; i < table->count && result == 0; i++) {
		const struct row *row = &table->row[i];
		struct owner_span span = owners_of(before, row);
		bool was_asked = inode_index_find(&before->index, row->inode) != SLOT_NONE &&
		                 inode_index_find(waiting, row->inode) == SLOT_NONE;
		if (!row->inode || (was_asked && (!span.count || has_living(before, living, span))))
			continue;
		result = table_add(&wanted, &(struct sock){ .row = *row });
	}
	if (result == 0)
		result = inode_index_build(unknown, &wanted, false);
	table_free(&wanted);
	return result;
}

static int carry_text(struct findings *findings, const struct owners *from, struct process_text *text)
{
	struct bytes bytes = owners_text(from, *text);
	if (bytes.data)
		return findings_add_text(findings, bytes.data, bytes.len, text);
	*text = (struct process_text){ 0 };
	return 0;
}

static int carry_process(struct findings *findings, const struct owners *from, const struct process *process)
{
	struct process carried = *process;
	struct process_text *const texts[] = { &carried.comm,    &carried.program, &carried.cmdline,
		                               &carried.context, &carried.exe,     &carried.cgroup };
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (carry_text(findings, from, texts[i]) < 0)
			return -1;
	return findings_add_process(findings, &carried);
}

static int carry_processes(struct findings *findings, const struct owners *from, const struct process_list *living,
                           uint32_t *moved)
{
	for (size_t i = 0; i < from->process_count; i++) {
		moved[i] = NOT_CARRIED;
		if (living && !process_list_has(living, from->process[i].pid))
			continue;
		moved[i] = (uint32_t)findings->process_count;
		if (carry_process(findings, from, &from->process[i]) < 0)
			return -1;
	}
	return 0;
}

/* The owners of the table's sockets, each socket's once. */
static int carry_owners(struct findings *findings, const struct owners *now, const struct owners *from,
                        const struct table *table, const uint32_t *moved, bool *carried)
{
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->row[i];
		struct owner_span span = owners_of(from, row);
		uint32_t slot = span.count ? inode_index_find(&now->index, row->inode) : SLOT_NONE;
		if (slot == SLOT_NONE || carried[slot])
			continue;
		carried[slot] = true;
		for (size_t o = 0; o < span.count; o++) {
			struct owner owner = span.first[o];
			owner.slot = slot;
			owner.process = moved[owner.process];
			if (owner.process != NOT_CARRIED && findings_add_owner(findings, &owner) < 0)
				return -1;
		}
	}
	return 0;
}

/* All of `from` that the table's sockets have and that is not carried yet. */
static int carry_from(struct findings *findings, const struct owners *now, const struct owners *from,
                      const struct process_list *living, const struct table *table, bool *carried)
{
	uint32_t *moved = calloc(from->process_count + 1, sizeof(*moved));
	int result = moved ? carry_processes(findings, from, living, moved) : -1;
	if (result == 0)
		result = carry_owners(findings, now, from, table, moved, carried);
	free(moved);
	return result;
}

int owners_carry(struct owners *now, const struct owners *before, const struct owners *found,
                 const struct process_list *living, const struct table *table)
{
	struct findings findings[2] = { 0 };
	bool *carried = calloc(now->index.count + 1, sizeof(*carried));
	/* Of a process that both have, what was read last. */
	int result = carried && (!found || carry_from(&findings[0], now, found, NULL, table, carried) == 0) &&
	                             carry_from(&findings[1], now, before, living, table, carried) == 0
	                     ? 0
	                     : -1;
	free(carried);
	if (result < 0) {
		findings_free_each(findings, 2);
		return -1;
	}
	result = owners_join(now, findings, 2);
	now->report = found ? found->report : before->report;
	return result;
}
