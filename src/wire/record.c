// SPDX-License-Identifier: MIT
/*
 * record.c - wires that write and read a file of netlink messages.
 *
 * The file is what went over the wire, one message behind the other: our
 * requests (so that a reader knows what the answers are of) and the kernel's
 * datagrams, each padded to 4 bytes as netlink pads them. The first message is
 * a NLMSG_NOOP whose text says on which boot of which machine it was made; where
 * several network namespaces are recorded, one more says of which what follows is.
 * `ss -D` writes neither that nor the requests.
 */
#include <sockview/wire.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int record_write(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t done = write(fd, data, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

/* --- recording --- */

struct record_wire {
	struct wire wire;
	struct wire *inner;
	int fd;
};

/*
 * A datagram may end in a message without its padding; the file may not. The
 * errno is kept apart: ENOSPC of a file is not that of a datagram, after
 * which more would be waited for.
 */
static int record_bytes(struct record_wire *self, const void *data, size_t len)
{
	static const char padding[NLMSG_ALIGNTO] = { 0 };
	if (record_write(self->fd, data, len) == 0 && record_write(self->fd, padding, NLMSG_ALIGN(len) - len) == 0)
		return 0;
	self->wire.record_errno = errno;
	return -1;
}

static int record_send(struct wire *wire, const void *request, size_t len)
{
	struct record_wire *self = (struct record_wire *)wire;
	if (record_bytes(self, request, len) < 0)
		return -1;
	return self->inner->send(self->inner, request, len);
}

static ssize_t record_receive(struct wire *wire, void *buffer, size_t len)
{
	struct record_wire *self = (struct record_wire *)wire;
	ssize_t got = self->inner->receive(self->inner, buffer, len);
	if (got > 0 && record_bytes(self, buffer, (size_t)got) < 0)
		return -1;
	return got;
}

static void record_close(struct wire *wire)
{
	struct record_wire *self = (struct record_wire *)wire;
	wire_close(self->inner);
	close(self->fd);
	free(self);
}

static int record_note(struct record_wire *self, const void *note, size_t len)
{
	struct nlmsghdr head = { .nlmsg_type = NLMSG_NOOP };
	len = len < WIRE_NOTE_MAX ? len : WIRE_NOTE_MAX;
	head.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + len);
	return record_bytes(self, &head, sizeof(head)) < 0 ? -1 : record_bytes(self, note, len);
}

struct wire *wire_record(struct wire *inner, int fd, const char *origin)
{
	struct record_wire *self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->wire = (struct wire){
		.send = record_send,
		.receive = record_receive,
		.close = record_close,
		.fd = inner->fd,
		.recording = true,
	};
	self->inner = inner;
	self->fd = fd;
	if (record_note(self, origin, strnlen(origin, WIRE_ORIGIN_MAX)) == 0)
		return &self->wire;
	free(self);
	return NULL;
}

int wire_record_note(struct wire *recording, const void *note, size_t len)
{
	return record_note((struct record_wire *)recording, note, len);
}

int wire_record_bytes(struct wire *recording, const void *data, size_t len)
{
	return record_bytes((struct record_wire *)recording, data, len);
}

/* Both write at the place in the file that they share. */
struct wire *wire_record_on(struct wire *recording, struct wire *inner, const void *note, size_t len)
{
	struct record_wire *before = (struct record_wire *)recording, *self = calloc(1, sizeof(*self));
	int fd = self ? fcntl(before->fd, F_DUPFD_CLOEXEC, 0) : -1;
	if (fd >= 0) {
		self->wire = before->wire;
		self->wire.fd = inner->fd;
		self->inner = inner;
		self->fd = fd;
	}
	if (fd >= 0 && record_note(self, note, len) == 0)
		return &self->wire;
	int saved = errno;
	if (fd >= 0)
		close(fd);
	free(self);
	wire_close(inner);
	errno = saved;
	return NULL;
}

/* --- replaying --- */

struct replay_wire {
	struct wire wire;
	int fd;
	int64_t read;    /* bytes of the file handed out or in `rest` */
	size_t rest_len; /* the beginning of a message that did not fit the last time */
	char rest[WIRE_BUFFER];
};

