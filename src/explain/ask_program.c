// SPDX-License-Identifier: MIT
/* ask_program.c - a program run for its answer, bounded in time and length (ask_program.h). */
#include "explain/ask_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int64_t ask_now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until the end of the answer; -1 if it is too long or too late. */
static ssize_t read_until_end(int from, char *answer, size_t size)
{
	enum { PATIENCE_MS = 2000 };
	int64_t end = ask_now_ms() + PATIENCE_MS;
	size_t at = 0;
	while (at < size - 1) {
		struct pollfd ready = { .fd = from, .events = POLLIN };
		int64_t left = end - ask_now_ms();
		if (left <= 0)
			return -1;
		if (poll(&ready, 1, (int)left) < 0 && errno != EINTR)
			return -1;
		ssize_t got = ready.revents ? read(from, answer + at, size - 1 - at) : 1;
		if (!ready.revents)
			continue;
		if (got < 0 && errno != EINTR)
			return -1;
		if (got == 0) {
			answer[at] = '\0';
			return (ssize_t)at;
		}
		at += got > 0 ? (size_t)got : 0;
	}
	return -1;
}

static pid_t ask_start(char *const argv[], int to)
{
	posix_spawn_file_actions_t actions;
	pid_t pid = -1;
	if (posix_spawn_file_actions_init(&actions))
		return -1;
	if (posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0) ||
	    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0) ||
	    posix_spawn_file_actions_adddup2(&actions, to, 1) ||
	    posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ))
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	return pid;
}

ssize_t ask_program(char *const argv[], char *answer, size_t size)
{
	int ends[2], status = 0;
	if (getauxval(AT_SECURE) || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid_t pid = ask_start(argv, ends[1]);
	close(ends[1]);
	ssize_t len = pid < 0 ? -1 : read_until_end(ends[0], answer, size);
	close(ends[0]);
	if (pid < 0)
		return -1;
	if (len < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? len : -1;
}
