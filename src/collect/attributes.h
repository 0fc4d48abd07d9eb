// SPDX-License-Identifier: MIT
/*
 * attributes.h - the netlink attributes behind the head of an answer.
 *
 * A decoder has a table of rows, by attribute type: most attributes are bytes
 * to copy or to point to, a few need a function.
 */
#ifndef SOCKVIEW_COLLECT_ATTRIBUTES_H
#define SOCKVIEW_COLLECT_ATTRIBUTES_H

#include <linux/inet_diag.h>

#include <sockview/decode.h>

struct attribute {
	uint16_t want; /* enum want: read only then; 0: always */
	uint8_t least; /* bytes it must have, or it is passed over; 0: there is no such attribute */
	uint8_t copy;  /* so many of its bytes go to the offset `to` in struct decoded; 0: none */
	bool is_blob;  /* all of its bytes are the blob at the offset `to` */
	uint16_t to;
	uint16_t flag, flag_to;                                          /* set in the uint16_t at the offset flag_to */
	void (*read)(struct decoded *out, const void *data, size_t len); /* in place of all that */
};

#define DECODED_SIZE(field) sizeof(((struct decoded *)0)->field)
/* The attribute is `field` of struct decoded, and `bit` in `flags` says that it was told. */
#define ATTRIBUTE_FIELD(want_, field, flags, bit) \
	{ \
		.want = want_, .least = DECODED_SIZE(field), .copy = DECODED_SIZE(field), \
		.to = offsetof(struct decoded, field), .flag = bit, .flag_to = offsetof(struct decoded, flags) \
	}
/* The same of two fields that lie side by side as they do in the attribute. */
#define ATTRIBUTE_PAIR(want_, field, flags, bit) \
	{ \
		.want = want_, .least = 2 * DECODED_SIZE(field), .copy = 2 * DECODED_SIZE(field), \
		.to = offsetof(struct decoded, field), .flag = bit, .flag_to = offsetof(struct decoded, flags) \
	}
#define ATTRIBUTE_BLOB(want_, blob_) \
	{ \
		.want = want_, .least = 1, .is_blob = true, .to = offsetof(struct decoded, sock.blob[blob_]), \
	}
#define ATTRIBUTE_CALL(want_, least_, read_) \
	{ \
		.want = want_, .least = least_, .read = read_ \
	}

struct attribute_table {
	const struct attribute *row; /* by type */
	size_t count;
	unsigned want; /* enum want */
};

/* Unknown attributes, and what is too short to be one, are passed over. */
void attributes_read(const struct attribute_table *table, struct decoded *out, const void *bytes, size_t len);

/* Attributes of several families. */
void attribute_skmem(struct decoded *out, const void *data, size_t len);
/* Memory, of which the queues are a part: families that tell their queues in no other way. */
void attribute_queues(struct decoded *out, const void *data, size_t len);
#define ATTRIBUTE_SHUTDOWN ATTRIBUTE_FIELD(WANT_EXTRA, extra.shutdown, extra.has, EXTRA_SHUTDOWN)

/* An empty socket with its detail, beside the internet protocols. */
static inline void attributes_begin(struct decoded *out, enum proto proto, int family)
{
	out->sock = (struct sock){ .row = { .proto = (uint8_t)proto, .family = (uint8_t)family } };
	out->extra = (struct sock_extra){ 0 };
	out->skmem.count = 0;
	out->detail = (struct sock_detail){ 0 };
	out->sock.detail = &out->detail;
}

/* The memory that was read for its queues is shown only if it was asked for. */
static inline void attribute_skmem_only_if(struct decoded *out, unsigned want)
{
	if (!(want & WANT_SKMEM))
		out->sock.skmem = NULL;
}

/* The cookie of an answer's head; INET_DIAG_NOCOOKIE twice is none. */
static inline void attribute_cookie(struct row *row, const uint32_t cookie[2])
{
	if (cookie[0] == INET_DIAG_NOCOOKIE && cookie[1] == INET_DIAG_NOCOOKIE)
		return;
	row->cookie = (uint64_t)cookie[1] << 32 | cookie[0];
	row->flags |= ROW_HAS_COOKIE;
}

#endif
