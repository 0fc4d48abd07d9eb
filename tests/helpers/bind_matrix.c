// SPDX-License-Identifier: MIT
/*
 * bind_matrix.c - random pairs of sockets: what the model of bind() says, and what the kernel does.
 *
 * Run it in a network namespace of its own that has `lo` up and an interface
 * `v0` with 192.0.2.1/24, 2001:db8::1/64 and fe80::1/64, and a route for
 * everything over v0 where no host answers.
 *
 *   bind_matrix SEED COUNT        random pairs; a failing one is shrunk and printed as a case
 *   bind_matrix --cases FILE      the pairs of a file, one a line as printed
 *   bind_matrix SEED COUNT PROGRAM    not the model but the exit status of
 *                                 `PROGRAM --explain` is held against the kernel
 *
 * Exit 0: all agree. The truth is bind(2) and listen(2) of the running kernel.
 */
#include "explain/bind_model.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum field {
	OLD_PROTO,
	OLD_FAMILY,
	OLD_ADDR,
	OLD_DEVICE,
	OLD_SHAPE,
	OLD_REUSEADDR,
	OLD_REUSEPORT,
	OLD_V6ONLY,
	OLD_USER,
	NEW_PROTO,
	NEW_FAMILY,
	NEW_ADDR,
	NEW_DEVICE,
	NEW_REUSEADDR,
	NEW_REUSEPORT,
	NEW_V6ONLY,
	NEW_USER,
	HIDE_REUSEADDR,
	HIDE_REUSEPORT,
	HIDE_V6ONLY,
	FIELD_COUNT
};

enum shape {
	SHAPE_BOUND,
	SHAPE_LISTEN,
	SHAPE_ACCEPTED,
	SHAPE_UNACCEPTED,
	SHAPE_CHILD_ALONE,
	SHAPE_CHILD_CLOSE_WAIT,
	SHAPE_CHILD_FIN_WAIT2,
	SHAPE_CHILD_TIME_WAIT,
	SHAPE_CLIENT,
	SHAPE_CLIENT_AUTOBOUND,
	SHAPE_CLIENT_TIME_WAIT,
	SHAPE_AUTOBOUND_TIME_WAIT,
	SHAPE_SYN_SENT,
	SHAPE_SYN_RECV,
	SHAPE_RESET,
	SHAPE_STOPPED_LISTENING,
	SHAPE_COUNT
};

static const char *const proto_word[] = { "tcp", "udp", "udplite" };
static const char *const family_word[] = { "4", "6" };
static const char *const device_word[] = { "-", "lo", "v0" };
static const char *const shape_word[SHAPE_COUNT] = {
	"bound",
	"listen",
	"accepted",
	"unaccepted",
	"child",
	"close-wait",
	"fin-wait2",
	"time-wait",
	"client",
	"autobound",
	"client-time-wait",
	"autobound-time-wait",
	"syn-sent",
	"syn-recv",
	"reset",
	"stopped",
};
static const char *const no_yes[] = { "no", "yes" };
static const char *const user_word[] = { "0", "1001" };
/* By family; the same index is the same kind of address. */
static const char *const addr_word[2][6] = {
	{ "0.0.0.0", "127.0.0.1", "127.0.0.2", "127.0.0.6", "192.0.2.1", "0.0.0.0" },
	{ "::", "::1", "::ffff:127.0.0.1", "2001:db8::1", "fe80::1", "::ffff:0.0.0.0" },
};
static const char *const addr_index_word[] = { "0", "1", "2", "3", "4", "5" };

