// SPDX-License-Identifier: MIT
/*
 * served.c - the live wire, used by a thread that has the capabilities for it (wire.h).
 *
 * Whether a row tells what takes CAP_NET_ADMIN the kernel judges by the thread
 * that receives it, which makes the next part of the dump in its recvmsg(), and
 * by the one that opened the socket (netlink_ns_capable(), net/netlink/af_netlink.c).
 * A reader (reader.h) has the servant start its thread, which then needs it no more.
 */
#include <sockview/wire.h>

#include <errno.h>
#include <stdlib.h>

#include <sockview/servant.h>

struct served {
	struct wire wire;
	struct wire *inner;
	struct servant *servant;
};

struct served_call {
	struct served *self;
	const void *request;
	void *buffer;
	size_t len;
};

static ssize_t served_open(void *context)
{
	struct served *self = context;
	self->inner = wire_kernel();
	return self->inner ? 0 : -1;
}

static ssize_t served_send_work(void *context)
{
	const struct served_call *call = context;
	return call->self->inner->send(call->self->inner, call->request, call->len);
}

static ssize_t served_receive_work(void *context)
{
	const struct served_call *call = context;
	return call->self->inner->receive(call->self->inner, call->buffer, call->len);
}

static int served_send(struct wire *wire, const void *request, size_t len)
{
	struct served *self = (struct served *)wire;
	struct served_call call = { .self = self, .request = request, .len = len };
	return (int)servant_call(self->servant, served_send_work, &call);
}

static ssize_t served_receive(struct wire *wire, void *buffer, size_t len)
{
	struct served *self = (struct served *)wire;
	struct served_call call = { .self = self, .buffer = buffer, .len = len };
	return servant_call(self->servant, served_receive_work, &call);
}

static void served_close(struct wire *wire)
{
	struct served *self = (struct served *)wire;
	wire_close(self->inner);
	free(self);
}

struct wire *wire_served(struct servant *servant)
{
	struct served *self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->servant = servant;
	if (servant_call(servant, served_open, self) < 0) {
		int number = errno;
		free(self);
		errno = number;
		return NULL;
	}
	self->wire = (struct wire){
		.send = served_send,
		.receive = served_receive,
		.close = served_close,
		.fd = self->inner->fd,
		.servant = servant,
		.behind = self->inner,
	};
	return &self->wire;
}
