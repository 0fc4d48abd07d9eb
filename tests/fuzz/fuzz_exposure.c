// SPDX-License-Identifier: MIT
/*
 * fuzz_exposure.c - --exposure and --connect over a kernel that answers anything.
 *
 * An input is a head of 16 bytes, the length and bytes of docker-proxy's command line, and netlink messages one
 * behind the other: rtnetlink's of links, addresses, filters, routes and neighbours, nf_tables' of rules, sock_diag's
 * of sockets. Each request gets those messages that are an answer to it; a bit of the head says that it is refused.
 * How many BPF programs are attached is in the head, too. Nothing is asked of the real kernel but which source
 * address a UDP socket would have.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockview/connect.h>
#include <sockview/countof.h>
#include <sockview/exposure.h>
#include <sockview/proto.h>
#include <sockview/wire.h>

#include "exposure/bpf_attached.h"
#include "exposure/published.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 16, BUS_NETFILTER = 12 };

/* The input under way: wires are opened far below. */
static struct {
	const uint8_t *head;
	const char *messages;
	size_t len;
	unsigned programs, asked;
} kernel;

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* --- the wires of the library, which this program defines itself --- */

struct fuzz_wire {
	struct wire wire;
	uint16_t type; /* of the request */
	uint32_t seq;
	bool answered;
};

static int fuzz_send(struct wire *wire, const void *request, size_t len)
{
	struct fuzz_wire *self = (struct fuzz_wire *)wire;
	const struct nlmsghdr *message = request;
	check(len >= sizeof(*message) && message->nlmsg_len <= len);
	self->type = message->nlmsg_type;
	self->seq = message->nlmsg_seq;
	self->answered = false;
	return 0;
}

/* rtnetlink's NEW is two below GET, nf_tables' one; sock_diag answers by the number of the request. */
static bool is_answer(uint16_t request, uint16_t type)
{
	return type == request || type + 1 == request || type + 2 == request;
}

static size_t put_end(char *to, uint32_t seq, uint16_t type, int32_t number)
{
	struct nlmsghdr head = { .nlmsg_len = sizeof(head) + sizeof(number), .nlmsg_type = type, .nlmsg_seq = seq };
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), &number, sizeof(number));
	return head.nlmsg_len;
}

static ssize_t fuzz_receive(struct wire *wire, void *buffer, size_t size)
{
	struct fuzz_wire *self = (struct fuzz_wire *)wire;
	const char *at = kernel.messages, *end = at + kernel.len;
	size_t used = 0;
	if (self->answered) {
		errno = EAGAIN;
		return -1;
	}
	self->answered = true;
	/* One of 64 requests may be refused, each by its bit. */
	unsigned bit = kernel.asked++ % 64;
	if (kernel.head[bit / 8] >> (bit % 8) & 1)
		return (ssize_t)put_end(buffer, self->seq, NLMSG_ERROR, -(int32_t)kernel.head[8]);
	while ((size_t)(end - at) >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr head;
		memcpy(&head, at, sizeof(head));
		size_t step = ((size_t)head.nlmsg_len + 3) & ~(size_t)3;
		if (head.nlmsg_len < sizeof(head) || step > (size_t)(end - at))
			break;
		if (is_answer(self->type, head.nlmsg_type) && used + step + 32 <= size) {
			memcpy((char *)buffer + used, at, step);
			memcpy((char *)buffer + used + offsetof(struct nlmsghdr, nlmsg_seq), &self->seq,
			       sizeof(self->seq));
			used += step;
		}
		at += step;
	}
	return (ssize_t)(used + put_end((char *)buffer + used, self->seq, NLMSG_DONE, 0));
}

static void fuzz_close(struct wire *wire)
{
	free(wire);
}

struct wire *wire_open(int bus)
{
	struct fuzz_wire *self = calloc(1, sizeof(*self));
	(void)bus;
	check(self != NULL);
	self->wire = (struct wire){ .send = fuzz_send, .receive = fuzz_receive, .close = fuzz_close, .fd = -1 };
	return &self->wire;
}

struct wire *wire_kernel(void)
{
	return wire_open(0);
}

struct wire *wire_ahead(struct wire *inner)
{
	return inner;
}

const char *wire_origin(const struct wire *wire)
{
	(void)wire;
	return "";
}

bool wire_record_failed(const struct wire *wire)
{
	(void)wire;
	return false;
}

void wire_close(struct wire *wire)
{
	if (wire)
		wire->close(wire);
}

/* --- programs that are attached --- */

static int count_programs(void)
{
	unsigned which = kernel.programs++ % 4;
	int count = kernel.head[9 + which] & 3;
	errno = kernel.head[13];
	return count == 3 ? -1 : count;
}

