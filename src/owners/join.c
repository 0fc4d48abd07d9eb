// SPDX-License-Identifier: MIT
/*
 * join.c - every thread's findings become one answer (findings.h).
 *
 * Processes are put in order of pid, owners in order of slot by counting (a
 * million of them, hardly ever two to a slot), then each slot's few by hand.
 */
#include "owners/findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where the process of each findings' (base + index) went: filled by merge_processes. */
struct merge {
	struct owners *owners;
	struct findings *findings;
	size_t count;
	uint32_t *moved; /* merged index before the sort -> after */
};

static int compare_order(const void *a, const void *b, void *context)
{
	const struct process *process = context;
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	int32_t lpid = process[left].pid, rpid = process[right].pid;
	if (lpid != rpid)
		return lpid < rpid ? -1 : 1;
	return left < right ? -1 : left > right;
}

static void text_shift(struct process_text *text, size_t by)
{
	if (text->offset)
		text->offset += (uint32_t)by;
}

static void process_shift(struct process *process, size_t by)
{
	text_shift(&process->comm, by);
	text_shift(&process->program, by);
	text_shift(&process->cmdline, by);
	text_shift(&process->exe, by);
	text_shift(&process->cgroup, by);
}

static int merge_strings(struct merge *merge)
{
	size_t total = 0;
	for (size_t i = 0; i < merge->count; i++)
		total += merge->findings[i].strings_len;
	if (total >= UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	char *strings = malloc(total ? total : 1);
	if (!strings)
		return -1;
	size_t base = 0;
	for (size_t i = 0; i < merge->count; i++) {
		struct findings *from = &merge->findings[i];
		if (from->strings_len)
			memcpy(strings + base, from->strings, from->strings_len);
		for (size_t p = 0; p < from->process_count; p++)
			process_shift(&from->process[p], base);
		base += from->strings_len;
		free(from->strings);
		from->strings = NULL;
	}
	merge->owners->strings = strings;
	merge->owners->strings_len = total;
	return 0;
}

/* Met twice: the BPF iterator comes to a thread's own table long after its leader's. */
static bool is_same_process(const struct process *left, const struct process *right)
{
	return left->pid == right->pid && left->start_ticks == right->start_ticks;
}

/* Sorts `process` by pid through `order`, a permutation to be filled. */
static int sort_processes(struct merge *merge, struct process *process, size_t count)
{
	uint32_t *order = calloc(count ? count : 1, sizeof(*order));
	struct process *sorted = calloc(count ? count : 1, sizeof(*sorted));
	merge->moved = calloc(count ? count : 1, sizeof(*merge->moved));
	if (!order || !sorted || !merge->moved) {
		free(order);
		free(sorted);
		return -1;
	}
	for (uint32_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_order, process);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (!kept || !is_same_process(&sorted[kept - 1], &process[order[i]]))
			sorted[kept++] = process[order[i]];
		sorted[kept - 1].has |= process[order[i]].has & PROCESS_UNSEEN;
		merge->moved[order[i]] = (uint32_t)(kept - 1);
	}
	free(order);
	merge->owners->process = sorted;
	merge->owners->process_count = kept;
	return 0;
}

