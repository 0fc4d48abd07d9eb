/* procnet.c - sockets from the text tables of /proc/net: which files, in which order. */
#include "collect/procnet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockview/countof.h>

#include "collect/lines.h"

/* netstat's order. */
static const struct procnet_file {
	const char *name;
	enum proto proto;
	int family;
} files[] = {
	{ "tcp", PROTO_TCP, AF_INET },   { "tcp6", PROTO_TCP, AF_INET6 },       { "udp", PROTO_UDP, AF_INET },
	{ "udp6", PROTO_UDP, AF_INET6 }, { "udplite", PROTO_UDPLITE, AF_INET }, { "udplite6", PROTO_UDPLITE, AF_INET6 },
	{ "raw", PROTO_RAW, AF_INET },   { "raw6", PROTO_RAW, AF_INET6 },       { "unix", PROTO_UNIX, AF_UNIX },
};

#define FILE_COUNT (countof(files))

/* What one run of source_proc() passes on. */
struct run {
	int proc_net_fd;
	const struct source_request *request;
	struct report *report;
	struct error *error;
};

static int file_error(struct error *error, int number, const char *what, const char *name)
{
	char subject[32];
	snprintf(subject, sizeof(subject), "/proc/net/%s", name);
	return error_set(error, number, what, subject);
}

int procnet_open(int proc_net_fd, const char *name, struct error *error)
{
	struct stat status;
	/* NONBLOCK: with --proc-root it may be anything, and a FIFO must not hold us up. */
	int fd = openat(proc_net_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return file_error(error, errno, "open", name);
	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		return fd;
	close(fd);
	return file_error(error, EINVAL, "read", name);
}

static int sock_give(const struct run *run, const struct sock *sock)
{
	run->report->received++;
	if (!query_matches(run->request->query, &sock->row))
		return 0;
	return run->request->sink(run->request->context, sock);
}

static int inet_line(const struct run *run, const struct procnet_file *file, const struct line *line, bool first)
{
	struct sock sock = { 0 };
	struct sock_timer timer;
	if (!line->whole || !procnet_inet_parse(line->text, line->len, file->proto, file->family, &sock.row, &timer)) {
		run->report->malformed += !first; /* the first is the heading */
		return 0;
	}
	if (run->request->query->want & WANT_TIMER)
		sock.timer = &timer;
	return sock_give(run, &sock);
}

static int inet_read(const struct run *run, const struct procnet_file *file, int fd)
{
	struct lines lines;
	struct line line;
	bool first = true;
	int got = 0, answer = 0;
	lines_start(&lines, fd);
	while (!answer && (got = lines_next(&lines, &line)) > 0) {
		answer = inet_line(run, file, &line, first);
		first = false;
	}
	return got < 0 ? file_error(run->error, errno, "read", file->name) : answer;
}

static int unix_give(void *context, const struct sock *sock, bool certain)
{
	(void)certain; /* all of this source's answer is what the file says */
	return sock_give(context, sock);
}

static int procnet_file_read(struct run *run, const struct procnet_file *file, int fd)
{
	run->report->requests++;
	if (file->proto == PROTO_UNIX)
		return procnet_unix_read(fd, unix_give, run, run->report, run->error);
	return inet_read(run, file, fd);
}

static bool is_wanted(const struct query *query, const struct procnet_file *file)
{
	if (!(query->protos & PROTO_BIT(file->proto)))
		return false;
	return file->family == AF_UNIX || (file->family == AF_INET ? query->inet : query->inet6);
}

/*
 * A missing file is a protocol that this kernel lacks, or a module that is not
 * loaded and so has no sockets. Without the IPv6 one alone nothing is amiss.
 */
int source_proc(int proc_net_fd, const struct source_request *request, struct report *report, struct error *error)
{
	struct run run = { proc_net_fd, request, report, error };
	unsigned missing = 0, read = 0;
	for (size_t i = 0; i < FILE_COUNT; i++) {
		if (!is_wanted(request->query, &files[i]))
			continue;
		int fd = procnet_open(proc_net_fd, files[i].name, error);
		if (fd < 0 && error->number != ENOENT)
			return -1;
		if (fd < 0) {
			missing |= PROTO_BIT(files[i].proto);
			continue;
		}
		int answer = procnet_file_read(&run, &files[i], fd);
		close(fd);
		if (answer)
			return answer;
		read |= PROTO_BIT(files[i].proto);
	}
	report->from_proc |= read;
	report->unavailable = (report->unavailable | missing) & ~read;
	return 0;
}
