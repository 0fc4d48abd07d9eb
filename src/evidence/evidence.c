// SPDX-License-Identifier: MIT
/*
 * evidence.c - the order in which the second look is taken (evidence.h).
 *
 * The kernel's own sockets come first: they are the usual case, and two small
 * questions settle them. Where processes were hidden from us nothing further
 * can be known. Then what is gone, then what is in flight.
 */
#include <sockview/evidence.h>

#include <errno.h>
#include <stdlib.h>

#include "evidence/flight.h"
#include "evidence/gone.h"
#include "evidence/tunnels.h"

/* Of the first `rows` rows. */
static int list_blanks(struct blanks *blanks, size_t rows)
{
	const struct table *table = blanks->table;
	struct owners *owners = blanks->owners;
	blanks->blank = calloc(table->count ? table->count : 1, sizeof(*blanks->blank));
	owners->evidence = calloc(owners->index.count, sizeof(*owners->evidence));
	if (!blanks->blank || !owners->evidence)
		return -1;
	for (uint32_t i = 0; i < rows; i++) {
		const struct row *row = &table->row[i];
		bool is_blank = row->inode && !row->netns && !owners_of(owners, row).count;
		uint32_t slot = is_blank ? inode_index_find(&owners->index, row->inode) : SLOT_NONE;
		if (slot != SLOT_NONE)
			blanks->blank[blanks->count++] = (struct blank){ i, row, &owners->evidence[slot] };
	}
	if (blanks->count)
		return 0;
	free(owners->evidence);
	owners->evidence = NULL;
	return 0;
}

static bool has_open_cases(const struct blanks *blanks)
{
	for (size_t i = 0; i < blanks->count; i++)
		if (blanks->blank[i].found->reason == REASON_OWNED)
			return true;
	return false;
}

/*
 * Every process was seen and none has it, no message and no ring either: the
 * kernel may hold it itself, which nothing shows, or a process elsewhere.
 */
static void settle_rest(struct blanks *blanks)
{
	const struct owners *owners = blanks->owners;
	enum owner_reason rest = owners->report.other_pidns ? REASON_OTHER_PIDNS : REASON_UNKNOWN;
	if (owners->evidence_unread[EVIDENCE_TABLES] || owners->evidence_unread[EVIDENCE_QUEUES])
		return;
	for (size_t i = 0; i < blanks->count; i++) {
		struct blank *blank = &blanks->blank[i];
		if (blank->found->reason == REASON_OWNED && blank->row->family != AF_UNIX)
			blank->found->reason = (uint8_t)rest;
	}
}

static int look_again(struct blanks *blanks, size_t rows)
{
	if (list_blanks(blanks, rows) < 0)
		return -1;
	if (!blanks->count)
		return 0;
	tunnels_explain(blanks);
	bool unseen = owners_unseen(&blanks->owners->report);
	if (!unseen && has_open_cases(blanks))
		gone_explain(blanks);
	if (has_open_cases(blanks) && flight_explain(blanks) < 0)
		return -1;
	if (!unseen)
		settle_rest(blanks);
	return 0;
}

int evidence_find(const struct evidence_request *request, struct owners *owners)
{
	struct blanks blanks = {
		.table = request->table,
		.proc_fd = request->proc_fd,
		.owners = owners,
		.find = request->find,
		.context = request->context,
	};
	/* Listeners behind the rows that were asked for are there for owners_waiting() alone. */
	size_t rows = request->listeners ? request->listeners : request->table->count;
	int answer = owners->index.count ? look_again(&blanks, rows) : 0;
	free(blanks.blank);
	return answer < 0 ? -1 : owners_add_listeners(owners, request->table, request->listeners);
}
