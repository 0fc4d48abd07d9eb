// SPDX-License-Identifier: MIT
/* proto.c - the tables of protocols and states (proto.h). */
#include <sockview/proto.h>

#include <netinet/in.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/text.h>

/* Newer (Linux 5.6, 4.18, 4.11) than some headers. */
#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#ifndef AF_XDP
#define AF_XDP 44
#endif

#ifndef AF_SMC
#define AF_SMC 43
#endif

#define BIT(name) STATE_BIT(STATE_##name)
/* Datagrams are connected or not (net/ipv4/udp.c, net/ipv4/raw.c). */
#define DATAGRAM (BIT(ESTABLISHED) | BIT(CLOSE))
/* Families that are shown only if named, and whose sockets are mostly not connected: all, as ss does. */
#define ANY_DATAGRAM DATAGRAM

const struct proto_info proto_table[PROTO_COUNT] = {
	[PROTO_TCP] = {
		.name = "tcp",
		.module = "tcp_diag",
		.label = "TCP",
		.letter = 't',
		.help = "TCP",
		.domain = AF_INET,
		.type = SOCK_STREAM,
		.number = IPPROTO_TCP,
		.service = "tcp",
		.netstat = { "tcp", "tcp6" },
		.file = { "tcp", "tcp6" },
		.states = STATE_ALL,
		.waiting = BIT(LISTEN),
		.connected = STATE_CONNECTED,
		.flags = PROTO_DEFAULT | PROTO_LSOF | PROTO_PORTS | PROTO_CONNECTIONS | PROTO_ONE_WALK,
	},
	[PROTO_UDP] = {
		.name = "udp",
		.module = "udp_diag",
		.label = "UDP",
		.letter = 'u',
		.help = "UDP",
		.domain = AF_INET,
		.type = SOCK_DGRAM,
		.number = IPPROTO_UDP,
		.service = "udp",
		.netstat = { "udp", "udp6" },
		.file = { "udp", "udp6" },
		.states = DATAGRAM,
		.waiting = BIT(CLOSE),
		.connected = STATE_CONNECTED,
		.flags = PROTO_DEFAULT | PROTO_LSOF | PROTO_PORTS | PROTO_TOLD_AGAIN,
	},
	[PROTO_UDPLITE] = {
		.name = "udplite",
		.module = "udp_diag",
		.also = { "udpl" },
		.label = "UDPLITE",
		.letter = 'U',
		.help = "UDPLITE",
		.domain = AF_INET,
		.type = SOCK_DGRAM,
		.number = IPPROTO_UDPLITE,
		/* netstat asks for its services as UDP's (net-tools 2.10, netstat.c, udp_do_one). */
		.service = "udp",
		.netstat = { "udpl", "udpl6" },
		.file = { "udplite", "udplite6" },
		.states = DATAGRAM,
		.waiting = BIT(CLOSE),
		.connected = STATE_CONNECTED,
		.flags = PROTO_LSOF | PROTO_PORTS | PROTO_TOLD_AGAIN,
	},
	[PROTO_RAW] = {
		.name = "raw",
		.module = "raw_diag",
		.label = "RAW",
		.letter = 'w',
		.help = "raw sockets",
		.domain = AF_INET,
		.number = IPPROTO_RAW,
		.netstat = { "raw", "raw6" },
		.file = { "raw", "raw6" },
		.states = DATAGRAM,
		.waiting = BIT(CLOSE),
		.connected = STATE_CONNECTED,
		.flags = PROTO_STATE_NUMBER | PROTO_OWN_NUMBER,
	},
	[PROTO_ICMP] = {
		.name = "icmp",
		.name6 = "icmp6",
		.also = { "ping" },
		.label = "ICMP",
		.help = "ICMP sockets of unprivileged pings",
		.domain = AF_INET,
		.type = SOCK_DGRAM,
		.number = IPPROTO_ICMP,
		.number6 = IPPROTO_ICMPV6,
		.netstat = { "icmp", "icmp6" },
		.file = { "icmp", "icmp6" },
		.states = DATAGRAM,
		.waiting = BIT(CLOSE),
		.connected = ANY_DATAGRAM,
	},
	[PROTO_MPTCP] = {
		.name = "mptcp",
		.module = "mptcp_diag",
		.label = "MPTCP",
		.letter = 'M',
		.help = "MPTCP connections; their subflows are TCP",
		.domain = AF_INET,
		.type = SOCK_STREAM,
		.number = IPPROTO_MPTCP,
		.service = "tcp",
		.netstat = { "mptcp", "mptcp6" },
		.columns = "mptcp_token mptcp_subflows",
		.more_columns = "mptcp_subflows_max mptcp_info_flags mptcp_add_addr_signal mptcp_add_addr_accepted",
		.want = WANT_DETAIL,
		.states = STATE_ALL & ~BIT(BOUND),
		.waiting = BIT(LISTEN),
		.connected = STATE_CONNECTED,
		.flags = PROTO_PORTS | PROTO_CONNECTIONS,
	},
	[PROTO_SCTP] = {
		.name = "sctp",
		.label = "SCTP",
		.help = "SCTP sockets and associations",
		.domain = AF_INET,
		.type = SOCK_STREAM,
		.number = IPPROTO_SCTP,
		.service = "sctp",
		.netstat = { "sctp", "sctp6" },
		.file = { "sctp/eps", "sctp/assocs" },
		.columns = "sctp_state",
		.more_columns = "sctp_locals sctp_peers sctp_in_streams sctp_out_streams",
		.want = WANT_DETAIL,
		.states = STATE_ALL & ~BIT(BOUND),
		.waiting = BIT(LISTEN),
		.connected = STATE_CONNECTED,
		.flags = PROTO_PORTS | PROTO_FILES_OF_BOTH,
	},
	[PROTO_DCCP] = {
		.name = "dccp",
		.label = "DCCP",
		.help = "DCCP connections, up to Linux 6.15",
		.domain = AF_INET,
		.type = SOCK_DCCP,
		.number = IPPROTO_DCCP,
		.service = "dccp",
		.netstat = { "dccp", "dccp6" },
		.states = STATE_ALL & ~BIT(BOUND),
		.waiting = BIT(LISTEN),
		.connected = STATE_CONNECTED,
		.flags = PROTO_PORTS | PROTO_CONNECTIONS,
	},
	[PROTO_SMC] = {
		.name = "smc",
		.label = "SMC",
		.help = "SMC sockets: TCP's interface over shared memory",
		.domain = AF_SMC,
		.service = "tcp",
		.netstat = { "smc", "smc6" },
		.columns = "smc_state smc_mode",
		.want = WANT_DETAIL,
		.states = STATE_ALL & ~BIT(BOUND),
		.waiting = BIT(LISTEN),
		.connected = STATE_CONNECTED,
		.flags = PROTO_PORTS,
	},
	[PROTO_UNIX] = {
		.name = "unix",
		.module = "unix_diag",
		.also = { "local" },
		.label = "",
		.letter = 'x',
		.help = "unix sockets",
		.domain = AF_UNIX,
		.netstat = { "unix", "unix" },
		.file = { "unix" },
		.columns = "unix_type path",
		.more_columns = "refcnt peer_inode vfs_inode vfs_dev",
		.want = WANT_UNIX,
		.states = STATE_ALL & ~BIT(BOUND),
		.waiting = BIT(LISTEN),
		.connected = STATE_ALL & ~BIT(LISTEN),
	},
	[PROTO_PACKET] = {
		.name = "packet",
		.module = "af_packet_diag",
		.also = { "link" },
		.label = "",
		.letter = '0',
		.help = "packet sockets: link layer frames",
		.domain = AF_PACKET,
		.netstat = { "packet" },
		.file = { "packet" },
		.columns = "packet_type packet_protocol interface",
		.more_columns = "packet_rx_frames packet_tx_frames packet_fanout packet_fanout_mode",
		.want = WANT_DETAIL,
		.states = BIT(CLOSE),
		.waiting = BIT(CLOSE),
		.connected = BIT(CLOSE),
	},
	[PROTO_NETLINK] = {
		.name = "netlink",
		.module = "netlink_diag",
		.label = "",
		.help = "netlink sockets",
		.domain = AF_NETLINK,
		.netstat = { "netlink" },
		.file = { "netlink" },
		.columns = "netlink_protocol netlink_port",
		.more_columns = "netlink_groups netlink_drops netlink_dumping",
		.want = WANT_DETAIL,
		.states = DATAGRAM,
		.waiting = BIT(CLOSE),
		.connected = ANY_DATAGRAM,
		.flags = PROTO_TOLD_GROUPS,
	},
	[PROTO_VSOCK] = {
		.name = "vsock",
		.module = "vsock_diag",
		.label = "",
		.help = "vsock sockets: virtual machines and their host",
		.domain = AF_VSOCK,
		.netstat = { "vsock" },
		.columns = "vsock_type vsock_local_cid vsock_local_port vsock_remote_cid vsock_remote_port",
		.want = WANT_DETAIL,
		.states = STATE_ALL & ~BIT(BOUND),
		.waiting = BIT(LISTEN),
		.connected = STATE_ALL & ~BIT(LISTEN),
	},
	[PROTO_XDP] = {
		.name = "xdp",
		.module = "xsk_diag",
		.label = "",
		.help = "XDP sockets: frames of a queue of an interface",
		.domain = AF_XDP,
		.netstat = { "xdp" },
		.columns = "interface xdp_queue",
		.more_columns = "xdp_rx xdp_tx xdp_fill xdp_completion xdp_umem xdp_umem_bytes xdp_rx_dropped",
		.want = WANT_DETAIL,
		.states = BIT(CLOSE),
		.waiting = BIT(CLOSE),
		.connected = BIT(CLOSE),
	},
	[PROTO_TIPC] = {
		.name = "tipc",
		.label = "",
		.help = "TIPC sockets: nodes of a cluster",
		.domain = AF_TIPC,
		.netstat = { "tipc" },
		.columns = "tipc_type tipc_node tipc_port tipc_peer_node tipc_peer_port",
		.more_columns = "tipc_drops",
		.want = WANT_DETAIL,
		.states = STATE_ALL & ~BIT(BOUND),
		.waiting = BIT(LISTEN),
		.connected = STATE_ALL & ~BIT(LISTEN),
	},
};

