// SPDX-License-Identifier: MIT
/*
 * evidence.h - a second look at sockets without an owner: is it the kernel's
 * own, is its descriptor in flight, has it gone?
 */
#ifndef SOCKVIEW_EVIDENCE_H
#define SOCKVIEW_EVIDENCE_H

#include <sockview/owner.h>

struct evidence_request {
	const struct table *table;
	size_t listeners; /* the first row of the table that may be of a listener */
	int proc_fd;
	/* Looks for the owners of the sockets in owners->index, with no details. 0, or -1 with errno. */
	int (*find)(void *context, struct owners *owners);
	void *context;
};

/*
 * Fills owners->evidence, evidence_unread and listener, for live sockets. Asks
 * the kernel only for what the rows give cause to. A socket of which that tells
 * nothing stays as owners_reason() guesses. 0, or -1 with errno ENOMEM.
 */
int evidence_find(const struct evidence_request *request, struct owners *owners);

#endif
