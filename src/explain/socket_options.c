// SPDX-License-Identifier: MIT
/*
 * socket_options.c - options that no table tells, asked of the socket itself (socket_options.h).
 *
 * pidfd_getfd(2) gives a copy of the holder's fd where we may trace it
 * (PTRACE_MODE_ATTACH_REALCREDS), getsockopt(2) on it tells. While the copy
 * is open, a close() of the holder does not give the port back: it is done
 * for sockets the verdict hangs on and no others, and the copy lives for four
 * system calls.
 */
#include "explain/socket_options.h"

#include <errno.h>
#include <netinet/in.h>
#include <unistd.h>

#include <sockview/file.h>

#include "explain/holders.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

enum { ASKED_MAX = 64 };

static uint8_t ask_option(int fd, int level, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);
	if (getsockopt(fd, level, option, &value, &len) < 0)
		return KNOWN_NOT;
	return value ? KNOWN_ON : KNOWN_OFF;
}

/* The descriptor's number may have gone to another socket since the look. */
static bool is_socket_of_row(int fd, const struct row *row)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == 0 && row->flags & ROW_HAS_COOKIE &&
	       cookie == row->cookie;
}

void socket_options_ask_one(const struct explain *explain, struct holder *holder, unsigned options)
{
	const struct owners *owners = explain->facts.owners;
	const struct row *row = holder_row(explain, holder);
	struct owner_span span = owners_of(owners, row);
	for (size_t i = 0; i < span.count && i < 4; i++) {
		int fd = file_copy_of(owners->process[span.first[i].process].pid, span.first[i].fd);
		bool same = fd >= 0 && is_socket_of_row(fd, row);
		holder->moved |= fd < 0 ? errno == EBADF || errno == ESRCH : !same;
		if (fd < 0)
			continue;
		if (same && options & OPTION_REUSEADDR)
			holder->is.reuseaddr = ask_option(fd, SOL_SOCKET, SO_REUSEADDR);
		if (same && options & OPTION_REUSEPORT)
			holder->is.reuseport = ask_option(fd, SOL_SOCKET, SO_REUSEPORT);
		if (same && options & OPTION_V6ONLY && holder->is.family == AF_INET6)
			holder->is.v6only = ask_option(fd, IPPROTO_IPV6, IPV6_V6ONLY);
		close(fd);
		if (same)
			return;
	}
}

void socket_options_ask(struct explain *explain, unsigned options)
{
	unsigned asked = 0;
	for (size_t i = 0; i < explain->holders && asked < ASKED_MAX; i++) {
		unsigned unknown = 0;
		for (size_t p = 0; p < explain->plans; p++)
			unknown |= explain->holder[i].judged[p].unknown;
		if (!(unknown & options) || explain->holder[i].reason != REASON_OWNED)
			continue;
		socket_options_ask_one(explain, &explain->holder[i], unknown & options);
		asked++;
	}
}
