/* blank.h - what evidence_find() hands from one second look to the next. */
#ifndef SOCKVIEW_EVIDENCE_BLANK_H
#define SOCKVIEW_EVIDENCE_BLANK_H

#include <sockview/owner.h>

/* A row with an inode and without an owner; REASON_OWNED in `found` while nothing was found out. */
struct blank {
	uint32_t index; /* of the row in the table */
	const struct row *row;
	struct owner_evidence *found;
};

struct blanks {
	const struct table *table;
	int proc_fd;
	struct owners *owners;
	/* evidence_request's */
	int (*find)(void *context, struct owners *owners);
	void *context;
	struct blank *blank;
	size_t count;
};

#endif
