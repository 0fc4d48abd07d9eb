// SPDX-License-Identifier: MIT
/*
 * inject.c - one SYN for each listener and interface, as if it came in there (inject.h).
 *
 *   source that routes back by the interface, and is no neighbour --SYN--> BPF_PROG_TEST_RUN of an
 *   XDP program that passes it on, with live frames (net/bpf/test_run.c, bpf_test_run_xdp_live())
 *   --ingress, tc, rules, routes, the listener--> SYN_RECV or none -> destroyed by its cookie
 *
 * A program that is attached to the card is not run over it: the frame enters behind the driver. Both false
 * answers that a probe can give are excluded: a source to which no route leads back hides an open port, so
 * none is used; and an output rule that drops the answer leaves SYN_RECV all the same, so the
 * rules are run over the answer.
 */
#include "exposure/inject.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <sockview/collect.h>
#include <sockview/countof.h>
#include <sockview/file.h>
#include <sockview/host_numbers.h>
#include <sockview/proto.h>
#include <sockview/vec.h>

enum { PROBES_MAX = 256, SETTLE_MS = 200, FRAME_MAX = ETH_HLEN + 40 + 20, FIRST_PORT = 40000, CANDIDATES = 2 };

/* By which source an interface is probed. */
struct inject_way {
	bool looked;
	const char *problem; /* why it is not probed; NULL: it is */
	union addr source;
	uint8_t mac[ETH_ALEN];
};

struct probe_sent {
	size_t judged, way; /* of the exposure */
	union addr source;
	uint8_t family;
	uint16_t port; /* of the source; of the listener: that of its row */
	bool came_in;  /* SYN_RECV was seen */
	bool unsure;   /* it was not, and may have been taken back before the look */
	struct packet packet;
};

struct injection {
	struct exposure *exposure;
	int program;
	bool cookies_always;
	struct inject_way *by_way; /* two for each of the ways: IPv4, IPv6 */
	struct probe_sent *sent;
	size_t count, capacity;
	size_t settled;    /* those before it were waited for: a SYN that did not come in by then does not */
	int64_t begun;     /* ms, CLOCK_MONOTONIC: the first of those behind it was sent */
	uint64_t lost;     /* half-open connections, of any listener, that the kernel has taken back so far */
	bool seen_whole;   /* the last look at them */
	struct table seen; /* SYN_RECV of the probes */
	struct table half; /* before the first of them: half-open connections */
	bool half_whole;   /* all of them */
};

/* --- the program --- */

static int load_pass(void)
{
	static const char license[] = "GPL";
	const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = XDP_PASS },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_XDP;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = countof(code);
	attr.license = (uintptr_t)license;
	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

/* 0, or the errno. */
static int run_frame(int program, const uint8_t *frame, size_t len, uint32_t ifindex)
{
	enum { LIVE_FRAMES = 2 }; /* BPF_F_TEST_XDP_LIVE_FRAMES, Linux 5.18 */
	struct xdp_md context = { .data_end = (uint32_t)len, .ingress_ifindex = ifindex };
	union bpf_attr attr;
	memset(&attr, 0, sizeof(attr));
	attr.test.prog_fd = (uint32_t)program;
	attr.test.data_in = (uintptr_t)frame;
	attr.test.data_size_in = (uint32_t)len;
	attr.test.ctx_in = (uintptr_t)&context;
	attr.test.ctx_size_in = sizeof(context);
	attr.test.flags = LIVE_FRAMES;
	attr.test.repeat = 1;
	return syscall(SYS_bpf, BPF_PROG_TEST_RUN, &attr, sizeof(attr)) < 0 ? errno : 0;
}

/* --- the frame --- */