static const struct {
	const char *name;
	const char *const *word;
	int count;
} field_info[FIELD_COUNT] = {
	[OLD_PROTO] = { "old.proto", proto_word, 3 },
	[OLD_FAMILY] = { "old.family", family_word, 2 },
	[OLD_ADDR] = { "old.addr", addr_index_word, 6 },
	[OLD_DEVICE] = { "old.device", device_word, 3 },
	[OLD_SHAPE] = { "old.shape", shape_word, SHAPE_COUNT },
	[OLD_REUSEADDR] = { "old.reuseaddr", no_yes, 2 },
	[OLD_REUSEPORT] = { "old.reuseport", no_yes, 2 },
	[OLD_V6ONLY] = { "old.v6only", no_yes, 2 },
	[OLD_USER] = { "old.user", user_word, 2 },
	[NEW_PROTO] = { "new.proto", proto_word, 3 },
	[NEW_FAMILY] = { "new.family", family_word, 2 },
	[NEW_ADDR] = { "new.addr", addr_index_word, 6 },
	[NEW_DEVICE] = { "new.device", device_word, 3 },
	[NEW_REUSEADDR] = { "new.reuseaddr", no_yes, 2 },
	[NEW_REUSEPORT] = { "new.reuseport", no_yes, 2 },
	[NEW_V6ONLY] = { "new.v6only", no_yes, 2 },
	[NEW_USER] = { "new.user", user_word, 2 },
	[HIDE_REUSEADDR] = { "hide.reuseaddr", no_yes, 2 },
	[HIDE_REUSEPORT] = { "hide.reuseport", no_yes, 2 },
	[HIDE_V6ONLY] = { "hide.v6only", no_yes, 2 },
};

struct pair {
	int field[FIELD_COUNT];
};

static void pair_print(FILE *to, const struct pair *pair)
{
	for (int i = 0; i < FIELD_COUNT; i++)
		fprintf(to, "%s%s=%s", i ? " " : "", field_info[i].name, field_info[i].word[pair->field[i]]);
	fprintf(to, "\n");
}

static int pair_set(struct pair *pair, const char *name, const char *word)
{
	for (int i = 0; i < FIELD_COUNT; i++) {
		if (strcmp(field_info[i].name, name) != 0)
			continue;
		for (int value = 0; value < field_info[i].count; value++)
			if (strcmp(field_info[i].word[value], word) == 0) {
				pair->field[i] = value;
				return 0;
			}
	}
	return -1;
}

static int pair_parse(struct pair *pair, char *line)
{
	memset(pair, 0, sizeof(*pair));
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		char *value = strchr(word, '=');
		if (!value)
			return -1;
		*value++ = '\0';
		if (pair_set(pair, word, value) < 0)
			return -1;
	}
	return 0;
}

static uint64_t random_state;

/* xorshift64*: the same pairs for the same seed everywhere. */
static unsigned random_below(unsigned limit)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (unsigned)((random_state * 2685821657736338717ull) >> 33) % limit;
}

static bool root;

/* Half of the pairs meet on purpose: same protocol, same or wildcard address, no device. */
static void pair_random(struct pair *pair)
{
	for (int i = 0; i < FIELD_COUNT; i++)
		pair->field[i] = (int)random_below((unsigned)field_info[i].count);
	if (random_below(4))
		pair->field[OLD_PROTO] = PROTO_TCP;
	if (random_below(8))
		pair->field[NEW_PROTO] = pair->field[OLD_PROTO];
	if (random_below(2))
		pair->field[OLD_DEVICE] = 0;
	if (random_below(2))
		pair->field[NEW_DEVICE] = 0;
	switch (random_below(4)) {
	case 0:
		pair->field[NEW_ADDR] = 0;
		break;
	case 1:
		pair->field[OLD_ADDR] = 0;
		break;
	case 2:
		pair->field[NEW_ADDR] = pair->field[OLD_ADDR];
		pair->field[NEW_FAMILY] = pair->field[OLD_FAMILY];
		break;
	}
	/* Three pairs of four know the options. */
	if (random_below(4))
		pair->field[HIDE_REUSEADDR] = pair->field[HIDE_REUSEPORT] = pair->field[HIDE_V6ONLY] = 0;
	if (!root)
		pair->field[OLD_USER] = pair->field[NEW_USER] = 0;
}

/* --- sockets --- */

#define SERVER_PORT 5000 /* a listener has it on every address */
#define WORLD_MAX   8

/* All sockets of the old side: fds to close, and what holds the port. */
struct world {
	int fd[WORLD_MAX];
	int fds;
	struct bind_holder holder[WORLD_MAX];
	int holders;
	uint16_t port;
};

static int server4 = -1, server6 = -1;
static uint16_t next_port = 10000;

static void become(int user)
{
	if (root && seteuid(0) == 0 && user && seteuid(1001) < 0)
		abort();
}

