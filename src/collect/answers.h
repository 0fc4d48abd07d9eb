// SPDX-License-Identifier: MIT
/* answers.h - the messages that answer a sock_diag dump, live or recorded, as sockets to the sink. */
#ifndef SOCKVIEW_COLLECT_ANSWERS_H
#define SOCKVIEW_COLLECT_ANSWERS_H

#include <sockview/decode.h>
#include <sockview/exchange.h>
#include <sockview/source.h>

#include "collect/procnet.h"
#include "collect/request.h"

enum {
	/* What the calls of the exchange return to end it: the sink's answer is in sink_answer, a failure in error. */
	ANSWERS_STOP = 1,
	ANSWERS_RECENT = 32, /* rows; so many sockets would have to be opened in one hash slot between two datagrams */
};

enum dump_end {
	DUMP_DONE,
	DUMP_DONE_IPV4, /* of both families: there were too many of tcp6 to hold back, they are to be asked for */
	DUMP_REFUSED,   /* the kernel's errno is exchange.number; rows may have come before it */
	DUMP_FAILED,    /* with error */
	DUMP_STOPPED,   /* the sink's answer is sink_answer */
};

struct answers {
	struct exchange exchange;
	const struct source_request *want;
	struct report *report;
	struct error *error;
	struct request request; /* what is being answered */
	struct decoded *decoded;
	uint64_t given; /* rows that the sink got */
	int sink_answer;

	/* of the dump under way */
	bool interrupted, lost;
	uint64_t rows;                     /* that came in answer to the request */
	enum bytecode_autobound autobound; /* which of the two dumps for the filter's `autobound` it is */
	bool elsewhere;                    /* it is of another network namespace, which is not asked for */
	bool of_descriptors;               /* descriptors of processes told it */

	/* tcp6 held back */
	bool holding, overflow;
	struct table hold;

	struct row recent[ANSWERS_RECENT]; /* the last rows of UDP, a ring */
	unsigned recent_count;
	struct {
		uint64_t *cookie;
		size_t count, capacity;
	} grouped; /* netlink sockets with groups that this dump has told */

	struct procnet_unix unix_; /* what unix_diag leaves out; empty unless it is asked */
	bool newline_names;        /* a unix socket's name has a newline in it */
};

/* 0, or -1 with error. The wire, the request, the report and the error stay the caller's. answers_close() after 0. */
int answers_start(struct answers *answers, struct wire *wire, const struct source_request *want, struct report *report,
                  struct error *error);
void answers_close(struct answers *answers);

/* A request's first message is next. */
void answers_begin(struct answers *answers);
bool answers_is_diag(const struct nlmsghdr *message);
/* An exchange_call, the context a struct answers. */
int answers_take(void *answers, const struct nlmsghdr *message, const void *payload, size_t len);
/* One socket to the sink, the query's filter aside; and those held back. 0, or ANSWERS_STOP. */
int answers_give(struct answers *answers, const struct sock *sock);
int answers_give_held(struct answers *answers);
/* Of an exchange of their own; adds what it lacks to what is known of the dump. */
enum dump_end answers_end(struct answers *answers, enum exchange_end end);
/* Words the error. ANSWERS_STOP. */
int answers_fail(struct answers *answers, int number, const char *what, int64_t offset);

#endif
