// SPDX-License-Identifier: MIT
/*
 * wire.h - the bytes seam: where netlink messages come from.
 *
 * A live socket, a recording tee around one, a replayed file and a test's
 * script are all this struct; one loop (exchange.c) reads them.
 */
#ifndef SOCKVIEW_WIRE_H
#define SOCKVIEW_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * The kernel sends at most 32 KiB in one datagram of a dump, more where pages
 * are larger (net/netlink/af_netlink.c, netlink_dump). No message is larger.
 */
enum { WIRE_BUFFER = 65536, WIRE_ORIGIN_MAX = 256, WIRE_NOTE_MAX = 32768 };

/* How a note in a recording begins that says of which network namespace the answers behind it are. */
#define WIRE_NETNS "sockview netns "

/* The kernel puts the first part of an answer into the queue while the request is sent: this wait is for what never comes. */
enum { WIRE_PATIENCE_MS = 5000 };

struct servant;

struct wire {
	/* A whole request. 0, or -1 with errno. */
	int (*send)(struct wire *wire, const void *request, size_t len);
	/*
	 * Whole messages, one behind the other. Their length; 0 at the end of a
	 * replayed file; -1 with errno: ENOSPC a datagram was cut, ENOBUFS some
	 * were lost, EAGAIN nothing came for WIRE_PATIENCE_MS, EBADMSG a file is not
	 * what it should be (at `offset`).
	 */
	ssize_t (*receive)(struct wire *wire, void *buffer, size_t len);
	void (*close)(struct wire *wire);
	int fd; /* poll(2) tells it readable when receive() will not wait; -1: receive() never waits */
	/*
	 * A replay gives everything it has once, whatever is asked: requests are
	 * among its messages. `offset` is where in the file the last received
	 * bytes begin, or what is wrong begins.
	 */
	bool replay;
	int64_t offset;
	const char *no_recording; /* constant text: why the file cannot be a recording at all; NULL: it may be */
	bool confined;            /* a thread that receives from it begins its part of the sandbox: sandbox.h */
	/* Of wire_served() alone: whose threads may receive from `behind` directly. NULL: of none. */
	struct servant *servant;
	struct wire *behind;
	bool recording;                   /* what is asked for twice is twice in the file */
	int record_errno;                 /* why the recording could not be written: this wire has no more to give */
	char origin[WIRE_ORIGIN_MAX + 1]; /* text of the NLMSG_NOOP that begins a recording */
};

/* The live kernel: a netlink socket on `bus` (NETLINK_ROUTE ...). NULL with errno. */
struct wire *wire_open(int bus);
/* The same on NETLINK_SOCK_DIAG. */
struct wire *wire_kernel(void);
/* The same, opened and used by the servant. NULL with errno. */
struct wire *wire_served(struct servant *servant);
/*
 * Long answers of `inner` are received by a thread while the caller works on
 * what came before; owns inner. The thread has the capabilities of the moment
 * it is started, or the servant's, and is gone at the end of each answer. Returns inner if there
 * is no memory for more; NULL if inner is NULL.
 */
struct wire *wire_ahead(struct wire *inner);
/*
 * Several wires as one: the first request goes to the first of them, the next to
 * the next; the first receive() behind them starts a thread for each, and gives
 * what comes first. An answer has as many ends as there were requests, and may
 * be given up by the next one. Owns them all; NULL with errno ENOMEM.
 */
struct wire *wire_merge(struct wire *const inner[], unsigned count);
/*
 * A file of netlink messages one behind the other: what wire_record() wrote,
 * or `ss -D FILE`. Reads from `fd`, which it owns. NULL with errno.
 */
struct wire *wire_replay(int fd);
/*
 * Every message of `inner` is also written to `fd`; owns both, unless it
 * fails. `origin` is a text (cut at WIRE_ORIGIN_MAX) that says where the
 * recording was made. NULL with errno.
 */
struct wire *wire_record(struct wire *inner, int fd, const char *origin);
/*
 * A wire that goes on with a recording: first a note (at most WIRE_NOTE_MAX bytes),
 * then what goes over `inner`, which it owns. NULL with errno, inner is closed.
 */
struct wire *wire_record_on(struct wire *recording, struct wire *inner, const void *note, size_t len);
/* The note alone. 0, or -1 with errno. */
int wire_record_note(struct wire *recording, const void *note, size_t len);
/* Messages that did not go over it. The same. */
int wire_record_bytes(struct wire *recording, const void *data, size_t len);
/* The origin that a replayed file names, once it was read; "" if it names none. */
const char *wire_origin(const struct wire *wire);
/* True once a recording could not be written; the wire gives no more then. */
bool wire_record_failed(const struct wire *wire);
void wire_close(struct wire *wire);

#endif