static socklen_t address(struct sockaddr_storage *to, int family, int addr, uint16_t port)
{
	memset(to, 0, sizeof(*to));
	if (family == 0) {
		struct sockaddr_in *in = (struct sockaddr_in *)to;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		inet_pton(AF_INET, addr_word[0][addr], &in->sin_addr);
		return sizeof(*in);
	}
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)to;
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(port);
	inet_pton(AF_INET6, addr_word[1][addr], &in6->sin6_addr);
	if (addr_word[1][addr][0] == 'f')
		in6->sin6_scope_id = if_nametoindex("v0");
	return sizeof(*in6);
}

static int set(int fd, int level, int option, int value)
{
	return setsockopt(fd, level, option, &value, sizeof(value));
}

static int open_socket(int proto, int family, int device, int reuseaddr, int reuseport, int v6only)
{
	static const int number[] = { IPPROTO_TCP, IPPROTO_UDP, 136 };
	int fd = socket(family ? AF_INET6 : AF_INET, (proto ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK, number[proto]);

	if (fd < 0)
		return -1;
	set(fd, SOL_SOCKET, SO_REUSEADDR, reuseaddr);
	set(fd, SOL_SOCKET, SO_REUSEPORT, reuseport);
	if (family)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, v6only);
	if (device)
		setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device_word[device], 3);
	return fd;
}

/*
 * What connect() may choose from: the world's own port for the old side, and for the
 * others ports that are no world's, so that no pair meets what an earlier one left.
 */
static void set_port_range(int fd, unsigned low, unsigned high)
{
#ifndef IP_LOCAL_PORT_RANGE
#define IP_LOCAL_PORT_RANGE 51
#endif
	set(fd, IPPROTO_IP, IP_LOCAL_PORT_RANGE, (int)(low | high << 16));
}

static int world_keep(struct world *world, int fd)
{
	if (fd >= 0)
		world->fd[world->fds++] = fd;
	return fd;
}

static void world_close(struct world *world)
{
	for (int i = 0; i < world->fds; i++)
		close(world->fd[i]);
	world->fds = 0;
}

static bool option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	getsockopt(fd, level, name, &value, &len);
	return value != 0;
}

static uint8_t known(bool on)
{
	return on ? KNOWN_ON : KNOWN_OFF;
}

static enum state state_of(int fd, int proto)
{
	struct tcp_info info = { 0 };
	socklen_t len = sizeof(info);

	if (proto != PROTO_TCP)
		return STATE_CLOSE;
	getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len);
	return info.tcpi_state == STATE_CLOSE ? STATE_BOUND : info.tcpi_state;
}

/* What the kernel says of an open socket, as the model wants it. */
static struct bind_holder *world_hold(struct world *world, int fd, const struct pair *pair)
{
	struct bind_holder *holder = &world->holder[world->holders++];
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);
	int index = 0;
	socklen_t index_len = sizeof(index);

	memset(holder, 0, sizeof(*holder));
	getsockname(fd, (struct sockaddr *)&name, &len);
	holder->family = (uint8_t)name.ss_family;
	if (name.ss_family == AF_INET)
		memcpy(&holder->addr, &((struct sockaddr_in *)&name)->sin_addr, 4);
	else
		memcpy(&holder->addr, &((struct sockaddr_in6 *)&name)->sin6_addr, 16);
	getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, &index_len);
	holder->ifindex = (uint32_t)index;
	holder->uid = root && pair->field[OLD_USER] ? 1001 : getuid();
	holder->has_uid = true;
	holder->proto = (uint8_t)pair->field[OLD_PROTO];
	holder->state = (uint8_t)state_of(fd, pair->field[OLD_PROTO]);
	holder->reuseaddr = known(option(fd, SOL_SOCKET, SO_REUSEADDR));
	holder->reuseport = known(option(fd, SOL_SOCKET, SO_REUSEPORT));
	holder->v6only = known(holder->family == AF_INET6 && option(fd, IPPROTO_IPV6, IPV6_V6ONLY));
	return holder;
}

static void hide(struct world *world, const struct pair *pair)
{
	for (int i = 0; i < world->holders; i++) {
		struct bind_holder *holder = &world->holder[i];
		if (pair->field[HIDE_REUSEADDR])
			holder->reuseaddr = KNOWN_NOT;
		if (pair->field[HIDE_REUSEPORT])
			holder->reuseport = KNOWN_NOT;
		if (pair->field[HIDE_V6ONLY])
			holder->v6only = KNOWN_NOT;
	}
}

