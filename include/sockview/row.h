// SPDX-License-Identifier: MIT
/*
 * row.h - a socket as data.
 *
 * A `struct row` is what every socket has, a value of little more than a cache
 * line. A `struct sock` is a row with what only some columns ask for; it is
 * lent for the time of one call. A `struct table` keeps rows, and of the rest
 * only what it was told to keep, in parallel arrays.
 *
 * Collectors end at a struct sock, formatters begin at one.
 */
#ifndef SOCKVIEW_ROW_H
#define SOCKVIEW_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <sockview/addr.h>
#include <sockview/text.h>

/*
 * Each protocol, and the family (collect/family_*.c) by which the kernel is asked for its sockets: rows of proto_table
 * (proto.h), in the order they are printed. That is netstat's, the internet protocols first; SMC is of a family of its
 * own, with the addresses of IPv4 or IPv6.
 */
#define FOR_ALL_PROTOS(X) \
	X(TCP, inet) \
	X(UDP, inet) \
	X(UDPLITE, inet) \
	X(RAW, inet) \
	X(ICMP, icmp) \
	X(MPTCP, mptcp) \
	X(SCTP, sctp) \
	X(DCCP, dccp) \
	X(SMC, smc) \
	X(UNIX, unix) \
	X(PACKET, packet) \
	X(NETLINK, netlink) \
	X(VSOCK, vsock) \
	X(XDP, xdp) \
	X(TIPC, tipc)

#define PROTO_NAMED(name, family) PROTO_##name,
enum proto { FOR_ALL_PROTOS(PROTO_NAMED) PROTO_COUNT };
#undef PROTO_NAMED

#define PROTO_BIT(proto) (1u << (proto))
#define PROTO_INET_ALL   (PROTO_BIT(PROTO_UNIX) - 1u)
#define PROTO_ALL        (PROTO_BIT(PROTO_COUNT) - 1u)

/*
 * The kernel's numbers (include/net/tcp_states.h, Linux 6.18); every protocol
 * uses them: an unconnected UDP socket is CLOSE, a connected one ESTABLISHED,
 * a listening unix socket LISTEN.
 */
enum state {
	STATE_UNKNOWN,
	STATE_ESTABLISHED,
	STATE_SYN_SENT,
	STATE_SYN_RECV,
	STATE_FIN_WAIT1,
	STATE_FIN_WAIT2,
	STATE_TIME_WAIT,
	STATE_CLOSE,
	STATE_CLOSE_WAIT,
	STATE_LAST_ACK,
	STATE_LISTEN,
	STATE_CLOSING,
	STATE_NEW_SYN_RECV, /* the kernel's own; rows carry STATE_SYN_RECV instead */
	STATE_BOUND,        /* TCP, bind() and nothing more: bit 13 of a request since 6.8 */
	STATE_COUNT
};

#define STATE_BIT(state) (1u << (state))
#define STATE_ALL        ((1u << STATE_COUNT) - 2u)
/* What ss(8) calls connected (STATE-FILTER), and netstat shows without -l and -a. */
#define STATE_CONNECTED (STATE_ALL & ~(STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND)))

/* Presence is a flag, never a magic value. */
enum row_flag {
	ROW_LOCAL_MAPPED = 1 << 0, /* AF_INET6 row whose local address is ::ffff:a.b.c.d */
	ROW_REMOTE_MAPPED = 1 << 1,
	ROW_HAS_COOKIE = 1 << 2,
	ROW_BACKLOG = 1 << 3,    /* LISTEN: recv_q is the accept queue, send_q the backlog */
	ROW_HAS_V6ONLY = 1 << 4, /* the kernel told whether IPV6_V6ONLY is set ... */
	ROW_V6ONLY = 1 << 5,     /* ... and this is what it told */
	ROW_HAS_QUEUES = 1 << 6, /* recv_q and send_q were told */
	ROW_HAS_UID = 1 << 7,
	ROW_HAS_AUTOBOUND = 1 << 8, /* if a filter asks: the kernel told whether bind() named the port ... */
	ROW_AUTOBOUND = 1 << 9,     /* ... and it did not (nor did it for an accepted connection) */
	ROW_KERNEL = 1 << 10,       /* the kernel itself made the socket, and no process can hold it */
	ROW_NO_DEVICE = 1 << 11,    /* the source tells neither interface nor mark (/proc/net) */
};

