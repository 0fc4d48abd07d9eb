// SPDX-License-Identifier: MIT
/* attrs.c - attributes of a netlink message by number, and their values (attrs.h). */
#include <sockview/attrs.h>

#include <arpa/inet.h>
#include <endian.h>

static struct attrs attrs_of(struct attr_walk walk)
{
	struct attrs attrs = { 0 };
	struct attr attr;
	while (attr_next(&walk, &attr))
		if (attr.type < ATTRS_MAX)
			attrs.at[attr.type] = attr;
	return attrs;
}

struct attrs attrs_behind(const void *payload, size_t len, size_t head)
{
	/* The head is padded to the alignment of attributes. */
	head = (head + 3u) & ~(size_t)3u;
	if (len < head)
		return (struct attrs){ 0 };
	return attrs_of((struct attr_walk){ (const char *)payload + head, len - head });
}

struct attrs attrs_nested(struct attr attr)
{
	return attrs_of(attr_walk_nested(attr));
}

uint32_t attr_u32(struct attr attr, uint32_t otherwise)
{
	uint32_t value = otherwise;
	if (attr.data && attr.len == sizeof(value))
		memcpy(&value, attr.data, sizeof(value));
	return value;
}

uint32_t attr_be32(struct attr attr, uint32_t otherwise)
{
	return ntohl(attr_u32(attr, htonl(otherwise)));
}

uint64_t attr_be64(struct attr attr, uint64_t otherwise)
{
	uint64_t value;
	if (!attr.data || attr.len != sizeof(value))
		return otherwise;
	memcpy(&value, attr.data, sizeof(value));
	return be64toh(value);
}

uint16_t attr_be16(struct attr attr, uint16_t otherwise)
{
	uint16_t value;
	if (!attr.data || attr.len != sizeof(value))
		return otherwise;
	memcpy(&value, attr.data, sizeof(value));
	return ntohs(value);
}

bool attr_is(struct attr attr, const char *text)
{
	size_t len = strlen(text);
	if (!attr.data || attr.len < len || attr.len > len + 1 || memcmp(attr.data, text, len) != 0)
		return false;
	return attr.len == len || !((const char *)attr.data)[len];
}

void attr_text(char *to, size_t size, struct attr attr)
{
	size_t len = attr.data ? strnlen(attr.data, attr.len) : 0;
	len = len < size ? len : size - 1;
	if (len)
		memcpy(to, attr.data, len);
	to[len] = '\0';
}
