// SPDX-License-Identifier: MIT
/*
 * fuzz_procnet.c - hostile text in place of /proc/net's files.
 *
 * The first byte chooses the file, the rest is its content. It goes through
 * the line parser from a buffer of its exact size, and as a whole file through
 * the source; what comes out must be what a row may be.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/countof.h>

#include "collect/procnet.h"
#include "collect/procnet_inet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"tcp",  "tcp6", "udp",    "udp6",    "udplite",  "udplite6",    "raw",
	"raw6", "unix", "packet", "netlink", "sctp/eps", "sctp/assocs",
};

enum { NAME_COUNT = countof(names), UNIX_NAME = 8, PACKET_NAME, NETLINK_NAME, EPS_NAME, ASSOCS_NAME };

static char folder_path[] = "/tmp/fuzz_procnet.XXXXXX", sctp_path[sizeof(folder_path) + 5];

static void remove_folder(void)
{
	rmdir(sctp_path);
	rmdir(folder_path);
}

static int own_folder(void)
{
	static int folder = -1;
	if (folder >= 0)
		return folder;
	if (!mkdtemp(folder_path))
		abort();
	snprintf(sctp_path, sizeof(sctp_path), "%s/sctp", folder_path);
	atexit(remove_folder);
	folder = open(folder_path, O_RDONLY | O_DIRECTORY);
	mkdirat(folder, "sctp", 0700);
	return folder;
}

static void must(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

static void check_row(const struct sock *sock)
{
	const struct row *row = &sock->row;
	must(row->proto < PROTO_COUNT, "a protocol");
	must(row->state > STATE_UNKNOWN && row->state < STATE_NEW_SYN_RECV, "a state");
	must((row->proto == PROTO_UNIX) == (row->family == AF_UNIX), "a family of the protocol");
	must((row->proto == PROTO_UNIX) == (sock->unix_ != NULL), "unix details");
	must((row->proto == PROTO_PACKET || row->proto == PROTO_NETLINK || row->proto == PROTO_SCTP) ==
	             (sock->detail != NULL),
	     "details");
	must(sock->blob[BLOB_PATH].len <= PROCNET_PATH_MAX, "a path of at most 108 bytes");
	must(row->family != AF_INET || !row->local.word[1], "IPv4 in the first four bytes");
	must(row->family == AF_INET6 || !(row->flags & (ROW_LOCAL_MAPPED | ROW_REMOTE_MAPPED)), "mapped");
}

struct counted {
	size_t rows;
	unsigned sum; /* of every byte lent to us */
};

static int count(void *context, const struct sock *sock)
{
	struct counted *counted = context;
	const struct bytes *path = &sock->blob[BLOB_PATH];
	check_row(sock);
	counted->rows++;
	for (size_t i = 0; i < path->len; i++)
		counted->sum += ((const uint8_t *)path->data)[i];
	return 0;
}

static void one_line(unsigned file, const char *text, size_t len)
{
	struct sock sock = { 0 };
	struct sock_timer timer;
	struct sock_unix unix_;
	struct bytes path;
	struct sock_detail detail;
	if (file > UNIX_NAME) {
		sock.detail = &detail;
		if (file == PACKET_NAME    ? procnet_packet_parse(text, len, &sock.row, &detail)
		    : file == NETLINK_NAME ? procnet_netlink_parse(text, len, &sock.row, &detail)
		                           : procnet_sctp_parse(text, len, file == ASSOCS_NAME, &sock.row, &detail))
			check_row(&sock);
		return;
	}
	if (file == UNIX_NAME) {
		sock.unix_ = &unix_;
		if (procnet_unix_parse(text, len, &sock.row, &unix_, &path))
			check_row(&sock);
		return;
	}
	int family = file % 2 ? AF_INET6 : AF_INET;
	if (procnet_inet_parse(text, len, file / 2, family, &sock.row, &timer))
		check_row(&sock);
}

/* Every newline makes one more line that was either given or counted as unreadable. */
static void whole_file(int folder, size_t lines)
{
	struct counted counted = { 0 };
	struct query query = { .protos = PROTO_ALL, .inet = true, .inet6 = true, .want = WANT_TIMER };
	struct source_request request = { .query = &query, .sink = count, .context = &counted };
	struct report report = { 0 };
	struct error error;
	for (unsigned proto = 0; proto < PROTO_COUNT; proto++)
		query.states[proto] = STATE_ALL;
	must(source_proc(folder, &request, &report, &error) == 0, "an answer");
	must(counted.rows == report.received, "all rows given");
	must(counted.rows + report.malformed <= lines + 1, "no line twice");
}

static void unix_complement(int folder)
{
	struct procnet_unix unix_;
	struct report report = { 0 };
	struct error error;
	uint32_t refcnt;
	must(procnet_unix_load(&unix_, NULL, folder, &report, &error) == 0, "the complement");
	procnet_unix_refcnt(&unix_, 1, &refcnt);
	procnet_unix_free(&unix_);
}

static size_t newlines(const uint8_t *data, size_t size)
{
	size_t lines = 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	unsigned file = data[0] % NAME_COUNT;
	one_line(file, (const char *)data + 1, size - 1);
	int folder = own_folder();
	int fd = openat(folder, names[file], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data + 1, size - 1) != (ssize_t)(size - 1))
		abort();
	close(fd);
	whole_file(folder, newlines(data + 1, size - 1));
	if (file == UNIX_NAME)
		unix_complement(folder);
	unlinkat(folder, names[file], 0);
	return 0;
}