static uint32_t sum_words(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *byte = data;
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)byte[i] << 8 | byte[i + 1];
	return sum;
}

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static size_t make_frame(uint8_t frame[FRAME_MAX], const struct probe_sent *probe, const uint8_t mac[ETH_ALEN])
{
	bool six = probe->family == AF_INET6;
	const struct packet *packet = &probe->packet;
	struct ethhdr ether = { .h_source = { 2, 0, 0, 0, 0, 1 }, .h_proto = htons(six ? ETH_P_IPV6 : ETH_P_IP) };
	struct iphdr four = { .version = 4, .ihl = 5, .tot_len = htons(40), .ttl = 64, .protocol = IPPROTO_TCP };
	struct ip6_hdr other = {
		.ip6_flow = htonl(6u << 28), .ip6_plen = htons(20), .ip6_nxt = IPPROTO_TCP, .ip6_hlim = 64
	};
	struct tcphdr tcp = {
		.source = htons(probe->port),
		.dest = htons(packet->dest_port),
		.doff = 5,
		.syn = 1,
		.window = htons(64240),
	};
	size_t addr = six ? 16 : 4, at = ETH_HLEN;
	memcpy(ether.h_dest, mac, ETH_ALEN);
	memcpy(frame, &ether, sizeof(ether));
	memcpy(&four.saddr, &probe->source, 4);
	memcpy(&four.daddr, &packet->dest, 4);
	four.check = sum_fold(sum_words(0, &four, sizeof(four)));
	memcpy(&other.ip6_src, &probe->source, 16);
	memcpy(&other.ip6_dst, &packet->dest, 16);
	if (getrandom(&tcp.seq, sizeof(tcp.seq), GRND_NONBLOCK) < 0)
		tcp.seq = htonl(1);
	uint32_t sum = sum_words(IPPROTO_TCP + sizeof(tcp), &probe->source, addr);
	sum = sum_words(sum, &packet->dest, addr);
	tcp.check = sum_fold(sum_words(sum, &tcp, sizeof(tcp)));
	memcpy(frame + at, six ? (const void *)&other : &four, six ? sizeof(other) : sizeof(four));
	at += six ? sizeof(other) : sizeof(four);
	memcpy(frame + at, &tcp, sizeof(tcp));
	return at + sizeof(tcp);
}

/* --- its source --- */

static int64_t clock_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 }, NULL);
}

/* The address is asked for on the link; true if no host answers: it is no neighbour's. */
static bool is_unused(const struct local_addr *at, const union addr *addr)
{
	enum {
		TRIES = 200,
		PAUSE_MS = 20
	}; /* the kernel asks three times, a second apart, unless it was told otherwise */
	struct way_neighbour known;
	long tick = sysconf(_SC_CLK_TCK);
	ways_neighbour(at->ifindex, at->family, addr, &known);
	if (known.state == NUD_FAILED && tick > 0 && known.updated < 30u * (unsigned)tick)
		return true;
	if (ways_ask_neighbour(at->ifindex, at->family, addr) < 0)
		return false;
	for (int i = 0; i < TRIES; i++) {
		struct way_neighbour neighbour;
		ways_neighbour(at->ifindex, at->family, addr, &neighbour);
		if (neighbour.state == NUD_FAILED)
			return true;
		if (neighbour.state && neighbour.state != NUD_INCOMPLETE)
			return false;
		pause_ms(PAUSE_MS);
	}
	return false;
}

/* A route leads back to it by the interface, and the kernel takes what comes from it there. */
static bool is_accepted(const struct local_addr *at, const union addr *source, bool *gateway)
{
	return ways_route_leads(at->ifindex, at->family, source, gateway) &&
	       ways_takes_source(at, &at->addr, source) == 0;
}

/* Of the interface's own net, from its end; of IPv6 one that chance has made. */
static bool make_candidate(const struct local_addr *at, unsigned number, union addr *addr)
{
	*addr = at->addr;
	if (at->family == AF_INET6)
		return at->prefix_len <= 64 && getrandom(&addr->word[2], 8, GRND_NONBLOCK) == 8;
	if (at->prefix_len > 29 || !at->prefix_len)
		return false;
	uint32_t mask = UINT32_MAX >> at->prefix_len, net = ntohl(at->addr.word[0]) & ~mask;
	addr->word[0] = htonl(net | (mask - 1 - number));
	return addr->word[0] != at->addr.word[0];
}

/* Addresses of documentation (RFC 5737, RFC 3849) are no host's: a packet to them is lost behind the gateway. */
static bool documented_source(const struct local_addr *at, union addr *source)
{
	static const union addr four[] = { { .byte = { 198, 51, 100, 1 } }, { .byte = { 203, 0, 113, 1 } } };
	static const union addr six = { .byte = { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } };
	bool gateway;
	for (size_t i = 0; i < (at->family == AF_INET ? countof(four) : 1); i++) {
		*source = at->family == AF_INET ? four[i] : six;
		if (is_accepted(at, source, &gateway) && gateway)
			return true;
	}
	return false;
}

