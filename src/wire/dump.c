/* dump.c - a netlink dump with a bound on how long it may take (dump.h). */
#include <sockview/dump.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { DUMP_BUFFER = 65536 };

int dump_open(struct dump *dump, int bus)
{
	/* The kernel answers a dump at once; this only ends a wait that nothing would. */
	struct timeval patience = { .tv_sec = 5 };
	*dump = (struct dump){ .socket = mnl_socket_open2(bus, SOCK_CLOEXEC), .buffer = malloc(DUMP_BUFFER) };
	if (dump->socket && dump->buffer && mnl_socket_bind(dump->socket, 0, MNL_SOCKET_AUTOPID) == 0 &&
	    setsockopt(mnl_socket_get_fd(dump->socket), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0)
		return 0;
	int saved = errno;
	dump_close(dump);
	errno = saved;
	return -1;
}

void dump_close(struct dump *dump)
{
	if (dump->socket)
		mnl_socket_close(dump->socket);
	free(dump->buffer);
	*dump = (struct dump){ 0 };
}

int dump_run(struct dump *dump, struct nlmsghdr *request, mnl_cb_t call, void *context)
{
	unsigned port = mnl_socket_get_portid(dump->socket);
	request->nlmsg_seq = ++dump->seq;
	if (mnl_socket_sendto(dump->socket, request, request->nlmsg_len) < 0)
		return -1;
	for (;;) {
		ssize_t got = mnl_socket_recvfrom(dump->socket, dump->buffer, DUMP_BUFFER);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -1;
		int answer = mnl_cb_run(dump->buffer, (size_t)got, dump->seq, port, call, context);
		if (answer <= MNL_CB_STOP)
			return answer < 0 ? -1 : 0;
	}
}
