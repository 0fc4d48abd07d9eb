// SPDX-License-Identifier: MIT
/* fuzz_decode.c - any bytes as one answer of sock_diag; the first byte chooses how they are read. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/decode.h>

#include "collect/family.h"
#include "columns/family_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte a detail points to must be there: sum them up. */
static unsigned touch(const struct sock *sock)
{
	unsigned sum = sock->row.state;
	for (unsigned i = 0; i < BLOB_COUNT; i++)
		for (size_t j = 0; j < sock->blob[i].len; j++)
			sum += ((const uint8_t *)sock->blob[i].data)[j];
	return sum;
}

/* Lists that are made text. */
static unsigned touch_texts(const struct sock *sock)
{
	static const enum family_text texts[] = { FAMILY_STORAGE, FAMILY_LOCALS, FAMILY_PEERS };
	struct text text = { 0 };
	struct column_source source = { .sock = sock };
	for (size_t i = 0; i < countof(texts); i++)
		family_text_add(&text, texts[i], &source);
	unsigned sum = (unsigned)text.len;
	text_free(&text);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decoded out;
	if (!size)
		return 0;
	uint8_t how = data[0];
	/* Payloads are aligned, and end where they end. */
	void *payload = malloc(size);
	if (!payload)
		return 0;
	memcpy(payload, data + 1, size - 1);
	unsigned sum = 0;
	/* Each looks for its own family in the first byte. */
	FOR_EACH_PROTO (proto, how & 1 ? PROTO_ALL : 0) {
		const struct family *family = family_of(proto);
		if (family->decode && family->decode(payload, size - 1, proto, how >> 1, &out))
			sum += touch(&out.sock) + touch_texts(&out.sock);
	}
	if (!(how & 1) && decode_inet(payload, size - 1, how >> 6, how >> 1 | WANT_STORAGE, &out))
		sum += touch(&out.sock) + touch_texts(&out.sock);
	/* The sum is used, so that no compiler leaves the reading out; none is that large. */
	free(payload);
	return sum == UINT_MAX ? -1 : 0;
}
