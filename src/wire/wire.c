/* wire.c - the live wire: a NETLINK_SOCK_DIAG socket (wire.h). */
#include <sockview/wire.h>

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <sys/socket.h>
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

/* libmnl's own receive does not tell who sent: only the kernel (port 0) is believed. */
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
		ssize_t got = recvmsg(mnl_socket_get_fd(self->socket), &message, 0);
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

struct wire *wire_kernel(void)
{
	struct kernel_wire *self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->wire = (struct wire){ .send = kernel_send, .receive = kernel_receive, .close = kernel_close };
	self->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (self->socket && mnl_socket_bind(self->socket, 0, MNL_SOCKET_AUTOPID) == 0)
		return &self->wire;
	int number = errno;
	if (self->socket)
		mnl_socket_close(self->socket);
	free(self);
	errno = number;
	return NULL;
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