const char *proto_family_name(enum proto proto, int family)
{
	return family == AF_INET ? "inet" : family == AF_INET6 ? "inet6" : proto_table[proto].name;
}

unsigned protos_with(enum proto_flag flag)
{
	unsigned protos = 0;
	FOR_EACH_PROTO (proto, PROTO_ALL)
		protos |= proto_has(proto, flag) ? PROTO_BIT(proto) : 0;
	return protos;
}

unsigned protos_of(int domain)
{
	unsigned protos = 0;
	FOR_EACH_PROTO (proto, PROTO_ALL)
		protos |= proto_table[proto].domain == domain ? PROTO_BIT(proto) : 0;
	return protos;
}

int protos_domain(unsigned protos)
{
	enum proto first = proto_next(protos, 0);
	bool one = first < PROTO_COUNT && !(protos & ~protos_of(proto_table[first].domain));
	return one ? proto_table[first].domain : AF_UNSPEC;
}

unsigned protos_want(unsigned protos)
{
	unsigned want = 0;
	FOR_EACH_PROTO (proto, protos)
		want |= proto_table[proto].want;
	return want;
}

/* --- words --- */

static bool proto_is_called(enum proto proto, const char *word, size_t len)
{
	if (text_is_name(proto_name(proto), word, len))
		return true;
	for (const char *const *also = proto_table[proto].also; *also; also++)
		if (text_is_name(*also, word, len))
			return true;
	return false;
}

