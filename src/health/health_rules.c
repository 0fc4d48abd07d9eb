// SPDX-License-Identifier: MIT
/*
 * health_rules.c - what is taken for sick, from which figure on, and where the figure is from.
 *
 * accept-queue-full    sk_acceptq_is_full(): more than the backlog (include/net/sock.h, Linux 6.18)
 * accept-queue-drops   one refused connection in the time looked at; our choice
 * syn-queue            half-open connections as a share of the backlog, from which on the kernel
 *                      answers with cookies or drops (tcp_conn_request(), net/ipv4/tcp_input.c); our choice: 75 %
 *                      in both looks, or in one while cookies were sent
 * peer-window-closed   the second unanswered probe (tcp_probe_timer()): our choice; 50 % of the busy time
 * not-reading          half of the receive buffer, as the window is then near closed; 5 s: our choice
 * black-hole           the third retransmission: RFC 1122 4.2.3.5 (R1: at least 3)
 * retransmits          5 % of at least 100 segments: our choice
 * close-wait           10 sockets of a process, 60 s: tcp_fin_timeout's default is how long the peer waits
 * time-wait            50 % of the ephemeral ports towards one destination, critical from 80 %: our choice
 * ephemeral-room       80 %, critical from 95 %: our choice
 * udp-drops            one lost datagram in the time looked at; our choice
 * listener-unreachable  information alone, as a firewall that closes a port mostly does so on purpose
 * orphans, memory      50 % of tcp_max_orphans; from tcp_mem's pressure on; critical from 90 % of the limit: our choice
 */
#include "health/health_rules.h"

const char *const health_severities[] = { "info", "warning", "critical" };

const struct health_rule health_rules[HEALTH_KEYS] = {
	[ACCEPT_QUEUE_FULL] = { "accept-queue-full", HEALTH_CRITICAL, 0, 0, 0, NULL,
	                        "the server does not accept fast enough: look at its accept loop; then a larger backlog "
	                        "in listen() and net.core.somaxconn" },
	[ACCEPT_QUEUE_DROPS] = { "accept-queue-drops", HEALTH_WARNING, 1, 0, 0, "packets",
	                         "connections were refused in a burst: a larger backlog in listen() and "
	                         "net.core.somaxconn" },
	[SYN_QUEUE] = { "syn-queue", HEALTH_WARNING, 75, 0, 4, NULL,
	                "clients do not finish the handshake: a flood, or their answers are lost (firewall, route "
	                "back); net.ipv4.tcp_syncookies, tcp_max_syn_backlog" },
	[PEER_WINDOW_CLOSED] = { "peer-window-closed", HEALTH_WARNING, 2, 0, 0, "backoff",
	                         "the other end does not read: look at the program there" },
	[NOT_READING] = { "not-reading", HEALTH_INFO, 5, 0, 0, "seconds",
	                  "the program does not read what it received: it is busy, stuck, or does so on purpose" },
	[BLACK_HOLE] = { "black-hole", HEALTH_WARNING, 3, 0, 0, "retransmits",
	                 "nothing comes back: the host, the way to it or a firewall is gone; keep-alive and a time-out in "
	                 "the program end such connections" },
	[RETRANSMITS] = { "retransmits", HEALTH_WARNING, 5, 0, 100, "percent",
	                  "segments are lost on the way: look at the interface, the path and its queues" },
	[HEALTH_CLOSE_WAIT] = { "close-wait", HEALTH_WARNING, 60, 0, 10, "seconds",
	                        "the program does not close what its peers closed: a leak of descriptors in it" },
	[HEALTH_TIME_WAIT] = { "time-wait", HEALTH_WARNING, 50, 80, 100, "percent",
	                       "the side that closes first keeps TIME_WAIT: keep connections open (keep-alive, a pool)" },
	[EPHEMERAL_ROOM] = { "ephemeral-room", HEALTH_WARNING, 80, 95, 0, "percent",
	                     "ports towards one destination run out: keep connections open (a pool), more source or "
	                     "destination addresses, net.ipv4.ip_local_port_range" },
	[UDP_DROPS] = { "udp-drops", HEALTH_WARNING, 1, 0, 0, "packets",
	                "the program reads too slowly: a larger SO_RCVBUF (net.core.rmem_max), more readers" },
	[ORPHANS] = { "orphans", HEALTH_WARNING, 50, 90, 0, "percent",
	              "connections that no process has any more wait for their peers: net.ipv4.tcp_orphan_retries, "
	              "tcp_max_orphans" },
	[HEALTH_MEMORY] = { "memory", HEALTH_WARNING, 100, 0, 0, "percent",
	                    "TCP's buffers take more than the kernel wants: net.ipv4.tcp_mem" },
	[LISTENER_UNREACHABLE] = { "listener-unreachable", HEALTH_INFO, 0, 0, 0, NULL,
	                           "if others are to reach it, let the rule accept its port; if not, bind it to loopback: "
	                           "sockview --exposure" },
};
