// SPDX-License-Identifier: MIT
/* payload.h - the payload of a netlink message under construction, and a copy of it in front of a page that faults. */
#ifndef SOCKVIEW_TESTS_PAYLOAD_H
#define SOCKVIEW_TESTS_PAYLOAD_H

#include <linux/netlink.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct payload {
	size_t len;
	char bytes[1024] __attribute__((aligned(8)));
};

static inline void put(struct payload *payload, const void *data, size_t len)
{
	memcpy(payload->bytes + payload->len, data, len);
	payload->len += len;
}

static inline void put_attr(struct payload *payload, uint16_t type, const void *data, size_t len)
{
	struct nlattr head = { .nla_len = (uint16_t)(sizeof(head) + len), .nla_type = type };
	put(payload, &head, sizeof(head));
	put(payload, data, len);
	payload->len = NLA_ALIGN(payload->len);
}

static inline void put_u32(struct payload *payload, uint16_t type, uint32_t value)
{
	put_attr(payload, type, &value, sizeof(value));
}

/* A copy whose last byte is the last of its page; the next page faults. */
static inline char *guarded(const void *data, size_t len)
{
	static char *pages;
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	if (!pages) {
		pages = mmap(NULL, 2 * size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		assert_true(pages != MAP_FAILED);
		assert_int_equal(mprotect(pages + size, size, PROT_NONE), 0);
	}
	/* The kernel's payloads are aligned to 4 bytes: so is this, up to 3 bytes short of the page's end. */
	char *at = pages + size - NLA_ALIGN(len);
	memcpy(at, data, len);
	return at;
}

#endif