unsigned protos_by_word(const char *word, size_t len, int *family)
{
	unsigned protos = 0;
	FOR_EACH_PROTO (proto, PROTO_ALL)
		protos |= proto_is_called(proto, word, len) ? PROTO_BIT(proto) : 0;
	if (!family)
		return protos;
	*family = AF_UNSPEC;
	if (protos || len < 2 || (word[len - 1] != '4' && word[len - 1] != '6'))
		return protos;
	protos = protos_by_word(word, len - 1, NULL) & PROTO_INET_ALL;
	if (protos)
		*family = word[len - 1] == '4' ? AF_INET : AF_INET6;
	return protos;
}

/* The words of -A that are no protocol's; the first of each kind is listed. */
static const struct {
	const char *word;
	bool listed;
	struct proto_choice choice;
} choices[] = {
	{ "inet", true, { .inet = true } },
	{ "ip", false, { .inet = true } },
	{ "ipv4", false, { .inet = true } },
	{ "inet6", true, { .inet6 = true } },
	{ "ip6", false, { .inet6 = true } },
	{ "ipv6", false, { .inet6 = true } },
	{ "all", true, { .protos = PROTO_ALL } },
	{ "unix_stream", true, { .protos = PROTO_BIT(PROTO_UNIX), .type = SOCK_STREAM } },
	{ "unix_dgram", true, { .protos = PROTO_BIT(PROTO_UNIX), .type = SOCK_DGRAM } },
	{ "unix_seqpacket", true, { .protos = PROTO_BIT(PROTO_UNIX), .type = SOCK_SEQPACKET } },
	{ "p_raw", true, { .protos = PROTO_BIT(PROTO_PACKET), .type = SOCK_RAW } },
	{ "p_dgr", true, { .protos = PROTO_BIT(PROTO_PACKET), .type = SOCK_DGRAM } },
};

