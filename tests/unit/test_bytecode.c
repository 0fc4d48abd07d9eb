// SPDX-License-Identifier: MIT
/*
 * test_bytecode.c - filters made at random, judged four ways on sockets made
 * at random: by the tree this test made them from, by filter_judge(), by the
 * kernel's rules run on the compiled code, and by what the query left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include <sockview/countof.h>

#include "collect/bytecode.h"
#include "filter_scene.h"
#include "kernel_bytecode.h"
#include "skip.h"

enum { EXPRESSIONS = 10000, SOCKETS = 100, NODES = 64, TEXT = 8192 };

static uint32_t seed_state;

static uint32_t pick(uint32_t below)
{
	seed_state = seed_state * 1664525u + 1013904223u;
	return (seed_state >> 8) % below;
}
#define PICK(array) ((array)[pick(countof(array))])

static const uint16_t ports[] = { 0, 1, 22, 80, 443, 8080, 32768, 40000, 60999, 65535 };
static const char *const four[] = { "0.0.0.0", "10.0.0.1", "10.0.0.2", "10.1.0.1", "127.0.0.1" };
static const char *const six[] = { "::", "::1", "fe80::1", "2001:db8::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1" };
static const unsigned four_bits[] = { 0, 1, 8, 15, 16, 24, 31, 32 };
static const unsigned six_bits[] = { 0, 10, 64, 96, 104, 112, 127, 128 };
static const char *const state_words[] = {
	"listen", "established", "time-wait", "closed", "bound", "connected", "big"
};
static const uint32_t state_masks[] = {
	STATE_BIT(STATE_LISTEN),
	STATE_BIT(STATE_ESTABLISHED),
	STATE_BIT(STATE_TIME_WAIT),
	STATE_BIT(STATE_CLOSE),
	STATE_BIT(STATE_BOUND),
	STATE_ALL & ~(STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND)),
	STATE_ALL & ~(STATE_BIT(STATE_TIME_WAIT) | STATE_BIT(STATE_SYN_RECV) | STATE_BIT(STATE_NEW_SYN_RECV)),
};

/* --- filters with their meaning --- */

enum shape { AND, OR, NOT, PORT, LIST, HOST, STATE, DEVICE, MARK, CGROUP, AUTO, TARGET, INODE, USER, SHAPES };

struct node {
	enum shape shape;
	struct node *a, *b;
	bool remote, negated;
	int comparison; /* PORT: < <= > >= = */
	uint32_t x, y;  /* what the shape needs */
	int family;
	union addr addr;
	unsigned bits;
	bool has_port;
};

static struct node nodes[NODES];
static size_t node_count;
static bool exact; /* nothing in it that the kernel cannot judge */

static struct node *make(char **text, int depth);