static bool find_source(const struct local_addr *at, union addr *source)
{
	bool gateway;
	if (documented_source(at, source))
		return true;
	for (unsigned i = 0; i < CANDIDATES; i++)
		if (make_candidate(at, i, source) && is_accepted(at, source, &gateway) && !gateway &&
		    is_unused(at, source))
			return true;
	return false;
}

static const struct local_addr *own_address_of(const struct ways *ways, const struct way *way, int family)
{
	for (size_t i = 0; i < ways->own.addrs; i++)
		if (ways->own.addr[i].ifindex == way->ifindex && ways->own.addr[i].family == family &&
		    !ways->own.addr[i].tentative && !(family == AF_INET6 && ways->own.addr[i].addr.byte[0] == 0xfe))
			return &ways->own.addr[i];
	return NULL;
}

static bool find_mac(const struct way *way, uint8_t mac[ETH_ALEN])
{
	struct ifreq request = { 0 };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	memcpy(request.ifr_name, way->name, sizeof(way->name));
	bool found = fd >= 0 && ioctl(fd, SIOCGIFHWADDR, &request) == 0 && request.ifr_hwaddr.sa_family == ARPHRD_ETHER;
	if (fd >= 0)
		close(fd);
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	return found;
}

static const struct inject_way *way_ready(struct injection *injection, size_t index, int family)
{
	const struct ways *ways = &injection->exposure->ways;
	struct inject_way *one = &injection->by_way[index * 2 + (family == AF_INET6)];
	const struct local_addr *at = own_address_of(ways, &ways->way[index], family);
	if (one->looked)
		return one;
	one->looked = true;
	if (!at)
		one->problem = "not probed: no address of the interface";
	else if (!find_mac(&ways->way[index], one->mac))
		one->problem = "not probed: not Ethernet";
	else if (!find_source(at, &one->source))
		one->problem = "not probed: no source that routes back and is no neighbour's";
	return one;
}

/* --- what the kernel made of them --- */

static int collect_half_open(struct table *table)
{
	struct query query = { .protos = PROTO_BIT(PROTO_TCP), .inet = true, .inet6 = true };
	struct sources sources = { .from = SOURCE_NETLINK, .proc_net_fd = -1 };
	struct source_request request = { .query = &query, .sink = table_sink, .context = table };
	struct report report = { 0 };
	struct error ignored;
	query.states[PROTO_TCP] = STATE_BIT(STATE_SYN_RECV);
	table_clear(table);
	int answer = collect_sockets(&sources, &request, &report, &ignored);
	return answer < 0 || report.interrupted || report.lost || report.unavailable ? -1 : 0;
}

static bool is_of_probe(const struct row *row, const struct probe_sent *probe)
{
	bool mapped = row->flags & ROW_REMOTE_MAPPED;
	union addr remote = mapped ? addr_unmapped(&row->remote) : row->remote;
	return row->remote_port == probe->port && row->local_port == probe->packet.dest_port &&
	       (mapped ? AF_INET : row->family) == probe->family &&
	       memcmp(&remote, &probe->source, sizeof(remote)) == 0;
}

/* Each SYN_RECV of ours is destroyed as soon as it is seen. How many probes that are waited for are without one. */
static size_t take_answers(struct injection *injection)
{
	const struct exposure_facts *facts = &injection->exposure->facts;
	size_t missing = 0;
	injection->seen_whole = collect_half_open(&injection->seen) == 0;
	for (size_t i = 0; i < injection->count; i++) {
		struct probe_sent *probe = &injection->sent[i];
		for (size_t j = 0; j < injection->seen.count; j++) {
			if (!is_of_probe(&injection->seen.row[j], probe))
				continue;
			probe->came_in = true;
			facts->close(facts->close_context, &injection->seen.row[j]);
		}
		missing += !probe->came_in && i >= injection->settled;
	}
	return missing;
}

#define LOST_UNKNOWN UINT64_MAX

