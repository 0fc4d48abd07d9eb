// SPDX-License-Identifier: MIT
/*
 * fuzz_events.c - what --events reads, in any bytes: the first one chooses.
 *
 *   0 datagrams of the multicast of closes: two bytes of length, then so many (length 0xffff: some were lost)
 *   1 a BPF ring buffer, whose producer stands behind the bytes; each record is written as text, JSON and CSV
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/destroy.h>

#include "../../src/events/dumps.h"
#include "../../src/events/event_out.h"
#include "../../src/events/event_record.h"
#include "../../src/events/ring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right)
{
	if (!right)
		abort();
}

/* --- how it is written --- */

struct writer {
	struct event_style style[3];
	struct event_stamp stamp;
	struct out out;
	size_t told;
};

static void writer_open(struct writer *writer)
{
	static const enum events_form forms[] = { EVENTS_TEXT, EVENTS_JSONL, EVENTS_CSV };
	*writer = (struct writer){ 0 };
	check(out_open(&writer->out, open("/dev/null", O_WRONLY | O_CLOEXEC)) == 0);
	for (size_t i = 0; i < countof(forms); i++) {
		struct event_style *style = &writer->style[i];
		*style = (struct event_style){ .form = forms[i], .utc = true, .stamp = &writer->stamp };
		style->out = &writer->out;
		event_columns_default(&style->columns, forms[i] == EVENTS_TEXT, false);
	}
}

/* A line each, of printable bytes. */
static int write_event(void *context, struct event *event)
{
	struct writer *writer = context;
	for (size_t i = 0; i < countof(writer->style); i++) {
		size_t start = writer->out.len;
		check(event_out(&writer->style[i], event) == 0);
		for (size_t at = start; at < writer->out.len; at++) {
			uint8_t byte = (uint8_t)writer->out.buffer[at];
			bool end = at + 1 == writer->out.len || (byte == '\r' && at + 2 == writer->out.len);
			check(end || (byte >= 0x20 && byte != 0x7f));
		}
		check(writer->out.buffer[writer->out.len - 1] == '\n');
		writer->out.len = 0;
	}
	writer->told++;
	return 0;
}

/* --- closes --- */

struct datagrams {
	struct wire wire;
	const uint8_t *data;
	size_t left;
};

static ssize_t receive(struct wire *wire, void *buffer, size_t len)
{
	struct datagrams *datagrams = (struct datagrams *)wire;
	if (datagrams->left < 2) {
		errno = EAGAIN;
		return -1;
	}
	size_t want = (size_t)(datagrams->data[0] | datagrams->data[1] << 8);
	datagrams->data += 2;
	datagrams->left -= 2;
	if (want == 0xffff) {
		errno = ENOBUFS;
		return -1;
	}
	want = want < datagrams->left ? want : datagrams->left;
	want = want < len ? want : len;
	memcpy(buffer, datagrams->data, want);
	datagrams->data += want;
	datagrams->left -= want;
	if (!want)
		errno = EAGAIN;
	return want ? (ssize_t)want : -1;
}

struct closes {
	struct writer writer;
	struct dumps dumps;
};

static int closed(void *context, const struct sock *sock)
{
	struct closes *closes = context;
	struct event event;
	if (dumps_close(&closes->dumps, sock, 1, &event))
		write_event(&closes->writer, &event);
	return 0;
}

static void read_closes(const uint8_t *data, size_t size)
{
	struct datagrams datagrams = { .wire = { .receive = receive, .fd = -1 }, .data = data, .left = size };
	struct destroy destroy = { 0 };
	struct closes closes;
	writer_open(&closes.writer);
	closes.dumps = (struct dumps){ 0 };
	check(exchange_start(&destroy.exchange, &datagrams.wire) == 0);
	for (size_t before = size + 1; datagrams.left < before;) {
		before = datagrams.left;
		destroy_read(&destroy, closed, &closes);
	}
	destroy_close(&destroy);
	out_close(&closes.writer.out);
}

/* --- records --- */

static int record(void *context, const struct event_record *record)
{
	struct event event;
	if (!event_of_record(&event, record, record->pad[0] & 1 ? PROTO_TCP : PROTO_UDP, 0))
		return 0;
	return write_event(context, &event);
}

static void read_records(const uint8_t *data, size_t size)
{
	enum { PAGE = 4096, SIZE = 4096 };
	unsigned long consumed = 0;
	/* As the kernel maps it: the data stands there twice, so that no record is in two pieces. */
	char *produced = aligned_alloc(8, PAGE + 2 * SIZE);
	struct ring ring = { .consumed = &consumed, .produced = produced, .page = PAGE, .size = SIZE };
	struct writer writer;
	unsigned long end = size < SIZE ? size & ~7ul : SIZE;
	check(produced != NULL);
	writer_open(&writer);
	memset(produced, 0, PAGE + 2 * SIZE);
	memcpy(produced, &end, sizeof(end));
	memcpy(produced + PAGE, data, end);
	memcpy(produced + PAGE + SIZE, data, end);
	ring_read(&ring, SIZE, record, &writer);
	check(writer.told <= SIZE / sizeof(struct event_record));
	out_close(&writer.out);
	free(produced);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (*data & 1)
		read_records(data + 1, size - 1);
	else
		read_closes(data + 1, size - 1);
	return 0;
}