/* One socket. 72 bytes. */
struct row {
	union addr local, remote; /* all zero beside the internet protocols */
	uint16_t local_port,
		remote_port;     /* host byte order; raw: local_port is the IP protocol; icmp: the identifier */
	uint32_t inode;          /* in sockfs; 0: the socket has none (never had, or lost it) */
	uint64_t cookie;         /* unique for the life of the kernel, if ROW_HAS_COOKIE */
	uint32_t uid;            /* who made the socket, if ROW_HAS_UID */
	uint32_t ifindex;        /* bound to this interface, or the scope of a link-local
	                                     address; 0: none */
	uint32_t recv_q, send_q; /* bytes; LISTEN with ROW_BACKLOG: connections */
	uint16_t flags;          /* enum row_flag */
	uint8_t proto;           /* enum proto */
	uint8_t family;          /* AF_* */
	uint8_t state;           /* enum state */
	uint16_t netns;          /* index of the network namespace of this answer; 0 */
};

static inline bool row_is_inet(const struct row *row)
{
	return row->family == AF_INET || row->family == AF_INET6;
}

/* ROW_LOCAL_MAPPED and ROW_REMOTE_MAPPED as they follow from the family and the addresses. */
static inline uint16_t row_mapped(const struct row *row)
{
	if (row->family != AF_INET6)
		return 0;
	return (uint16_t)((addr_is_mapped(&row->local) ? ROW_LOCAL_MAPPED : 0) |
	                  (addr_is_mapped(&row->remote) ? ROW_REMOTE_MAPPED : 0));
}

/* True if a socket bound to the row's local address has what is sent to this one. Does not look at its interface. */
bool row_covers(const struct row *row, int family, const union addr *addr);

/* Rows are printed in this order, below ROW_ORDERS: by protocol, IPv6 behind IPv4; as the kernel told them within. */
#define ROW_ORDERS (2u * PROTO_COUNT)
static inline unsigned row_order(const struct row *row)
{
	return row->proto * 2u + (row->family == AF_INET6);
}

/* inet_diag's numbers (net/ipv4/inet_diag.c, inet_csk_diag_fill). */
enum timer_kind { TIMER_OFF, TIMER_ON, TIMER_KEEPALIVE, TIMER_TIMEWAIT, TIMER_PROBE, TIMER_DELACK };

struct sock_timer {
	uint32_t expires_ms;
	uint8_t kind;        /* enum timer_kind, or a number of a newer kernel */
	uint8_t retransmits; /* of data; netstat's second figure */
	uint8_t probes;      /* unanswered; netstat's third figure */
};

/* INET_DIAG_SKMEMINFO in the kernel's order (include/uapi/linux/sock_diag.h); bytes, drops a count. */
enum skmem_field {
	SKMEM_RMEM_ALLOC,
	SKMEM_RCVBUF,
	SKMEM_WMEM_ALLOC,
	SKMEM_SNDBUF,
	SKMEM_FWD_ALLOC,
	SKMEM_WMEM_QUEUED,
	SKMEM_OPTMEM,
	SKMEM_BACKLOG,
	SKMEM_DROPS,
	SKMEM_COUNT
};

struct sock_skmem {
	uint32_t value[SKMEM_COUNT];
	uint8_t count; /* how many of them this kernel told */
};

/* What an attribute of a few bytes tells; each field only with its bit in `has`. */
enum extra_flag {
	EXTRA_MARK = 1 << 0,
	EXTRA_CGROUP = 1 << 1,
	EXTRA_SHUTDOWN = 1 << 2,
	EXTRA_SOCKOPT = 1 << 3,
	EXTRA_TOS = 1 << 4,
	EXTRA_TCLASS = 1 << 5,
	EXTRA_CLASS_ID = 1 << 6,
};

struct sock_extra {
	uint64_t cgroup_id; /* inode of the socket's cgroup v2 directory */
	uint32_t mark;
	uint32_t class_id;
	uint16_t has;     /* enum extra_flag */
	uint16_t sockopt; /* bits 0-7 first byte, 8-15 second byte of struct inet_diag_sockopt */
	uint8_t shutdown; /* 1 receive, 2 send (RCV_SHUTDOWN, SEND_SHUTDOWN) */
	uint8_t tos, tclass;
};

