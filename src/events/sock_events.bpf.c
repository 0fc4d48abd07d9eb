// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * sock_events.bpf.c - runs in the kernel: at each change of a TCP socket's
 * state, at its end, and once for each open file when the watch begins.
 *
 *   inet_sock_set_state --> listen unlisten connect open failed
 *   tcp_destroy_sock    --> close, with the last counters
 *   iter/task_file      --> who has the sockets that were there before
 *
 * What is known of a socket is stored with it, and the kernel copies a
 * listener's into each connection it accepts (BPF_F_CLONE). The current process
 * is the one that acts in five transitions only (Linux 6.18: in the others, on
 * loopback, it is the peer's in two of five).
 *
 * A program that a softirq would have to run while the same program runs on
 * that CPU is not run (recursion_misses): closes have a program of their own,
 * which tells what the other has missed.
 */
#include <sockview/event_kind.h>

#include "events/sock_events.h"

#define SECTION(name) __attribute__((section(name), used))
#define RELOCATED     __attribute__((preserve_access_index))

/* Maps as libbpf describes them in BTF. */
#define MAP_NUMBER(name, value) int(*name)[value]
#define MAP_TYPE(name, value)   typeof(value) *name

enum { AF_INET = 2, AF_INET6 = 10, IPPROTO_TCP = 6 };
enum {
	ESTABLISHED = 1,
	SYN_SENT,
	SYN_RECV,
	FIN_WAIT1,
	FIN_WAIT2,
	TIME_WAIT,
	CLOSED,
	CLOSE_WAIT,
	LAST_ACK,
	LISTEN,
	CLOSING
};
enum { OUT = 1, IN = 2 };                                               /* enum event_direction */
enum { FROM_SELF = 1, FROM_LISTENER, FROM_LISTENER_SHARED, FROM_SEED }; /* enum event_owner_from */
enum { PF_KTHREAD = 0x00200000 };                                       /* include/linux/sched.h */
enum { SOCK_DONE = 1 << 1 };                                            /* include/net/sock.h, enum sock_flags */
enum { BPF_MAP_TYPE_SK_STORAGE = 24, BPF_MAP_TYPE_RINGBUF = 27 };
enum { BPF_F_NO_PREALLOC = 1, BPF_F_CLONE = 0x200, BPF_SK_STORAGE_GET_F_CREATE = 1, BPF_RB_NO_WAKEUP = 1 };

struct in6_addr {
	union {
		unsigned char u6_addr8[16];
	} in6_u;
};

struct ns_common {
	unsigned int inum;
} RELOCATED;

struct net {
	struct ns_common ns;
} RELOCATED;

typedef struct {
	struct net *net;
} possible_net_t;

struct sock_common {
	unsigned int skc_daddr, skc_rcv_saddr;
	unsigned short skc_dport, skc_num, skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	unsigned long skc_flags;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr;
} RELOCATED;

struct inode {
	unsigned long i_ino;
} RELOCATED;

struct file {
	struct inode *f_inode;
} RELOCATED;

struct socket {
	struct file *file;
	struct sock *sk;
} RELOCATED;

typedef struct {
	unsigned int val;
} kuid_t;

struct sock {
	struct sock_common __sk_common;
	struct socket *sk_socket;
	kuid_t sk_uid;
	unsigned short sk_protocol;
	int sk_err;
} RELOCATED;

struct inet_sock {
	unsigned short inet_sport;
} RELOCATED;

struct inet_connection_sock {
	struct inet_sock icsk_inet;
} RELOCATED;

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	unsigned long long bytes_acked, bytes_received, bytes_sent, bytes_retrans;
	unsigned int total_retrans, snd_una, write_seq;
} RELOCATED;

struct upid {
	int nr;
} RELOCATED;

struct pid {
	unsigned int level;
	struct upid numbers[1]; /* level + 1 of them, the initial namespace's first */
} RELOCATED;

struct task_struct {
	int pid, tgid;
	unsigned int flags;
	char comm[16];
	struct task_struct *group_leader;
	struct pid *thread_pid; /* Linux >= 4.19 */
} RELOCATED;

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} RELOCATED;

struct bpf_iter__task_file {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
	unsigned int fd;
	struct file *file;
} RELOCATED;

struct bpf_pidns_info {
	unsigned int pid, tgid;
};

/* Helpers by their numbers in include/uapi/linux/bpf.h. */
static unsigned long long (*const bpf_ktime_get_ns)(void) = (void *)5;
static unsigned long long (*const bpf_get_current_pid_tgid)(void) = (void *)14;
static long (*const bpf_get_current_comm)(void *to, unsigned int size) = (void *)16;
static unsigned long long (*const bpf_get_socket_cookie)(void *sk) = (void *)46;
static void *(*const bpf_sk_storage_get)(void *map, void *sk, void *value, unsigned long long flags) = (void *)107;
static long (*const bpf_probe_read_kernel)(void *to, unsigned int size, const void *from) = (void *)113;
static long (*const bpf_get_ns_current_pid_tgid)(unsigned long long dev, unsigned long long inode, void *to,
                                                 unsigned int size) = (void *)120;
