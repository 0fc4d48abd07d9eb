// SPDX-License-Identifier: MIT
/* rating.c - the rates of looks that are taken again and again (rating.h). */
#include "run/rating.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#include <sockview/errno_name.h>
#include <sockview/expr.h>
#include <sockview/message.h>

static bool is_rated(const struct run *run)
{
	return run->listing.needs.need & NEED_RATES;
}

void rating_open(struct run *run)
{
	struct rating *rating = &run->rating;
	if (!is_rated(run))
		return;
	run->listing.context.rates = &rating->rates;
	/* Of other namespaces, and of a file, nothing is told. */
	if (!run->options->continuous || run->options->replay || run->namespaces.list.count ||
	    run->options->source == SOURCE_PROC)
		return;
	rating->listens = destroy_open(&rating->destroy, PROTO_BIT(PROTO_TCP)) == 0;
	if (!rating->listens)
		rating->deaf_errno = errno;
}

void rating_read(struct run *run)
{
	struct rating *rating = &run->rating;
	if (!rating->listens || destroy_read(&rating->destroy, rates_close, &rating->rates) == 0)
		return;
	rating->deaf_errno = errno;
	rating->listens = false;
	destroy_close(&rating->destroy);
}

static int64_t clock_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int rating_begin(struct run *run)
{
	if (!is_rated(run))
		return 0;
	rating_read(run);
	rates_begin(&run->rating.rates, clock_now());
	return 0;
}

int rating_see(struct run *run, const struct sock *sock)
{
	if (!is_rated(run) || rates_add(&run->rating.rates, sock) == 0)
		return 0;
	return error_set(&run->error, errno, "keep the sockets' counters", "");
}

/* Whether a connection that has no row in this look did not exist: it is asked for in all its states, and told. */
static bool is_whole(const struct run *run)
{
	const struct query *query = &run->query;
	const struct report *report = &run->report;
	/* Of each, as much is asked for as there is time. */
	if (run->namespaces.list.count)
		return false;
	if ((query->states[PROTO_TCP] & STATE_CONNECTED) != STATE_CONNECTED || report->lost || report->interrupted ||
	    report->malformed || report->from_proc || report->cut_errno || report->failed)
		return false;
	/* A mark and a cgroup may change while the socket lives. */
	for (size_t i = 0; query->expr && i < query->expr->node_count; i++)
		if (query->expr->node[i].kind == EXPR_MARK || query->expr->node[i].kind == EXPR_CGROUP)
			return false;
	return true;
}

struct rating_sink {
	struct run *run;
	sock_sink *sink;
};

static int rating_gone(void *context, const struct sock *sock)
{
	const struct rating_sink *gone = context;
	const struct query *query = &gone->run->query;
	if (!(sock->row.family == AF_INET6 ? query->inet6 : query->inet))
		return 0;
	return gone->sink(gone->run, sock);
}

int rating_end(struct run *run, sock_sink *sink)
{
	struct rating *rating = &run->rating;
	struct rating_sink gone = { run, sink };
	if (!is_rated(run))
		return 0;
	rating_read(run);
	bool whole = is_whole(run);
	errno = 0;
	run->error.number = 0;
	/* Where some states were left out, one that has no row may live on in another. */
	int answer =
		whole && run->query.protos & PROTO_BIT(PROTO_TCP) ? rates_gone(&rating->rates, rating_gone, &gone) : 0;
	rates_end(&rating->rates, whole);
	return answer < 0 && !run->error.number ? error_set(&run->error, ENOMEM, "keep the sockets' counters", "")
	                                        : answer;
}

/* False if the reader is gone. Ends early where closes are told, or by a signal. */
static bool wait_pause(const struct run *run, int64_t pause_ns)
{
	sigset_t blocked, before;
	const struct timespec pause = { .tv_sec = (time_t)(pause_ns / 1000000000), .tv_nsec = pause_ns % 1000000000 };
	bool closed = false;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGINT);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	if (!*run->stop_asked)
		closed = out_wait_closed(&run->out, run->rating.listens ? destroy_fd(&run->rating.destroy) : -1, &pause,
		                         &before);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return !closed;
}

/*
 * False if no other look is wanted. ppoll() unblocks the signals:
 * one that comes after the look at stop_asked ends the wait, too.
 */
bool rating_wait(struct run *run)
{
	int64_t end = clock_now() + (int64_t)(run->options->interval * 1e9);
	for (int64_t left = 1; left > 0 && !*run->stop_asked;) {
		left = end - clock_now();
		if (!wait_pause(run, left > 0 ? left : 0))
			return false;
		rating_read(run);
	}
	return !*run->stop_asked;
}

void rating_say(struct run *run)
{
	struct rating *rating = &run->rating;
	if (!is_rated(run))
		return;
	if (!run->options->continuous || run->options->replay)
		message("rates take two looks, so there are none here: -c looks again");
	if (rating->deaf_errno)
		message("closes cannot be listened to (%s): the last bytes of connections that end between two "
		        "looks are missing",
		        errno_name(rating->deaf_errno));
	rating->deaf_errno = 0;
	if (!rating->lost && (rating->destroy.lost || rating->rates.forgotten)) {
		message("the kernel told of more closes than could be read: the last bytes of some connections are missing");
		rating->lost = true;
	}
}

void rating_close(struct run *run)
{
	if (run->rating.listens)
		destroy_close(&run->rating.destroy);
	rates_free(&run->rating.rates);
}
