/*
 * evidence.c - the order in which the second look is taken (evidence.h).
 *
 * The kernel's own sockets come first: they are the usual case, and two small
 * questions settle them. Where processes were hidden from us nothing further
 * can be known. Then what is gone, then what is in flight.
 */
#include "evidence/evidence.h"

#include <errno.h>
#include <stdlib.h>

struct owner_evidence *evidence_slot(const struct evidence *evidence, const struct row *row)
{
	uint32_t slot = inode_index_find(&evidence->owners->index, row->inode);
	return slot == SLOT_NONE ? NULL : &evidence->owners->evidence[slot];
}

static bool is_unexplained(const struct owners *owners, const struct row *row)
{
	return row->inode && !row->netns && !owners_of(owners, row).count;
}

static int list_unexplained(struct evidence *evidence)
{
	const struct table *table = evidence->request->table;
	evidence->row = calloc(table->count ? table->count : 1, sizeof(*evidence->row));
	if (!evidence->row)
		return -1;
	for (uint32_t i = 0; i < table->count; i++)
		if (is_unexplained(evidence->owners, &table->row[i]))
			evidence->row[evidence->rows++] = i;
	return 0;
}

static bool has_open_cases(const struct evidence *evidence)
{
	for (size_t i = 0; i < evidence->rows; i++) {
		const struct owner_evidence *slot = evidence_slot(evidence, evidence_row(evidence, i));
		if (slot && slot->reason == REASON_OWNED)
			return true;
	}
	return false;
}

/* Every process was seen, none has it, no message and no ring either: then the kernel holds it itself. */
static void settle_rest(struct evidence *evidence)
{
	enum owner_reason rest = evidence->owners->report.other_pidns ? REASON_OTHER_PIDNS : REASON_KERNEL;
	for (size_t i = 0; i < evidence->rows; i++) {
		const struct row *row = evidence_row(evidence, i);
		struct owner_evidence *slot = evidence_slot(evidence, row);
		if (slot && slot->reason == REASON_OWNED && row->family != AF_UNIX)
			slot->reason = (uint8_t)rest;
	}
}

static int look(struct evidence *evidence)
{
	if (list_unexplained(evidence) < 0)
		return -1;
	if (!evidence->rows)
		return 0;
	evidence->owners->evidence = calloc(evidence->owners->index.count, sizeof(*evidence->owners->evidence));
	if (!evidence->owners->evidence)
		return -1;
	tunnels_explain(evidence);
	if (owners_unseen(&evidence->owners->report) || !has_open_cases(evidence))
		return 0;
	gone_explain(evidence);
	if (has_open_cases(evidence) && flight_explain(evidence) < 0)
		return -1;
	settle_rest(evidence);
	return 0;
}

int evidence_find(const struct evidence_request *request, struct owners *owners)
{
	struct evidence evidence = { .request = request, .owners = owners };
	int answer = owners->index.count ? look(&evidence) : 0;
	free(evidence.row);
	return answer < 0 ? -1 : owners_add_listeners(owners, request->table);
}
