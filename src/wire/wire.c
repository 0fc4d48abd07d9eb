// SPDX-License-Identifier: MIT
/* wire.c - the live wire: a netlink socket (wire.h). */
#include <sockview/wire.h>

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <libmnl/libmnl.h>

struct kernel_wire {
	struct wire wire;
	struct mnl_socket *socket;
};

static int kernel_send(struct wire *wire, const void *request, size_t len)
{
	struct kernel_wire *self = (struct kernel_wire *)wire;
	ssize_t sent;
	do
		sent = mnl_socket_sendto(self->socket, request, len);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -1 : 0;
}

/* libmnl's own receive does not tell the sender: only datagrams of the kernel (port 0) are taken. */
static ssize_t kernel_receive(struct wire *wire, void *buffer, size_t len)
{
	struct kernel_wire *self = (struct kernel_wire *)wire;
	for (;;) {
		struct sockaddr_nl from = { 0 };
		struct iovec part = { buffer, len };
		struct msghdr message = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &part,
			.msg_iovlen = 1,
		};
		ssize_t got = recvmsg(self->wire.fd, &message, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (from.nl_pid != 0)
			continue;
		if (message.msg_flags & MSG_TRUNC) {
			errno = ENOSPC;
			return -1;
		}
		return got;
	}
}

static void kernel_close(struct wire *wire)
{
	struct kernel_wire *self = (struct kernel_wire *)wire;
	mnl_socket_close(self->socket);
	free(self);
}

struct wire *wire_open(int bus)
{
	struct timeval patience = { .tv_sec = WIRE_PATIENCE_MS / 1000, .tv_usec = WIRE_PATIENCE_MS % 1000 * 1000 };
	struct kernel_wire *self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->wire = (struct wire){ .send = kernel_send, .receive = kernel_receive, .close = kernel_close, .fd = -1 };
	self->socket = mnl_socket_open2(bus, SOCK_CLOEXEC);
	if (self->socket)
		self->wire.fd = mnl_socket_get_fd(self->socket);
	if (self->socket && mnl_socket_bind(self->socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    setsockopt(self->wire.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0)
		return &self->wire;
	int number = errno;
	if (self->socket)
		mnl_socket_close(self->socket);
	free(self);
	errno = number;
	return NULL;
}

struct wire *wire_kernel(void)
{
	return wire_open(NETLINK_SOCK_DIAG);
}

const char *wire_origin(const struct wire *wire)
{
	return wire->origin;
}

bool wire_record_failed(const struct wire *wire)
{
	return wire->record_errno != 0;
}

void wire_close(struct wire *wire)
{
	if (wire)
		wire->close(wire);
}