static int merge_processes(struct merge *merge)
{
	size_t total = 0;
	for (size_t i = 0; i < merge->count; i++)
		total += merge->findings[i].process_count;
	if (total >= UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	struct process *all = calloc(total ? total : 1, sizeof(*all));
	if (!all)
		return -1;
	size_t base = 0;
	for (size_t i = 0; i < merge->count; i++) {
		const struct findings *from = &merge->findings[i];
		if (from->process_count)
			memcpy(all + base, from->process, from->process_count * sizeof(*all));
		base += from->process_count;
	}
	int result = sort_processes(merge, all, total);
	free(all);
	return result;
}

/* start[slot] = how many hits the slots before it have. */
static int count_slots(struct merge *merge)
{
	struct owners *owners = merge->owners;
	size_t slots = owners->index.count, total = 0;
	owners->start = calloc(slots + 1, sizeof(*owners->start));
	if (!owners->start)
		return -1;
	for (size_t i = 0; i < merge->count; i++) {
		const struct findings *from = &merge->findings[i];
		total += from->owner_count;
		for (size_t o = 0; o < from->owner_count; o++)
			owners->start[from->owner[o].slot]++;
	}
	if (total >= UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	uint32_t before = 0;
	for (size_t slot = 0; slot <= slots; slot++) {
		uint32_t here = owners->start[slot];
		owners->start[slot] = before;
		before += here;
	}
	owners->owner_count = total;
	return 0;
}

/*
 * All owners behind those of the first findings, whose memory they get: at a
 * million sockets a second array would be 16 MB.
 */
static int concat_owners(struct merge *merge)
{
	struct owners *owners = merge->owners;
	struct findings *first = &merge->findings[0];
	struct owner *all = reallocarray(first->owner, owners->owner_count ? owners->owner_count : 1, sizeof(*all));
	if (!all)
		return -1;
	owners->owner = all;
	size_t at = first->owner_count;
	first->owner = NULL;
	for (size_t i = 1; i < merge->count; i++) {
		struct findings *from = &merge->findings[i];
		if (from->owner_count)
			memcpy(all + at, from->owner, from->owner_count * sizeof(*all));
		at += from->owner_count;
		free(from->owner);
		from->owner = NULL;
	}
	return 0;
}

/* From indexes into each findings' processes to indexes into all of them in order of pid. */
static void renumber_processes(struct merge *merge)
{
	struct owner *owner = merge->owners->owner;
	uint32_t base = 0;
	for (size_t i = 0; i < merge->count; i++) {
		const struct findings *from = &merge->findings[i];
		for (size_t o = 0; o < from->owner_count; o++, owner++)
			owner->process = merge->moved[base + owner->process];
		base += (uint32_t)from->process_count;
	}
}

/*
 * Each owner to its slot's place: first where each one comes from, then the
 * moves, cycle by cycle. Every owner lies far from the last one; here the
 * misses of the cache overlap, as the next place is known from `from` alone.
 * Swapped to their places one after the other, 200,000 took 65 ms.
 */
static int sort_by_slot(struct owners *owners)
{
	size_t slots = owners->index.count;
	uint32_t count = (uint32_t)owners->owner_count, *start = owners->start;
	uint32_t *from = malloc((count ? count : 1) * sizeof(*from));
	if (!from)
		return -1;
	for (uint32_t i = 0; i < count; i++)
		from[start[owners->owner[i].slot]++] = i;
	/* Each slot's start has become its end, which is the next one's start. */
	memmove(start + 1, start, slots * sizeof(*start));
	start[0] = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (from[i] == i)
			continue;
		struct owner first = owners->owner[i];
		uint32_t at = i;
		for (uint32_t next = from[at]; next != i; next = from[at]) {
			owners->owner[at] = owners->owner[next];
			from[at] = at;
			at = next;
		}
		owners->owner[at] = first;
		from[at] = at;
	}
	free(from);
	return 0;
}

static int place_owners(struct merge *merge)
{
	if (!merge->count)
		return 0;
	if (concat_owners(merge))
		return -1;
	renumber_processes(merge);
	return sort_by_slot(merge->owners);
}

static int compare_int(int64_t left, int64_t right)
{
	return left < right ? -1 : left > right;
}

/* Owners of one fd number together, the leader's table first, then the lowest tid. */
static int compare_same_fd(const void *a, const void *b, void *context)
{
	const struct process *process = context;
	const struct owner *left = a, *right = b;
	if (left->process != right->process)
		return compare_int(left->process, right->process);
	if (left->fd != right->fd)
		return compare_int(left->fd, right->fd);
	int32_t pid = process[left->process].pid;
	if ((left->tid == pid) != (right->tid == pid))
		return left->tid == pid ? -1 : 1;
	return compare_int(left->tid, right->tid);
}

static int compare_final(const void *a, const void *b)
{
	const struct owner *left = a, *right = b;
	if (left->process != right->process)
		return compare_int(left->process, right->process);
	if (left->tid != right->tid)
		return compare_int(left->tid, right->tid);
	return compare_int(left->fd, right->fd);
}

/* Sorts a slot's owners and leaves out what threads sharing a table told twice. The new count. */
static size_t settle_slot(const struct process *process, struct owner *owner, size_t count)
{
	if (count < 2)
		return count;
	qsort_r(owner, count, sizeof(*owner), compare_same_fd, (void *)process);
	size_t kept = 1;
	for (size_t i = 1; i < count; i++)
		if (owner[i].process != owner[kept - 1].process || owner[i].fd != owner[kept - 1].fd)
			owner[kept++] = owner[i];
	qsort(owner, kept, sizeof(*owner), compare_final);
	return kept;
}

static void settle_slots(struct owners *owners)
{
	uint32_t kept = 0, from = 0;
	for (size_t slot = 0; slot < owners->index.count; slot++) {
		uint32_t to = owners->start[slot + 1];
		size_t count = settle_slot(owners->process, owners->owner + from, to - from);
		if (kept != from)
			memmove(owners->owner + kept, owners->owner + from, count * sizeof(*owners->owner));
		kept += (uint32_t)count;
		owners->start[slot + 1] = kept;
		from = to;
	}
	owners->owner_count = kept;
}

static void merge_report(struct owner_report *into, const struct owner_report *from)
{
	into->processes += from->processes;
	owners_merge_denied(into, from);
	into->vanished += from->vanished;
	into->starved += from->starved;
	into->veiled += from->veiled;
	for (size_t i = 0; i < OWNER_TROUBLES && from->unread[i].count; i++)
		owners_count_trouble(into->unread, from->unread[i].number, from->unread[i].count);
	if (from->partly.count)
		into->partly.number = from->partly.number;
	into->partly.count += from->partly.count;
	into->fds += from->fds;
}

int owners_join(struct owners *owners, struct findings *findings, size_t count)
{
	struct merge merge = { .owners = owners, .findings = findings, .count = count };
	for (size_t i = 0; i < count; i++)
		merge_report(&owners->report, &findings[i].report);
	int result = merge_strings(&merge);
	if (!result)
		result = merge_processes(&merge);
	if (!result)
		result = count_slots(&merge);
	if (!result)
		result = place_owners(&merge);
	if (!result)
		settle_slots(owners);
	else
		owners->owner_count = 0;
	free(merge.moved);
	findings_free_each(findings, count);
	return result;
}