/*
 * The kernel counts what takes a SYN_RECV away before it is seen: an answer that no
 * host took comes back as "host unreachable" when the neighbour was asked for
 * in vain (tcp_req_err(), net/ipv4/tcp_ipv4.c: ListenDrops), or a host resets
 * what it never asked for (tcp_check_req(): EmbryonicRsts). LOST_UNKNOWN: not to be had.
 */
static uint64_t count_lost(const struct exposure *exposure)
{
	char text[16384];
	uint64_t drops, resets;
	if (file_read_string(exposure->facts.proc_fd, "thread-self/net/netstat", text, sizeof(text)) <= 0 ||
	    !host_counter(text, "ListenDrops", &drops) || !host_counter(text, "EmbryonicRsts", &resets))
		return LOST_UNKNOWN;
	return drops + resets;
}

/* The kernel takes a frame at once, but for one that another CPU is given (receive packet steering). */
static void wait_answers(struct injection *injection)
{
	enum { LOOKS = 5, PAUSE_MS = 10 };
	for (int i = 0; i < LOOKS && injection->count && take_answers(injection); i++)
		pause_ms(PAUSE_MS);
	/* SYN_RECV that was made since. */
	if (injection->count)
		take_answers(injection);
	uint64_t lost = injection->count > injection->settled ? count_lost(injection->exposure) : injection->lost;
	for (; injection->settled < injection->count; injection->settled++) {
		struct probe_sent *probe = &injection->sent[injection->settled];
		probe->unsure =
			!probe->came_in && (!injection->seen_whole || lost == LOST_UNKNOWN || lost != injection->lost);
	}
	injection->lost = lost;
}

/* --- one probe --- */

/* Probes to the port that were not seen yet. */
static uint32_t probes_underway(const struct injection *injection, uint16_t port)
{
	uint32_t count = 0;
	for (size_t i = injection->settled; i < injection->count; i++)
		count += injection->sent[i].packet.dest_port == port && !injection->sent[i].came_in;
	return count;
}

/*
 * A queue that is full would be answered by a cookie, or not at all: half full counts, as connections come in
 * meanwhile, and so does one without a place, in which the first is one too many before Linux 6.16
 * (inet_csk_reqsk_queue_is_full()).
 */
static bool queue_is_full(const struct injection *injection, const struct row *row)
{
	uint32_t half = probes_underway(injection, row->local_port);
	for (size_t i = 0; i < injection->half.count; i++)
		half += injection->half.row[i].local_port == row->local_port;
	return row->recv_q > row->send_q || half * 2 >= row->send_q;
}

static const char *refuses_probe(struct injection *injection, const struct row *row, const struct packet *packet)
{
	struct packet_answer answer;
	struct packet_nats nats = { .count = 0 };
	const struct packet_nat *taken;
	if (injection->cookies_always)
		return "not probed: SYN cookies are always sent (net.ipv4.tcp_syncookies 2)";
	if (!injection->half_whole)
		return "not probed: how full its queue is could not be seen";
	if (probes_underway(injection, row->local_port) && queue_is_full(injection, row))
		wait_answers(injection);
	if (queue_is_full(injection, row))
		return "not probed: its queue is full";
	packet_arrive(injection->exposure->ruleset, packet, &answer, &nats, &taken);
	if (nats.count)
		return "not probed: NAT sends it elsewhere";
	if (answer.writes && !injection->exposure->facts.force)
		return "not probed: a rule on the way writes state: --force";
	return NULL;
}

static size_t way_index(const struct exposure *exposure, const char *name)
{
	for (size_t i = 0; i < exposure->ways.count; i++)
		if (strncmp(exposure->ways.way[i].name, name, sizeof(exposure->ways.way[i].name)) == 0)
			return i;
	return exposure->ways.count;
}

