// SPDX-License-Identifier: MIT
/*
 * bytecode.c - a filter's tree to the kernel's ops (bytecode.h).
 *
 * First every node is given a plan, from the leaves up: true, false, or code.
 * A node that the kernel cannot judge is planned so that the whole lets through too
 * much rather than too little: true where it is wanted, false under a NOT.
 * Then the code is written from its end to its beginning, so that every place
 * a test can go on at is known already.
 *
 *   a or (b and not c)   ->   a: no->1   JMP pass   1: b: no->reject   c: no->pass   JMP reject
 */
#include "collect/bytecode.h"

#include <stdlib.h>
#include <string.h>

/* Of a longer list of ports only the lowest and the highest are judged (PLAN_COARSE), of cgroups nothing. */
enum { PORT_RANGES_MAX = 128, CGROUPS_MAX = 32 };

/* Bytes kept free for the test of autobound that stands before all others: an op and a jump. */
enum { AUTOBOUND_ROOM = 8 };

/* PLAN_COARSE: a list of ports, of which only the lowest and the highest are told. */
enum plan { PLAN_FALSE, PLAN_TRUE, PLAN_CODE, PLAN_COARSE };

struct compiler {
	const struct expr *expr;
	const struct bytecode_dump *dump;
	struct bytecode_writer writer;
	uint8_t *plan; /* enum plan by node */
};

static enum plan plan_node(struct compiler *compiler, uint32_t index, bool wanted);

static enum plan plan_of(bool yes)
{
	return yes ? PLAN_TRUE : PLAN_FALSE;
}

/* --- planning --- */

static enum plan plan_list(struct compiler *compiler, const struct expr_node *node, bool wanted)
{
	enum plan settles = plan_of(node->kind == EXPR_OR), plan = plan_of(node->kind == EXPR_AND);
	for (uint32_t i = node->child; i; i = compiler->expr->node[i].next) {
		enum plan child = plan_node(compiler, i, wanted);
		if (child == settles)
			return settles;
		if (child >= PLAN_CODE)
			plan = PLAN_CODE;
	}
	return plan;
}

static enum plan plan_not(struct compiler *compiler, const struct expr_node *node, bool wanted)
{
	enum plan child = plan_node(compiler, node->child, !wanted);
	return child >= PLAN_CODE ? PLAN_CODE : plan_of(child == PLAN_FALSE);
}

static enum plan plan_host(const struct compiler *compiler, const struct expr_node *node, bool wanted)
{
	if (compiler->dump->family == AF_INET && node->family == AF_INET6)
		return PLAN_FALSE;
	/* A listener that serves the address has another: the ports alone are asked for. */
	if (node->mask & EXPR_HOST_SERVED)
		return !wanted ? PLAN_FALSE : node->ranges.count > PORT_RANGES_MAX ? PLAN_TRUE : PLAN_CODE;
	if (node->ranges.count <= PORT_RANGES_MAX)
		return PLAN_CODE;
	return wanted ? PLAN_COARSE : PLAN_FALSE;
}

static enum plan plan_state(const struct compiler *compiler, const struct expr_node *node, bool wanted)
{
	/* A row in NEW_SYN_RECV carries SYN_RECV (row.h). */
	uint32_t asked = compiler->dump->states & ~STATE_BIT(STATE_NEW_SYN_RECV);
	if (!(asked & node->mask))
		return PLAN_FALSE;
	return (asked & ~node->mask) == 0 ? PLAN_TRUE : plan_of(wanted);
}

static enum plan plan_family(const struct compiler *compiler, const struct expr_node *node)
{
	if (node->family != AF_INET && node->family != AF_INET6)
		return PLAN_FALSE;
	if (compiler->dump->family == AF_UNSPEC)
		return PLAN_CODE;
	return plan_of(compiler->dump->family == node->family);
}

static enum plan plan_leaf(const struct compiler *compiler, const struct expr_node *node, bool wanted)
{
	switch ((enum expr_kind)node->kind) {
	case EXPR_ALL:
		return PLAN_TRUE;
	case EXPR_NONE:
	case EXPR_UNIX:
		return PLAN_FALSE;
	case EXPR_PROTO:
		return plan_of(node->mask & PROTO_BIT(compiler->dump->proto));
	case EXPR_STATE:
		return plan_state(compiler, node, wanted);
	case EXPR_FAMILY:
		return plan_family(compiler, node);
	case EXPR_HOST:
		return plan_host(compiler, node, wanted);
	case EXPR_DEV:
		return PLAN_CODE;
	case EXPR_AUTOBOUND:
		return compiler->dump->autobound == AUTOBOUND_NO ? PLAN_FALSE : PLAN_CODE;
	case EXPR_MARK:
		return compiler->dump->mark ? PLAN_CODE : plan_of(wanted);
	case EXPR_CGROUP:
		return node->numbers.count && node->numbers.count <= CGROUPS_MAX ? PLAN_CODE : plan_of(wanted);
	default:
		return plan_of(wanted);
	}
}

