/* fuzz_decode.c - any bytes as one answer of sock_diag; the first byte chooses how they are read. */
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/decode.h>

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
	struct decoded out;
	if (!size)
		return 0;
	uint8_t how = data[0];
	/* Payloads are aligned, and end where they end. */
	void *payload = malloc(size);
	if (!payload)
		return 0;
	memcpy(payload, data + 1, size - 1);
	bool read = how & 1 ? decode_unix(payload, size - 1, PROTO_UNIX, how >> 1, &out)
	                    : decode_inet(payload, size - 1, how >> 6, how >> 1, &out);
	/* Used, so that no compiler leaves the reading out; no sum is that large. */
	unsigned sum = read ? touch(&out.sock) : 0;
	free(payload);
	return sum == UINT_MAX ? -1 : 0;
}