bool proto_choose(const char *word, size_t len, struct proto_choice *choice)
{
	*choice = (struct proto_choice){ .protos = protos_by_word(word, len, NULL) };
	for (size_t i = 0; !choice->protos && i < countof(choices); i++)
		if (text_is_name(choices[i].word, word, len)) {
			*choice = choices[i].choice;
			return true;
		}
	return choice->protos;
}

const char *proto_choice_listed(size_t index)
{
	if (index < PROTO_COUNT)
		return proto_table[index].name;
	index -= PROTO_COUNT;
	for (size_t i = 0; i < countof(choices); i++)
		if (choices[i].listed && index-- == 0)
			return choices[i].word;
	return NULL;
}

/* --- states --- */

#define BUCKET (BIT(SYN_RECV) | BIT(TIME_WAIT) | BIT(NEW_SYN_RECV))

/* The first STATE_COUNT are netstat's own words, by state; then what others say. */
static const struct {
	const char *name;
	uint32_t mask;
} states[] = {
	[STATE_UNKNOWN] = { "", 0 },
	[STATE_ESTABLISHED] = { "ESTABLISHED", BIT(ESTABLISHED) },
	[STATE_SYN_SENT] = { "SYN_SENT", BIT(SYN_SENT) },
	[STATE_SYN_RECV] = { "SYN_RECV", BIT(SYN_RECV) | BIT(NEW_SYN_RECV) },
	[STATE_FIN_WAIT1] = { "FIN_WAIT1", BIT(FIN_WAIT1) },
	[STATE_FIN_WAIT2] = { "FIN_WAIT2", BIT(FIN_WAIT2) },
	[STATE_TIME_WAIT] = { "TIME_WAIT", BIT(TIME_WAIT) },
	[STATE_CLOSE] = { "CLOSE", BIT(CLOSE) },
	[STATE_CLOSE_WAIT] = { "CLOSE_WAIT", BIT(CLOSE_WAIT) },
	[STATE_LAST_ACK] = { "LAST_ACK", BIT(LAST_ACK) },
	[STATE_LISTEN] = { "LISTEN", BIT(LISTEN) },
	[STATE_CLOSING] = { "CLOSING", BIT(CLOSING) },
	[STATE_NEW_SYN_RECV] = { "SYN_RECV", BIT(SYN_RECV) | BIT(NEW_SYN_RECV) },
	[STATE_BOUND] = { "BOUND", BIT(BOUND) },
	{ "ESTAB", BIT(ESTABLISHED) },
	{ "SYN_RCV", BIT(SYN_RECV) | BIT(NEW_SYN_RECV) },
	{ "FIN_WAIT_1", BIT(FIN_WAIT1) },
	{ "FIN_WAIT_2", BIT(FIN_WAIT2) },
	{ "UNCONNECTED", BIT(CLOSE) },
	{ "UNCONN", BIT(CLOSE) },
	{ "CLOSED", BIT(CLOSE) },
	{ "LISTENING", BIT(LISTEN) },
	{ "BOUND_INACTIVE", BIT(BOUND) },
	{ "all", STATE_ALL },
	{ "connected", STATE_CONNECTED },
	{ "synchronized", STATE_CONNECTED & ~BIT(SYN_SENT) },
	{ "bucket", BUCKET },
	{ "big", STATE_ALL & ~BUCKET },
};

enum { STATE_NAMES = countof(states) };

const char *state_name(enum state state)
{
	return state < STATE_COUNT ? states[state].name : "";
}

uint32_t state_mask_by_name(const char *name, size_t len)
{
	for (size_t i = 1; i < STATE_NAMES; i++)
		if (text_is_name(states[i].name, name, len))
			return states[i].mask;
	return 0;
}

const char *state_name_listed(size_t index)
{
	return index + 1 < STATE_NAMES ? states[index + 1].name : NULL;
}