/* Unix sockets only. */
enum unix_flag {
	UNIX_HAS_REFCNT = 1 << 0,
	UNIX_HAS_PEER = 1 << 1,
	UNIX_HAS_VFS = 1 << 2,
	UNIX_NO_FILE = 1 << 3,   /* not accepted yet: netstat's CONNECTING */
	UNIX_NUL_OR_AT = 1 << 4, /* its abstract name is from /proc/net/unix: an '@' in it may be a NUL */
};

struct sock_unix {
	uint32_t refcnt;
	uint32_t peer; /* inode of the other end */
	uint32_t vfs_inode, vfs_dev;
	uint16_t has; /* enum unix_flag */
	uint8_t type; /* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */
};

/* A ring of packets shared with the kernel (struct packet_diag_ring, linux/packet_diag.h). */
struct packet_ring {
	uint32_t block_size, block_count, frame_size, frame_count; /* bytes; frame_count 0: no ring */
};

struct sock_packet {
	uint32_t version, reserve, copy_threshold, timestamp, flags; /* struct packet_diag_info; flags PDI_* */
	struct packet_ring rx, tx;
	uint16_t fanout_id, fanout_type;
	uint16_t protocol; /* host byte order: linux/if_ether.h; 0: nothing is received */
};

struct sock_netlink {
	uint32_t port, peer_port, peer_groups;
	uint32_t groups; /* the first 32; all of them are BLOB_GROUPS */
	uint32_t drops;
	uint8_t protocol; /* NETLINK_* of linux/netlink.h */
	bool dumping;
};

/* struct mptcp_info, linux/mptcp.h. */
struct sock_mptcp {
	uint64_t bytes_sent, bytes_received, bytes_acked, bytes_retrans;
	uint32_t token, flags;
	uint8_t subflows, subflows_max, add_addr_signal, add_addr_accepted;
};

/* struct vsock_diag_msg, linux/vm_sockets_diag.h. */
struct sock_vsock {
	uint32_t local_cid, local_port, remote_cid, remote_port;
};

/* linux/xdp_diag.h */
struct sock_xdp {
	uint32_t queue;
	uint32_t rx, tx, fill, completion; /* entries of the rings; 0: none */
	uint64_t umem_bytes;
	uint32_t umem_id;
	uint64_t rx_dropped, rx_invalid, rx_full, fill_empty, tx_invalid, tx_empty; /* counters */
};

/* Of an association struct sctp_info, linux/sctp.h; all bits set: not told. */
struct sock_sctp {
	uint64_t packets_out, packets_in, retransmitted;
	uint16_t unacked, pending, in_streams, out_streams;
	uint8_t state; /* enum sctp_state and 1 more; 0: it is no association */
};

#define SOCK_SCTP_UNTOLD \
	(struct sock_sctp) \
	{ \
		UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, UINT16_MAX, 0 \
	}

enum { SCTP_STATES = 8 };

struct sock_smc {
	uint8_t state; /* place of a word; 0: none */
	uint8_t mode;  /* SMC_DIAG_MODE_* */
};

/* linux/tipc_netlink.h */
struct sock_tipc {
	uint32_t node, port, peer_node, peer_port; /* 0: none */
	uint32_t drops;
};

/* What only sockets of one family tell; which members were told is in `has`. */
enum detail_flag {
	HAS_PACKET = 1 << 0,
	HAS_PACKET_INFO = 1 << 1,
	HAS_FANOUT = 1 << 2,
	HAS_NETLINK = 1 << 3,
	HAS_NETLINK_FLAGS = 1 << 4, /* dumping */
	HAS_NETLINK_DROPS = 1 << 5,
	HAS_MPTCP = 1 << 6,
	HAS_MPTCP_COUNTS = 1 << 7,
	HAS_VSOCK = 1 << 8,
	HAS_XDP_QUEUE = 1 << 9, /* bound to a queue of an interface */
	HAS_XDP_UMEM = 1 << 10,
	HAS_XDP_STATS = 1 << 11,
	HAS_XDP = 1 << 12,
	HAS_SCTP = 1 << 13,
	HAS_SMC = 1 << 14,
	HAS_TIPC = 1 << 15,
};

struct sock_detail {
	union {
		struct sock_packet packet;
		struct sock_netlink netlink;
		struct sock_mptcp mptcp;
		struct sock_vsock vsock;
		struct sock_xdp xdp;
		struct sock_sctp sctp;
		struct sock_smc smc;
		struct sock_tipc tipc;
	};
	uint16_t has; /* enum detail_flag */
	uint8_t type; /* of socket(2): SOCK_RAW, SOCK_DGRAM ...; 0: not told */
};