static struct packet probe_packet(const struct exposure *exposure, const struct row *row, const struct way *way,
                                  int family)
{
	bool mapped = row->flags & ROW_LOCAL_MAPPED;
	struct packet packet = {
		.family = (uint8_t)family,
		.proto = IPPROTO_TCP,
		.known = PACKET_IIF | PACKET_ROUTES_BACK | PACKET_SOURCE_REMOTE | PACKET_DEST | PACKET_DEST_LOCAL |
		         PACKET_SOURCE | PACKET_SOURCE_PORT,
		.dest_port = row->local_port,
		.iif = way->ifindex,
	};
	memcpy(packet.iifname, way->name, sizeof(packet.iifname));
	if (addr_is_any(&row->local, mapped)) {
		const struct local_addr *at = own_address_of(&exposure->ways, way, family);
		packet.dest = at ? at->addr : (union addr){ .word = { 0 } };
	} else {
		packet.dest = mapped ? addr_unmapped(&row->local) : row->local;
	}
	return packet;
}

static bool row_can(const struct exposure *exposure, const struct row *row, const struct way *way, int family)
{
	bool mapped = row->flags & ROW_LOCAL_MAPPED, four = row->family == AF_INET || mapped;
	bool both = !four && addr_is_any(&row->local, false) && !(row->flags & ROW_V6ONLY);
	return ((family == AF_INET) == four || both) && own_address_of(&exposure->ways, way, family);
}

/* NULL, or why it was not probed. -1 in *error: no memory. */
static const char *probe_way(struct injection *injection, size_t judged_index, size_t way_at, int family, int *error)
{
	struct exposure *exposure = injection->exposure;
	const struct row *row = judged_row(exposure, &exposure->judged[judged_index]);
	size_t index = way_index(exposure, exposure->way[way_at].name);
	uint8_t frame[FRAME_MAX];
	if (injection->count == PROBES_MAX)
		return "not probed: more than 256 probes";
	const struct inject_way *ready = way_ready(injection, index, family);
	if (ready->problem)
		return ready->problem;
	struct probe_sent probe = {
		.judged = judged_index,
		.way = way_at,
		.source = ready->source,
		.family = (uint8_t)family,
		.port = (uint16_t)(FIRST_PORT + injection->count),
		.packet = probe_packet(exposure, row, &exposure->ways.way[index], family),
	};
	probe.packet.source = probe.source;
	probe.packet.source_port = probe.port;
	/* Seconds after a first answer the kernel gives up to find who takes it: looked at before that. */
	if (injection->count > injection->settled && clock_ms() - injection->begun > SETTLE_MS)
		wait_answers(injection);
	const char *why = refuses_probe(injection, row, &probe.packet);
	if (why)
		return why;
	if (injection->count == injection->settled)
		injection->begun = clock_ms();
	size_t len = make_frame(frame, &probe, ready->mac);
	int number = run_frame(injection->program, frame, len, exposure->ways.way[index].ifindex);
	if (number)
		return number == EINVAL ? "cannot be probed: the interface has no XDP queue"
		                        : "cannot be probed: the kernel refused it";
	struct probe_sent *added = vec_push(injection->sent, injection->count, injection->capacity);
	*error = added ? 0 : -1;
	if (added)
		*added = probe;
	return NULL;
}

/* --- what it means --- */

/* Rules that were read let this very packet and its answer pass, for certain: that it was lost is news. */
static bool rules_pass(const struct exposure *exposure, const struct probe_sent *probe)
{
	struct packet_answer answer;
	struct packet_nats nats = { .count = 0 };
	const struct packet_nat *taken;
	packet_arrive(exposure->ruleset, &probe->packet, &answer, &nats, &taken);
	return answer.fate == FATE_PASSES;
}

/* What the probes of one interface have shown. */
struct shown {
	size_t sent; /* whose end was seen */
	bool lost;   /* one whose end was not */
	bool came_in, answer_leaves, answer_stays;
	bool refutes; /* it did not come in, and the rules say it does */
};

static struct shown show_probes(const struct injection *injection, size_t way_at)
{
	struct shown shown = { 0 };
	for (size_t i = 0; i < injection->count; i++) {
		const struct probe_sent *probe = &injection->sent[i];
		struct packet_answer answer;
		if (probe->way != way_at)
			continue;
		shown.lost |= probe->unsure;
		shown.sent += !probe->unsure;
		if (!probe->came_in) {
			shown.refutes |= !probe->unsure && rules_pass(injection->exposure, probe);
			continue;
		}
		shown.came_in = true;
		packet_answer_leaves(injection->exposure->ruleset, &probe->packet, &answer);
		shown.answer_leaves |= answer.fate == FATE_PASSES;
		shown.answer_stays |= answer.fate == FATE_DROPPED || answer.fate == FATE_REJECTED;
	}
	return shown;
}

