// SPDX-License-Identifier: MIT
/*
 * wait.h - waits until a socket listens on a port, or until a port can be bound.
 *
 * Tables are read by sock_diag, with the caller's own rights. Only the trial
 * bind of wait_try_bind() is in another server's way, whose bind() fails while
 * it lasts: its caller makes it seldom.
 */
#ifndef SOCKVIEW_WAIT_H
#define SOCKVIEW_WAIT_H

#include <sys/types.h>

#include <sockview/collect.h>
#include <sockview/target.h>

#define WAIT_PROBLEM_MAX 256

/* One end that is waited for. */
struct wait_end {
	enum proto proto;
	uint16_t port;
	size_t address_count; /* 0: any address of this host */
	struct typed_address *address;
	struct addr_device *device; /* by address: what has it; 0: nothing of this host */
	uint32_t ifindex;
	char *host;   /* of another host, as it was typed: it is asked by connecting; NULL: of this host */
	pid_t asking; /* the process that tries to connect; 0: none does */
	bool reached; /* it once listened, or could be bound */
	char *text;   /* as it was typed */
};

struct wait_list {
	struct wait_end *end;
	size_t count, capacity;
};

/*
 * Reads TARGET[,TARGET]... `local`: a target of another host is a problem, and
 * so is more than one. 0, or -1 with the problem: wrong usage, or memory.
 * wait_list_free() after both.
 */
int wait_list_read(struct wait_list *list, const char *text, unsigned protos, bool local, const struct lookup *lookup,
                   char problem[WAIT_PROBLEM_MAX]);
void wait_list_free(struct wait_list *list);

/*
 * Looks once and marks what has been reached: of this host by its listeners (of
 * UDP, sockets that are bound and not connected), of another by a connection
 * that a process of its own tries, at most wait_patience seconds long. 1 all of
 * them have been reached, 0 not yet, -1 with error: the tables cannot be read.
 */
int wait_look(struct wait_list *list, const struct sources *sources, struct error *error);
enum { wait_patience = 3 };
/* Ends the processes that still try. */
void wait_stop(struct wait_list *list);

/* 1 if in the tables no socket is bound to the port, or listens on it, on an address in the way; 0; -1 with error. */
int wait_is_clear(const struct wait_end *end, const struct sources *sources, struct error *error);
/* A trial bind, as of a server that sets SO_REUSEADDR (TCP). 0, or the errno of bind(). */
int wait_try_bind(const struct wait_end *end);

#endif