static enum plan plan_node(struct compiler *compiler, uint32_t index, bool wanted)
{
	const struct expr_node *node = &compiler->expr->node[index];
	enum plan plan;
	if (node->kind == EXPR_AND || node->kind == EXPR_OR)
		plan = plan_list(compiler, node, wanted);
	else if (node->kind == EXPR_NOT)
		plan = plan_not(compiler, node, wanted);
	else
		plan = plan_leaf(compiler, node, wanted);
	compiler->plan[index] = (uint8_t)plan;
	return plan;
}

/* --- writing --- */

static void write_node(struct compiler *compiler, uint32_t index, int yes, int no);

/* The children that are code, in an array of their own, since they are written last to first. */
static uint32_t *code_children(const struct compiler *compiler, const struct expr_node *node, size_t *count)
{
	*count = 0;
	for (uint32_t i = node->child; i; i = compiler->expr->node[i].next)
		*count += compiler->plan[i] >= PLAN_CODE;
	uint32_t *children = calloc(*count + 1, sizeof(*children));
	size_t at = 0;
	for (uint32_t i = node->child; children && i; i = compiler->expr->node[i].next)
		if (compiler->plan[i] >= PLAN_CODE)
			children[at++] = i;
	return children;
}

/* Each child but the last goes on at the next child, unless its result is that of the whole list. */
static void write_list(struct compiler *compiler, const struct expr_node *node, int yes, int no)
{
	struct bytecode_writer *writer = &compiler->writer;
	size_t count;
	uint32_t *children = code_children(compiler, node, &count);
	bool all = node->kind == EXPR_AND;
	writer->full |= !children;
	for (size_t i = children ? count : 0; i-- > 0 && !writer->full;) {
		bool last = i + 1 == count;
		int next = (int)writer->at;
		write_node(compiler, children[i], all && !last ? next : yes, !all && !last ? next : no);
	}
	free(children);
}

/*
 * Ranges [first, end): halves, each again in halves, so that a list costs a
 * socket as many tests as its number of ranges has binary digits.
 */
static void write_ranges(struct bytecode_writer *writer, const struct expr_range *range, size_t count,
                         enum expr_end end, int yes, int no)
{
	if (count == 1) {
		bytecode_port(writer, end, range[0], yes, no);
		return;
	}
	size_t half = count / 2;
	write_ranges(writer, range, half, end, yes, no);
	int lower = (int)writer->at;
	write_ranges(writer, range + half, count - half, end, yes, no);
	struct expr_range upper = { range[half].low, 65535 };
	bytecode_port(writer, end, upper, (int)writer->at, lower);
}

/* One end of a HOST: ports, then the interface, then the address. */
static void write_end(struct compiler *compiler, const struct expr_node *node, enum expr_end end, bool coarse, int yes,
                      int no)
{
	struct bytecode_writer *writer = &compiler->writer;
	size_t count = node->ranges.count;
	const struct expr_range *range = count ? compiler->expr->range + node->ranges.first : NULL;
	struct expr_range whole = { count ? range[0].low : 0, count ? range[count - 1].high : 0 };
	bool one = count == 1 && range[0].low == range[0].high && node->family != AF_UNSPEC;
	if (node->family != AF_UNSPEC) {
		bytecode_host(writer, node, end, one ? (int32_t)range[0].low : -1, yes, no);
		yes = (int)writer->at;
	}
	if (node->value) {
		bytecode_device(writer, node->value, yes, no);
		yes = (int)writer->at;
	}
	if (one || !count)
		bytecode_jump(writer, yes);
	else
		write_ranges(writer, coarse ? &whole : range, coarse ? 1 : count, end, yes, no);
}

static void write_host(struct compiler *compiler, const struct expr_node *node, bool coarse, int yes, int no)
{
	struct expr_node ports = *node;
	if (node->mask & EXPR_HOST_SERVED) {
		ports.family = AF_UNSPEC;
		node = &ports;
	}
	if (node->end & EXPR_REMOTE) {
		write_end(compiler, node, EXPR_REMOTE, coarse, yes, no);
		no = (int)compiler->writer.at;
	}
	if (node->end & EXPR_LOCAL)
		write_end(compiler, node, EXPR_LOCAL, coarse, yes, no);
}

