// SPDX-License-Identifier: MIT
/* parts.c - one dump of very many TCP sockets in parts (parts.h). */
#include "collect/parts.h"

#include <stdlib.h>
#include <string.h>

#include <sockview/cpus.h>
#include <sockview/exchange.h>
#include <sockview/proto.h>
#include <sockview/sandbox.h>
#include <sockview/sockstat.h>

#include "collect/family.h"

enum {
	ROWS_WORTH = 50000, /* a dump of fewer takes the kernel less than 40 ms */
	/*
	 * Percent of the rows that the largest part may have: a part costs a tenth
	 * more than its share, as the kernel runs bytecode for each socket it passes.
	 */
	LARGEST = 74,
};

/* Beside the parts' wires: the listing's own, and that of the sample. */
_Static_assert(PARTS_MAX + 2 <= SANDBOX_SOCKETS, "the sandbox lets each wire through");

struct parts {
	struct sandbox_grants *grants;
	int fd[PARTS_MAX + 1]; /* that the sandbox lets through */
	size_t fds;
	bool any; /* however little a cut is worth */
	unsigned wanted;
	struct wire *sample; /* NULL: looked at */
	struct wire *merged;
	struct parts_cut cut;
	struct wire *wire[PARTS_MAX]; /* until they are merged */
};

/* --- is it worth it? --- */

/* About how many rows there are to come. */
static uint32_t rows_to_come(const struct request *request, const struct query *query, int proc_net_fd)
{
	uint32_t states = query->states[request->proto], all = 0, some;
	static const int families[] = { AF_INET, AF_INET6 };
	for (size_t i = 0; i < 2 && states & STATE_BIT(STATE_ESTABLISHED); i++)
		if ((request->family == AF_UNSPEC || request->family == families[i]) &&
		    sockstat_in_use(proc_net_fd, "", request->proto, families[i], &some))
			all += some;
	/* Of both families. */
	if (states & STATE_BIT(STATE_TIME_WAIT) && sockstat_time_wait(proc_net_fd, "", &some))
		all += some;
	return all;
}

static struct wire *parts_connect_one(struct parts *parts)
{
	struct wire *wire = wire_kernel();
	if (!wire || !parts->grants)
		return wire;
	if (!sandbox_grant_socket(parts->grants, wire->fd)) {
		wire_close(wire);
		return NULL;
	}
	parts->fd[parts->fds++] = wire->fd;
	wire->confined = true;
	return wire;
}

static bool parts_connect(struct parts *parts)
{
	parts->sample = parts_connect_one(parts);
	bool all = parts->sample != NULL;
	for (unsigned i = 0; i < parts->wanted && all; i++)
		all = (parts->wire[i] = parts_connect_one(parts)) != NULL;
	return all;
}

struct parts *parts_open(const struct request *request, const struct query *query, int proc_net_fd,
                         const struct parts_wish *wish)
{
	unsigned wanted = wish->wanted, busy = wish->busy;
	uint32_t before = STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_BOUND);
	if (request->proto != PROTO_TCP || wanted == 1 || !(query->states[PROTO_TCP] & ~before))
		return NULL;
	if (!wanted && rows_to_come(request, query, proc_net_fd) < ROWS_WORTH)
		return NULL;
	unsigned idle = wanted ? wanted + busy : cpus_idle();
	unsigned count = idle > busy ? idle - busy : 1;
	struct parts *parts = count > 1 ? calloc(1, sizeof(*parts)) : NULL;
	if (!parts)
		return NULL;
	parts->any = wanted;
	parts->grants = wish->grants;
	parts->wanted = count < PARTS_MAX ? count : PARTS_MAX;
	if (parts_connect(parts))
		return parts;
	parts_free(parts);
	return NULL;
}

void parts_free(struct parts *parts)
{
	if (!parts)
		return;
	for (unsigned i = 0; i < PARTS_MAX; i++)
		wire_close(parts->wire[i]);
	wire_close(parts->merged);
	wire_close(parts->sample);
	for (size_t i = 0; i < parts->fds; i++)
		sandbox_revoke_socket(parts->grants, parts->fd[i]);
	free(parts);
}

/* --- where it is cut --- */

