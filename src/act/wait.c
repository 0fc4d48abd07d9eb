// SPDX-License-Identifier: MIT
/* wait.c - whether an end is reached, by the tables, by a connection or by a bind (wait.h). */
#include <sockview/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sockview/proto.h>

/* --- of this host: the tables --- */

static bool row_serves(const struct wait_end *end, const struct row *row)
{
	if (row->proto != end->proto || row->local_port != end->port || end->host)
		return false;
	/* A listener of one interface serves only those who come in there; of a link-local address it is its zone. */
	if (end->ifindex && row->ifindex && row->ifindex != end->ifindex)
		return false;
	for (size_t i = 0; i < end->address_count; i++)
		if (addr_is_any(&end->address[i].addr, false) ||
		    (row_covers(row, end->address[i].family, &end->address[i].addr) &&
		     (end->ifindex || addr_device_serves(&end->device[i], row->ifindex))))
			return true;
	return !end->address_count;
}

static int listener_sink(void *context, const struct sock *sock)
{
	struct wait_list *list = context;
	for (size_t i = 0; i < list->count; i++)
		list->end[i].reached |= row_serves(&list->end[i], &sock->row);
	return 0;
}

static int tables_ask(const struct query *query, const struct sources *sources, sock_sink *sink, void *context,
                      struct error *error)
{
	struct source_request request = { .query = query, .sink = sink, .context = context };
	struct report report = { 0 };
	int answer = collect_sockets(sources, &request, &report, error);
	if (answer >= 0 && report.unavailable & query->protos)
		answer = error_set(error, report.netlink_errno ? report.netlink_errno : ENOENT, "list sockets", "");
	return answer;
}

static int listeners_look(struct wait_list *list, const struct sources *sources, struct error *error)
{
	struct query query = { .inet = true, .inet6 = true, .want = WANT_EXTRA };
	for (size_t i = 0; i < list->count; i++)
		if (!list->end[i].host && !list->end[i].reached)
			query.protos |= PROTO_BIT(list->end[i].proto);
	FOR_EACH_PROTO (proto, query.protos)
		query.states[proto] = proto_table[proto].waiting;
	return query.protos ? tables_ask(&query, sources, listener_sink, list, error) : 0;
}

/* --- of another host: a connection, tried by a child, as looking a name up may take its time --- */

static bool connect_one(const struct addrinfo *info, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
		                  .events = POLLOUT };
	int number = 0;
	socklen_t len = sizeof(number);
	if (poll_fd.fd < 0)
		return false;
	bool connected = connect(poll_fd.fd, info->ai_addr, info->ai_addrlen) == 0;
	if (!connected && errno == EINPROGRESS && poll(&poll_fd, 1, timeout_ms) == 1)
		connected = getsockopt(poll_fd.fd, SOL_SOCKET, SO_ERROR, &number, &len) == 0 && !number;
	close(poll_fd.fd);
	return connected;
}

static bool connect_any(const struct wait_end *end)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *found;
	char port[8];
	bool connected = false;
	snprintf(port, sizeof(port), "%u", end->port);
	if (getaddrinfo(end->host, port, &hints, &found))
		return false;
	for (const struct addrinfo *info = found; info && !connected; info = info->ai_next)
		connected = connect_one(info, wait_patience * 1000);
	freeaddrinfo(found);
	return connected;
}

static void asking_start(struct wait_end *end)
{
	pid_t parent = getpid();
	end->asking = fork();
	if (end->asking)
		return;
	/* It ends with us, and by itself: a resolver may take longer than the wait for the target lasts. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	alarm(wait_patience * 2);
	_exit(connect_any(end) ? 0 : 1);
}

static void asking_look(struct wait_end *end)
{
	int status;
	if (end->asking <= 0) {
		asking_start(end);
		return;
	}
	if (waitpid(end->asking, &status, WNOHANG) != end->asking)
		return;
	end->asking = 0;
	end->reached = WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void asking_end(struct wait_end *end)
{
	if (end->asking <= 0)
		return;
	kill(end->asking, SIGKILL);
	waitpid(end->asking, NULL, 0);
	end->asking = 0;
}

int wait_look(struct wait_list *list, const struct sources *sources, struct error *error)
{
	int all = 1;
	if (listeners_look(list, sources, error) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		struct wait_end *end = &list->end[i];
		if (end->host && !end->reached)
			asking_look(end);
		all &= end->reached;
	}
	return all;
}

void wait_stop(struct wait_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		asking_end(&list->end[i]);
}

/* --- free to be bound --- */

struct clearing {
	const struct wait_end *end;
	bool taken;
};

/* Of the address families both must be one for two sockets to meet, but for [::], which has IPv4 too. */
static bool meets(const struct wait_end *end, const struct row *row)
{
	bool mapped = row->flags & ROW_LOCAL_MAPPED;
	if (!end->address_count)
		return true;
	for (size_t i = 0; i < end->address_count; i++) {
		const struct typed_address *address = &end->address[i];
		bool row_four = row->family == AF_INET || mapped || !(row->flags & ROW_V6ONLY);
		bool row_six = row->family == AF_INET6 && !mapped;
		bool any = addr_is_any(&address->addr, false);
		if (row_covers(row, address->family, &address->addr) ||
		    (any && (address->family == AF_INET ? row_four : row_six)))
			return true;
	}
	return false;
}

static int clearing_sink(void *context, const struct sock *sock)
{
	struct clearing *clearing = context;
	const struct row *row = &sock->row;
	if (row->local_port == clearing->end->port && row->proto == clearing->end->proto && meets(clearing->end, row))
		clearing->taken = true;
	return 0;
}

int wait_is_clear(const struct wait_end *end, const struct sources *sources, struct error *error)
{
	struct clearing clearing = { .end = end };
	struct query query = { .protos = PROTO_BIT(end->proto), .inet = true, .inet6 = true, .want = WANT_EXTRA };
	query.states[end->proto] = proto_table[end->proto].waiting | STATE_BIT(STATE_BOUND);
	if (tables_ask(&query, sources, clearing_sink, &clearing, error) < 0)
		return -1;
	return !clearing.taken;
}

static int bind_address(const struct wait_end *end, const struct typed_address *address)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		                    .sin6_port = htons(end->port),
		                    .sin6_scope_id = end->ifindex };
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(end->port) };
	int family = address->family, on = 1, off = 0;
	int fd = socket(family, (end->proto == PROTO_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	memcpy(&six.sin6_addr, &address->addr, sizeof(six.sin6_addr));
	memcpy(&four.sin_addr, &address->addr, sizeof(four.sin_addr));
	if (end->proto == PROTO_TCP)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	int result = family == AF_INET6 ? bind(fd, (struct sockaddr *)&six, sizeof(six))
	                                : bind(fd, (struct sockaddr *)&four, sizeof(four));
	int number = result ? errno : 0;
	close(fd);
	return number;
}

int wait_try_bind(const struct wait_end *end)
{
	static const struct typed_address every[] = { { .family = AF_INET6 }, { .family = AF_INET } };
	if (!end->address_count) {
		int number = bind_address(end, &every[0]);
		/* No IPv6 here. */
		return number == EAFNOSUPPORT || number == EADDRNOTAVAIL ? bind_address(end, &every[1]) : number;
	}
	for (size_t i = 0; i < end->address_count; i++) {
		int number = bind_address(end, &end->address[i]);
		if (number)
			return number;
	}
	return 0;
}
