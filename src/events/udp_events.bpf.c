// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * udp_events.bpf.c - runs in the kernel: for UDP, which has no tracepoint, by
 * the hooks of the cgroup hierarchy's root.
 *
 *   sock_create   nothing is told: who makes it, and when
 *   post_bind4/6  --> bind
 *   sock_release  --> close
 *
 * A socket that sends or connects without bind() gets its port without a hook:
 * its close is told alone. Each program is part of every process's socket(), bind()
 * and close(): its answer is 1, "allowed", given at one place, even where the
 * record is lost.
 *
 * The context is the struct sock itself (include/linux/filter.h, cgroup_bpf),
 * of which the verifier lets the hooks read other members each; all are read by
 * bpf_probe_read_kernel().
 */
#include "events/program.h"

struct bpf_sock {
	unsigned int bound_dev_if, family, type, protocol;
};

struct {
	MAP_NUMBER(type, BPF_MAP_TYPE_SK_STORAGE);
	MAP_NUMBER(map_flags, BPF_F_NO_PREALLOC);
	MAP_TYPE(key, int);
	MAP_TYPE(value, struct known);
} sockets SECTION(".maps");

#define READ(to, from, type, field) bpf_probe_read_kernel(&(to), sizeof(to), (void *)(from) + OFFSET(type, field))

INLINE unsigned int netns_of(const void *sk)
{
	const void *net = 0;
	unsigned int inode = 0;
	READ(net, sk, struct sock, __sk_common.skc_net.net);
	READ(inode, net, struct net, ns.inum);
	return inode;
}

INLINE void fill_ends(struct event_record *record, const void *sk)
{
	unsigned short port = 0;
	unsigned int address = 0;
	READ(record->family, sk, struct sock, __sk_common.skc_family);
	READ(record->local_port, sk, struct sock, __sk_common.skc_num);
	READ(port, sk, struct sock, __sk_common.skc_dport);
	record->remote_port = (unsigned short)(port >> 8 | port << 8);
	if (record->family == AF_INET6) {
		READ(record->local, sk, struct sock, __sk_common.skc_v6_rcv_saddr);
		READ(record->remote, sk, struct sock, __sk_common.skc_v6_daddr);
		return;
	}
	__builtin_memset(record->local, 0, sizeof(record->local));
	__builtin_memset(record->remote, 0, sizeof(record->remote));
	READ(address, sk, struct sock, __sk_common.skc_rcv_saddr);
	*(unsigned int *)record->local = address;
	READ(address, sk, struct sock, __sk_common.skc_daddr);
	*(unsigned int *)record->remote = address;
}

INLINE void tell(void *context, const struct known *known, unsigned int netns, int kind)
{
	struct event_record *record = bpf_ringbuf_reserve(&records, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->ns = bpf_ktime_get_ns();
	record->cookie = bpf_get_socket_cookie(context);
	record->netns = netns;
	READ(record->uid, context, struct sock, sk_uid.val);
	READ(record->ifindex, context, struct sock, __sk_common.skc_bound_dev_if);
	record->kind = (unsigned char)kind;
	fill_owner(record, known);
	fill_ends(record, context);
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
}

INLINE void created(struct bpf_sock *context)
{
	struct known *known;
	if (context->protocol != IPPROTO_UDP || !is_wanted_netns(netns_of(context)))
		return;
	known = bpf_sk_storage_get(&sockets, context, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!known)
		return;
	remember_self(known);
	known->opened_ns = bpf_ktime_get_ns();
}

INLINE void happened(struct bpf_sock *context, int kind)
{
	struct known *known;
	unsigned short port = 0;
	unsigned int netns;
	if (context->protocol != IPPROTO_UDP)
		return;
	/* One that never had a port did not begin anything. */
	READ(port, context, struct sock, __sk_common.skc_num);
	netns = netns_of(context);
	if (!port || !is_wanted_netns(netns))
		return;
	known = bpf_sk_storage_get(&sockets, context, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (known)
		remember_self(known);
	tell(context, known, netns, kind);
}

SECTION("cgroup/sock_create")
int on_create(struct bpf_sock *context)
{
	created(context);
	return 1;
}

SECTION("cgroup/post_bind4")
int on_bind4(struct bpf_sock *context)
{
	happened(context, EVENT_BIND);
	return 1;
}

SECTION("cgroup/post_bind6")
int on_bind6(struct bpf_sock *context)
{
	happened(context, EVENT_BIND);
	return 1;
}

SECTION("cgroup/sock_release")
int on_release(struct bpf_sock *context)
{
	happened(context, EVENT_CLOSE);
	return 1;
}

/* A socket that a process has open: if a thread of the kernel closes it, that is what is known. */
SECTION("iter/task_file")
int seed(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct known *known;
	struct sock *sk;

	if (!task || !file)
		return 0;
	sk = wanted_sock_of(file, IPPROTO_UDP);
	if (!sk)
		return 0;
	known = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (known && known->owner_from != FROM_SELF)
		is_first_owner(known, task);
	return 0;
}
