// SPDX-License-Identifier: MIT
/* destroy.c - the kernel's multicast of sockets that close (sockview/destroy.h). */
#include <sockview/destroy.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <sockview/attrs.h>
#include <sockview/countof.h>
#include <sockview/decode.h>
#include <sockview/proto.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

/* One message is about 400 bytes, of which the kernel charges 1 to 2 KiB: some 30,000 closes. */
#define DESTROY_BUFFER (32 << 20)
/* So many before the caller is given its turn. */
#define DESTROY_BATCH 4096

static int destroy_join(int fd, unsigned protos)
{
	static const struct {
		enum proto proto;
		int group;
	} groups[] = {
		{ PROTO_TCP, SKNLGRP_INET_TCP_DESTROY },
		{ PROTO_TCP, SKNLGRP_INET6_TCP_DESTROY },
		{ PROTO_UDP, SKNLGRP_INET_UDP_DESTROY },
		{ PROTO_UDP, SKNLGRP_INET6_UDP_DESTROY },
	};
	for (size_t i = 0; i < countof(groups); i++)
		if (protos & PROTO_BIT(groups[i].proto) &&
		    setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i].group, sizeof(int)) < 0)
			return -1;
	return 0;
}

int destroy_open(struct destroy *destroy, unsigned protos)
{
	const int size = DESTROY_BUFFER;
	*destroy = (struct destroy){ 0 };
	if (exchange_open(&destroy->exchange, NETLINK_SOCK_DIAG) < 0)
		return -1;
	int fd = destroy_fd(destroy);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && destroy_join(fd, protos) == 0)
		return 0;
	int number = errno;
	destroy_close(destroy);
	errno = number;
	return -1;
}

int destroy_fd(const struct destroy *destroy)
{
	return destroy->exchange.wire ? destroy->exchange.wire->fd : -1;
}

void destroy_close(struct destroy *destroy)
{
	exchange_close(&destroy->exchange);
}

static int destroy_message(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct destroy *destroy = context;
	struct attrs attrs = attrs_behind(payload, len, sizeof(struct inet_diag_msg));
	struct attr number = attrs.at[INET_DIAG_PROTOCOL];
	struct decoded decoded;
	if (message->nlmsg_type != SOCK_DIAG_BY_FAMILY || number.len != 1)
		return exchange_malformed(&destroy->exchange, message);
	FOR_EACH_PROTO (proto, PROTO_INET_ALL) {
		if (proto_table[proto].number != *(const uint8_t *)number.data)
			continue;
		if (!decode_inet(payload, len, proto, WANT_INFO, &decoded))
			return exchange_malformed(&destroy->exchange, message);
		decoded.sock.row.state = STATE_CLOSE;
		decoded.sock.row.flags &= (uint16_t) ~(ROW_HAS_UID | ROW_HAS_QUEUES);
		return destroy->sink(destroy->context, &decoded.sock);
	}
	return 0;
}

int destroy_read(struct destroy *destroy, sock_sink *sink, void *context)
{
	struct exchange *exchange = &destroy->exchange;
	destroy->sink = sink;
	destroy->context = context;
	enum exchange_end end = exchange_listen(exchange, DESTROY_BATCH, destroy_message, destroy);
	destroy->lost |= exchange->lost || exchange->malformed;
	if (end == EXCHANGE_STOPPED)
		return exchange->number;
	errno = exchange->number;
	return end == EXCHANGE_DONE ? 0 : -1;
}
