// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * task_sock.bpf.c - runs in the kernel: once per open file of every task, and
 * writes what the file's socket is: of TCP sockets, if they are wanted, all that
 * a line of netstat tells; of the others only whose network namespace it is, and
 * not again as long as the next ones are of the same.
 *
 * One such pass over all tasks takes the place of a walk through the host's
 * hash tables for each network namespace (tcp_diag_dump()).
 */
#include "owners/task_sock_record.h"
#include "owners/task_iter.h"

#define AF_INET     2
#define AF_INET6    10
#define SOCK_STREAM 1
#define IPPROTO_TCP 6

struct in6_addr {
	unsigned char bytes[16];
};

typedef struct {
	unsigned int val;
} RELOCATED kuid_t;

typedef struct {
	long long counter;
} RELOCATED atomic64_t;

struct ns_common {
	unsigned int inum;
} RELOCATED;

struct net {
	struct ns_common ns;
} RELOCATED;

typedef struct {
	struct net *net;
} RELOCATED possible_net_t;

struct sock_common {
	unsigned int skc_daddr, skc_rcv_saddr;
	unsigned short skc_dport, skc_num, skc_family;
	unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr, skc_v6_rcv_saddr; /* with CONFIG_IPV6 */
	atomic64_t skc_cookie;
} RELOCATED;

struct sock {
	struct sock_common __sk_common;
	unsigned short sk_type, sk_protocol;
	kuid_t sk_uid;
} RELOCATED;

struct tcp_sock {
	unsigned int rcv_nxt, copied_seq, write_seq, snd_una;
} RELOCATED;

struct socket {
	struct sock *sk;
} RELOCATED;

/* By its number in include/uapi/linux/bpf.h. */
static struct socket *(*const bpf_sock_from_file)(struct file *file) = (void *)162;

const char program_license[] SECTION("license") = "Dual MIT/GPL";

/* Set before it is loaded: TCP sockets are wanted, each of them. */
const volatile unsigned int wants_tcp;

/* Of the last socket that was written. */
volatile unsigned int last_netns;

static inline unsigned int tcp_number(const void *sock, unsigned int offset)
{
	unsigned int number = 0;
	bpf_probe_read_kernel(&number, sizeof(number), sock + offset);
	return number;
}

/* As tcp_diag_get_info() has them (net/ipv4/tcp_diag.c); LISTEN is not asked for here. */
static inline void fill_queues(struct task_sock *record, const struct sock *sock)
{
	int waiting = (int)(tcp_number(sock, OFFSET(struct tcp_sock, rcv_nxt)) -
	                    tcp_number(sock, OFFSET(struct tcp_sock, copied_seq)));
	record->recv_q = waiting > 0 ? (unsigned int)waiting : 0;
	record->send_q = tcp_number(sock, OFFSET(struct tcp_sock, write_seq)) -
	                 tcp_number(sock, OFFSET(struct tcp_sock, snd_una));
}

static inline void fill_ends(struct task_sock *record, const struct sock *sock)
{
	const struct sock_common *common = &sock->__sk_common;
	record->local_port = common->skc_num;
	record->remote_port = __builtin_bswap16(common->skc_dport);
	if (record->family == AF_INET) {
		*(unsigned int *)record->local = common->skc_rcv_saddr;
		*(unsigned int *)record->remote = common->skc_daddr;
	} else if (FIELD_EXISTS(common->skc_v6_daddr)) {
		bpf_probe_read_kernel(record->local, 16,
		                      (const void *)sock + OFFSET(struct sock, __sk_common.skc_v6_rcv_saddr));
		bpf_probe_read_kernel(record->remote, 16,
		                      (const void *)sock + OFFSET(struct sock, __sk_common.skc_v6_daddr));
	}
}

SECTION("iter/task_file")
int write_task_sock(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;

	if (!task || !file || file->f_inode->i_sb->s_magic != SOCKFS_MAGIC)
		return 0;
	struct socket *socket = bpf_sock_from_file(file);
	struct sock *sock = socket ? socket->sk : 0;
	if (!sock)
		return 0;
	unsigned int netns = sock->__sk_common.skc_net.net->ns.inum;
	unsigned short family = sock->__sk_common.skc_family;
	unsigned int is_tcp = wants_tcp && (family == AF_INET || family == AF_INET6) && sock->sk_type == SOCK_STREAM &&
	                      sock->sk_protocol == IPPROTO_TCP;
	if (!is_tcp && netns == last_netns)
		return 0;
	last_netns = netns;
	struct task_sock record = {
		.netns = netns,
		.pid = process_number(task, reader_level()),
		.fd = context->fd,
		.family = family,
		.is_tcp = is_tcp != 0,
	};
	if (is_tcp) {
		record.inode = (unsigned int)file->f_inode->i_ino;
		record.cookie = (unsigned long long)sock->__sk_common.skc_cookie.counter;
		record.uid = sock->sk_uid.val;
		record.ifindex = (unsigned int)sock->__sk_common.skc_bound_dev_if;
		record.state = sock->__sk_common.skc_state;
		fill_queues(&record, sock);
		fill_ends(&record, sock);
	}
	bpf_seq_write(context->meta->seq, &record, sizeof(record));
	return 0;
}
