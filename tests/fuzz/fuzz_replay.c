// SPDX-License-Identifier: MIT
/* fuzz_replay.c - any bytes as a recording: framing, requests, answers, ends, order. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sockview/collect.h>
#include <sockview/netns.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(void *context, const struct sock *sock)
{
	unsigned *sum = context;
	*sum += sock->row.local_port;
	return 0;
}

static int section(void *context, const void *note, size_t len)
{
	struct netns netns;
	bool own, asked;
	(void)context;
	if (netns_record_read(&netns, &own, &asked, note, len) < 0)
		return -1;
	netns_forget(&netns);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct query query = { .protos = PROTO_ALL, .inet = true, .inet6 = true, .want = ~0u };
	struct report report = { 0 };
	struct error error;
	unsigned sum = 0;
	for (unsigned i = 0; i < PROTO_COUNT; i++)
		query.states[i] = STATE_ALL;
	int fd = memfd_create("recording", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	struct wire *wire = wire_replay(fd);
	struct source_request request = {
		.query = &query,
		.ordered = true,
		.sink = count,
		.context = &sum,
		.section = size % 2 ? section : NULL,
	};
	struct sources sources = { .wire = wire, .proc_net_fd = -1 };
	if (wire)
		collect_sockets(&sources, &request, &report, &error);
	wire_close(wire);
	return 0;
}
