// SPDX-License-Identifier: MIT
/* tcp_options.h - the options of the TCP sockets on a port, asked of the kernel's tables by a BPF iterator. */
#ifndef SOCKVIEW_EXPLAIN_TCP_OPTIONS_H
#define SOCKVIEW_EXPLAIN_TCP_OPTIONS_H

/* What the program writes of each socket, of TIME_WAIT too. 16 bytes. */
struct tcp_options {
	unsigned long long cookie; /* 0: nothing has asked for it yet */
	unsigned char reuseaddr, reuseport, v6only;
	unsigned char unused[5];
};

#ifndef __bpf__
#include "explain/inquiry.h"

/*
 * Learns what no table tells of the holders: SO_REUSEADDR, SO_REUSEPORT,
 * IPV6_V6ONLY. Takes nothing and holds nothing open. Sockets that are bound and
 * nothing more are in none of the tables that it goes through. False if it
 * may not be asked here.
 */
bool tcp_options_learn(struct explain *explain);
#endif

#endif
