// SPDX-License-Identifier: MIT
/*
 * exchange.h - one netlink request and its answer: the only loop that reads netlink messages.
 *
 *   request -> send -> [receive -> message -> call]... -> done | refused | broken | stopped
 */
#ifndef SOCKVIEW_EXCHANGE_H
#define SOCKVIEW_EXCHANGE_H

#include <sockview/wire.h>

struct nlmsghdr;

enum exchange_end {
	EXCHANGE_DONE,    /* the kernel said that this is all */
	EXCHANGE_REFUSED, /* the kernel answered an errno, at once or behind a part of the answer */
	EXCHANGE_BROKEN,  /* the wire failed */
	EXCHANGE_STOPPED, /* the call wanted no more */
};

struct exchange {
	struct wire *wire;
	bool owns_wire;
	char *buffer; /* WIRE_BUFFER bytes: the datagram under way */
	uint32_t seq;

	/* Of the last answer. */
	int number;         /* REFUSED and BROKEN: the errno; STOPPED: what the call returned */
	bool sending;       /* BROKEN: the request could not be sent */
	bool interrupted;   /* the kernel's table changed meanwhile (NLM_F_DUMP_INTR) */
	bool lost;          /* messages are missing (ENOBUFS, NLMSG_OVERRUN, a datagram that was cut) */
	bool stalled;       /* the wire's patience ran out behind a loss: asked again, it may run out again */
	unsigned malformed; /* what could not be read as a message */
	int64_t offset;     /* replay: where in the file the answer goes wrong; -1: not known */
};

/*
 * One message of the answer; its payload of `len` bytes is valid during the
 * call. 0 goes on, anything else ends the exchange. The ends of a dump
 * (NLMSG_DONE, NLMSG_ERROR) are not passed on but in a replay, where they
 * separate dumps; exchange->number is their errno then, or 0.
 */
typedef int exchange_call(void *context, const struct nlmsghdr *message, const void *payload, size_t len);

/* Over a wire that stays the caller's. 0, or -1 with errno ENOMEM. */
int exchange_start(struct exchange *exchange, struct wire *wire);
/* Over a socket of its own on `bus` (NETLINK_ROUTE ...). 0, or -1 with errno. */
int exchange_open(struct exchange *exchange, int bus);
void exchange_close(struct exchange *exchange);

/* Sends the request, whose sequence number it sets, and calls with each message of the answer. */
enum exchange_end exchange_ask(struct exchange *exchange, struct nlmsghdr *request, exchange_call *call, void *context);
/*
 * The same of several requests at once, over a wire that takes so many
 * (wire_merge()); done when all of them are. One that is refused, or breaks, is
 * the end of all.
 */
enum exchange_end exchange_ask_parts(struct exchange *exchange, struct nlmsghdr *const request[], unsigned count,
                                     exchange_call *call, void *context);
/* Reads a replay to its end; DONE, BROKEN or STOPPED. */
enum exchange_end exchange_replay(struct exchange *exchange, exchange_call *call, void *context);
/*
 * Calls with the multicast messages of a wire that was never asked anything and
 * whose fd does not wait (O_NONBLOCK): at most so many datagrams. DONE: that is all
 * there is now, with exchange->lost where some came that found no room; or BROKEN, STOPPED.
 */
enum exchange_end exchange_listen(struct exchange *exchange, unsigned datagrams, exchange_call *call, void *context);
/* Where in a replayed file the message stands that the call was given. */
int64_t exchange_offset(const struct exchange *exchange, const struct nlmsghdr *message);
/* The call found the message malformed: counted, or in a replay the end (a value for the call to return). */
int exchange_malformed(struct exchange *exchange, const struct nlmsghdr *message);

/*
 * A table that is of use only if it was read whole: asked for again if it
 * changed meanwhile, after `forget` has taken back what came. 0, or -1 with
 * errno: the kernel's refusal, the wire's failure, what the call left in errno
 * when it returned -1, EINTR if the table kept changing, ENOBUFS if a part was
 * lost, EBADMSG if a part could not be read. The caller keeps the messages that came.
 */
int exchange_table(struct exchange *exchange, struct nlmsghdr *request, exchange_call *call,
                   void (*forget)(void *context), void *context);

#endif
