// SPDX-License-Identifier: MIT
/* framing.h - where one netlink message ends and the next begins. */
#ifndef SOCKVIEW_WIRE_FRAMING_H
#define SOCKVIEW_WIRE_FRAMING_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The bytes up to the message behind the one at `message`, at most `rest`; 0 if
 * the rest holds no whole message. Not mnl_nlmsg_ok(): that takes a length of
 * 2^31 or more for a negative one that fits, and mnl_nlmsg_next() then stays
 * where it is for ever. The length is compared before it is rounded up:
 * NLMSG_ALIGN's mask has 32 bits, and wraps to 0.
 */
static inline size_t message_step(const struct nlmsghdr *message, size_t rest)
{
	if (rest < sizeof(*message) || message->nlmsg_len < sizeof(*message) || message->nlmsg_len > rest)
		return 0;
	size_t padded = NLMSG_ALIGN((size_t)message->nlmsg_len);
	return padded < rest ? padded : rest;
}

static inline bool message_is_end(const struct nlmsghdr *message)
{
	return message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
}

#endif
