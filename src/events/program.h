// SPDX-License-Identifier: MIT
/*
 * program.h - what both BPF programs of the watch are made of: the kernel's types with the members used, its
 * helpers, the maps, and who the current process is.
 */
#ifndef SOCKVIEW_EVENTS_PROGRAM_H
#define SOCKVIEW_EVENTS_PROGRAM_H

#include <sockview/bpf_program.h>
#include <sockview/event_kind.h>

#include "events/record.h"

enum { AF_INET = 2, AF_INET6 = 10, IPPROTO_TCP = 6, IPPROTO_UDP = 17 };
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
enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_SK_STORAGE = 24, BPF_MAP_TYPE_RINGBUF = 27 };
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
static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
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
const volatile struct record_settings settings;

/* Read while they run. */
volatile unsigned long long lost;

enum phase { PHASE_NONE, PHASE_LISTENING, PHASE_ACCEPTING, PHASE_CONNECTING, PHASE_FAILED, PHASE_OPEN };

/* With each socket. */
struct known {
	unsigned long long opened_ns;
	unsigned int pid, candidates, last_seen; /* last_seen: seeding: the process that was met last */
	int error;
	unsigned char phase, owner_from, direction;
	unsigned char fin_sent;     /* enum record_fact */
	unsigned short remote_port; /* of a connection that opened, host order */
	char comm[16];
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_RINGBUF);
	MAP_NUMBER(max_entries, RECORD_RING);
} records SECTION(".maps");

/* Their inodes, if more than one is told of; as large as it need be when it is loaded. */
struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
	MAP_NUMBER(max_entries, 1);
	MAP_TYPE(key, unsigned int);
	MAP_TYPE(value, unsigned char);
} namespaces SECTION(".maps");

INLINE int is_wanted_netns(unsigned int inode)
{
	if (settings.netns)
		return inode == settings.netns;
	return settings.all_netns || bpf_map_lookup_elem(&namespaces, &inode) != 0;
}

INLINE void copy16(void *to, const void *from)
{
	__builtin_memcpy(to, from, 16);
}

/* The current process did it. A thread of the kernel acts for others. */
INLINE void remember_self(struct known *known)
{
	struct bpf_pidns_info info = { 0 };
	if (bpf_get_current_task_btf()->flags & PF_KTHREAD)
		return;
	if (!settings.nested)
		info.tgid = bpf_get_current_pid_tgid() >> 32;
	else if (bpf_get_ns_current_pid_tgid(settings.pidns_dev, settings.pidns_inode, &info, sizeof(info)))
		info.tgid = 0;
	known->pid = info.tgid;
	known->owner_from = FROM_SELF;
	known->candidates = 0;
	bpf_get_current_comm(known->comm, sizeof(known->comm));
}

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

/* A process that has the socket open, of an iterator over open files: the first that is met is its owner. */
INLINE int is_first_owner(struct known *known, struct task_struct *task)
{
	if (known->last_seen == (unsigned int)task->tgid)
		return 0;
	known->last_seen = (unsigned int)task->tgid;
	if (known->candidates++)
		return 0;
	known->owner_from = FROM_SEED;
	known->pid = settings.nested ? nested_number(task) : (unsigned int)task->tgid;
	bpf_probe_read_kernel(known->comm, sizeof(known->comm), task->comm);
	return 1;
}

/* The internet socket that an open file is, of the wanted namespaces; 0: it is none. */
INLINE struct sock *wanted_sock_of(struct file *file, int protocol)
{
	struct socket *socket = bpf_sock_from_file(file);
	struct sock *sk;
	if (!socket)
		return 0;
	sk = socket->sk;
	if (!sk || (sk->__sk_common.skc_family != AF_INET && sk->__sk_common.skc_family != AF_INET6) ||
	    sk->sk_protocol != protocol || !is_wanted_netns(sk->__sk_common.skc_net.net->ns.inum))
		return 0;
	return sk;
}

/* Who has it, and since when. */
INLINE void fill_owner(struct event_record *record, const struct known *known)
{
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
}

#endif
