// SPDX-License-Identifier: MIT
/* tcp_options.c - the BPF iterator over TCP sockets, loaded and read (tcp_options.h). */
#include "explain/tcp_options.h"

#include <sockview/bpf_skeleton.h>

#ifndef BPF_MISSING

#include <errno.h>
#include <unistd.h>

#include "explain/holders.h"
#include "explain/tcp_options.lskel.h"

static struct holder *holder_by_cookie(struct explain *explain, uint64_t cookie)
{
	for (size_t i = 0; i < explain->holders; i++) {
		const struct row *row = holder_row(explain, &explain->holder[i]);
		if (row->flags & ROW_HAS_COOKIE && row->cookie == cookie)
			return &explain->holder[i];
	}
	return NULL;
}

static void take_record(struct explain *explain, const struct tcp_options *record)
{
	struct holder *holder = record->cookie ? holder_by_cookie(explain, record->cookie) : NULL;
	if (!holder)
		return;
	holder->is.reuseaddr = record->reuseaddr ? KNOWN_ON : KNOWN_OFF;
	holder->is.reuseport = record->reuseport ? KNOWN_ON : KNOWN_OFF;
	if (holder->is.family == AF_INET6)
		holder->is.v6only = record->v6only ? KNOWN_ON : KNOWN_OFF;
}

/* The kernel gives whole records (kernel/bpf/bpf_iter.c, bpf_seq_read()), and EAGAIN where many sockets did not fit. */
static bool read_records(struct explain *explain, int fd)
{
	enum { RECORDS = 512 };
	struct tcp_options record[RECORDS];
	for (;;) {
		ssize_t len = read(fd, record, sizeof(record));
		if (len < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		for (size_t i = 0; len > 0 && i < (size_t)len / sizeof(*record); i++)
			take_record(explain, &record[i]);
		if (len <= 0)
			return len == 0;
	}
}

bool tcp_options_learn(struct explain *explain)
{
	struct tcp_options_skel *skel = tcp_options_skel__open();
	bool learned = false;
	if (!skel)
		return false;
	skel->rodata->port = explain->target.port;
	if (tcp_options_skel__load(skel) == 0 && tcp_options_skel__attach(skel) == 0) {
		int fd = bpf_iterator_open(skel->links.write_options_fd);
		learned = fd >= 0 && read_records(explain, fd);
		if (fd >= 0)
			close(fd);
	}
	tcp_options_skel__destroy(skel);
	return learned;
}

#else

bool tcp_options_learn(struct explain *explain)
{
	(void)explain;
	return false;
}

#endif