static char *add(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static char *add(char *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	text += vsprintf(text, format, arguments);
	va_end(arguments);
	return text;
}

static void make_pair(struct node *node, char **text, int depth)
{
	static const char *const ands[] = { " and ", " & ", " && ", " " }, *const ors[] = { " or ", " | ", " || " };
	*text = add(*text, "( ");
	node->a = make(text, depth + 1);
	*text = add(*text, "%s", node->shape == AND ? PICK(ands) : PICK(ors));
	node->b = make(text, depth + 1);
	*text = add(*text, " )");
}

static void make_not(struct node *node, char **text, int depth)
{
	*text = add(*text, pick(2) ? "not " : "! ");
	node->a = make(text, depth + 1);
}

static void make_port(struct node *node, char **text)
{
	static const char *const words[][4] = { { "<", "lt", "<", "lt" }, { "<=", "le", "leq", "<=" },
		                                { ">", "gt", ">", "gt" }, { ">=", "ge", "geq", ">=" },
		                                { "=", "==", "eq", "" },  { "!=", "ne", "neq", "!=" } };
	node->remote = pick(2);
	node->x = PICK(ports);
	node->comparison = (int)pick(6);
	*text = add(*text, "%s %s %s%u", node->remote ? "dport" : "sport", words[node->comparison][pick(4)],
	            pick(2) ? ":" : "", node->x);
}

static void make_list(struct node *node, char **text)
{
	node->remote = pick(2);
	node->x = PICK(ports);
	node->y = node->x + pick(2000);
	if (node->y > 65535)
		node->y = 65535;
	node->bits = PICK(ports);
	node->negated = pick(2);
	*text = add(*text, "%s %s :%u,%u-%u", node->remote ? "dport" : "sport", node->negated ? "!=" : "=", node->bits,
	            node->x, node->y);
}

static void make_host(struct node *node, char **text)
{
	node->remote = pick(2);
	node->family = pick(2) ? AF_INET : AF_INET6;
	node->negated = pick(4) == 0;
	node->has_port = pick(3) == 0;
	node->x = PICK(ports);
	node->bits = node->family == AF_INET ? PICK(four_bits) : PICK(six_bits);
	const char *name = node->family == AF_INET ? PICK(four) : PICK(six);
	inet_pton(node->family, name, &node->addr);
	*text = add(*text, node->family == AF_INET ? "%s %s %s/%u" : "%s %s [%s]/%u", node->remote ? "dst" : "src",
	            node->negated ? "!=" : "=", name, node->bits);
	if (node->has_port)
		*text = add(*text, ":%u", node->x);
}

static void make_target(struct node *node, char **text)
{
	static const enum proto protos[] = { PROTO_TCP, PROTO_UDP };
	static const char *const words[] = { "tcp", "udp" };
	uint32_t which = pick(2);
	node->bits = protos[which];
	node->x = PICK(ports);
	*text = add(*text, "%s:%u", words[which], node->x);
}

static void make_leaf(struct node *node, char **text)
{
	switch (node->shape) {
	case PORT:
		make_port(node, text);
		break;
	case LIST:
		make_list(node, text);
		break;
	case HOST:
		make_host(node, text);
		break;
	case TARGET:
		make_target(node, text);
		break;
	case STATE:
		node->x = pick(countof(state_masks));
		*text = add(*text, "state = %s", state_words[node->x]);
		node->x = state_masks[node->x];
		exact = false;
		break;
	case DEVICE:
		node->x = pick(3);
		*text = add(*text, "dev = %u", node->x);
		break;
	case MARK:
		node->x = pick(4);
		node->y = pick(2) ? UINT32_MAX : pick(4) | node->x;
		*text = add(*text, "fwmark = %#x/%#x", node->x, node->y);
		break;
	case CGROUP:
		node->x = 20 + pick(2);
		*text = add(*text, "cgroup = %s", node->x == 20 ? "/a" : "/b");
		break;
	case INODE:
		node->x = 1 + pick(5);
		*text = add(*text, "inode = %u", node->x);
		exact = false;
		break;
	case USER:
		node->x = pick(3);
		*text = add(*text, "user = %u", node->x);
		exact = false;
		break;
	default:
		*text = add(*text, "autobound");
	}
}

static struct node *make(char **text, int depth)
{
	bool leaf = depth > 5 || node_count > NODES - 12;
	struct node *node = &nodes[node_count++];
	*node = (struct node){ .shape = leaf || pick(3) == 0 ? PORT + pick(SHAPES - PORT) : pick(PORT) };
	if (node->shape == AND || node->shape == OR)
		make_pair(node, text, depth);
	else if (node->shape == NOT)
		make_not(node, text, depth);
	else
		make_leaf(node, text);
	return node;
}

static bool port_fits(const struct node *node, uint32_t port)
{
	switch (node->comparison) {
	case 0:
		return port < node->x;
	case 1:
		return port <= node->x;
	case 2:
		return port > node->x;
	case 3:
		return port >= node->x;
	case 4:
		return port == node->x;
	default:
		return port != node->x;
	}
}

static bool host_fits(const struct node *node, const struct row *row)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *addr = node->remote ? row->remote.byte : row->local.byte;
	uint16_t port = node->remote ? row->remote_port : row->local_port;
	if (node->has_port && port != node->x)
		return false;
	if (node->family == AF_INET && row->family == AF_INET6) {
		if (memcmp(addr, prefix, 12) != 0)
			return false;
		addr += 12;
	} else if (node->family != row->family) {
		return false;
	}
	return k_bits(addr, node->addr.byte, node->bits);
}

