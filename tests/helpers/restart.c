// SPDX-License-Identifier: MIT
/*
 * restart.c - a server that restarts in a loop, and counts the starts it lost.
 *
 *   restart PORT PAUSE_US [reuseaddr] [reuseport] [udp]
 *
 * Opens, binds, listens, waits PAUSE_US, closes, waits again, until stdin
 * ends. Prints "starts N lost M". Without an option it binds as a program that
 * has never heard of SO_REUSEADDR; no client ever connects, so that no TIME_WAIT
 * is in its way.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct plan {
	struct sockaddr_in name;
	useconds_t pause;
	int reuseaddr, reuseport, type;
};

/* 0, or the errno of the start that failed. */
static int serve_once(const struct plan *plan)
{
	int fd = socket(AF_INET, plan->type, 0);
	int lost = 0;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &plan->reuseaddr, sizeof(plan->reuseaddr));
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &plan->reuseport, sizeof(plan->reuseport));
	if (bind(fd, (const struct sockaddr *)&plan->name, sizeof(plan->name)) < 0 ||
	    (plan->type == SOCK_STREAM && listen(fd, 8) < 0))
		lost = errno;
	if (plan->pause)
		usleep(plan->pause);
	close(fd);
	if (plan->pause)
		usleep(plan->pause);
	return lost;
}

int main(int argc, char **argv)
{
	struct plan plan = { .name.sin_family = AF_INET, .type = SOCK_STREAM };
	unsigned long starts = 0, lost = 0;
	int last = 0;
	char byte;

	if (argc < 3)
		return 2;
	plan.name.sin_port = htons((uint16_t)atoi(argv[1]));
	plan.pause = (useconds_t)atoi(argv[2]);
	for (int i = 3; i < argc; i++) {
		plan.reuseaddr |= strcmp(argv[i], "reuseaddr") == 0;
		plan.reuseport |= strcmp(argv[i], "reuseport") == 0;
		if (strcmp(argv[i], "udp") == 0)
			plan.type = SOCK_DGRAM;
	}
	fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
	while (read(STDIN_FILENO, &byte, 1) != 0) {
		int failed = serve_once(&plan);
		starts++;
		lost += failed != 0;
		last = failed ? failed : last;
	}
	printf("starts %lu lost %lu %s\n", starts, lost, last ? strerror(last) : "");
	return 0;
}
