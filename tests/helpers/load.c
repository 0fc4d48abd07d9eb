// SPDX-License-Identifier: MIT
/*
 * load.c - many sockets in many processes, in the network namespace it is started in.
 *
 *   load PROCESSES CONNECTIONS FILLERS [4|6]
 *
 * Each process listens on a port of its own, connects to itself CONNECTIONS
 * times (two sockets each) and opens FILLERS other files. When all stand it
 * prints "ready SOCKETS FDS FIRST-PORT" and stays until standard input ends:
 * then the processes are ended first, so that their ports are free at its end.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Below the range connect() chooses from (ip_local_port_range starts at 32768). */
enum { FIRST_PORT = 10000, PROCESSES_MAX = 20000 };

struct load {
	int processes, connections, fillers;
	sa_family_t family;
	pid_t *process;
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void check(int result, const char *what)
{
	if (result < 0)
		die(what);
}

static socklen_t address_of(const struct load *load, int port, union address *address)
{
	memset(address, 0, sizeof(*address));
	if (load->family == AF_INET6) {
		address->v6 = (struct sockaddr_in6){ .sin6_family = AF_INET6,
			                             .sin6_addr = in6addr_loopback,
			                             .sin6_port = htons((uint16_t)port) };
		return sizeof(address->v6);
	}
	address->v4 = (struct sockaddr_in){ .sin_family = AF_INET,
		                            .sin_addr = { htonl(INADDR_LOOPBACK) },
		                            .sin_port = htons((uint16_t)port) };
	return sizeof(address->v4);
}

static void allow_fds(const struct load *load)
{
	rlim_t want = (rlim_t)(2 * load->connections + load->fillers + 64);
	struct rlimit limit;
	check(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
	if (limit.rlim_cur >= want)
		return;
	limit.rlim_cur = want;
	if (limit.rlim_max < want)
		limit.rlim_max = want;
	check(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit (ulimit -n)");
}

static void open_connections(const struct load *load, int port)
{
	union address address;
	socklen_t len = address_of(load, port, &address);
	int yes = 1, listener = socket(load->family, SOCK_STREAM, 0);
	check(listener, "socket");
	check(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)), "SO_REUSEADDR");
	check(bind(listener, &address.any, len), "bind");
	check(listen(listener, 128), "listen");
	for (int i = 0; i < load->connections; i++) {
		/* Closed by a reset: no TIME_WAIT is left behind for the next load. */
		struct linger reset = { 1, 0 };
		int client = socket(load->family, SOCK_STREAM, 0);
		check(client, "socket");
		check(setsockopt(client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), "SO_LINGER");
		check(connect(client, &address.any, len), "connect");
		check(accept(listener, NULL, NULL), "accept");
	}
}

static void open_fillers(const struct load *load)
{
	for (int i = 0; i < load->fillers; i++)
		check(i % 2 ? eventfd(0, 0) : open("/dev/null", O_RDONLY), "filler");
}

static void play(const struct load *load, int number, int done)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	open_connections(load, FIRST_PORT + number);
	open_fillers(load);
	if (write(done, "", 1) != 1)
		die("write");
	close(done);
	for (;;)
		pause();
}

static int start(const struct load *load)
{
	int done[2];
	check(pipe(done), "pipe");
	for (int i = 0; i < load->processes; i++) {
		pid_t pid = fork();
		check(pid, "fork");
		load->process[i] = pid;
		if (pid)
			continue;
		close(done[0]);
		play(load, i, done[1]);
	}
	close(done[1]);
	return done[0];
}

/* A child that fails closes its end of the pipe, as all do: the end comes too early then. */
static void wait_for_all(const struct load *load, int done)
{
	char byte[256];
	for (int seen = 0; seen < load->processes;) {
		ssize_t got = read(done, byte, sizeof(byte));
		if (got <= 0) {
			fprintf(stderr, "load: only %d of %d processes stand\n", seen, load->processes);
			exit(1);
		}
		seen += (int)got;
	}
}

static void end_all(const struct load *load)
{
	for (int i = 0; i < load->processes; i++)
		kill(load->process[i], SIGKILL);
	while (wait(NULL) > 0)
		;
}

static int number(const char *text, int max)
{
	char *end;
	long value = strtol(text, &end, 10);
	if (*end || end == text || value < 0 || value > max) {
		fprintf(stderr, "load: not a number up to %d: %s\n", max, text);
		exit(2);
	}
	return (int)value;
}

int main(int argc, char **argv)
{
	if (argc < 4 || argc > 5) {
		fprintf(stderr, "usage: load PROCESSES CONNECTIONS FILLERS [4|6]\n");
		return 2;
	}
	struct load load = { number(argv[1], PROCESSES_MAX), number(argv[2], 25000), number(argv[3], 1000000),
		             argc > 4 && argv[4][0] == '6' ? AF_INET6 : AF_INET, NULL };
	load.process = calloc((size_t)load.processes + 1, sizeof(*load.process));
	if (!load.process)
		die("calloc");
	allow_fds(&load);
	wait_for_all(&load, start(&load));
	long sockets = (long)load.processes * (2 * load.connections + 1);
	printf("ready %ld %ld %d\n", sockets, sockets + (long)load.processes * (load.fillers + 3), FIRST_PORT);
	fflush(stdout);
	char byte;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	end_all(&load);
	return 0;
}
