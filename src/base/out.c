// SPDX-License-Identifier: MIT
/* out.c - buffered standard output (out.h). */
#include <sockview/out.h>

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/text.h>

/* So long a reader has, once a signal asked to stop, to take the next bytes of a table that was begun. */
enum { STOPPED_WAIT_MS = 1000 };

int out_open(struct out *out, int fd)
{
	*out = (struct out){ .fd = fd, .size = OUT_SIZE, .buffer = malloc(OUT_SIZE) };
	return out->buffer ? 0 : -1;
}

/* Standard output may be non-blocking: any other holder of the same pipe or terminal may have set it so. */
static bool wait_for_room(int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	return poll(&room, 1, -1) > 0 || errno == EINTR;
}

/* What a blocking pipe takes without waiting once poll(2) tells of room (pipe_poll, fs/pipe.c). */
static ssize_t write_some(const struct out *out, const char *data, size_t len)
{
	struct pollfd room = { .fd = out->fd, .events = POLLOUT };
	if (!out->stop_asked || !*out->stop_asked)
		return write(out->fd, data, len);
	if (poll(&room, 1, STOPPED_WAIT_MS) > 0)
		return write(out->fd, data, len < PIPE_BUF ? len : PIPE_BUF);
	errno = ECANCELED;
	return -1;
}

/* Everything or an error: a pipe may take a write in parts. */
static int out_write(const struct out *out, const char *data, size_t len)
{
	while (len) {
		ssize_t done = write_some(out, data, len);
		if (done < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_room(out->fd))))
			continue;
		if (done < 0 && errno == ECANCELED)
			return EINTR;
		if (done < 0)
			return errno;
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

int out_flush(struct out *out)
{
	void (*begins)(void *context) = out->begins;
	if (begins && out->len) {
		out->begins = NULL;
		begins(out->context);
	}
	if (!out->error)
		out->error = out_write(out, out->buffer, out->len);
	out->len = 0;
	errno = out->error;
	return out->error ? -1 : 0;
}

void out_spill(struct out *out)
{
	char *grown = out->holds && !out->error ? realloc(out->buffer, 2 * out->size) : NULL;
	if (!grown && out->holds && !out->error)
		out->error = ENOMEM;
	if (!grown) {
		out_flush(out);
		return;
	}
	out->buffer = grown;
	out->size *= 2;
}

void out_more(struct out *out, const void *data, size_t len)
{
	const char *from = data;
	while (len) {
		size_t part = len < OUT_SIZE ? len : OUT_SIZE;
		char *to = out_room(out, part);
		memcpy(to, from, part);
		out_advance(out, to + part);
		from += part;
		len -= part;
	}
}

void out_u64(struct out *out, uint64_t value)
{
	out_advance(out, text_u64(out_room(out, TEXT_U64_MAX), value));
}

bool out_wait_closed(const struct out *out, int other, const struct timespec *pause, const sigset_t *signals)
{
	/* POLLERR of a pipe without a reader, POLLHUP of a socket or terminal: told without being asked for. */
	struct pollfd fds[] = { { .fd = out->fd }, { .fd = other, .events = POLLIN } };
	return ppoll(fds, 2, pause, signals) > 0 && fds[0].revents;
}

int out_close(struct out *out)
{
	out_flush(out);
	/* A file on a full network disk may tell only now. */
	if (close(out->fd) < 0 && errno != EINTR && !out->error)
		out->error = errno;
	free(out->buffer);
	out->buffer = NULL;
	errno = out->error;
	return out->error ? -1 : 0;
}
