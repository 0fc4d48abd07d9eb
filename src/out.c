/* out.c - buffered standard output (out.h). */
#include <sockview/out.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/text.h>

int out_open(struct out *out, int fd)
{
	*out = (struct out){ .fd = fd, .buffer = malloc(OUT_SIZE) };
	return out->buffer ? 0 : -1;
}

/* Everything or an error: a pipe may take a write in parts. */
static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t done = write(fd, data, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return errno;
		data += done;
		len -= (size_t)done;
	}
	return 0;
}

int out_flush(struct out *out)
{
	if (!out->error)
		out->error = write_all(out->fd, out->buffer, out->len);
	out->len = 0;
	errno = out->error;
	return out->error ? -1 : 0;
}

char *out_room(struct out *out, size_t len)
{
	if (OUT_SIZE - out->len < len)
		out_flush(out);
	return out->buffer + out->len;
}

void out_advance(struct out *out, const char *end)
{
	out->len = (size_t)(end - out->buffer);
}

void out_bytes(struct out *out, const void *data, size_t len)
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

void out_string(struct out *out, const char *text)
{
	out_bytes(out, text, strlen(text));
}

void out_char(struct out *out, char c)
{
	char *to = out_room(out, 1);
	*to = c;
	out_advance(out, to + 1);
}

void out_u64(struct out *out, uint64_t value)
{
	out_advance(out, text_u64(out_room(out, TEXT_U64_MAX), value));
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