static void write_cgroups(struct compiler *compiler, const struct expr_node *node, int yes, int no)
{
	for (uint32_t i = 0; i < node->numbers.count; i++) {
		bytecode_cgroup(&compiler->writer, compiler->expr->number[node->numbers.first + i], yes, no);
		no = (int)compiler->writer.at;
	}
}

static void write_node(struct compiler *compiler, uint32_t index, int yes, int no)
{
	const struct expr_node *node = &compiler->expr->node[index];
	struct bytecode_writer *writer = &compiler->writer;
	switch ((enum expr_kind)node->kind) {
	case EXPR_AND:
	case EXPR_OR:
		write_list(compiler, node, yes, no);
		break;
	case EXPR_NOT:
		write_node(compiler, node->child, no, yes);
		break;
	case EXPR_HOST:
		write_host(compiler, node, compiler->plan[index] == PLAN_COARSE, yes, no);
		break;
	case EXPR_AUTOBOUND:
		bytecode_port(writer, EXPR_LOCAL, compiler->expr->range[node->ranges.first], yes, no);
		break;
	case EXPR_FAMILY:
		if (node->family == AF_INET6)
			bytecode_is_ipv6(writer, yes, no);
		else
			bytecode_is_ipv6(writer, no, yes);
		break;
	case EXPR_DEV:
		bytecode_device(writer, node->value, yes, no);
		break;
	case EXPR_MARK:
		bytecode_mark(writer, node->value, node->mask, yes, no);
		break;
	case EXPR_CGROUP:
		write_cgroups(compiler, node, yes, no);
		break;
	default: /* planned as true or false: never written */
		writer->full = true;
	}
}

/* Conditions that must all hold: those that do not fit any more are left out. */
static void write_root(struct compiler *compiler)
{
	const struct expr_node *root = &compiler->expr->node[compiler->expr->root];
	struct bytecode_writer *writer = &compiler->writer;
	if (root->kind != EXPR_AND) {
		write_node(compiler, compiler->expr->root, BYTECODE_PASS, BYTECODE_REJECT);
		if (writer->full)
			writer->at = writer->full = 0;
		return;
	}
	for (uint32_t i = root->child; i; i = compiler->expr->node[i].next) {
		struct bytecode_writer before = *writer;
		if (compiler->plan[i] >= PLAN_CODE)
			write_node(compiler, i, (int)writer->at, BYTECODE_REJECT);
		if (writer->full)
			*writer = before;
	}
}

bool bytecode_asks_autobound(const struct expr *expr)
{
	for (size_t i = 0; expr && i < expr->node_count; i++)
		if (expr->node[i].kind == EXPR_AUTOBOUND)
			return true;
	return false;
}

/* --- ports in the request itself --- */

/* idiag_sport, idiag_dport: compared before the code runs, also by kernels that refuse it; not for BOUND sockets. */
static uint16_t only_port(const struct expr *expr, enum expr_end end, bool *impossible)
{
	struct expr_ports ports;
	if (!expr_ports(expr, end, &ports))
		return 0;
	*impossible |= !ports.count;
	bool one = ports.count == 1 && ports.range[0].low == ports.range[0].high;
	return one ? (uint16_t)ports.range[0].low : 0;
}

void bytecode_compile(const struct expr *expr, const struct bytecode_dump *dump, struct bytecode *code)
{
	struct compiler compiler = { .expr = expr, .dump = dump, .writer = { .data = code->data } };
	code->len = code->sport = code->dport = 0;
	code->impossible = false;
	if (!expr || !expr->root)
		return;
	code->sport = only_port(expr, EXPR_LOCAL, &code->impossible);
	code->dport = only_port(expr, EXPR_REMOTE, &code->impossible);
	compiler.writer.limit = BYTECODE_MAX - (dump->autobound == AUTOBOUND_ANY ? 0 : AUTOBOUND_ROOM);
	compiler.plan = dump->plain ? NULL : malloc(expr->node_count);
	if (!compiler.plan) /* or out of memory: the caller judges all rows again */
		return;
	enum plan plan = plan_node(&compiler, expr->root, true);
	if (plan >= PLAN_CODE)
		write_root(&compiler);
	struct bytecode_writer *writer = &compiler.writer;
	writer->limit = BYTECODE_MAX;
	/* Before all other tests: a dump of the one kind has none of the other. */
	if (dump->autobound == AUTOBOUND_YES)
		bytecode_autobound(writer, (int)writer->at, BYTECODE_REJECT);
	if (dump->autobound == AUTOBOUND_NO)
		bytecode_autobound(writer, BYTECODE_REJECT, (int)writer->at);
	code->len = writer->at;
	memmove(code->data, code->data + BYTECODE_MAX - writer->at, writer->at);
	code->impossible |= plan == PLAN_FALSE;
	free(compiler.plan);
}
