// SPDX-License-Identifier: MIT
/*
 * descriptor_record.h - sockets that were found by descriptors, in a recording.
 *
 * They are written as the kernel's answers would be, behind a note that says
 * that they are not.
 */
#ifndef SOCKVIEW_DESCRIPTOR_RECORD_H
#define SOCKVIEW_DESCRIPTOR_RECORD_H

#include <sockview/row.h>
#include <sockview/wire.h>

/* The note: behind it how many processes could not be looked into. The dump that follows is of descriptors. */
#define DESCRIPTOR_RECORD_NOTE "sockview descriptors "

struct descriptor_record {
	const struct table *table;
	unsigned protos; /* PROTO_BIT()s that were looked for: TCP (bound.h), or of HELD_PROTOS */
	uint16_t netns;  /* of its rows these alone */
	unsigned unread; /* processes that could not be looked into */
};

/* True if a row of the table is of it. */
bool descriptor_record_has(const struct descriptor_record *record);
/* A dump for each of its protocols. 0, or -1 with errno. */
int descriptor_record(struct wire *recording, const struct descriptor_record *record);
/* True if it is such a note; *unread is what it says. */
bool descriptor_record_read(const void *note, size_t len, unsigned *unread);

#endif
