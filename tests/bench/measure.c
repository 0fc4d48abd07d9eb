// SPDX-License-Identifier: MIT
/*
 * measure.c - runs a command and says what it took.
 *
 *   measure SECONDS FILE COMMAND [ARGUMENT...]
 *
 * The command's output goes to FILE. Prints "WALL-SECONDS CPU-SECONDS PEAK-KIB STATUS";
 * STATUS is the exit status, or `cut` if it was killed after SECONDS. It is a
 * small program of its own because a process's peak memory counts what it was
 * before its exec, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t cut;
static volatile pid_t child;

static void on_alarm(int number)
{
	(void)number;
	cut = 1;
	kill(child, SIGKILL);
}

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

static void run(const char *file, char **argv)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
		_exit(126);
	close(fd);
	execvp(argv[0], argv);
	fprintf(stderr, "measure: %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	double begin = now();
	child = fork();
	if (child < 0)
		return 1;
	if (!child)
		run(argv[2], argv + 3);
	signal(SIGALRM, on_alarm);
	alarm((unsigned)atoi(argv[1]));
	int status;
	struct rusage usage;
	while (wait4(child, &status, 0, &usage) < 0)
		if (errno != EINTR)
			return 1;
	double wall = now() - begin;
	double cpu = seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
	printf("%.6f %.6f %ld ", wall, cpu, usage.ru_maxrss);
	if (cut)
		puts("cut");
	else
		printf("%d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
