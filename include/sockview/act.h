// SPDX-License-Identifier: MIT
/* act.h - what is done to a socket that was chosen, each with the caller's own rights. */
#ifndef SOCKVIEW_ACT_H
#define SOCKVIEW_ACT_H

#include <sockview/exchange.h>
#include <sockview/owner.h>
#include <sockview/row.h>

/* What the sockets are closed over, until exchange_close(). 0, or -1 with errno. */
int act_open(struct exchange *exchange);
/*
 * The kernel closes the socket (SOCK_DESTROY) that has the row's addresses and
 * cookie, and no other: without a cookie nothing is asked. 0, or an errno:
 * ENOENT no such socket any more, or one in BOUND, which inet_diag does not
 * find; EOPNOTSUPP a kernel without CONFIG_INET_DIAG_DESTROY; EPERM without
 * CAP_NET_ADMIN in the user namespace of the network namespace.
 */
int act_close(struct exchange *exchange, const struct row *row);

/* A process that stays the same: an fd, or -errno; EXDEV if proc_fd is of another pid namespace than ours. */
int act_pidfd(int proc_fd, int32_t pid);
/* 1 if the process's descriptor is still the socket, 0 if not, -errno if that cannot be seen. */
int act_holds(int proc_fd, int32_t pid, const struct owner *owner, uint32_t inode);
/* 0, or an errno: ESRCH it has ended. */
int act_signal(int pidfd, int number);
/* True if the process has a handler for the signal. */
bool act_catches(int proc_fd, int32_t pid, int number);

/* A command as it is executed: an absolute path from a fixed list, and -- before the name. */
#define COMMAND_FOLDERS "/usr/bin:/bin:/usr/sbin:/sbin:/usr/local/bin:/usr/local/sbin"
enum { COMMAND_WORDS_MAX = 15 };
struct command {
	char path[64];
	const char *word[COMMAND_WORDS_MAX + 1]; /* ends with NULL; the caller's words must live as long */
};

/* From "systemctl", "stop", "web.service". False if the program is none of the list, or is not installed. */
bool command_find(struct command *command, char *const argv[]);

/* The child that executes commands. It is started before any right is raised or given up. */
struct commander {
	pid_t pid; /* 0: none */
	int fd;
};

/* 0, or -1 with errno. */
int commander_start(struct commander *commander);
void commander_end(struct commander *commander);
/* Its wait status; or -errno: ETIME it was ended, as it had not ended by itself after so many milliseconds. */
int commander_run(struct commander *commander, const struct command *command, int64_t ms);

/* The connection by which the caller came to this machine. */
struct session {
	bool known; /* by SSH_CONNECTION */
	union addr remote, local;
	uint16_t remote_port, local_port;
	int32_t ancestor[64]; /* our parent, its parent ... */
	size_t ancestors;
};

/* From the environment, and the parents in proc_fd (-1: none are known). */
void session_read(struct session *session, const char *ssh_connection, int proc_fd);
bool session_has_pid(const struct session *session, int32_t pid);
/* It has the session's addresses, or is a TCP connection of a server of logins (sshd ...) among our ancestors. */
bool session_is(const struct session *session, const struct row *row, const struct owners *owners);

#endif