static bool truth(const struct node *node, const struct sock *sock)
{
	const struct row *row = &sock->row;
	uint32_t port = node->remote ? row->remote_port : row->local_port;
	switch (node->shape) {
	case AND:
		return truth(node->a, sock) && truth(node->b, sock);
	case OR:
		return truth(node->a, sock) || truth(node->b, sock);
	case NOT:
		return !truth(node->a, sock);
	case PORT:
		return port_fits(node, port);
	case LIST:
		return ((port >= node->x && port <= node->y) || port == node->bits) != node->negated;
	case HOST:
		return host_fits(node, row) != node->negated;
	case STATE:
		return node->x >> row->state & 1;
	case DEVICE:
		return row->ifindex == node->x;
	case MARK:
		return (sock->extra->mark & node->y) == node->x;
	case CGROUP:
		return sock->extra->cgroup_id == node->x;
	case AUTO:
		return row->local_port >= 32768 && row->local_port <= 60999 && (row->flags & ROW_AUTOBOUND);
	case TARGET:
		return row->proto == node->bits && (row->local_port == node->x || row->remote_port == node->x);
	case INODE:
		return row->inode == node->x;
	case USER:
		return row->inode && row->uid == node->x;
	default:
		return false;
	}
}

/* --- sockets --- */

static uint16_t make_address(int family, union addr *addr, uint16_t mapped)
{
	const char *name = family == AF_INET ? PICK(four) : PICK(six);
	inet_pton(family, name, addr);
	return strncmp(name, "::ffff:", 7) == 0 ? mapped : 0;
}

static void make_sock(struct scene_sock *one)
{
	static const enum state tcp_states[] = { STATE_LISTEN, STATE_ESTABLISHED, STATE_TIME_WAIT,
		                                 STATE_BOUND,  STATE_SYN_RECV,    STATE_CLOSE_WAIT };
	static const enum state udp_states[] = { STATE_ESTABLISHED, STATE_CLOSE };
	*one = (struct scene_sock){ 0 };
	struct row *row = &one->sock.row;
	row->proto = (uint8_t)(pick(3) ? PROTO_TCP : PROTO_UDP);
	row->family = (uint8_t)(pick(2) ? AF_INET : AF_INET6);
	row->state = (uint8_t)(row->proto == PROTO_TCP ? PICK(tcp_states) : PICK(udp_states));
	row->flags = ROW_HAS_UID;
	row->flags |= make_address(row->family, &row->local, ROW_LOCAL_MAPPED);
	row->flags |= make_address(row->family, &row->remote, ROW_REMOTE_MAPPED);
	row->local_port = PICK(ports);
	row->remote_port = PICK(ports);
	row->ifindex = pick(3);
	row->inode = pick(6);
	row->uid = pick(3);
	one->extra =
		(struct sock_extra){ .mark = pick(8), .cgroup_id = 20 + pick(3), .has = EXTRA_MARK | EXTRA_CGROUP };
	one->sock.extra = &one->extra;
}

/* --- the kernel's way --- */

static uint32_t any_states(void)
{
	switch (pick(3)) {
	case 0:
		return STATE_BIT(STATE_LISTEN);
	case 1:
		return STATE_ALL & ~(STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_CLOSE) | STATE_BIT(STATE_BOUND));
	default:
		return STATE_ALL;
	}
}

static bool in_dump(const struct bytecode_dump *dump, const struct row *row)
{
	return row->proto == dump->proto && (dump->family == AF_UNSPEC || row->family == dump->family) &&
	       dump->states >> row->state & 1;
}

static bool kernel_sends(const struct bytecode *code, const struct sock *sock)
{
	const struct row *row = &sock->row;
	if (code->impossible)
		return false;
	/* The walk of the bound looks at the code alone. */
	bool looks = row->state != STATE_BOUND;
	if (looks &&
	    ((code->sport && row->local_port != code->sport) || (code->dport && row->remote_port != code->dport)))
		return false;
	return !code->len || k_run(code->data, code->len, sock);
}

static struct filter *filter_of(const char *text)
{
	struct filter_error error;
	struct filter *filter = filter_new(&scene_names);
	if (filter_add_text(filter, text, strlen(text), AF_UNSPEC, &error) < 0)
		fail_msg("\"%s\": at %zu %s", text, error.position, error.what);
	assert_int_equal(filter_close(filter), 0);
	return filter;
}

static const struct owners nobody;