static int open_old(struct world *world, const struct pair *pair)
{
	const int *f = pair->field;
	int fd = open_socket(f[OLD_PROTO], f[OLD_FAMILY], f[OLD_DEVICE], f[OLD_REUSEADDR], f[OLD_REUSEPORT],
	                     f[OLD_V6ONLY]);

	set_port_range(fd, world->port, world->port);
	return world_keep(world, fd);
}

/* -1: this socket cannot be made (v6only with a mapped address, a device without the address ...). */
static int bind_old(struct world *world, const struct pair *pair, int fd)
{
	struct sockaddr_storage name;
	socklen_t len = address(&name, pair->field[OLD_FAMILY], pair->field[OLD_ADDR], world->port);

	return bind(fd, (struct sockaddr *)&name, len);
}

/* Where a socket of the old side's address can reach the server, or be reached at. */
static socklen_t reachable(struct sockaddr_storage *to, const struct pair *pair, uint16_t port)
{
	static const int of_any[2] = { 1, 1 };
	int family = pair->field[OLD_FAMILY], addr = pair->field[OLD_ADDR];

	if (addr == 0)
		addr = of_any[family];
	if (family == 0 && addr == 5)
		addr = 1;
	if (family == 1 && addr == 5)
		addr = 2;
	return address(to, family, addr, port);
}

static int wait_for(int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return poll(&poll_fd, 1, 20) == 1 && !(poll_fd.revents & POLLERR) ? 0 : -1;
}

static int connect_old(const struct pair *pair, int fd, uint16_t port)
{
	struct sockaddr_storage name;
	socklen_t len = reachable(&name, pair, port);

	if (connect(fd, (struct sockaddr *)&name, len) < 0 && errno != EINPROGRESS)
		return -1;
	if (pair->field[OLD_PROTO] != PROTO_TCP)
		return 0;
	return wait_for(fd, POLLOUT) == 0 && state_of(fd, PROTO_TCP) == STATE_ESTABLISHED ? 0 : -1;
}

/* The other end of a client's connection, at the helper's own server. */
static int server_end(struct world *world, const struct pair *pair)
{
	int server = pair->field[OLD_FAMILY] == 0 || pair->field[OLD_ADDR] == 2 || pair->field[OLD_ADDR] == 5 ? server4
	                                                                                                      : server6;

	if (wait_for(server, POLLIN) < 0)
		return -1;
	return world_keep(world, accept4(server, NULL, NULL, SOCK_NONBLOCK));
}

static uint16_t local_port(int fd)
{
	struct sockaddr_storage name = { 0 };
	socklen_t len = sizeof(name);

	getsockname(fd, (struct sockaddr *)&name, &len);
	return ntohs(((struct sockaddr_in *)&name)->sin_port);
}

/* Closes the socket now; the kernel keeps a TIME_WAIT of it once the peer has closed as well. */
static void to_time_wait(struct world *world, int fd, int peer, struct bind_holder *holder)
{
	close(fd);
	close(peer);
	int kept = 0;
	for (int i = 0; i < world->fds; i++)
		if (world->fd[i] != fd && world->fd[i] != peer)
			world->fd[kept++] = world->fd[i];
	world->fds = kept;
	holder->time_wait = true;
	holder->state = STATE_TIME_WAIT;
	holder->uid = 0;
	holder->has_uid = false;
}