static int replay_send(struct wire *wire, const void *request, size_t len)
{
	(void)wire, (void)request, (void)len;
	return 0;
}

static ssize_t replay_read(int fd, char *buffer, size_t len)
{
	size_t got = 0;
	while (got < len) {
		ssize_t part = read(fd, buffer + got, len - got);
		if (part < 0 && errno == EINTR)
			continue;
		if (part < 0)
			return -1;
		if (part == 0)
			break;
		got += (size_t)part;
	}
	return (ssize_t)got;
}

/* How many of the bytes are whole messages; -1 if one cannot be a message. */
static ssize_t whole_messages(const char *buffer, size_t len, size_t largest, size_t *bad)
{
	size_t at = 0;
	while (len - at >= NLMSG_HDRLEN) {
		struct nlmsghdr head;
		memcpy(&head, buffer + at, sizeof(head));
		*bad = at;
		/* Before it is rounded up: NLMSG_ALIGN's mask has 32 bits, and wraps to 0. */
		if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > largest)
			return -1;
		if (NLMSG_ALIGN((size_t)head.nlmsg_len) > len - at)
			break;
		at += NLMSG_ALIGN((size_t)head.nlmsg_len);
	}
	*bad = at;
	return (ssize_t)at;
}

/* A first message that would be one with its numbers turned round: NOOP of ours, or the answers of ss -D. */
static bool has_other_byte_order(const struct nlmsghdr *head, size_t largest)
{
	uint32_t len = __builtin_bswap32(head->nlmsg_len);
	uint16_t type = __builtin_bswap16(head->nlmsg_type);
	return len >= NLMSG_HDRLEN && len <= largest && (type == NLMSG_NOOP || type == SOCK_DIAG_BY_FAMILY);
}

/* What a file is whose beginning is no message; NULL: too short to begin with one. */
static const char *what_else(const char *buffer, size_t largest)
{
	struct nlmsghdr head = { 0 };
	if (buffer)
		memcpy(&head, buffer, sizeof(head));
	return has_other_byte_order(&head, largest) ? "a recording of a machine with the other byte order"
	                                            : "no recording of netlink messages";
}

static ssize_t replay_bad(struct replay_wire *self, int64_t offset)
{
	self->wire.offset = offset;
	errno = EBADMSG;
	return -1;
}

static ssize_t replay_receive(struct wire *wire, void *buffer, size_t len)
{
	struct replay_wire *self = (struct replay_wire *)wire;
	size_t kept = self->rest_len, bad;
	if (len < kept) {
		errno = EINVAL;
		return -1;
	}
	memcpy(buffer, self->rest, kept);
	ssize_t more = replay_read(self->fd, (char *)buffer + kept, len - kept);
	if (more < 0)
		return -1;
	size_t have = kept + (size_t)more;
	int64_t start = self->read;
	ssize_t whole = whole_messages(buffer, have, len, &bad);
	if (whole < 0 && start == 0 && bad == 0)
		self->wire.no_recording = what_else(buffer, len);
	if (whole < 0)
		return replay_bad(self, start + (int64_t)bad);
	if (start == 0 && have && have < NLMSG_HDRLEN)
		self->wire.no_recording = what_else(NULL, len);
	if (whole == 0 && have)
		return replay_bad(self, start + (int64_t)have); /* ends inside a message */
	self->rest_len = have - (size_t)whole;
	memcpy(self->rest, (char *)buffer + whole, self->rest_len);
	self->read = start + whole;
	self->wire.offset = start;
	return whole;
}

static void replay_close(struct wire *wire)
{
	struct replay_wire *self = (struct replay_wire *)wire;
	close(self->fd);
	free(self);
}

struct wire *wire_replay(int fd)
{
	struct replay_wire *self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->wire = (struct wire){
		.send = replay_send,
		.receive = replay_receive,
		.close = replay_close,
		.fd = -1,
		.replay = true,
	};
	self->fd = fd;
	return &self->wire;
}