static void *(*const bpf_ringbuf_reserve)(void *map, unsigned long long size, unsigned long long flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *record, unsigned long long flags) = (void *)132;
static struct tcp_sock *(*const bpf_skc_to_tcp_sock)(void *sk) = (void *)137;
static struct task_struct *(*const bpf_get_current_task_btf)(void) = (void *)158;
static struct socket *(*const bpf_sock_from_file)(struct file *file) = (void *)162;

const char program_license[] SECTION("license") = "Dual MIT/GPL";

/* Set before they are loaded. */
const volatile unsigned int wanted_netns;
/* Our pid namespace if it is a child: numbers of others are not told. */
const volatile unsigned int nested;
const volatile unsigned long long pidns_dev, pidns_inode;

/* Read while they run. */
volatile unsigned long long lost;

enum phase { PHASE_NONE, PHASE_LISTENING, PHASE_ACCEPTING, PHASE_CONNECTING, PHASE_FAILED, PHASE_OPEN };

/* With each socket. */
struct known {
	unsigned long long opened_ns;
	unsigned int pid, candidates, last_seen; /* last_seen: seeding: the process that was met last */
	int error;
	unsigned char phase, owner_from, direction;
	unsigned char fin_sent; /* enum record_fact */
	char comm[16];
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_SK_STORAGE);
	MAP_NUMBER(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	MAP_TYPE(key, int);
	MAP_TYPE(value, struct known);
} sockets SECTION(".maps");

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_RINGBUF);
	MAP_NUMBER(max_entries, 8 << 20);
} records SECTION(".maps");

#define INLINE static inline __attribute__((always_inline))

INLINE int is_wanted(struct sock *sk)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	return sk->__sk_common.skc_net.net->ns.inum == wanted_netns;
}

/* The current process did it. A thread of the kernel acts for others. */
INLINE void remember_self(struct known *known)
{
	struct bpf_pidns_info info = { 0 };
	if (bpf_get_current_task_btf()->flags & PF_KTHREAD)
		return;
	if (!nested)
		info.tgid = bpf_get_current_pid_tgid() >> 32;
	else if (bpf_get_ns_current_pid_tgid(pidns_dev, pidns_inode, &info, sizeof(info)))
		info.tgid = 0;
	known->pid = info.tgid;
	known->owner_from = FROM_SELF;
	known->candidates = 0;
	bpf_get_current_comm(known->comm, sizeof(known->comm));
}

INLINE void copy16(void *to, const void *from)
{
	__builtin_memcpy(to, from, 16);
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
	record->opened_ns = known ? known->opened_ns : 0;
	record->pid = known ? known->pid : 0;
	record->candidates = known ? known->candidates : 0;
	record->owner_from = known ? known->owner_from : 0;
	record->direction = known ? known->direction : 0;
	record->error = known ? known->error : 0;
	if (known)
		copy16(record->comm, known->comm);
	else
		record->comm[0] = 0;
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

INLINE void opened(struct known *known, int before)
{
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
			opened(known, before);
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

/* Of the running kernel: enum bpf_field_info_kind, bpf_type_info_kind (tools/lib/bpf/bpf_core_read.h). */
#define OFFSET(type, field) __builtin_preserve_field_info(((type *)0)->field, 0)
#define TYPE_SIZE(type)     __builtin_preserve_type_info(*(type *)0, 1)

/* The process's number in our pid namespace, all of whose tasks have one there. */
INLINE unsigned int nested_number(struct task_struct *task)
{
	unsigned int level = bpf_get_current_task_btf()->thread_pid->level, number = 0;
	const void *leader = 0, *pid = 0;
	bpf_probe_read_kernel(&leader, sizeof(leader), (void *)task + OFFSET(struct task_struct, group_leader));
	bpf_probe_read_kernel(&pid, sizeof(pid), leader + OFFSET(struct task_struct, thread_pid));
	bpf_probe_read_kernel(&number, sizeof(number),
	                      pid + OFFSET(struct pid, numbers[0].nr) + level * TYPE_SIZE(struct upid));
	return number;
}

/* A socket that a process has open: it keeps what a program has stored since. */
SECTION("iter/task_file")
int seed(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct socket *socket;
	struct known *known;
	struct sock *sk;
	int state;

	if (!task || !file)
		return 0;
	socket = bpf_sock_from_file(file);
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk || (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6) || !is_wanted(sk))
		return 0;
	known = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!known || (known->phase != PHASE_NONE && known->owner_from != FROM_SEED))
		return 0;
	if (known->last_seen == (unsigned int)task->tgid)
		return 0;
	known->last_seen = (unsigned int)task->tgid;
	if (known->candidates++)
		return 0;
	known->owner_from = FROM_SEED;
	known->pid = nested ? nested_number(task) : (unsigned int)task->tgid;
	bpf_probe_read_kernel(known->comm, sizeof(known->comm), task->comm);
	state = sk->__sk_common.skc_state;
	known->phase = state == LISTEN     ? PHASE_LISTENING
	               : state == SYN_SENT ? PHASE_CONNECTING
	               : state == CLOSED   ? PHASE_NONE
	                                   : PHASE_OPEN;
	known->direction = state == SYN_SENT ? OUT : 0;
	known->fin_sent = state == ESTABLISHED || state == CLOSE_WAIT || state == SYN_SENT ? FACT_NO : FACT_YES;
	return 0;
}