static int by_port(const void *a, const void *b)
{
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

/* Behind `least`, where the port before goes over to another, nearest to `at`. 0: nowhere. */
static size_t cut_near(const uint16_t *port, size_t rows, size_t least, size_t at)
{
	size_t below = at, above = at;
	while (below > least && port[below] == port[below - 1])
		below--;
	while (above < rows && above && port[above] == port[above - 1])
		above++;
	if (below <= least)
		return above < rows ? above : 0;
	return above < rows && above - at < at - below ? above : below;
}

/* Its largest part, in rows. */
static size_t cut_by(uint16_t *port, size_t rows, unsigned wanted, struct parts_cut *cut)
{
	size_t largest = 0, last = 0;
	qsort(port, rows, sizeof(*port), by_port);
	*cut = (struct parts_cut){ .count = 1 };
	for (unsigned i = 1; i < wanted; i++) {
		size_t at = cut_near(port, rows, last, i * rows / wanted);
		if (at <= last)
			continue;
		cut->from[cut->count++] = port[at];
		largest = at - last > largest ? at - last : largest;
		last = at;
	}
	return rows - last > largest ? rows - last : largest;
}

void parts_choose(uint16_t *local, uint16_t *remote, size_t rows, unsigned wanted, bool any, struct parts_cut *cut)
{
	struct parts_cut other;
	size_t by_local = cut_by(local, rows, wanted, cut), by_remote = cut_by(remote, rows, wanted, &other);
	if (by_remote < by_local) {
		*cut = other;
		cut->remote = true;
		by_local = by_remote;
	}
	if (!any && by_local * 100 > rows * LARGEST)
		cut->count = 1;
}

/* --- the sample --- */

struct sample {
	enum proto proto;
	size_t rows;
	struct decoded decoded;
	uint16_t local[PARTS_SAMPLE], remote[PARTS_SAMPLE];
};

static int sample_row(void *context, const struct nlmsghdr *message, const void *payload, size_t len)
{
	struct sample *sample = context;
	(void)message;
	if (!decode_inet(payload, len, sample->proto, 0, &sample->decoded))
		return 0;
	sample->local[sample->rows] = sample->decoded.sock.row.local_port;
	sample->remote[sample->rows] = sample->decoded.sock.row.remote_port;
	return ++sample->rows == PARTS_SAMPLE;
}

void parts_sample(struct parts *parts, const struct request *request, const struct query *query)
{
	char bytes[REQUEST_SIZE] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct bytecode none = { .len = 0 };
	struct sample *sample = calloc(1, sizeof(*sample));
	struct exchange exchange;
	if (parts->cut.count || !sample || exchange_start(&exchange, parts->sample) < 0) {
		free(sample);
		return;
	}
	struct query ports = *query;
	ports.want = 0;
	sample->proto = request->proto;
	request_build(request, &ports, &none, 0, bytes, sizeof(bytes));
	exchange_ask(&exchange, (struct nlmsghdr *)bytes, sample_row, sample);
	exchange_close(&exchange);
	/* Closed, so that the kernel gives the rest up. */
	wire_close(parts->sample);
	parts->sample = NULL;
	parts->cut.count = 1;
	if (sample->rows > (parts->any ? 1 : PARTS_SAMPLE / 2))
		parts_choose(sample->local, sample->remote, sample->rows, parts->wanted, parts->any, &parts->cut);
	free(sample);
}

unsigned parts_count(const struct parts *parts)
{
	return parts->cut.count ? parts->cut.count : 1;
}

/* --- the parts --- */

void parts_code(const struct parts *parts, unsigned part, struct bytecode *code)
{
	const struct parts_cut *cut = &parts->cut;
	uint16_t last = part + 1 < cut->count ? cut->from[part + 1] - 1 : UINT16_MAX;
	struct expr_range range = { cut->from[part], last };
	struct bytecode_writer writer = { .data = code->data, .limit = BYTECODE_MAX };
	bytecode_port(&writer, cut->remote ? EXPR_REMOTE : EXPR_LOCAL, range, BYTECODE_PASS, BYTECODE_REJECT);
	/*
	 * Sockets without a remote port are the first part's alone: those that are
	 * bound only, and connections to or from port 0, which the kernel makes.
	 */
	if (!cut->remote)
		bytecode_port(&writer, EXPR_REMOTE, (struct expr_range){ 1, UINT16_MAX }, (int)writer.at,
		              part ? BYTECODE_REJECT : BYTECODE_PASS);
	code->len = writer.at;
	code->sport = code->dport = 0;
	code->impossible = false;
	memmove(code->data, code->data + BYTECODE_MAX - writer.at, writer.at);
}

struct wire *parts_wire(struct parts *parts)
{
	unsigned count = parts->cut.count;
	if (!parts->merged) {
		parts->merged = wire_merge(parts->wire, count);
		memset(parts->wire, 0, count * sizeof(*parts->wire));
		/* The wires are closed: another try is one dump. */
		if (!parts->merged)
			parts->cut.count = 1;
	}
	return parts->merged;
}
