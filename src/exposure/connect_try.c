// SPDX-License-Identifier: MIT
/*
 * connect_try.c - one real connection, and what its end means (connect_parts.h).
 *
 *   connected                  it works
 *   ECONNREFUSED, segs_in 1    a reset came: nothing listens there, or a firewall answers in its place
 *   ECONNREFUSED, segs_in 0    an ICMP error came: a firewall rejects it, or no process has the port
 *   time is up                 no answer: dropped, absent, or a full accept queue
 */
#include "exposure/connect_parts.h"

#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <sockview/errno_name.h>

static int64_t try_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 0 connected, or an errno; ETIMEDOUT with *waited where the time was up before the kernel's own. */
static int wait_connected(int fd, double seconds, bool *waited)
{
	int64_t end = try_now() + (int64_t)(seconds * 1000) + 1;
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	int number = 0, ready;
	socklen_t len = sizeof(number);
	do {
		int64_t left = end - try_now();
		ready = poll(&poll_fd, 1, left > 0 ? (int)(left < 1000000 ? left : 1000000) : 0);
	} while (ready <= 0 && (ready == 0 || errno == EINTR) && try_now() < end);
	*waited = ready <= 0;
	if (*waited)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &len) < 0 ? errno : number;
}

/* Segments that came in answer, of a socket whose connect() has failed; -1: not told. */
static int segments_in(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);
	memset(&info, 0, sizeof(info));
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
	    len < offsetof(struct tcp_info, tcpi_segs_in) + sizeof(info.tcpi_segs_in))
		return -1;
	return (int)info.tcpi_segs_in;
}

struct outcome_words {
	enum stage stage;
	const char *before, *behind; /* the place, in the headline */
	const char *apart;           /* what cannot be told apart */
	const char *advice;
};

static const struct outcome_words refused_by_reset = {
	STAGE_LISTENER,
	"",
	" refuses the connection: a reset came",
	"a host sends a reset for a port on which nothing listens, and a firewall can send the same (reject with tcp reset)",
	"start the server there; sockview --explain on that host says more",
};
static const struct outcome_words refused_by_icmp = {
	STAGE_REMOTE,
	"a firewall rejects the connection to ",
	": an ICMP error came, no reset",
	"the firewall may be the host's own or one on the way",
	"let the rules of the firewall accept the port",
};
static const struct outcome_words silence = {
	STAGE_REMOTE,
	"no answer from ",
	"",
	"a firewall that drops, a host that is down and a full accept queue look alike from here",
	"sockview --exposure and --health on the other host tell these apart",
};
static const struct outcome_words unreachable = {
	STAGE_REMOTE,
	"",
	" is unreachable",
	"a router on the way or a firewall said so, or the next hop did not answer the question for its link address",
	"ip route get; ip neighbour; is the host up?",
};
static const struct outcome_words no_port = {
	STAGE_EPHEMERAL, "no local port is left for a connection to ", "", "", "sockview --health; reuse connections",
};
static const struct outcome_words forbidden = {
	STAGE_OUTPUT,
	"this host itself refuses a connection to ",
	"",
	"a rule of the output chain, a route that prohibits, a BPF program of the cgroup",
	"nft list ruleset; ip route get",
};
static const struct outcome_words failed = { STAGE_REMOTE, "the connection failed to ", "", "", "" };

static const struct outcome_words *words_of(int number, int segments)
{
	switch (number) {
	case ECONNREFUSED:
		return segments ? &refused_by_reset : &refused_by_icmp;
	case ETIMEDOUT:
		return &silence;
	case EHOSTUNREACH:
	case ENETUNREACH:
		return &unreachable;
	case EADDRNOTAVAIL:
		return &no_port;
	case EACCES:
	case EPERM:
		return &forbidden;
	default:
		return &failed;
	}
}

static void apply_outcome(struct connect *connect, struct connect_end *end, int number, int segments)
{
	const struct outcome_words *words = words_of(number, segments);
	char place[CONNECT_PLACE_MAX];
	connect_place(place, &end->addr, end->family, connect->port);
	if (*words->apart)
		connect_say(connect, "not told apart: %s", words->apart);
	/* The tables know the stage better, where they have found the same end. */
	if (end->verdict == CONNECT_FAILS) {
		end->number = number;
		return;
	}
	enum stage seen = end->verdict == CONNECT_UNKNOWN ? end->stage : STAGE_NONE;
	bool by_rule = (seen == STAGE_OUTPUT || seen == STAGE_INPUT || seen == STAGE_QUEUE) && words == &silence;
	end->verdict = CONNECT_FAILS;
	end->stage = by_rule ? seen : words->stage == STAGE_LISTENER && !end->is_local ? STAGE_REMOTE : words->stage;
	end->number = number;
	snprintf(end->headline, sizeof(end->headline), "%s%s%s", words->before, place, words->behind);
	snprintf(end->advice, sizeof(end->advice), "%s", words->advice);
}

static int open_connection(const struct connect_end *end, uint16_t port, double seconds, bool *waited, int *segments,
                           double *took)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_scope_id = end->ifindex };
	int fd = socket(end->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	memcpy(&four.sin_addr, &end->addr, sizeof(four.sin_addr));
	memcpy(&six.sin6_addr, &end->addr, sizeof(six.sin6_addr));
	int64_t begun = try_now();
	int answer = end->family == AF_INET ? connect(fd, (struct sockaddr *)&four, sizeof(four))
	                                    : connect(fd, (struct sockaddr *)&six, sizeof(six));
	int number = answer == 0 ? 0 : errno;
	if (number == EINPROGRESS)
		number = wait_connected(fd, seconds, waited);
	*segments = segments_in(fd);
	*took = (double)(try_now() - begun) / 1000;
	close(fd);
	return number;
}

void connect_try(struct connect *connect, struct connect_end *end)
{
	char place[CONNECT_PLACE_MAX];
	bool waited = false;
	int segments = -1;
	double took = 0;
	connect_place(place, &end->addr, end->family, connect->port);
	int number = open_connection(end, connect->port, connect->options.seconds, &waited, &segments, &took);
	end->tried = true;
	if (!number) {
		connect_say(connect, "tried: connected to %s after %.3f s", place, took);
		end->verdict = CONNECT_WORKS;
		end->stage = STAGE_NONE;
		end->number = 0;
		return;
	}
	const char *name = errno_name(number);
	connect_say(connect, "tried: %s%s after %.3f s%s", waited ? "no answer: given up" : "connect() failed: ",
	            waited ? ""
	            : name ? name
	                   : "an unknown error",
	            took,
	            number != ECONNREFUSED ? ""
	            : segments             ? ", by a reset"
	                                   : ", by an ICMP error");
	apply_outcome(connect, end, number, segments);
}
