// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * sock_events.bpf.c - runs in the kernel: at each change of a TCP socket's
 * state, at its end, and once for each open file when the watch begins.
 *
 *   inet_sock_set_state --> listen unlisten connect open failed
 *   tcp_destroy_sock    --> close, with the last counters
 *   iter/task_file      --> who has the sockets that were there before
 *
 * The record of a socket (struct known) is stored with it, and the kernel copies
 * a listener's into each connection it accepts (BPF_F_CLONE). The current process
 * is the one that acts in five transitions only (Linux 6.18: in the others, on
 * loopback, it is the peer's in two of five).
 *
 * A program that a softirq would have to run while the same program runs on
 * that CPU is not run (recursion_misses): closes have a program of their own,
 * which tells what the other has missed.
 */
#include "events/program.h"

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_SK_STORAGE);
	MAP_NUMBER(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	MAP_TYPE(key, int);
	MAP_TYPE(value, struct known);
} sockets SECTION(".maps");

INLINE int is_wanted(struct sock *sk)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	return is_wanted_netns(sk->__sk_common.skc_net.net->ns.inum);
}

INLINE void fill_ends(struct event_record *record, struct sock *sk, struct tcp_sock *tcp)
{
	unsigned short port = sk->__sk_common.skc_dport, local = tcp ? tcp->inet_conn.icsk_inet.inet_sport : 0;
	record->family = sk->__sk_common.skc_family;
	record->remote_port = (unsigned short)(port >> 8 | port << 8);
	/* skc_num is 0 again where a socket ends, and inet_sport not yet set where bind() was called alone. */
	record->local_port = (unsigned short)(local >> 8 | local << 8);
	if (!record->local_port)
		record->local_port = sk->__sk_common.skc_num;
	if (record->family == AF_INET) {
		__builtin_memset(record->local, 0, sizeof(record->local));
		__builtin_memset(record->remote, 0, sizeof(record->remote));
		*(unsigned int *)record->local = sk->__sk_common.skc_rcv_saddr;
		*(unsigned int *)record->remote = sk->__sk_common.skc_daddr;
		return;
	}
	copy16(record->local, sk->__sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
	copy16(record->remote, sk->__sk_common.skc_v6_daddr.in6_u.u6_addr8);
}

INLINE void fill_counters(struct event_record *record, struct sock *sk, struct tcp_sock *tcp, const struct known *known)
{
	record->acked = record->received = record->sent = record->retrans_bytes = 0;
	record->total_retrans = 0;
	record->connecting = record->fin_acked = record->fin_received = FACT_UNKNOWN;
	if (!tcp)
		return;
	record->flags |= RECORD_COUNTERS;
	record->acked = tcp->bytes_acked;
	record->received = tcp->bytes_received;
	record->sent = tcp->bytes_sent;
	record->retrans_bytes = tcp->bytes_retrans;
	record->total_retrans = tcp->total_retrans;
	/* tcp_fin() alone sets it for TCP. */
	record->fin_received = sk->__sk_common.skc_flags & SOCK_DONE ? FACT_YES : FACT_NO;
	if (!known)
		return;
	/* That of a connection nothing accepted is gone: it was disconnected before (inet_child_forget()). */
	if (!record->remote_port)
		record->remote_port = known->remote_port;
	if (known->direction)
		record->connecting = known->direction == OUT ? FACT_YES : FACT_NO;
	record->fin_acked = known->fin_sent;
	if (known->fin_sent == FACT_YES && tcp->snd_una != tcp->write_seq)
		record->fin_acked = FACT_NO;
}

INLINE void tell(struct sock *sk, const struct known *known, int kind, int flags)
{
	struct event_record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	struct socket *socket;
	struct file *file;
	if (!record) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	record->ns = bpf_ktime_get_ns();
	record->cookie = bpf_get_socket_cookie(sk);
	record->netns = sk->__sk_common.skc_net.net->ns.inum;
	record->uid = sk->sk_uid.val;
	record->ifindex = (unsigned int)sk->__sk_common.skc_bound_dev_if;
	record->inode = 0;
	socket = sk->sk_socket;
	file = socket ? socket->file : 0;
	if (file)
		record->inode = (unsigned int)file->f_inode->i_ino;
	record->kind = (unsigned char)kind;
	record->flags = (unsigned char)flags;
	fill_owner(record, known);
	fill_ends(record, sk, tcp);
	fill_counters(record, sk, tcp, known);
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

/* A connection of a listener begins with what was known of the listener. */
INLINE void accept_from(struct known *known)
{
	if (known->owner_from == FROM_SELF)
		known->owner_from = FROM_LISTENER;
	else if (known->owner_from == FROM_SEED)
		known->owner_from = known->candidates > 1 ? FROM_LISTENER_SHARED : FROM_LISTENER;
	known->direction = IN;
	known->phase = PHASE_ACCEPTING;
	known->fin_sent = FACT_NO;
	known->opened_ns = 0;
	known->error = 0;
}

INLINE void opened(struct known *known, const struct sock *sk, int before)
{
	/* The copy is still the listener's: the program was not run at LISTEN > SYN_RECV. */
	if (known->phase == PHASE_LISTENING)
		accept_from(known);
	unsigned short port = sk->__sk_common.skc_dport;
	known->remote_port = (unsigned short)(port >> 8 | port << 8);
	if (!known->direction)
		known->direction = before == SYN_SENT ? OUT : IN;
	known->opened_ns = bpf_ktime_get_ns();
	known->phase = PHASE_OPEN;
}

/* Transitions from which on something is known, even of a socket that no process had open when the watch began. */
INLINE int is_told(int before, int after)
{
	return (before == CLOSED && (after == SYN_SENT || after == LISTEN)) ||
	       (before == LISTEN && after == SYN_RECV) || after == ESTABLISHED ||
	       (before == ESTABLISHED && after == FIN_WAIT1) || after == LAST_ACK;
}

SECTION("tp_btf/inet_sock_set_state")
int on_state(unsigned long long *context)
{
	struct sock *sk = (void *)context[0];
	int before = (int)context[1], after = (int)context[2];
	struct known *known;

	if (!is_wanted(sk))
		return 0;
	known = bpf_sk_storage_get(&sockets, sk, 0, is_told(before, after) ? BPF_SK_STORAGE_GET_F_CREATE : 0);
	if (before == CLOSED && after == SYN_SENT) {
		if (known) {
			__builtin_memset(known, 0, sizeof(*known));
			remember_self(known);
			known->phase = PHASE_CONNECTING;
			known->direction = OUT;
			known->fin_sent = FACT_NO;
		}
		tell(sk, known, EVENT_CONNECT, 0);
	} else if (before == CLOSED && after == LISTEN) {
		if (known) {
			remember_self(known);
			known->phase = PHASE_LISTENING;
		}
		tell(sk, known, EVENT_LISTEN, 0);
	} else if (before == LISTEN && after == CLOSED) {
		if (known) {
			remember_self(known);
			known->phase = PHASE_NONE;
		}
		tell(sk, known, EVENT_UNLISTEN, 0);
	} else if (before == LISTEN && after == SYN_RECV) {
		if (known)
			accept_from(known);
	} else if ((before == SYN_SENT || before == SYN_RECV) && after == ESTABLISHED) {
		if (known)
			opened(known, sk, before);
		tell(sk, known, EVENT_OPEN, 0);
	} else if (before == SYN_SENT && after == CLOSED) {
		if (known) {
			known->error = sk->sk_err;
			known->phase = PHASE_FAILED;
		}
		tell(sk, known, EVENT_FAILED, 0);
	} else if (known &&
	           ((before == ESTABLISHED && after == FIN_WAIT1) || (before == CLOSE_WAIT && after == LAST_ACK))) {
		remember_self(known);
		known->fin_sent = FACT_YES;
		known->phase = PHASE_OPEN;
	} else if (known && after == CLOSED) {
		known->error = sk->sk_err;
	}
	return 0;
}

SECTION("tp_btf/tcp_destroy_sock")
int on_destroy(unsigned long long *context)
{
	struct sock *sk = (void *)context[0];
	struct known *known;

	if (!is_wanted(sk))
		return 0;
	known = bpf_sk_storage_get(&sockets, sk, 0, 0);
	/* It had a peer, and no program has seen more of it: it was there before, and no process had it open. */
	if (!known && sk->__sk_common.skc_dport) {
		tell(sk, 0, EVENT_CLOSE, 0);
		return 0;
	}
	if (!known)
		return 0;
	/* A listener's connection, and the program was run at no change of its state. */
	if (known->phase == PHASE_LISTENING && sk->__sk_common.skc_dport)
		accept_from(known);
	if (known->phase == PHASE_OPEN) {
		tell(sk, known, EVENT_CLOSE, RECORD_OPENED);
		return 0;
	}
	/* The other program was not run when it opened, or when it failed. */
	if (known->phase != PHASE_CONNECTING && known->phase != PHASE_ACCEPTING)
		return 0;
	struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sk);
	int was_open = known->phase == PHASE_ACCEPTING || (tcp && tcp->bytes_acked);
	if (!was_open)
		known->error = sk->sk_err;
	tell(sk, known, was_open ? EVENT_CLOSE : EVENT_FAILED, was_open ? RECORD_UNTOLD : 0);
	return 0;
}

/* A socket that a process has open: it keeps what a program has stored since. */
SECTION("iter/task_file")
int seed(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct known *known;
	struct sock *sk;
	int state;

	if (!task || !file)
		return 0;
	sk = wanted_sock_of(file, IPPROTO_TCP);
	if (!sk)
		return 0;
	known = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!known || (known->phase != PHASE_NONE && known->owner_from != FROM_SEED) || !is_first_owner(known, task))
		return 0;
	state = sk->__sk_common.skc_state;
	known->phase = state == LISTEN     ? PHASE_LISTENING
	               : state == SYN_SENT ? PHASE_CONNECTING
	               : state == CLOSED   ? PHASE_NONE
	                                   : PHASE_OPEN;
	known->direction = state == SYN_SENT ? OUT : 0;
	known->fin_sent = state == ESTABLISHED || state == CLOSE_WAIT || state == SYN_SENT ? FACT_NO : FACT_YES;
	return 0;
}