int bpf_programs(uint32_t target, uint32_t hook, bool above)
{
	(void)target, (void)hook, (void)above;
	return count_programs();
}

int cgroup_programs(struct cgroups *cgroups, struct bytes path, unsigned hooks, int family)
{
	(void)cgroups, (void)path, (void)hooks, (void)family;
	return count_programs();
}

int cgroup_programs_here(struct cgroups *cgroups, int proc_fd, unsigned hooks, int family)
{
	(void)cgroups, (void)proc_fd, (void)hooks, (void)family;
	return count_programs();
}

/* --- one input --- */

static void fill_table(struct table *table)
{
	struct row rows[] = {
		{ .proto = PROTO_TCP, .family = AF_INET6, .local_port = 20001, .state = STATE_LISTEN },
		{ .proto = PROTO_TCP, .family = AF_INET, .local_port = 20002, .state = STATE_LISTEN, .send_q = 128 },
		{ .proto = PROTO_UDP, .family = AF_INET, .local_port = 53, .state = STATE_CLOSE },
		{ .proto = PROTO_TCP,
		  .family = AF_INET,
		  .local_port = 43210,
		  .remote_port = 20009,
		  .state = STATE_ESTABLISHED },
	};
	static const uint8_t ours[] = { 10, 1, 0, 1 };
	rows[1].ifindex = kernel.head[14] & 3;
	memcpy(&rows[1].local, ours, sizeof(ours));
	memcpy(&rows[3].local, ours, sizeof(ours));
	table_init(table, 0);
	for (size_t i = 0; i < countof(rows); i++) {
		const struct sock sock = { .row = rows[i] };
		check(table_add(table, &sock) == 0);
	}
}

/* Each answer has a certain state, a rule that ends, ports in order. */
static int on_word(void *context, const struct exposure_word *word)
{
	(void)context;
	check(word->state && word->rule && strlen(word->rule) < 4096);
	return 0;
}

static void expose(const struct table *table, struct names *names, struct out *out)
{
	const struct exposure_facts facts = { .table = table, .names = names, .proc_fd = -1 };
	struct exposure *exposure = exposure_new(&facts);
	if (!exposure)
		return;
	check(exposure_each(exposure, on_word, NULL) == 0);
	check(exposure_text(exposure, true, out) == 0);
	check(exposure_json(exposure, out) == 0);
	exposure_free(exposure);
}

static void connect_to(const char *target, const struct table *table, struct out *out)
{
	const struct lookup lookup = lookup_host(-1, false);
	const struct connect_options options = { .target = target, .lookup = &lookup, .proc_fd = -1 };
	const struct connect_facts facts = { .table = table, .whole = true };
	char problem[CONNECT_PROBLEM_MAX];
	struct query query;
	struct connect *connect = connect_new(&options, problem);
	if (!connect)
		return;
	connect_query(connect, &query);
	for (size_t i = 0; i < table->count; i++)
		connect_wants(connect, &table->row[i]);
	if (connect_judge(connect, &facts) == 0) {
		connect_text(connect, out);
		connect_json(connect, out);
	}
	connect_free(connect);
}

static void proxy(const char *cmdline, size_t len)
{
	struct packet_nat to;
	if (proxy_target((struct bytes){ cmdline, len }, &to))
		check(to.to_port && (to.to_family == AF_INET || to.to_family == AF_INET6));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct names *names;
	struct table table;
	struct out out;
	if (size < HEAD + 2)
		return 0;
	size_t command = (size_t)data[HEAD] | (size_t)data[HEAD + 1] << 8;
	if (command > size - HEAD - 2)
		return 0;
	size_t len = size - HEAD - 2 - command;
	/* Copies of their exact sizes, aligned as a datagram is. */
	char *words = malloc(command + !command), *messages = malloc(len + !len);
	names = names ? names : names_new();
	check(names && words && messages);
	memcpy(words, data + HEAD + 2, command);
	memcpy(messages, data + HEAD + 2 + command, len);
	proxy(words, command);
	kernel.head = data;
	kernel.messages = messages;
	kernel.len = len;
	kernel.asked = kernel.programs = 0;
	check(out_open(&out, open("/dev/null", O_WRONLY | O_CLOEXEC)) == 0);
	fill_table(&table);
	expose(&table, names, &out);
	connect_to("10.1.0.1:20001", &table, &out);
	connect_to("192.0.2.7:20009", &table, &out);
	connect_to("udp:[2001:db8::1]:53", &table, &out);
	table_free(&table);
	out_close(&out);
	free(words);
	free(messages);
	return 0;
}
