// SPDX-License-Identifier: MIT
/*
 * exchange.c - the loop over netlink messages (exchange.h).
 *
 * libmnl's own loop (mnl_cb_run) is not used: it overlooks an errno inside
 * NLMSG_DONE and drops the rest of a buffer at NLM_F_DUMP_INTR.
 */
#include <sockview/exchange.h>

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "wire/framing.h"

enum {
	TRIES = 3, /* a table could keep changing for ever on a busy host */
	ERRNO_LAST = 4095,
	LOSSES = 1000, /* a wire that only ever loses must end too */
};

/* What has the exchange under way come to? */
enum exchange_progress { GOES_ON, ENDED, WAS_REFUSED, HAS_BROKEN, WAS_STOPPED };

struct exchange_answer {
	struct exchange *exchange;
	exchange_call *call;
	void *context;
	enum exchange_progress progress;
	unsigned ends; /* of parts that go on besides this one */
};

/* Of a part of the answer: the others go on. */
static void answer_finish(struct exchange_answer *answer)
{
	if (answer->ends)
		answer->ends--;
	else
		answer->progress = ENDED;
}

int exchange_start(struct exchange *exchange, struct wire *wire)
{
	*exchange = (struct exchange){ .wire = wire, .buffer = malloc(WIRE_BUFFER), .offset = -1 };
	return exchange->buffer ? 0 : -1;
}

int exchange_open(struct exchange *exchange, int bus)
{
	struct wire *wire = wire_open(bus);
	if (!wire) {
		*exchange = (struct exchange){ 0 };
		return -1;
	}
	int answer = exchange_start(exchange, wire);
	exchange->owns_wire = true;
	if (answer < 0) {
		exchange_close(exchange);
		errno = ENOMEM;
	}
	return answer;
}

void exchange_close(struct exchange *exchange)
{
	if (exchange->owns_wire)
		wire_close(exchange->wire);
	free(exchange->buffer);
	*exchange = (struct exchange){ 0 };
}

int64_t exchange_offset(const struct exchange *exchange, const struct nlmsghdr *message)
{
	return exchange->wire->offset + ((const char *)message - exchange->buffer);
}

int exchange_malformed(struct exchange *exchange, const struct nlmsghdr *message)
{
	if (!exchange->wire->replay) {
		exchange->malformed++;
		return 0;
	}
	exchange->offset = exchange_offset(exchange, message);
	return EBADMSG;
}

/* --- messages --- */

static void answer_break(struct exchange_answer *answer, int number)
{
	answer->exchange->number = number;
	answer->progress = HAS_BROKEN;
}

static void answer_give(struct exchange_answer *answer, const struct nlmsghdr *message)
{
	struct exchange *exchange = answer->exchange;
	size_t len = message->nlmsg_len - NLMSG_HDRLEN;
	int got = answer->call(answer->context, message, (const char *)message + NLMSG_HDRLEN, len);
	if (!got)
		return;
	exchange->number = got;
	/* A replay that goes wrong says where. */
	answer->progress = got == EBADMSG && exchange->offset >= 0 ? HAS_BROKEN : WAS_STOPPED;
}

/*
 * An errno as the payload of NLMSG_ERROR, 0 for an acknowledgement. A dump that
 * failed may say so in NLMSG_DONE alone: a negative errno as its payload.
 */
static void answer_end(struct exchange_answer *answer, const struct nlmsghdr *message)
{
	struct exchange *exchange = answer->exchange;
	bool is_error = message->nlmsg_type == NLMSG_ERROR;
	int32_t number = 0;
	if (message->nlmsg_len - NLMSG_HDRLEN >= sizeof(number)) {
		memcpy(&number, (const char *)message + NLMSG_HDRLEN, sizeof(number));
	} else if (is_error) {
		if (exchange_malformed(exchange, message)) {
			answer_break(answer, EBADMSG);
			return;
		}
		number = -EBADMSG;
	}
	/* A number that is no errno at all (include/linux/err.h, MAX_ERRNO) must not be negated, either. */
	if (number < -ERRNO_LAST)
		number = -EBADMSG;
	exchange->number = number < 0 ? -number : is_error ? number : 0;
	if (exchange->wire->replay)
		answer_give(answer, message);
	else if (exchange->number)
		answer->progress = WAS_REFUSED;
	else
		answer_finish(answer);
}

static void answer_message(struct exchange_answer *answer, const struct nlmsghdr *message)
{
	struct exchange *exchange = answer->exchange;
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		exchange->interrupted = true;
	if (message_is_end(message))
		answer_end(answer, message);
	else if (message->nlmsg_type == NLMSG_OVERRUN)
		exchange->lost = true;
	else
		answer_give(answer, message);
}

/* Bytes that are not a whole message are malformed; a replay has only whole ones. */
static void answer_datagram(struct exchange_answer *answer, size_t rest)
{
	struct exchange *exchange = answer->exchange;
	const char *at = exchange->buffer;
	size_t step;
	while (answer->progress == GOES_ON && (step = message_step((const struct nlmsghdr *)at, rest))) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)at;
		/* An answer to an earlier request of this wire that was given up. */
		bool stale = !exchange->wire->replay && message->nlmsg_seq != exchange->seq;
		if (!stale)
			answer_message(answer, message);
		at += step;
		rest -= step;
	}
	if (rest && answer->progress == GOES_ON)
		exchange->malformed++;
}