/* Variable-length details, as the kernel sent them. */
enum blob {
	BLOB_PATH,     /* unix: sun_path; first byte NUL: abstract */
	BLOB_TCP_INFO, /* struct tcp_info, as long as this kernel's is */
	BLOB_CONG,     /* name of the congestion control, no NUL */
	BLOB_VEGAS,    /* struct tcpvegas_info */
	BLOB_DCTCP,    /* struct tcp_dctcp_info */
	BLOB_BBR,      /* struct tcp_bbr_info */
	BLOB_ULP,      /* nested INET_ULP_INFO_* attributes */
	BLOB_MD5SIG,   /* struct tcp_diag_md5sig[] */
	BLOB_GROUPS,   /* netlink: a bit for each multicast group, of unsigned longs */
	BLOB_FILTER,   /* packet: struct sock_filter[], the program of SO_ATTACH_FILTER */
	BLOB_STORAGE,  /* nested SK_DIAG_BPF_STORAGE attributes: what BPF programs keep for the socket */
	BLOB_LOCALS,   /* SCTP: struct sockaddr_storage[], all of its addresses */
	BLOB_PEERS,    /* the same of the other end */
	BLOB_COUNT
};

/* Which details a query asks for and a table keeps. */
enum want {
	WANT_TIMER = 1 << 0,
	WANT_SKMEM = 1 << 1,
	WANT_EXTRA = 1 << 2,
	WANT_INFO = 1 << 3,    /* the blobs of TCP */
	WANT_UNIX = 1 << 4,    /* sock_unix and BLOB_PATH; set by itself when unix sockets are asked for */
	WANT_DETAIL = 1 << 5,  /* sock_detail and BLOB_GROUPS; set by itself when sockets that have it are asked for */
	WANT_FILTER = 1 << 6,  /* BLOB_FILTER; the kernel tells it to CAP_NET_ADMIN alone */
	WANT_STORAGE = 1 << 7, /* BLOB_STORAGE; with CAP_BPF alone, the whole dump is refused else */
	/* Of sock_unix what takes longer than the rest: */
	WANT_REFCNT = 1 << 8, /* in /proc/net/unix alone, which is read beside the dump */
	WANT_PEER = 1 << 9,
	WANT_VFS = 1 << 10,
	/* BLOB_TCP_INFO of what WANT_INFO asks for: the rest costs the kernel a tenth more */
	WANT_TCP_INFO = 1 << 11,
};

/*
 * A socket with its details. Pointers are NULL (blobs: data NULL) where a
 * detail is absent or was not asked for, and valid until the callback that
 * was given it returns, or until the table it came from changes.
 */
struct sock {
	struct row row;
	uint8_t event; /* enum event_kind: what happened to it, of --events */
	uint32_t at;   /* which row of its table; of table_get() alone */
	const struct sock_timer *timer;
	const struct sock_skmem *skmem;
	const struct sock_extra *extra;
	const struct sock_unix *unix_;
	const struct sock_detail *detail;
	struct bytes blob[BLOB_COUNT];
};

/* Called with each socket as it is found; another answer than 0 stops the source, which returns it. */
typedef int sock_sink(void *context, const struct sock *sock);

/* Rows kept. Zero-initialise `keep` (enum want) by table_init. */
struct table {
	struct row *row;
	size_t count;
	unsigned keep;
	struct sock_timer *timer; /* parallel to row, each only if kept */
	struct sock_skmem *skmem;
	struct sock_extra *extra;
	struct table_blob *blob; /* index into the arena below, see rows.c */
	uint8_t *arena;
	size_t capacity, arena_len, arena_capacity;
};

void table_init(struct table *table, unsigned keep);
/* A copy of the socket as the last row. 0, or -1 with errno ENOMEM and the table unchanged. */
int table_add(struct table *table, const struct sock *sock);
/* The same as a sock_sink; context is the table. */
int table_sink(void *table, const struct sock *sock);
/* Row `index` with its kept details, as it was added. */
void table_get(const struct table *table, size_t index, struct sock *sock);
/* Forget the rows from `count` on; what blobs they had in the arena too. */
void table_truncate(struct table *table, size_t count);
/* Forget the rows that `wanted` is false for; the others stay in their order. */
void table_keep(struct table *table, bool (*wanted)(void *context, const struct sock *sock), void *context);
/* Forget the rows, keep the memory. */
void table_clear(struct table *table);
void table_free(struct table *table);

#endif
