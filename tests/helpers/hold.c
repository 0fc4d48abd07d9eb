// SPDX-License-Identifier: MIT
/*
 * hold.c - a process that holds the sockets it inherited, under any name.
 *
 *   execv(hold, {NAME, "ready=FD", "wait=FD", "comm=HEX", "leader-exits", "vforks"})
 *
 * Writes one byte to `ready` when it stands, and ends when `wait` is closed or
 * its parent dies. `leader-exits`: the thread group's leader is gone by then
 * and a second thread holds the fds (/proc/PID/fd is empty, /proc/PID/task/TID/fd
 * is not). `vforks`: it is in vfork(2) with every signal blocked, as in
 * posix_spawn(3), and its child, which blocks none, is the one that waits.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

struct plan {
	int ready, wait;
	int leader_exits;
};

static void set_comm(const char *hex)
{
	char comm[16] = { 0 };
	unsigned byte;

	for (size_t i = 0; i < sizeof(comm) - 1 && sscanf(hex + 2 * i, "%2x", &byte) == 1; i++)
		comm[i] = (char)byte;
	prctl(PR_SET_NAME, comm);
}

/* The state letter of this process's leader: 'Z' once its thread has exited. */
static char leader_state(void)
{
	char text[512];
	FILE *stat = fopen("/proc/self/stat", "re");
	if (!stat)
		return '?';
	size_t len = fread(text, 1, sizeof(text) - 1, stat);
	fclose(stat);
	text[len] = '\0';
	char *paren = strrchr(text, ')');
	return paren && paren[1] ? paren[2] : '?';
}

static void *hold(void *argument)
{
	const struct plan *plan = argument;
	char byte;

	/* The kernel keeps this per thread (prctl(2), PR_SET_PDEATHSIG). */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; plan->leader_exits && leader_state() != 'Z' && i < 1000; i++)
		usleep(10000);
	if (write(plan->ready, "R", 1) != 1)
		_exit(1);
	close(plan->ready);
	while (read(plan->wait, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static void hold_in_vfork(struct plan *plan)
{
	sigset_t all, before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	if (vfork() == 0) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		hold(plan);
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	static struct plan plan = { .ready = -1, .wait = -1 };
	int vforks = 0;

	for (int i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "ready=", 6))
			plan.ready = atoi(argv[i] + 6);
		else if (!strncmp(argv[i], "wait=", 5))
			plan.wait = atoi(argv[i] + 5);
		else if (!strncmp(argv[i], "comm=", 5))
			set_comm(argv[i] + 5);
		else if (!strcmp(argv[i], "leader-exits"))
			plan.leader_exits = 1;
		else if (!strcmp(argv[i], "vforks"))
			vforks = 1;
	}
	if (vforks)
		hold_in_vfork(&plan);
	if (!plan.leader_exits)
		hold(&plan);

	pthread_t thread;
	if (pthread_create(&thread, NULL, hold, &plan))
		return 1;
	/* Not pthread_exit(): sanitizers wait there for the other threads. */
	syscall(SYS_exit, 0);
	return 1;
}