static int make_client(struct world *world, const struct pair *pair)
{
	int shape = pair->field[OLD_SHAPE];
	bool autobound = shape == SHAPE_CLIENT_AUTOBOUND || shape == SHAPE_AUTOBOUND_TIME_WAIT;
	int fd = open_old(world, pair);

	if (fd < 0 || (!autobound && bind_old(world, pair, fd) < 0) || connect_old(pair, fd, SERVER_PORT) < 0)
		return -1;
	if (local_port(fd) != world->port)
		return -1;
	struct bind_holder *holder = world_hold(world, fd, pair);
	if (pair->field[OLD_PROTO] != PROTO_TCP)
		return 0;
	int peer = server_end(world, pair);
	if (peer < 0)
		return -1;
	if (shape == SHAPE_CLIENT_TIME_WAIT || shape == SHAPE_AUTOBOUND_TIME_WAIT)
		to_time_wait(world, fd, peer, holder);
	if (shape == SHAPE_RESET) {
		struct linger linger = { .l_onoff = 1 };
		setsockopt(peer, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		close(peer);
		world->fds--;
		holder->state = (uint8_t)state_of(fd, PROTO_TCP);
	}
	return 0;
}

static int make_syn_sent(struct world *world, const struct pair *pair)
{
	int fd = open_old(world, pair);
	struct sockaddr_storage name = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&name;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&name;

	if (fd < 0 || bind_old(world, pair, fd) < 0)
		return -1;
	name.ss_family = pair->field[OLD_FAMILY] ? AF_INET6 : AF_INET;
	in->sin_port = htons(9);
	if (name.ss_family == AF_INET)
		inet_pton(AF_INET, "198.51.100.1", &in->sin_addr);
	else
		inet_pton(AF_INET6, "2001:db8:f::1", &in6->sin6_addr);
	if (connect(fd, (struct sockaddr *)&name, name.ss_family == AF_INET ? sizeof(*in) : sizeof(*in6)) == 0 ||
	    errno != EINPROGRESS)
		return -1;
	return world_hold(world, fd, pair)->state == STATE_SYN_SENT ? 0 : -1;
}

/* A connection to the old side's listener; the client's end. */
static int call_in(struct world *world, const struct pair *pair)
{
	int fd = world_keep(world, open_socket(0, pair->field[OLD_FAMILY], 0, 0, 0, 0));
	struct sockaddr_storage name;
	socklen_t len = reachable(&name, pair, world->port);

	set_port_range(fd, 60000, 65000);
	if (fd < 0 || (connect(fd, (struct sockaddr *)&name, len) < 0 && errno != EINPROGRESS))
		return -1;
	return fd;
}

static int world_drop(struct world *world, int fd)
{
	int kept = 0;

	close(fd);
	for (int i = 0; i < world->fds; i++)
		if (world->fd[i] != fd)
			world->fd[kept++] = world->fd[i];
	world->fds = kept;
	return 0;
}

static int make_child(struct world *world, const struct pair *pair, int listener)
{
	int shape = pair->field[OLD_SHAPE];
	int client = call_in(world, pair);

	if (client < 0 || wait_for(client, POLLOUT) < 0 || wait_for(listener, POLLIN) < 0)
		return -1;
	if (shape == SHAPE_UNACCEPTED) {
		/* Its address is the one the client called. */
		struct bind_holder *child = world_hold(world, listener, pair);
		struct sockaddr_storage name = { 0 };
		socklen_t len = sizeof(name);
		getpeername(client, (struct sockaddr *)&name, &len);
		child->state = STATE_ESTABLISHED;
		if (name.ss_family == AF_INET)
			memcpy(&child->addr, &((struct sockaddr_in *)&name)->sin_addr, 4);
		else
			memcpy(&child->addr, &((struct sockaddr_in6 *)&name)->sin6_addr, 16);
		return 0;
	}
	int fd = world_keep(world, accept4(listener, NULL, NULL, SOCK_NONBLOCK));
	if (fd < 0)
		return -1;
	struct bind_holder *holder = world_hold(world, fd, pair);
	if (shape == SHAPE_ACCEPTED)
		return 0;
	/* The listener is gone: only the connection keeps the port. */
	world->holder[0] = *holder;
	world->holders = 1;
	holder = &world->holder[0];
	world_drop(world, listener);
	if (shape == SHAPE_CHILD_CLOSE_WAIT)
		shutdown(client, SHUT_WR);
	if (shape == SHAPE_CHILD_FIN_WAIT2)
		shutdown(fd, SHUT_WR);
	if (shape == SHAPE_CHILD_TIME_WAIT) {
		to_time_wait(world, fd, client, holder);
		return 0;
	}
	holder->state = (uint8_t)state_of(fd, PROTO_TCP);
	return 0;
}

static int make_listener(struct world *world, const struct pair *pair)
{
	int shape = pair->field[OLD_SHAPE];
	int fd = open_old(world, pair);

	if (fd < 0 || bind_old(world, pair, fd) < 0)
		return -1;
	if (shape == SHAPE_SYN_RECV)
		set(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, 30);
	if (listen(fd, 8) < 0)
		return -1;
	struct bind_holder *holder = world_hold(world, fd, pair);
	if (shape == SHAPE_LISTEN)
		return 0;
	if (shape == SHAPE_STOPPED_LISTENING) {
		shutdown(fd, SHUT_RD); /* tcp_disconnect: bound again, no longer listening */
		holder->state = (uint8_t)state_of(fd, PROTO_TCP);
		return 0;
	}
	if (shape == SHAPE_SYN_RECV) {
		/* The handshake's request stays, its listener goes: nothing holds the port. */
		int client = call_in(world, pair);
		if (client < 0 || wait_for(client, POLLOUT) < 0)
			return -1;
		world->holder[world->holders] = *holder;
		world->holder[world->holders].state = STATE_SYN_RECV;
		world->holder[world->holders++].request = true;
		return 0;
	}
	return make_child(world, pair, fd);
}

static int make_old(struct world *world, const struct pair *pair)
{
	int shape = pair->field[OLD_SHAPE];

	if (pair->field[OLD_PROTO] != PROTO_TCP && shape != SHAPE_CLIENT && shape != SHAPE_CLIENT_AUTOBOUND)
		shape = SHAPE_BOUND;
	switch (shape) {
	case SHAPE_BOUND: {
		int fd = open_old(world, pair);
		if (fd < 0 || bind_old(world, pair, fd) < 0)
			return -1;
		world_hold(world, fd, pair);
		return 0;
	}
	case SHAPE_CLIENT:
	case SHAPE_CLIENT_AUTOBOUND:
	case SHAPE_CLIENT_TIME_WAIT:
	case SHAPE_AUTOBOUND_TIME_WAIT:
	case SHAPE_RESET:
		return make_client(world, pair);
	case SHAPE_SYN_SENT:
		return make_syn_sent(world, pair);
	default:
		return make_listener(world, pair);
	}
}

/* --- verdicts --- */

struct verdict {
	int bind_errno, listen_errno; /* 0: passed */
	int old_listen_errno;         /* the old one's listen() after the new one's; -1: not tried */
};

static struct verdict kernel_verdict(struct world *world, const struct pair *pair)
{
	const int *f = pair->field;
	struct verdict verdict = { .old_listen_errno = -1 };
	struct sockaddr_storage name;
	socklen_t len = address(&name, f[NEW_FAMILY], f[NEW_ADDR], world->port);

	become(f[NEW_USER]);
	int fd = open_socket(f[NEW_PROTO], f[NEW_FAMILY], f[NEW_DEVICE], f[NEW_REUSEADDR], f[NEW_REUSEPORT],
	                     f[NEW_V6ONLY]);
	if (bind(fd, (struct sockaddr *)&name, len) < 0)
		verdict.bind_errno = errno;
	else if (f[NEW_PROTO] == PROTO_TCP && listen(fd, 1) < 0)
		verdict.listen_errno = errno;
	become(0);
	if (!verdict.bind_errno && !verdict.listen_errno && f[NEW_PROTO] == PROTO_TCP && f[OLD_PROTO] == PROTO_TCP &&
	    f[OLD_SHAPE] == SHAPE_BOUND)
		verdict.old_listen_errno = listen(world->fd[0], 1) < 0 ? errno : 0;
	close(fd);
	return verdict;
}

static struct bind_plan plan_of(const struct world *world, const struct pair *pair)
{
	const int *f = pair->field;
	struct bind_plan plan = {
		.uid = root && f[NEW_USER] ? 1001 : getuid(),
		.ifindex = f[NEW_DEVICE] ? if_nametoindex(device_word[f[NEW_DEVICE]]) : 0,
		.port = world->port,
		.family = f[NEW_FAMILY] ? AF_INET6 : AF_INET,
		.proto = (uint8_t)f[NEW_PROTO],
		.reuseaddr = f[NEW_REUSEADDR],
		.reuseport = f[NEW_REUSEPORT],
		.v6only = f[NEW_V6ONLY],
	};
	struct sockaddr_storage name;

	address(&name, f[NEW_FAMILY], f[NEW_ADDR], 0);
	if (f[NEW_FAMILY]) {
		memcpy(&plan.addr, &((struct sockaddr_in6 *)&name)->sin6_addr, 16);
		if (addr_word[1][f[NEW_ADDR]][0] == 'f')
			plan.ifindex = if_nametoindex("v0");
	} else {
		memcpy(&plan.addr, &((struct sockaddr_in *)&name)->sin_addr, 4);
	}
	return plan;
}

enum result { AGREE, DISAGREE, CAN_NOT_BE };

static struct bind_judgement model_verdict(const struct world *world, const struct bind_plan *plan)
{
	struct bind_judgement all = { .outcome = BIND_FREE };

	for (int i = 0; i < world->holders; i++) {
		struct bind_judgement one = bind_judge(plan, &world->holder[i]);
		bool until_listen = all.until_listen || one.until_listen;
		if (one.outcome == BIND_IN_USE || (one.outcome == BIND_UNKNOWN && all.outcome != BIND_IN_USE))
			all = one;
		all.until_listen = until_listen;
	}
	return all;
}

static bool agrees(const struct bind_judgement *model, const struct verdict *kernel)
{
	if (model->until_listen && kernel->old_listen_errno == 0)
		return false;
	switch (model->outcome) {
	case BIND_FREE:
		return !kernel->bind_errno && !kernel->listen_errno;
	case BIND_IN_USE:
		return kernel->bind_errno == EADDRINUSE;
	default:
		return kernel->bind_errno == EADDRINUSE || (!kernel->bind_errno && !kernel->listen_errno);
	}
}

static unsigned outcomes[3], shapes[SHAPE_COUNT];

/* --- the program in the model's place --- */

static const char *program;

/* The arguments that describe the pair's new side. */
static void program_arguments(const struct world *world, const struct pair *pair, char target[128], char *argv[16])
{
	const int *f = pair->field;
	const char *addr = addr_word[f[NEW_FAMILY]][f[NEW_ADDR]];
	int count = 0;

	snprintf(target, 128, f[NEW_FAMILY] ? "%s:[%s%s]:%u" : "%s:%s%s:%u", proto_word[f[NEW_PROTO]], addr,
	         addr[0] == 'f' ? "%v0" : "", world->port);
	argv[count++] = (char *)program;
	argv[count++] = "--explain";
	argv[count++] = target;
	argv[count++] = f[NEW_REUSEADDR] ? "--reuseaddr" : "--no-reuseaddr";
	if (f[NEW_REUSEPORT])
		argv[count++] = "--reuseport";
	if (f[NEW_V6ONLY] && f[NEW_FAMILY])
		argv[count++] = "--v6only";
	if (f[NEW_DEVICE]) {
		argv[count++] = "--device";
		argv[count++] = (char *)device_word[f[NEW_DEVICE]];
	}
	if (root && f[NEW_USER]) {
		argv[count++] = "--as-user";
		argv[count++] = (char *)user_word[f[NEW_USER]];
	}
	argv[count] = NULL;
}

/* Its exit status; -1 if it did not end so. */
static int program_verdict(const struct world *world, const struct pair *pair)
{
	char target[128], *argv[16];
	int status;

	program_arguments(world, pair, target, argv);
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execv(program, argv);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* A link-local address on another device than its zone's is wrong usage. */
static bool program_agrees(const struct world *world, const struct pair *pair, int said, const struct verdict *kernel)
{
	bool link_local = addr_word[pair->field[NEW_FAMILY]][pair->field[NEW_ADDR]][0] == 'f';

	(void)world;
	if (link_local && pair->field[NEW_DEVICE] == 1)
		return said == 2;
	return said == (kernel->bind_errno || kernel->listen_errno ? 1 : 0);
}

static enum result try_pair(const struct pair *pair, char *said, size_t size)
{
	struct world world = { .port = next_port };
	enum result result = CAN_NOT_BE;

	next_port = next_port >= 59000 ? 10000 : (uint16_t)(next_port + 1);
	become(pair->field[OLD_USER]);
	int made = make_old(&world, pair);
	become(0);
	if (made == 0) {
		struct bind_plan plan = plan_of(&world, pair);
		hide(&world, pair);
		struct bind_judgement model = model_verdict(&world, &plan);
		int said_by_program = program ? program_verdict(&world, pair) : 0;
		struct verdict kernel = kernel_verdict(&world, pair);
		/* No question of two sockets: v6only with a mapped address, an address the device has not. */
		bool other = kernel.bind_errno && kernel.bind_errno != EADDRINUSE;
		result = other ? CAN_NOT_BE : agrees(&model, &kernel) ? AGREE : DISAGREE;
		if (!other) {
			outcomes[model.outcome]++;
			shapes[pair->field[OLD_SHAPE]]++;
		}
		if (program)
			result = program_agrees(&world, pair, said_by_program, &kernel) ? AGREE : DISAGREE;
		snprintf(
			said, size,
			"program: exit %d; model: outcome %u why %u meeting %u; kernel: bind %s, listen %s, old listen %d",
			said_by_program, model.outcome, model.why, model.meeting, strerror(kernel.bind_errno),
			strerror(kernel.listen_errno), kernel.old_listen_errno);
	}
	world_close(&world);
	return result;
}

/* Each field to its first value where the pair still disagrees. */
static void shrink(struct pair *pair)
{
	char said[256];

	for (int i = 0; i < FIELD_COUNT; i++) {
		int was = pair->field[i];
		for (int value = 0; value < was; value++) {
			pair->field[i] = value;
			if (try_pair(pair, said, sizeof(said)) == DISAGREE)
				break;
			pair->field[i] = was;
		}
	}
}

static bool report(struct pair *pair)
{
	char said[256];

	if (try_pair(pair, said, sizeof(said)) != DISAGREE)
		return false;
	shrink(pair);
	try_pair(pair, said, sizeof(said));
	printf("# disagree: %s\n", said);
	pair_print(stdout, pair);
	return true;
}

static int open_server(int family)
{
	int fd = open_socket(0, family, 0, 1, 0, 1);
	struct sockaddr_storage name;
	socklen_t len = address(&name, family, 0, SERVER_PORT);

	if (bind(fd, (struct sockaddr *)&name, len) < 0 || listen(fd, 512) < 0) {
		perror("bind_matrix: server");
		exit(2);
	}
	return fd;
}

static int run_random(uint64_t seed, unsigned count)
{
	unsigned tried = 0, impossible = 0, failed = 0;

	random_state = seed * 2654435769u + 1;
	for (unsigned i = 0; i < 20 * count && tried < count && failed < 10; i++) {
		struct pair pair;
		char said[256];
		pair_random(&pair);
		switch (try_pair(&pair, said, sizeof(said))) {
		case CAN_NOT_BE:
			impossible++;
			continue;
		case DISAGREE:
			failed += report(&pair);
			break;
		case AGREE:
			break;
		}
		tried++;
	}
	printf("# %u pairs judged, %u that cannot be made, %u disagree\n", tried, impossible, failed);
	printf("# model: %u free, %u in use, %u unknown\n", outcomes[0], outcomes[1], outcomes[2]);
	for (int i = 0; i < SHAPE_COUNT; i++)
		printf("# %s: %u\n", shape_word[i], shapes[i]);
	return failed || tried < count;
}

static int run_cases(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1024], said[256];
	int failed = 0;

	while (file && fgets(line, sizeof(line), file)) {
		struct pair pair;
		if (line[0] == '#' || line[0] == '\n')
			continue;
		enum result result = pair_parse(&pair, line) < 0 ? CAN_NOT_BE : try_pair(&pair, said, sizeof(said));
		if (result != AGREE) {
			printf("# %s\n", result == DISAGREE ? said : "this case cannot be made");
			pair_print(stdout, &pair);
			failed = 1;
		}
	}
	if (!file || fclose(file) != 0)
		return 2;
	return failed;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	program = argc > 3 ? argv[3] : NULL;
	root = getuid() == 0 && seteuid(1001) == 0 && seteuid(0) == 0;
	server4 = open_server(0);
	server6 = open_server(1);
	if (strcmp(argv[1], "--cases") == 0)
		return run_cases(argv[2]);
	return run_random(strtoull(argv[1], NULL, 10), (unsigned)strtoul(argv[2], NULL, 10));
}
