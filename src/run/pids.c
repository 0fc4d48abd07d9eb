// SPDX-License-Identifier: MIT
/* pids.c - see pids.h. */
#include "run/pids.h"

#include <sockview/vec.h>

static int pids_add_owners(struct pids *pids, const struct sock *sock, const struct owners *owners,
                           const struct filter *filter, struct hidden *hidden)
{
	struct owner_span span = owners_of(owners, &sock->row);
	if (!span.count)
		hidden_judge(hidden, owners, filter, sock, VERDICT_YES, false);
	for (size_t i = 0; i < span.count; i++) {
		const struct owner *owner = &span.first[i];
		if (filter_judge_owner(filter, sock, owners, owner) != VERDICT_YES)
			continue;
		int32_t *pid = vec_push(pids->pid, pids->count, pids->capacity);
		if (!pid)
			return -1;
		*pid = owners->process[owner->process].pid;
	}
	return 0;
}

static int pid_order(const void *a, const void *b)
{
	int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	return x < y ? -1 : x > y;
}

static void sort_once(struct pids *pids)
{
	size_t kept = 0;
	if (!pids->count)
		return;
	qsort(pids->pid, pids->count, sizeof(*pids->pid), pid_order);
	for (size_t i = 1; i < pids->count; i++)
		if (pids->pid[i] != pids->pid[kept])
			pids->pid[++kept] = pids->pid[i];
	pids->count = kept + 1;
}

int pids_collect(struct pids *pids, const struct table *table, const struct owners *owners, const struct filter *filter,
                 struct hidden *hidden)
{
	for (size_t i = 0; i < table->count; i++) {
		struct sock sock;
		table_get(table, i, &sock);
		if (pids_add_owners(pids, &sock, owners, filter, hidden) < 0)
			return -1;
	}
	sort_once(pids);
	return 0;
}

void pids_write(const struct pids *pids, struct out *out)
{
	for (size_t i = 0; i < pids->count; i++) {
		out_u64(out, (uint64_t)pids->pid[i]);
		out_char(out, '\n');
	}
}
