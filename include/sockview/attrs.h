// SPDX-License-Identifier: MIT
/*
 * attrs.h - the attributes behind the head of a netlink message (struct nlattr, linux/netlink.h).
 *
 * Every function takes any bytes: an attribute that does not fit into the rest
 * ends the walk, one of an unexpected length counts as absent.
 */
#ifndef SOCKVIEW_ATTRS_H
#define SOCKVIEW_ATTRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* One attribute; data points into the message and is NULL if the attribute is absent. */
struct attr {
	const void *data;
	uint16_t len, type;
};

/* Attributes by number; the last of those that share one, none of ATTRS_MAX and above. */
enum { ATTRS_MAX = 32 };

struct attrs {
	struct attr at[ATTRS_MAX];
};

/* What is left of a list of attributes. */
struct attr_walk {
	const char *at;
	size_t len;
};

/* The next attribute; false at the end, and at bytes that are no attribute. */
static inline bool attr_next(struct attr_walk *walk, struct attr *attr)
{
	struct {
		uint16_t len, type;
	} head;
	if (walk->len < sizeof(head))
		return false;
	memcpy(&head, walk->at, sizeof(head));
	if (head.len < sizeof(head) || head.len > walk->len)
		return false;
	/* NLA_F_NESTED and NLA_F_NET_BYTEORDER are the two upper bits of the type. */
	*attr = (struct attr){ walk->at + sizeof(head), (uint16_t)(head.len - sizeof(head)), head.type & 0x3fff };
	size_t step = (head.len + 3u) & ~3u;
	step = step < walk->len ? step : walk->len;
	walk->at += step;
	walk->len -= step;
	return true;
}

/* Those of a message whose own head has `head` bytes; none if it is shorter. */
struct attrs attrs_behind(const void *payload, size_t len, size_t head);
/* Those inside an attribute. */
struct attrs attrs_nested(struct attr attr);

static inline struct attr_walk attr_walk_nested(struct attr attr)
{
	return (struct attr_walk){ attr.data, attr.len };
}

/* Numbers of that size; `otherwise` if the attribute is absent or has another size. */
uint32_t attr_u32(struct attr attr, uint32_t otherwise);
uint32_t attr_be32(struct attr attr, uint32_t otherwise);
uint64_t attr_be64(struct attr attr, uint64_t otherwise);
uint16_t attr_be16(struct attr attr, uint16_t otherwise);
/* True if it holds the text, with or without the NUL that the kernel puts behind names. */
bool attr_is(struct attr attr, const char *text);
/* The text, cut to size - 1 bytes and terminated; "" if the attribute is absent. */
void attr_text(char *to, size_t size, struct attr attr);

#endif
