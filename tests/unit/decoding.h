// SPDX-License-Identifier: MIT
/*
 * decoding.h - an answer of sock_diag given to its family's decoder: whole, at every shorter length, and spoilt.
 *
 * Each answer ends at a page that must not be touched (payload.h).
 */
#ifndef SOCKVIEW_TESTS_DECODING_H
#define SOCKVIEW_TESTS_DECODING_H

#include <sockview/countof.h>

#include "collect/family.h"
#include "payload.h"

static inline bool decode(enum proto proto, const struct payload *payload, unsigned want, struct decoded *out)
{
	return family_of(proto)->decode(guarded(payload->bytes, payload->len), payload->len, proto, want, out);
}

struct member {
	const char *name;
	size_t at, size;
	uint64_t want;
};

#define MEMBER(name, want) \
	{ \
#name, offsetof(struct decoded, name), sizeof(((struct decoded *)NULL)->name), want \
	}
#define ROW(name, want)    MEMBER(sock.row.name, want)
#define DETAIL(name, want) MEMBER(detail.name, want)

/* ASSERT_MEMBERS(&out, ROW(inode, 4711), DETAIL(vsock.local_cid, 3)): the first that differs, by its name. */
#define ASSERT_MEMBERS(out, ...) \
	assert_members(out, (const struct member[]){ __VA_ARGS__ }, countof(((const struct member[]){ __VA_ARGS__ })))

static inline void assert_members(const struct decoded *out, const struct member *member, size_t count)
{
	for (; count; count--, member++) {
		const void *at = (const char *)out + member->at;
		uint64_t got = member->size == 1   ? *(const uint8_t *)at
		               : member->size == 2 ? *(const uint16_t *)at
		               : member->size == 4 ? *(const uint32_t *)at
		                                   : *(const uint64_t *)at;
		if (member->at >= offsetof(struct decoded, detail) &&
		    member->at < offsetof(struct decoded, detail) + sizeof(out->detail))
			assert_ptr_equal(out->sock.detail, &out->detail);
		if (got != member->want)
			fail_msg("%s: %llu, not %llu", member->name, (unsigned long long)got,
			         (unsigned long long)member->want);
	}
}

/* Every byte that a blob claims to have: the last one is read. */
static inline void read_blobs(const struct decoded *out)
{
	for (size_t blob = 0; blob < BLOB_COUNT; blob++) {
		struct bytes bytes = out->sock.blob[blob];
		char copy[sizeof(((struct payload *)NULL)->bytes)];
		assert_true(bytes.len <= sizeof(copy));
		if (bytes.len)
			memcpy(copy, bytes.data, bytes.len);
	}
}

/* It is decoded exactly from `least` bytes on, and never a byte behind the end. */
static inline void every_length(enum proto proto, const struct payload *payload, size_t least)
{
	struct payload shorter = *payload;
	for (shorter.len = 0; shorter.len <= payload->len; shorter.len++) {
		struct decoded out;
		assert_int_equal(decode(proto, &shorter, ~0u, &out), shorter.len >= least);
		if (shorter.len >= least)
			read_blobs(&out);
	}
}

/* A byte spoilt may make an attribute longer than the answer, or of another type. */
static inline void every_byte_spoilt(enum proto proto, const struct payload *payload)
{
	static const uint8_t spoilt[] = { 0, 1, 3, 4, 5, 0x7f, 0x80, 0xff };
	struct payload other = *payload;
	for (size_t at = 0; at < payload->len; other.bytes[at] = payload->bytes[at], at++)
		for (size_t i = 0; i < countof(spoilt); i++) {
			struct decoded out;
			other.bytes[at] = (char)spoilt[i];
			if (decode(proto, &other, ~0u, &out))
				read_blobs(&out);
		}
}

/* `least`: the size of the family's head, which begins with the number of the family. */
static inline void hostile(enum proto proto, const struct payload *payload, size_t least)
{
	struct decoded out;
	struct payload other = *payload;
	every_length(proto, payload, least);
	every_byte_spoilt(proto, payload);
	other.bytes[0] = AF_APPLETALK;
	assert_false(decode(proto, &other, ~0u, &out));
}

#endif