/* --- datagrams --- */

static void answer_failed(struct exchange_answer *answer, int number)
{
	struct exchange *exchange = answer->exchange;
	struct wire *wire = exchange->wire;
	if (wire->replay) {
		exchange->offset = number == EBADMSG ? wire->offset : -1;
		answer_break(answer, number);
		return;
	}
	if (wire->record_errno) {
		answer_break(answer, wire->record_errno);
		return;
	}
	if (number == ENOBUFS || number == ENOSPC) {
		/* The dump goes on behind what was lost. */
		exchange->lost = true;
		return;
	}
	/*
	 * A dump for whose next part the kernel found no memory tells ENOBUFS once
	 * and then waits for a request that never comes (net/netlink/af_netlink.c,
	 * netlink_recvmsg, Linux 6.18): the wire's patience ends it.
	 */
	exchange->stalled = number == EAGAIN && exchange->lost;
	if (exchange->stalled)
		answer_finish(answer);
	else
		answer_break(answer, number);
}

static const enum exchange_end ends[] = {
	[GOES_ON] = EXCHANGE_DONE, /* as far as it was listened to */
	[ENDED] = EXCHANGE_DONE,        [WAS_REFUSED] = EXCHANGE_REFUSED,
	[HAS_BROKEN] = EXCHANGE_BROKEN, [WAS_STOPPED] = EXCHANGE_STOPPED,
};

static enum exchange_end answer_read(struct exchange *exchange, unsigned parts, exchange_call *call, void *context)
{
	struct exchange_answer answer = { .exchange = exchange, .call = call, .context = context, .ends = parts - 1 };
	int losses = 0;
	while (answer.progress == GOES_ON) {
		ssize_t got = exchange->wire->receive(exchange->wire, exchange->buffer, WIRE_BUFFER);
		if (got > 0)
			answer_datagram(&answer, (size_t)got);
		else if (got < 0 && ++losses < LOSSES)
			answer_failed(&answer, errno);
		else
			answer.progress = ENDED;
	}
	return ends[answer.progress];
}

static void exchange_reset(struct exchange *exchange)
{
	exchange->number = 0;
	exchange->sending = exchange->interrupted = exchange->lost = exchange->stalled = false;
	exchange->malformed = 0;
	exchange->offset = -1;
}

enum exchange_end exchange_ask_parts(struct exchange *exchange, struct nlmsghdr *const request[], unsigned count,
                                     exchange_call *call, void *context)
{
	exchange_reset(exchange);
	exchange->seq++;
	for (unsigned i = 0; i < count; i++) {
		request[i]->nlmsg_seq = exchange->seq;
		if (exchange->wire->send(exchange->wire, request[i], request[i]->nlmsg_len) == 0)
			continue;
		exchange->number = exchange->wire->record_errno ? exchange->wire->record_errno : errno;
		exchange->sending = true;
		return EXCHANGE_BROKEN;
	}
	return answer_read(exchange, count, call, context);
}

enum exchange_end exchange_ask(struct exchange *exchange, struct nlmsghdr *request, exchange_call *call, void *context)
{
	return exchange_ask_parts(exchange, &request, 1, call, context);
}

enum exchange_end exchange_replay(struct exchange *exchange, exchange_call *call, void *context)
{
	exchange_reset(exchange);
	return answer_read(exchange, 1, call, context);
}

enum exchange_end exchange_listen(struct exchange *exchange, unsigned datagrams, exchange_call *call, void *context)
{
	struct exchange_answer answer = { .exchange = exchange, .call = call, .context = context };
	exchange_reset(exchange);
	for (; datagrams && answer.progress == GOES_ON; datagrams--) {
		ssize_t got = exchange->wire->receive(exchange->wire, exchange->buffer, WIRE_BUFFER);
		if (got > 0)
			answer_datagram(&answer, (size_t)got);
		else if (got < 0 && (errno == ENOBUFS || errno == ENOSPC))
			exchange->lost = true;
		else if (got < 0 && errno != EAGAIN)
			answer_break(&answer, errno);
		else
			answer.progress = ENDED;
	}
	return ends[answer.progress];
}

/* --- tables --- */

int exchange_table(struct exchange *exchange, struct nlmsghdr *request, exchange_call *call,
                   void (*forget)(void *context), void *context)
{
	int number = 0;
	for (int attempt = 0; attempt < TRIES; attempt++) {
		if (attempt)
			forget(context);
		enum exchange_end end = exchange_ask(exchange, request, call, context);
		if (end == EXCHANGE_STOPPED)
			return -1; /* errno is the call's */
		bool changed = exchange->interrupted || exchange->lost;
		number = end != EXCHANGE_DONE    ? exchange->number
		         : exchange->lost        ? ENOBUFS
		         : exchange->interrupted ? EINTR
		         : exchange->malformed   ? EBADMSG
		                                 : 0;
		if (end != EXCHANGE_DONE || !changed || !forget || exchange->stalled)
			break;
	}
	errno = number;
	return number ? -1 : 0;
}
