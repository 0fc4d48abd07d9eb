// SPDX-License-Identifier: MIT
/*
 * out.h - the one way to standard output: a 64 KiB buffer, one write(2) when it is full.
 *
 * The first failed write is kept in `error`; what comes after is thrown away,
 * so callers may check once at the end.
 */
#ifndef SOCKVIEW_OUT_H
#define SOCKVIEW_OUT_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#define OUT_SIZE 65536

struct out {
	int fd;
	int error; /* errno of the first failed write, 0 */
	size_t len, size;
	char *buffer; /* `size` bytes */
	bool holds;   /* all is kept until out_close(): the buffer grows in place of being written */
	/* Called once, before the first byte is written; NULL: nothing is. */
	void (*begins)(void *context);
	void *context;
	const volatile sig_atomic_t
		*stop_asked; /* a signal asked to stop: who does not read is not waited for; or NULL */
};

/* 0, or -1 with errno ENOMEM. */
int out_open(struct out *out, int fd);
/* 0, or -1 with errno: this write's failure or an earlier one's. */
int out_flush(struct out *out);
/* The buffer is full: makes room for OUT_SIZE bytes. */
void out_spill(struct out *out);
/* out_bytes() of any length: flushes as often as the buffer is full. */
void out_more(struct out *out, const void *data, size_t len);
void out_u64(struct out *out, uint64_t value);

/* Inline: these run a dozen times a row. */

/* Room for `len` (at most OUT_SIZE) bytes at the returned place; then out_advance(end). Never NULL. */
static inline char *out_room(struct out *out, size_t len)
{
	if (out->size - out->len < len)
		out_spill(out);
	return out->buffer + out->len;
}

static inline void out_advance(struct out *out, const char *end)
{
	out->len = (size_t)(end - out->buffer);
}

static inline void out_bytes(struct out *out, const void *data, size_t len)
{
	if (out->size - out->len < len) {
		out_more(out, data, len);
		return;
	}
	memcpy(out->buffer + out->len, data, len);
	out->len += len;
}

static inline void out_string(struct out *out, const char *text)
{
	out_bytes(out, text, strlen(text));
}

static inline void out_char(struct out *out, char c)
{
	*out_room(out, 1) = c;
	out->len++;
}

/*
 * True if the other end of the pipe is closed (`| head`), or does not read and
 * a signal asked to stop (EINTR): a quiet end, no failure.
 */
static inline bool out_has_no_reader(const struct out *out)
{
	return out->error == EPIPE || out->error == EINTR;
}
/*
 * Waits until the reader is gone, something can be read from `other` (-1: nothing),
 * for `pause`, or for a signal of those that `signals` leaves open. True if it is gone.
 */
bool out_wait_closed(const struct out *out, int other, const struct timespec *pause, const sigset_t *signals);

/* Flushes, closes the fd, frees the buffer. 0, or -1 with errno. */
int out_close(struct out *out);

#endif