/*
 * One packet is no measure of what hangs on a condition: its source, lengths and options are not those of the
 * next. There the state of the rules stays, and the probe is told beside it. A SYN that came in by one address
 * family is enough; that none comes in takes one by each family of the listener.
 */
static enum reach reach_shown(const struct reach_way *way, const struct way *iface, const struct shown *shown,
                              bool by_all)
{
	unsigned behind = LAYER_BIT(LAYER_XDP) | LAYER_BIT(LAYER_NFTABLES) | LAYER_BIT(LAYER_LEGACY) |
	                  LAYER_BIT(LAYER_CGROUP) | LAYER_BIT(LAYER_NETFILTER_BPF) | LAYER_BIT(LAYER_XFRM) |
	                  (iface->out ? LAYER_BIT(LAYER_TC) : 0);
	bool closed = way->by_rules == REACH_FILTERED || way->by_rules == REACH_REJECTED;
	if (!closed && way->by_rules != REACH_OPEN)
		return way->reach;
	if (!shown->came_in)
		return !by_all ? way->reach : closed ? way->by_rules : shown->refutes ? REACH_FILTERED : way->reach;
	if (!shown->answer_leaves)
		return closed && shown->answer_stays ? way->by_rules : way->reach;
	/* The frame met no program on the card, and what was not read behind SYN_RECV may drop the answer. */
	if (way->in_use & behind)
		return way->reach;
	/* The rules say that no packet comes to an answer. */
	return closed ? REACH_UNKNOWN : REACH_OPEN;
}

static void apply_probes(struct injection *injection, size_t judged_index, size_t way_at)
{
	struct exposure *exposure = injection->exposure;
	struct reach_way *way = &exposure->way[way_at];
	const struct row *row = judged_row(exposure, &exposure->judged[judged_index]);
	const struct way *iface = &exposure->ways.way[way_index(exposure, way->name)];
	unsigned could = (unsigned)row_can(exposure, row, iface, AF_INET) + row_can(exposure, row, iface, AF_INET6);
	struct shown shown = show_probes(injection, way_at);
	if (!shown.sent && shown.lost)
		way->probe_refused = "not probed: what came of it could not be seen";
	if (!shown.sent)
		return;
	way->probe = shown.answer_leaves   ? "came in"
	             : shown.answer_stays  ? "came in; the rules of output do not let the answer go"
	             : shown.came_in       ? "came in; the rules of output may not let the answer go"
	             : shown.sent == could ? "did not come in"
	                                   : "did not come in by IPv4; by IPv6 not probed";
	way->reach = (uint8_t)reach_shown(way, iface, &shown, shown.sent == could);
}

static void settle_rows(struct exposure *exposure)
{
	for (size_t i = 0; i < exposure->count; i++) {
		struct judged *judged = &exposure->judged[i];
		bool probed = false;
		enum reach best = REACH_LOCAL;
		for (size_t j = 0; j < judged->ways; j++) {
			const struct reach_way *way = &exposure->way[judged->first_way + j];
			probed |= way->probe && strncmp(way->probe, "not", 3) != 0;
			best = way->reach < best ? (enum reach)way->reach : best;
		}
		if (!probed)
			continue;
		if (best != judged->reach) {
			judged->reach = best;
			judged->by_probe = true;
			judged->in_use = 0;
		}
	}
}

typedef int inject_call(struct injection *injection, size_t judged_index, size_t way_at);

static int each_way(struct injection *injection, inject_call *call)
{
	struct exposure *exposure = injection->exposure;
	for (size_t i = 0; i < exposure->count; i++) {
		const struct judged *judged = &exposure->judged[i];
		if (judged_is_published(exposure, judged) || judged_row(exposure, judged)->proto != PROTO_TCP)
			continue;
		for (size_t j = 0; j < judged->ways; j++)
			if (way_index(exposure, exposure->way[judged->first_way + j].name) < exposure->ways.count &&
			    call(injection, i, judged->first_way + j) < 0)
				return -1;
	}
	return 0;
}