static void compile(const struct filter *filter, const struct bytecode_dump *dump, struct bytecode *code,
                    struct query *query)
{
	*query = (struct query){ .protos = PROTO_BIT(dump->proto),
		                 .inet = dump->family != AF_INET6,
		                 .inet6 = dump->family != AF_INET };
	query->states[dump->proto] = dump->states;
	filter_narrow(filter, query);
	bytecode_compile(query->expr, dump, code);
	if (code->len && !k_audit(code->data, code->len, dump->mark))
		fail_msg("the kernel would refuse the code");
}

static bool left_out(const struct query *query, const struct row *row)
{
	return !(query->protos & PROTO_BIT(row->proto)) || (row->family == AF_INET && !query->inet) ||
	       (row->family == AF_INET6 && !query->inet6) || !(query->states[row->proto] >> row->state & 1);
}

/* In halves the dump tells of which one a row is; else that is not known. */
static void make_autobound(struct row *row, enum bytecode_autobound autobound)
{
	row->flags &= (uint16_t) ~(ROW_HAS_AUTOBOUND | ROW_AUTOBOUND);
	if (autobound != AUTOBOUND_ANY)
		row->flags |= ROW_HAS_AUTOBOUND;
	if (autobound == AUTOBOUND_YES)
		row->flags |= ROW_AUTOBOUND;
}

static void one_expression(uint32_t seed)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	static const enum bytecode_autobound halves[] = { AUTOBOUND_ANY, AUTOBOUND_YES, AUTOBOUND_NO };
	char text[TEXT], *end = text;
	struct bytecode code;
	struct query query;
	seed_state = seed;
	node_count = 0;
	exact = true;
	const struct node *root = make(&end, 0);
	struct filter *filter = filter_of(text);
	struct bytecode_dump dump = { .proto = pick(3) ? PROTO_TCP : PROTO_UDP,
		                      .family = PICK(families),
		                      .states = any_states(),
		                      .mark = pick(4) != 0,
		                      .autobound = PICK(halves) };
	/* netlink.c asks for it in halves. */
	if (dump.autobound == AUTOBOUND_ANY && strstr(text, "autobound"))
		dump.autobound = pick(2) ? AUTOBOUND_YES : AUTOBOUND_NO;
	compile(filter, &dump, &code, &query);
	for (int i = 0; i < SOCKETS; i++) {
		struct scene_sock one;
		make_sock(&one);
		make_autobound(&one.sock.row, dump.autobound);
		bool fits = truth(root, &one.sock);
		bool judged = filter_judge(filter, &one.sock, &nobody) == VERDICT_YES;
		if (judged != fits)
			fail_msg("seed %u: \"%s\": judged %d, is %d", seed, text, judged, fits);
		if (!in_dump(&dump, &one.sock.row))
			continue;
		bool sent = kernel_sends(&code, &one.sock);
		if (fits && (!sent || left_out(&query, &one.sock.row)))
			fail_msg("seed %u: \"%s\": a socket that fits is not sent", seed, text);
		if (exact && dump.mark && one.sock.row.state != STATE_BOUND && sent != fits &&
		    !left_out(&query, &one.sock.row))
			fail_msg("seed %u: \"%s\": a socket that does not fit is sent", seed, text);
	}
	filter_free(filter);
}

static void random_expressions(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < EXPRESSIONS; i++)
		one_expression(i * 7919u + 1);
}

/* --- what the code looks like --- */

static void compile_text(const char *text, const struct bytecode_dump *dump, struct bytecode *code)
{
	struct query query;
	struct filter *filter = filter_of(text);
	compile(filter, dump, code, &query);
	filter_free(filter);
}

static const struct bytecode_dump tcp = { .proto = PROTO_TCP, .family = AF_UNSPEC, .states = STATE_ALL, .mark = true };

