// SPDX-License-Identifier: MIT
/*
 * connects.c - connects and closes on loopback at a bounded rate.
 *
 *   connects RATE SECONDS
 *
 * Every fourth connection is closed in order and leaves a TIME_WAIT, the
 * others are reset, so that the range of ports lasts. Writes "ready" and a
 * newline once it runs, and the number of connections made at the end (also
 * on SIGTERM).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LISTENERS = 8, ORDERLY = 4, TICK_MS = 5 };

static volatile sig_atomic_t stop;

static void on_term(int signal)
{
	(void)signal;
	stop = 1;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A listener on 127.0.0.`host`, any port; its address in `addr`. */
static int listen_on(uint32_t host, struct sockaddr_in *addr)
{
	socklen_t len = sizeof(*addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*addr = (struct sockaddr_in){ .sin_family = AF_INET };
	addr->sin_addr.s_addr = htonl(INADDR_LOOPBACK + host);
	if (fd < 0 || bind(fd, (struct sockaddr *)addr, len) || listen(fd, 64) ||
	    getsockname(fd, (struct sockaddr *)addr, &len)) {
		perror("connects: listen");
		exit(1);
	}
	return fd;
}

static void reset_on_close(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* One connection made and closed. False if there was none to be had. */
static int turn(int listener, const struct sockaddr_in *addr, int orderly)
{
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client < 0)
		return 0;
	if (connect(client, (const struct sockaddr *)addr, sizeof(*addr))) {
		close(client);
		return 0;
	}
	int server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (!orderly)
		reset_on_close(client);
	close(client);
	if (server >= 0)
		close(server);
	return server >= 0;
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	long rate = atol(argv[1]);
	int64_t start = now_ms(), end = start + atol(argv[2]) * 1000;
	struct sockaddr_in addr[LISTENERS];
	int listener[LISTENERS];
	long done = 0, tried = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, on_term);
	for (uint32_t i = 0; i < LISTENERS; i++)
		listener[i] = listen_on(100 + i, &addr[i]);
	puts("ready");
	fflush(stdout);
	while (!stop && now_ms() < end) {
		long due = (long)((now_ms() - start) * rate / 1000);
		/* Connects that a busy machine could not make in time are not made up for in one burst. */
		if (due - tried > rate / 10)
			tried = due - rate / 10;
		for (; tried < due && !stop; tried++)
			done += turn(listener[tried % LISTENERS], &addr[tried % LISTENERS],
			             tried / LISTENERS % ORDERLY == 0);
		usleep(TICK_MS * 1000);
	}
	printf("%ld\n", done);
	return 0;
}
