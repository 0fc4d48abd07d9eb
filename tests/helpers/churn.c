// SPDX-License-Identifier: MIT
/*
 * churn.c - processes that come and go under the same few pids, each listening
 * under a name that says which socket it holds.
 *
 *   churn CHILDREN [recycle|longer]
 *
 * Each child opens a TCP socket, calls itself "sINODE" (comm and argv[0]),
 * listens, and exits after a few milliseconds. The process that is said to hold
 * socket N must be called sN. With `recycle` each fork starts looking for a pid at
 * the bottom again: only for a pid namespace of its own; with `longer` every
 * other child lives up to a third of a second. One more child stays.
 * Prints "ready INODE-OF-THE-ONE-THAT-STAYS" and works until standard input ends.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "churn: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Over the argument itself: that is what /proc/PID/cmdline shows. */
static void rename_self(char *argv0, size_t room, const char *name)
{
	prctl(PR_SET_NAME, name);
	memset(argv0, 0, room);
	strncpy(argv0, name, room - 1);
}

static unsigned long listen_as(char *argv0, size_t room)
{
	char name[32];
	struct stat stat;
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (fd < 0 || fstat(fd, &stat))
		die("socket");
	snprintf(name, sizeof(name), "s%lu", (unsigned long)stat.st_ino);
	rename_self(argv0, room, name);
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) || listen(fd, 1))
		die("listen");
	return (unsigned long)stat.st_ino;
}

enum { BRIEFLY_NS = 6000000, LONGER_NS = 333000000 };

static void live(char *argv0, size_t room, unsigned seed, int most_ns)
{
	listen_as(argv0, room);
	struct timespec pause = { 0, (long)(rand_r(&seed) % most_ns) };
	nanosleep(&pause, NULL);
	_exit(0);
}

static unsigned long start_the_one_that_stays(char *argv0, size_t room)
{
	int told[2];
	unsigned long inode;
	if (pipe(told))
		die("pipe");
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		inode = listen_as(argv0, room);
		if (write(told[1], &inode, sizeof(inode)) != sizeof(inode))
			_exit(1);
		for (;;)
			pause();
	}
	if (read(told[0], &inode, sizeof(inode)) != sizeof(inode))
		die("the child that stays");
	close(told[0]);
	close(told[1]);
	return inode;
}

static bool input_ended(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char byte;
	return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

int main(int argc, char **argv)
{
	int children = argc > 1 ? atoi(argv[1]) : 20, alive = 0;
	bool recycle = argc > 2 && !strcmp(argv[2], "recycle");
	bool longer = argc > 2 && !strcmp(argv[2], "longer");
	size_t room = strlen(argv[0]);
	int last_pid = recycle ? open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC) : -1;
	if (recycle && last_pid < 0)
		die("ns_last_pid");
	printf("ready %lu\n", start_the_one_that_stays(argv[0], room));
	fflush(stdout);
	alarm(120); /* even if the test is gone */
	for (unsigned round = 0; round % 64 || !input_ended(); round++) {
		if (recycle && pwrite(last_pid, "400", 3, 0) != 3)
			die("ns_last_pid");
		pid_t pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid)
			live(argv[0], room, round, longer && round % 2 ? LONGER_NS : BRIEFLY_NS);
		for (alive++; alive >= children && wait(NULL) > 0; alive--)
			;
	}
	return 0;
}