static void by_hand(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint8_t data[64];
	} cases[] = {
		{ "sport = :22", 8, { K_S_EQ, 8, 12, 0, 0, 0, 22, 0 } },
		{ "sport >= :256", 8, { K_S_GE, 8, 12, 0, 0, 0, 0, 1 } },
		{ "not sport = :22", 12, { K_S_EQ, 8, 12, 0, 0, 0, 22, 0, K_JMP, 4, 8, 0 } },
		{ "sport = :22 or dport = :22", 20, { K_S_EQ, 8, 12,     0, 0,  0, 22, 0, K_JMP, 4,
		                                      12,     0, K_D_EQ, 8, 12, 0, 0,  0, 22,    0 } },
		{ "dev 7", 8, { K_DEV, 8, 12, 0, 7, 0, 0, 0 } },
		{ "src 10.0.0.0/8:80", 16, { K_S_COND, 16, 20, 0, AF_INET, 8, 0, 0, 80, 0, 0, 0, 10, 0, 0, 0 } },
		{ "fwmark = 1/3", 12, { K_MARK, 12, 16, 0, 1, 0, 0, 0, 3, 0, 0, 0 } },
		{ "cgroup /a", 12, { K_CGROUP, 12, 16, 0, 20, 0, 0, 0, 0, 0, 0, 0 } },
	};
	(void)state;
	/* The kernel reads them in the byte order of the machine. */
	if (ntohl(1) == 1)
		skip_because("the bytes are of a little-endian machine");
	for (size_t i = 0; i < countof(cases); i++) {
		struct bytecode code;
		compile_text(cases[i].text, &tcp, &code);
		assert_int_equal(code.len, cases[i].len);
		assert_memory_equal(code.data, cases[i].data, code.len);
	}
}

static void ports_of_the_request(void **state)
{
	static const struct {
		const char *text;
		uint16_t sport, dport;
	} cases[] = {
		{ "sport = :22", 22, 0 },
		{ "dport = :22 and state = established", 0, 22 },
		{ "sport = :22 dport = :23", 22, 23 },
		{ "sport = :22 or sport = :23", 0, 0 },
		{ "sport = :22,23", 0, 0 },
		{ "sport >= :22 and sport <= :22", 22, 0 },
		{ "(sport = :22 or sport = :23) and sport != :23", 22, 0 },
		{ "src 10.0.0.1:22", 22, 0 },
		{ "22", 0, 0 },
		{ "not sport = :22", 0, 0 },
		{ "program = x and sport = :22", 22, 0 },
		{ "program = x or sport = :22", 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct bytecode code;
		compile_text(cases[i].text, &tcp, &code);
		assert_int_equal(code.sport, cases[i].sport);
		assert_int_equal(code.dport, cases[i].dport);
	}
}

/* Each socket is sent in one half and not in the other. */
static void halves(void **state)
{
	static const char *const cases[] = { "autobound", "not autobound", "autobound or sport = :80",
		                             "program = x or autobound" };
	(void)state;
	assert_false(bytecode_asks_autobound(NULL));
	for (size_t i = 0; i < countof(cases); i++) {
		struct bytecode_dump dump = tcp;
		struct filter *filter = filter_of(cases[i]);
		struct bytecode code[2];
		struct query query;
		for (int half = 0; half < 2; half++) {
			dump.autobound = half ? AUTOBOUND_NO : AUTOBOUND_YES;
			compile(filter, &dump, &code[half], &query);
		}
		assert_true(bytecode_asks_autobound(query.expr));
		assert_int_equal(code[1].impossible, strcmp(cases[i], "autobound") == 0);
		for (int chosen = 0; chosen < 2; chosen++) {
			struct sock sock = { .row = { .proto = PROTO_TCP,
				                      .family = AF_INET,
				                      .local_port = 80,
				                      .state = STATE_ESTABLISHED,
				                      .flags = chosen ? ROW_AUTOBOUND : 0 } };
			assert_false(kernel_sends(&code[chosen], &sock));
		}
		filter_free(filter);
	}
}

static void nothing_to_ask(void **state)
{
	static const char *const cases[] = { "udp:53", "src unix:/x", "sport < :0", "sport = :1 sport = :2" };
	struct bytecode_dump four_only = tcp;
	struct bytecode code;
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		compile_text(cases[i], &tcp, &code);
		assert_true(code.impossible);
	}
	four_only.family = AF_INET;
	compile_text("src [::1]", &four_only, &code);
	assert_true(code.impossible);
	bytecode_compile(NULL, &tcp, &code);
	assert_false(code.impossible);
	assert_int_equal(code.len, 0);
}

static void same_code(const char *text, const struct bytecode_dump *dump, const char *same_as)
{
	struct bytecode code, same;
	compile_text(text, dump, &code);
	compile_text(same_as, &tcp, &same);
	assert_int_equal(code.len, same.len);
	assert_memory_equal(code.data, same.data, code.len);
}