/* All sources are found before the first packet: an answer to a host that is not there is taken back before long. */
static int make_ready(struct injection *injection, size_t judged_index, size_t way_at)
{
	static const int families[] = { AF_INET, AF_INET6 };
	const struct exposure *exposure = injection->exposure;
	size_t index = way_index(exposure, exposure->way[way_at].name);
	for (size_t i = 0; i < countof(families); i++)
		if (row_can(exposure, judged_row(exposure, &exposure->judged[judged_index]), &exposure->ways.way[index],
		            families[i]))
			way_ready(injection, index, families[i]);
	return 0;
}

static int probe_first(struct injection *injection, size_t judged_index, size_t way_at)
{
	struct exposure *exposure = injection->exposure;
	const struct row *row = judged_row(exposure, &exposure->judged[judged_index]);
	const struct way *way = &exposure->ways.way[way_index(exposure, exposure->way[way_at].name)];
	int error = 0, family = row_can(exposure, row, way, AF_INET) ? AF_INET : AF_INET6;
	bool can = family == AF_INET || row_can(exposure, row, way, AF_INET6);
	const char *why = can ? probe_way(injection, judged_index, way_at, family, &error)
	                      : "not probed: no address of the interface";
	exposure->way[way_at].probe_refused = why;
	return error;
}

static const struct probe_sent *last_probe(const struct injection *injection, size_t way_at)
{
	for (size_t i = injection->count; i > 0; i--)
		if (injection->sent[i - 1].way == way_at)
			return &injection->sent[i - 1];
	return NULL;
}

/* Where IPv4 did not come in, IPv6 may. */
static int probe_again(struct injection *injection, size_t judged_index, size_t way_at)
{
	const struct exposure *exposure = injection->exposure;
	const struct row *row = judged_row(exposure, &exposure->judged[judged_index]);
	const struct way *way = &exposure->ways.way[way_index(exposure, exposure->way[way_at].name)];
	const struct probe_sent *probe = last_probe(injection, way_at);
	int error = 0;
	if (probe && !probe->came_in && !probe->unsure && probe->family == AF_INET &&
	    row_can(exposure, row, way, AF_INET6))
		probe_way(injection, judged_index, way_at, AF_INET6, &error);
	return error;
}

static int probe_unsure(struct injection *injection, size_t judged_index, size_t way_at)
{
	const struct probe_sent *probe = last_probe(injection, way_at);
	int error = 0;
	if (probe && probe->unsure)
		probe_way(injection, judged_index, way_at, probe->family, &error);
	return error;
}

static int settle_way(struct injection *injection, size_t judged_index, size_t way_at)
{
	apply_probes(injection, judged_index, way_at);
	return 0;
}

static bool cookies_always(int proc_fd)
{
	char text[8];
	return file_read_string(proc_fd, "sys/net/ipv4/tcp_syncookies", text, sizeof(text)) > 0 && *text == '2';
}

int inject_all(struct exposure *exposure)
{
	struct injection injection = { .exposure = exposure,
		                       .cookies_always = cookies_always(exposure->facts.proc_fd) };
	static inject_call *const steps[] = { probe_first, probe_unsure, probe_again, probe_unsure };
	sigset_t all, before;
	injection.program = load_pass();
	exposure->probe_errno = injection.program < 0 ? errno : 0;
	if (injection.program < 0)
		return 0;
	injection.by_way = calloc(exposure->ways.count * 2 + 1, sizeof(*injection.by_way));
	table_init(&injection.seen, 0);
	table_init(&injection.half, 0);
	/* Half-open connections are destroyed before a signal ends us. */
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	int answer = injection.by_way ? 0 : -1;
	injection.half_whole = collect_half_open(&injection.half) == 0;
	if (answer == 0)
		each_way(&injection, make_ready);
	injection.lost = count_lost(exposure);
	for (size_t i = 0; i < countof(steps); i++) {
		if (answer == 0)
			answer = each_way(&injection, steps[i]);
		wait_answers(&injection);
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (answer == 0)
		each_way(&injection, settle_way);
	settle_rows(exposure);
	exposure->probes = injection.count;
	close(injection.program);
	table_free(&injection.seen);
	table_free(&injection.half);
	free(injection.by_way);
	free(injection.sent);
	return answer;
}
