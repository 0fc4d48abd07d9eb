// SPDX-License-Identifier: MIT
/*
 * scene.c - about 70 sockets in a machine that was booted for them, and the truth about each: a line of
 * "proto state local port remote port pid", as `sockview --format tsv` has these columns. The process then stays.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { COUNT = 6 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void check(int answer, const char *what)
{
	if (answer >= 0)
		return;
	perror(what);
	exit(1);
}

static socklen_t loopback(union address *address, int family, unsigned port)
{
	memset(address, 0, sizeof(*address));
	address->any.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		address->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		address->v4.sin_port = htons((in_port_t)port);
		return sizeof(address->v4);
	}
	address->v6.sin6_addr = in6addr_loopback;
	address->v6.sin6_port = htons((in_port_t)port);
	return sizeof(address->v6);
}

static void print_end(int fd, int (*name)(int, struct sockaddr *, socklen_t *))
{
	union address address = { 0 };
	socklen_t len = sizeof(address);
	char text[INET6_ADDRSTRLEN];
	if (name(fd, &address.any, &len) < 0) {
		printf("\t\t");
		return;
	}
	if (address.any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address.v4.sin_addr, text, sizeof(text));
	else
		inet_ntop(AF_INET6, &address.v6.sin6_addr, text, sizeof(text));
	printf("\t%s\t%u", text, ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port));
}

static int say(int fd, const char *proto, const char *state)
{
	printf("TRUTH %s\t%s", proto, state);
	print_end(fd, getsockname);
	print_end(fd, getpeername);
	printf("\t%d\n", (int)getpid());
	return fd;
}

static int bound(int family, int type)
{
	union address address;
	socklen_t len = loopback(&address, family, 0);
	int fd = socket(family, type, 0);
	check(fd, "socket");
	check(bind(fd, &address.any, len), "bind");
	return fd;
}

static int connected(int family, int type, int server)
{
	union address address = { 0 };
	socklen_t len = sizeof(address);
	int fd = socket(family, type, 0);
	check(fd, "socket");
	check(getsockname(server, &address.any, &len), "getsockname");
	check(connect(fd, &address.any, len), "connect");
	return fd;
}

static void tcp(int family, const char *proto)
{
	for (int i = 0; i < COUNT; i++)
		say(bound(family, SOCK_STREAM), proto, "BOUND");
	for (int i = 0; i < COUNT; i++) {
		int server = bound(family, SOCK_STREAM);
		check(listen(server, 5), "listen");
		say(server, proto, "LISTEN");
		int client = connected(family, SOCK_STREAM, server), accepted = accept(server, NULL, NULL);
		check(accepted, "accept");
		if (i % 3 == 0) {
			say(client, proto, "ESTABLISHED");
			say(accepted, proto, "ESTABLISHED");
			continue;
		}
		/* The end that closes first keeps its descriptor. */
		check(shutdown(client, SHUT_WR), "shutdown");
		usleep(10000);
		say(client, proto, "FIN_WAIT2");
		say(accepted, proto, "CLOSE_WAIT");
	}
}

static void udp(int family, const char *proto)
{
	for (int i = 0; i < 3; i++) {
		int server = say(bound(family, SOCK_DGRAM), proto, "UNCONNECTED");
		say(connected(family, SOCK_DGRAM, server), proto, "ESTABLISHED");
	}
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	tcp(AF_INET, "tcp");
	tcp(AF_INET6, "tcp");
	udp(AF_INET, "udp");
	udp(AF_INET6, "udp");
	printf("READY %d\n", (int)getpid());
	pause();
	return 0;
}