/* It is left out where that lets more through, never where it would let less. */
static void what_the_kernel_can_not_judge(void **state)
{
	struct bytecode code;
	struct bytecode_dump no_mark = tcp, no_code = tcp;
	(void)state;
	compile_text("program = x or sport = :22", &tcp, &code);
	assert_int_equal(code.len, 0);
	assert_false(code.impossible);
	same_code("program = x and sport = :22", &tcp, "sport = :22");
	same_code("not ( user = 7 or sport = :22 )", &tcp, "not sport = :22");
	same_code("sport > :22 and not ( inode = 7 and sport = :80 )", &tcp, "sport > :22");
	same_code("state = listen and dport = :22", &tcp, "dport = :22");
	no_mark.mark = false;
	same_code("fwmark = 1 and sport = :22", &no_mark, "sport = :22");
	no_code.plain = true;
	compile_text("sport = :22 and dport != :23", &no_code, &code);
	assert_int_equal(code.len, 0);
	assert_int_equal(code.sport, 22);
}

static char *long_list(const char *head, const char *item, size_t count, const char *tail)
{
	char *text = malloc(strlen(head) + count * 24 + strlen(tail) + 1), *to = stpcpy(text, head);
	for (size_t i = 0; i < count; i++)
		to += sprintf(to, "%s%zu", i ? item : "", 2 * i + 1000);
	strcpy(to, tail);
	return text;
}

/* True if the code lets a TCP socket of this local port and remote port through. */
static bool passes(const struct bytecode *code, uint16_t sport, uint16_t dport)
{
	struct scene_sock one = { .sock.row = { .family = AF_INET,
		                                .proto = PROTO_TCP,
		                                .local_port = sport,
		                                .remote_port = dport,
		                                .state = STATE_ESTABLISHED } };
	one.sock.extra = &one.extra;
	return kernel_sends(code, &one.sock);
}

static void lists_of_any_length(void **state)
{
	struct bytecode code;
	(void)state;
	/* exact up to some length: even ports from 1000 */
	char *text = long_list("sport = :", ",", 128, "");
	compile_text(text, &tcp, &code);
	for (uint16_t port = 990; port < 1300; port++)
		assert_int_equal(passes(&code, port, 1), port >= 1000 && port <= 1254 && port % 2 == 0);
	free(text);
	/* then by its ends */
	text = long_list("sport = :", ",", 1000, "");
	compile_text(text, &tcp, &code);
	assert_true(code.len > 0);
	assert_true(passes(&code, 1000, 1) && passes(&code, 2998, 1) && passes(&code, 1001, 1));
	assert_false(passes(&code, 999, 1) || passes(&code, 2999, 1));
	free(text);
	/* under a NOT nothing is cut away that might fit */
	text = long_list("not sport = :", ",", 1000, "");
	compile_text(text, &tcp, &code);
	assert_true(passes(&code, 1001, 1) && passes(&code, 1000, 1));
	free(text);
	/* what is too long to say at all lets everything through */
	text = long_list("sport = :", " or dport = :", 2000, "");
	compile_text(text, &tcp, &code);
	assert_int_equal(code.len, 0);
	assert_true(passes(&code, 1, 1));
	free(text);
	/* but for the conditions beside it that can be said */
	text = long_list("dport = :7 and ( sport = :", " or dport = :", 2000, " )");
	compile_text(text, &tcp, &code);
	assert_true(passes(&code, 1, 7));
	assert_false(passes(&code, 1, 8));
	free(text);
}

static void deep_filters(void **state)
{
	char text[TEXT * 8], *to = text;
	struct bytecode code;
	(void)state;
	for (int i = 0; i < 500; i++)
		to = add(to, "(dport = :1 or (dport != :2 and ");
	to = add(to, "sport = :22");
	for (int i = 0; i < 500; i++)
		to = add(to, "))");
	compile_text(text, &tcp, &code);
	assert_true(passes(&code, 22, 3));
	assert_true(passes(&code, 23, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_expressions),
		cmocka_unit_test(by_hand),
		cmocka_unit_test(halves),
		cmocka_unit_test(ports_of_the_request),
		cmocka_unit_test(nothing_to_ask),
		cmocka_unit_test(what_the_kernel_can_not_judge),
		cmocka_unit_test(lists_of_any_length),
		cmocka_unit_test(deep_filters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
