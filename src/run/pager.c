// SPDX-License-Identifier: MIT
/* pager.c - the user's pager behind our output (pager.h). */
#include "run/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Starts the command with the user's own rights. Returns 0 or an errno. */
static int spawn(pid_t *pid, int input, const char *command)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	char *const argv[] = { "sh", "-c", (char *)(uintptr_t)command, NULL };
	int result = posix_spawn_file_actions_init(&actions);
	if (result)
		return result;
	result = posix_spawnattr_init(&attributes);
	if (!result) {
		/* We ignore SIGPIPE; the pager must not inherit that. */
		sigset_t defaults;
		sigemptyset(&defaults);
		sigaddset(&defaults, SIGPIPE);
		posix_spawnattr_setsigdefault(&attributes, &defaults);
		posix_spawnattr_setflags(&attributes, POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETSIGDEF);
		result = posix_spawn_file_actions_adddup2(&actions, input, 0);
		if (!result)
			result = posix_spawn(pid, "/bin/sh", &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return result;
}

int pager_start(pid_t *pid)
{
	int ends[2];
	const char *pager = getenv("PAGER");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	/* As git does: quit if it fits one screen (F), colours as they are (R), the text stays on the screen (X). */
	setenv("LESS", "FRX", 0);
	int result = spawn(pid, ends[0], pager && *pager ? pager : "less");
	close(ends[0]);
	if (result == 0)
		return ends[1];
	close(ends[1]);
	errno = result;
	return -1;
}

void pager_wait(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
