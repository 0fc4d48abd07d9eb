/* fuzz_decode.c - any bytes as one answer of sock_diag; the first byte chooses how they are read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "collect/decode.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static volatile unsigned sink;
	struct decoded out;
	if (!size)
		return 0;
	uint8_t how = data[0];
	/* Payloads are aligned, and end where they end. */
	void *payload = malloc(size);
	if (!payload)
		return 0;
	memcpy(payload, data + 1, size - 1);
	bool read = how & 1 ? decode_unix(payload, size - 1, how >> 1, &out)
	                    : decode_inet(payload, size - 1, how >> 6, how >> 1, &out);
	if (read)
		sink += touch(&out.sock);
	free(payload);
	return 0;
}
