// SPDX-License-Identifier: MIT
/* column_field.h - a number as it lies in what is known of a socket, and the rules by which it is absent. */
#ifndef SOCKVIEW_COLUMN_FIELD_H
#define SOCKVIEW_COLUMN_FIELD_H

#include <sockview/column_source.h>

/* Where a field lies, and which flags `told` is compared with. */
enum field_from {
	FROM_ROW,     /* struct row; enum row_flag */
	FROM_OWNER,   /* struct owner, the first */
	FROM_PROCESS, /* struct process of the first owner; enum process_detail */
	FROM_EXTRA,   /* struct sock_extra; enum extra_flag */
	FROM_TIMER,   /* struct sock_timer, of internet sockets alone */
	FROM_SKMEM,   /* struct sock_skmem */
	FROM_UNIX,    /* struct sock_unix; enum unix_flag */
	FROM_DETAIL,  /* struct sock_detail; enum detail_flag */
	FROM_BLOB,    /* + enum blob: a struct the kernel sent, as long as its version has it */
};

enum field_rule {
	FIELD_ZERO_ABSENT = 1 << 0,  /* 0: not measured */
	FIELD_MAX_ABSENT = 1 << 1,   /* all bits set: not measured, or no limit */
	FIELD_NOT_LISTEN = 1 << 2,   /* means something else, or nothing, for a listener */
	FIELD_SSTHRESH = 1 << 3,     /* 0x7fffffff: not reached yet */
	FIELD_ONLY_6_18 = 1 << 4,    /* only if the kernel is known to be that one */
	FIELD_TIMER_ON = 1 << 5,     /* only while the timer runs */
	FIELD_NOT_SYN_SENT = 1 << 6, /* counted from a time that the first answer sets: until then from the boot */
};

struct column_field {
	uint16_t offset;     /* bytes */
	uint16_t told;       /* all these flags must be set, or it is absent */
	uint8_t from;        /* enum field_from */
	uint8_t size;        /* bytes: 1, 2, 4, 8; where the kernel sent less: absent */
	uint8_t shift, bits; /* of a bit field, counted from the lowest bit; bits 0: all of it */
	uint8_t rule;        /* enum field_rule */
	uint8_t scale;       /* multiplied by this; 0: 1 */
};

/* Fetches the number; false if `len` bytes do not hold it, or if what they hold is none by the field's rule. */
bool column_field_read(const struct column_field *field, const void *data, size_t len, uint64_t *number);
/* The same from where the field lies. */
bool column_field_number(const struct column_field *field, const struct column_source *source, uint64_t *number);

/* Where the fields of one kind lie for a socket: many fields are read from one place. */
struct column_place {
	const void *data; /* NULL: nowhere */
	size_t len;
	unsigned told;
};
void column_place(enum field_from from, const struct column_source *source, struct column_place *place);
/* column_field_number() of a field whose place is known. */
bool column_field_at(const struct column_field *field, const struct column_source *source,
                     const struct column_place *place, uint64_t *number);

#endif
