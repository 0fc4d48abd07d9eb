// SPDX-License-Identifier: MIT
/*
 * act_command.c - a service manager's or a container runtime's command (sockview/act.h).
 *
 * The process that looks gives up rights for good before the command is known. So it is
 * executed by a child that was forked before that, and that does nothing else:
 * the command has the caller's own rights, limits and signals.
 */
#include <sockview/act.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sockview/countof.h>

extern char **environ;

/* --- which one --- */

/* A name that has a word before it that takes it needs no "--", and would not have it. */
static const struct {
	const char *name;
	bool takes_dashes;
} programs[] = {
	{ "systemctl", true }, { "docker", true },    { "podman", true },
	{ "crictl", true },    { "lxc-stop", false }, { "machinectl", true },
};

static bool find_file(struct command *command, const char *name)
{
	for (const char *folder = COMMAND_FOLDERS; *folder; folder += strspn(folder, ":")) {
		int len = (int)strcspn(folder, ":");
		snprintf(command->path, sizeof(command->path), "%.*s/%s", len, folder, name);
		folder += len;
		if (access(command->path, X_OK) == 0)
			return true;
	}
	return false;
}

bool command_find(struct command *command, char *const argv[])
{
	size_t count = 0, at = 0;
	*command = (struct command){ 0 };
	for (size_t i = 0; i < countof(programs); i++) {
		if (strcmp(programs[i].name, argv[0]) != 0)
			continue;
		while (argv[count])
			count++;
		if (count < 2 || count + 2 > countof(command->word) || !find_file(command, argv[0]))
			return false;
		command->word[at++] = command->path;
		for (size_t w = 1; w < count; w++) {
			if (w == count - 1 && programs[i].takes_dashes)
				command->word[at++] = "--";
			command->word[at++] = argv[w];
		}
		return true;
	}
	return false;
}

/* --- the child that executes it --- */

enum { REQUEST_MAX = 4096 };

/* Words with a NUL behind each. The command's output is no part of our answer. */
static void commander_exec(char *words, size_t len)
{
	char *argv[COMMAND_WORDS_MAX + 1] = { 0 };
	size_t count = 0;
	for (char *word = words; word < words + len && count < COMMAND_WORDS_MAX; word += strlen(word) + 1)
		argv[count++] = word;
	int none = open("/dev/null", O_RDONLY);
	if (none < 0 || dup2(none, 0) < 0 || dup2(2, 1) < 0)
		_exit(127);
	if (none > 2)
		close(none);
	execve(argv[0], argv, environ);
	_exit(127);
}

/* The command's wait status; it is ended where something comes, or the other end is gone: time is over. */
static int command_wait(int fd, pid_t pid)
{
	int status = 0;
	struct pollfd polls[] = {
		{ .fd = fd, .events = POLLIN },
		{ .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN },
	};
	while (poll(polls, countof(polls), -1) < 0 && errno == EINTR)
		;
	if (!polls[1].revents)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (polls[1].fd >= 0)
		close(polls[1].fd);
	return status;
}

static void commander_serve(int fd)
{
	char words[REQUEST_MAX];
	ssize_t len;
	while ((len = recv(fd, words, sizeof(words) - 1, 0)) > 0) {
		words[len] = '\0';
		/* The word that ends a command may come when it has ended by itself. */
		if (!*words)
			continue;
		pid_t pid = fork();
		if (pid == 0)
			commander_exec(words, (size_t)len);
		int status = pid < 0 ? -errno : command_wait(fd, pid);
		if (send(fd, &status, sizeof(status), MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(0);
}

int commander_start(struct commander *commander)
{
	int ends[2];
	pid_t parent = getpid();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -1;
	commander->pid = fork();
	if (commander->pid == 0) {
		close(ends[0]);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		commander_serve(ends[1]);
	}
	int number = errno;
	close(ends[1]);
	commander->fd = ends[0];
	if (commander->pid > 0)
		return 0;
	close(ends[0]);
	errno = number;
	return -1;
}

void commander_end(struct commander *commander)
{
	if (commander->pid <= 0)
		return;
	close(commander->fd);
	while (waitpid(commander->pid, NULL, 0) < 0 && errno == EINTR)
		;
	commander->pid = 0;
}

int commander_run(struct commander *commander, const struct command *command, int64_t ms)
{
	char words[REQUEST_MAX];
	struct pollfd answer = { .fd = commander->fd, .events = POLLIN };
	size_t len = 0;
	int status;
	for (size_t i = 0; command->word[i]; i++) {
		size_t more = strlen(command->word[i]) + 1;
		if (len + more >= sizeof(words))
			return -E2BIG;
		memcpy(words + len, command->word[i], more);
		len += more;
	}
	if (send(commander->fd, words, len, MSG_NOSIGNAL) < 0)
		return -errno;
	int ready = poll(&answer, 1, ms > 0 ? (int)ms : 0);
	bool late = ready <= 0;
	if (late && send(commander->fd, "", 1, MSG_NOSIGNAL) < 0)
		return -errno;
	if (recv(commander->fd, &status, sizeof(status), 0) != sizeof(status))
		return -EIO;
	return late && WIFSIGNALED(status) ? -ETIME : status;
}
