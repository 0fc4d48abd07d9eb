// SPDX-License-Identifier: MIT
/*
 * bare_target.c - a word that stands for itself, in every spelling of target.h.
 * In FILTER either end of the socket will do.
 */
#include <sockview/target.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/column_table.h>
#include <sockview/near.h>
#include <sockview/proto.h>

#include "select/reading.h"

#define EXPECTED_CONDITION \
	"a condition (sport = :22, src 10.0.0.0/8, state listen, program = nginx ...), " \
	"a port, a service, an address or a host"

static bool any_of(struct piece piece, const char *set)
{
	for (size_t i = 0; i < piece.len; i++)
		if (piece.text[i] && strchr(set, piece.text[i]))
			return true;
	return false;
}

/* The protocols that the first `len` bytes name; tcp6 as netstat writes it. */
static unsigned named_protos(struct piece piece, size_t len, int *family)
{
	return protos_by_word(piece.text, len, family) & PROTO_INET_ALL;
}

/* Takes off `tcp:` and `tcp/` before the target, `/tcp` behind it. 0: there is none. */
static unsigned take_protos(struct piece *piece, int *family)
{
	size_t len = 0;
	while (len < piece->len && piece->text[len] != ':' && piece->text[len] != '/')
		len++;
	unsigned protos = len < piece->len ? named_protos(*piece, len, family) : 0;
	if (protos) {
		*piece = piece_from(*piece, len + 1);
		return protos;
	}
	const char *slash = memrchr(piece->text, '/', piece->len);
	if (!slash)
		return 0;
	len = (size_t)(slash - piece->text);
	protos = named_protos(piece_from(*piece, len + 1), piece->len - len - 1, family);
	if (protos)
		piece->len = len;
	return protos;
}

static uint32_t ports_node(struct reading *reading, struct piece piece)
{
	struct expr_node node = { .kind = EXPR_HOST, .end = EXPR_EITHER };
	bool any;
	if (ports_read(reading, piece, &node.ranges, &any) < 0)
		return EXPR_FAILED;
	return any ? 0 : reading_add(reading, &node);
}

/* The state or column that a mistyped word may have meant; NULL if none is near. */
static const char *nearest_word(struct piece piece)
{
	char word[NEAR_LONGEST + 1];
	const struct column *column = column_nearest(piece.text, piece.len);
	size_t least = piece.len / 3 + 1;
	if (column && piece_copy(piece, word, sizeof(word)))
		least = near_distance(word, column->name);
	/* Of a column and a state that are as near, the state: it may stand alone. */
	const char *state = state_nearest(piece, column ? least + 1 : least);
	return state ? state : column ? column->name : NULL;
}

static uint32_t unknown_word(struct reading *reading, struct piece piece)
{
	char expected[sizeof(reading->error->expected)];
	const char *near = nearest_word(piece);
	snprintf(expected, sizeof(expected), "%s%s%s", near ? near : "", near ? "? " : "", EXPECTED_CONDITION);
	return reading_fail(reading, piece.at, expected, "unknown word \"%.*s\"", PIECE_ARGS(piece));
}

/* ngin*, which no host is named. */
static bool is_pattern(struct piece piece)
{
	return any_of(piece, "*?[") && !any_of(piece, ":/%") &&
	       any_of(piece, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* A word of letters: a state, a service, a host of /etc/hosts. */
static uint32_t name_node(struct reading *reading, struct piece piece)
{
	size_t at = piece.at;
	if (state_mask_by_name(piece.text, piece.len)) {
		if (reading->strict)
			return reading_fail(reading, at, "`state = S`", "the state \"%.*s\" without its key",
			                    PIECE_ARGS(piece));
		reading->states_said = reading->word = true;
		return state_read(reading, piece);
	}
	uint32_t node = ports_node(reading, piece);
	if (node != EXPR_FAILED || !reading->error->what[0])
		return node;
	reading->word = !any_of(piece, ",");
	reading->known_hosts = true;
	node = host_read(reading, piece, EXPR_EITHER);
	reading->known_hosts = false;
	if (node == EXPR_FAILED && reading->error->what[0])
		return unknown_word(reading, piece);
	return node;
}

/* 192.0.2.7, or db.example, which may as well be a program (python3.11): the network is not asked for it. */
static uint32_t dotted_node(struct reading *reading, struct piece piece)
{
	reading->known_hosts = true;
	uint32_t node = host_read(reading, piece, EXPR_EITHER);
	reading->known_hosts = false;
	if (node != EXPR_FAILED || !reading->error->what[0] || piece_consists_of(piece, "0123456789."))
		return node;
	return reading_fail(reading, piece.at, "an address, or a name in /etc/hosts; `host NAME` asks the DNS",
	                    "unknown host \"%.*s\"", PIECE_ARGS(piece));
}

/* The parts around the last `mark`; false if there is none. */
static bool split_last(struct piece piece, char mark, struct piece *head, struct piece *tail)
{
	const char *at = memrchr(piece.text, mark, piece.len);
	if (!at)
		return false;
	size_t len = (size_t)(at - piece.text);
	*head = (struct piece){ piece.text, len, piece.at };
	*tail = piece_from(piece, len + 1);
	return true;
}

/* 127.0.0.1.8080 and *.8080, as the netstat of BSD and macOS writes them. */
static bool split_dotted(struct piece piece, struct piece *head, struct piece *tail)
{
	size_t dots = 0;
	for (size_t i = 0; i < piece.len; i++)
		dots += piece.text[i] == '.';
	if (!split_last(piece, '.', head, tail) || !piece_consists_of(*tail, "0123456789"))
		return false;
	return (dots == 4 && piece_consists_of(*head, "0123456789.")) || piece_is(*head, "*");
}

/*
 * An IPv6 address without brackets, and a port behind it, as netstat writes
 * them: fe80::1%lo:80, :::80. In ::1:3000 the last group may be either, and
 * both fit, unless the caller wants a port.
 */
static uint32_t open_ipv6(struct reading *reading, struct piece piece, struct piece head, struct piece tail)
{
	bool whole = piece_is_ipv6(piece) && !memchr(head.text, '%', head.len);
	uint64_t number;
	if (whole && !(piece_consists_of(tail, "0123456789") && piece_number(tail, 65535, &number)))
		return host_read(reading, piece, EXPR_EITHER);
	uint32_t with_port = place_read(reading, head, tail, EXPR_EITHER);
	if (!whole || reading->last_group_is_port || with_port == EXPR_FAILED)
		return with_port;
	if (reading->strict)
		return reading_fail(reading, piece.at, "[ADDR]:PORT, or [ADDR]",
		                    "\"%.*s\" may be an address, or a port behind one", PIECE_ARGS(piece));
	struct expr_list list = { .kind = EXPR_OR };
	reading->two_readings = true;
	expr_list_add(reading->expr, &list, with_port);
	expr_list_add(reading->expr, &list, host_read(reading, piece, EXPR_EITHER));
	return reading_keep(reading, expr_list_close(reading->expr, &list));
}

static uint32_t plain_target(struct reading *reading, struct piece piece)
{
	struct piece head, tail;
	bool double_colon = piece.len > 1 && memcmp(piece.text, "::", 2) == 0;
	if (!piece.len || piece_is(piece, "*") || (piece.text[0] == ':' && !double_colon))
		return ports_node(reading, piece);
	if (piece_consists_of(piece, "0123456789,-"))
		return ports_node(reading, piece);
	if (split_dotted(piece, &head, &tail))
		return place_read(reading, head, tail, EXPR_EITHER);
	if (split_last(piece, ':', &head, &tail) && tail.len && piece_is_ipv6(head))
		return open_ipv6(reading, piece, head, tail);
	/* A host alone is no port: python3.11 is a program, and no name to ask a server for. */
	if (reading->last_group_is_port && !any_of(piece, "[]/:*%,") && !piece_consists_of(piece, "0123456789.") &&
	    any_of(piece, ".")) {
		reading->word = true;
		return reading_fail(reading, piece.at, EXPECTED_PORT, "unknown service \"%.*s\"", PIECE_ARGS(piece));
	}
	if (reading->family != AF_UNIX && is_pattern(piece))
		return unknown_word(reading, piece);
	if (any_of(piece, "[]/:*%"))
		return host_read(reading, piece, EXPR_EITHER);
	return any_of(piece, ".") ? dotted_node(reading, piece) : name_node(reading, piece);
}

/* SCHEME://[USER@]HOST[:PORT][/...]: its host, and its port or the scheme's. False: it is no URL. */
static bool url_split(struct piece piece, struct piece *scheme, struct piece *place)
{
	const char *mark = memmem(piece.text, piece.len, "://", 3);
	if (!mark || mark == piece.text)
		return false;
	size_t len = (size_t)(mark - piece.text);
	*scheme = (struct piece){ piece.text, len, piece.at };
	*place = piece_from(piece, len + 3);
	for (len = 0; len < place->len && !strchr("/?#", place->text[len]);)
		len++;
	place->len = len;
	const char *user = memrchr(place->text, '@', place->len);
	if (user)
		*place = piece_from(*place, (size_t)(user - place->text) + 1);
	return true;
}

static uint32_t url_read(struct reading *reading, struct piece scheme, struct piece place)
{
	struct piece host = place, port = { NULL, 0, 0 };
	if (!place.len)
		return reading_fail(reading, place.at, EXPECTED_HOST, "a URL without a host");
	const char *bracket = memrchr(place.text, ']', place.len);
	size_t from = bracket ? (size_t)(bracket - place.text) : 0;
	const char *colon = memchr(place.text + from, ':', place.len - from);
	if (colon) {
		host.len = (size_t)(colon - place.text);
		port = piece_from(place, host.len + 1);
	}
	if (place.text[0] == '[') {
		host = (struct piece){ place.text + 1, from ? from - 1 : 0, place.at + 1 };
		if (!bracket || !piece_is_ipv6(host) || (from + 1 < place.len && place.text[from + 1] != ':'))
			return reading_fail(reading, place.at, EXPECTED_HOST, "bad address \"%.*s\"",
			                    PIECE_ARGS(place));
	}
	return place_read(reading, host, port.len ? port : scheme, EXPR_EITHER);
}

/* The target, and that the socket's protocol is one of `protos`. */
static uint32_t proto_target(struct reading *reading, struct piece piece, unsigned protos, int family)
{
	unsigned outer = reading->protos;
	struct expr_list list = { .kind = EXPR_AND };
	reading->protos = protos;
	uint32_t node = plain_target(reading, piece);
	reading->protos = outer;
	if (node == EXPR_FAILED)
		return node;
	expr_list_add(reading->expr, &list,
	              reading_add(reading, &(struct expr_node){ .kind = EXPR_PROTO, .mask = protos }));
	if (family != AF_UNSPEC)
		expr_list_add(
			reading->expr, &list,
			reading_add(reading, &(struct expr_node){ .kind = EXPR_FAMILY, .family = (uint8_t)family }));
	expr_list_add(reading->expr, &list, node);
	return reading_keep(reading, expr_list_close(reading->expr, &list));
}

static uint32_t any_target(struct reading *reading, struct piece piece)
{
	struct piece scheme, place, nothing = { "", 0, piece.at + piece.len };
	int family;
	unsigned protos = named_protos(piece, piece.len, &family);
	if (protos)
		return proto_target(reading, nothing, protos, family);
	reading->target = true;
	if (piece_skip(&piece, "pid:"))
		return pid_read(reading, piece);
	if (url_split(piece, &scheme, &place))
		return url_read(reading, scheme, place);
	protos = take_protos(&piece, &family);
	return protos ? proto_target(reading, piece, protos, family) : plain_target(reading, piece);
}

void target_widen(struct reading *reading, size_t first)
{
	for (size_t i = first; !reading->strict && i < reading->expr->node_count; i++) {
		struct expr_node *node = &reading->expr->node[i];
		bool host = node->kind == EXPR_HOST && node->ranges.count && node->family != AF_UNSPEC &&
		            node->prefix_len == (node->family == AF_INET ? 32 : 128);
		if (!host || node->value || addr_is_any(&node->addr, false))
			continue;
		int own = reading->names->own_address
		                  ? reading->names->own_address(node->family, &node->addr, &node->device)
		                  : -1;
		/* Where it cannot be asked whose an address is, these are known. */
		if (own < 0 && addr_is_loopback(node->family, &node->addr))
			node->device.index = LOOPBACK_INDEX;
		if (own)
			node->mask |= own > 0 ? EXPR_HOST_SERVED : EXPR_HOST_SERVED | EXPR_HOST_UNSURE;
	}
}

uint32_t target_read(struct reading *reading, struct piece piece)
{
	uint32_t first = (uint32_t)reading->expr->node_count;
	uint32_t node = any_target(reading, piece);
	if (node != EXPR_FAILED && !reading->last_group_is_port)
		target_widen(reading, first);
	/* An option that acts on a port means the socket that has it, not those that are connected to one. */
	for (size_t i = first; node != EXPR_FAILED && reading->strict && i < reading->expr->node_count; i++) {
		struct expr_node *host = &reading->expr->node[i];
		if (host->kind == EXPR_HOST && host->ranges.count)
			host->end = EXPR_LOCAL;
	}
	for (size_t i = first; node != EXPR_FAILED && i < reading->expr->node_count; i++)
		reading->who |= reading->expr->node[i].kind == EXPR_HOST && reading->expr->node[i].ranges.count;
	return node;
}

/* --- as data --- */

/* The protocols in whose table of services the ports' name is. */
static unsigned service_protos(const struct typed_target *target, const struct reading *reading, const char *text,
                               size_t len)
{
	struct piece piece = { text, len, 0 }, scheme, place;
	unsigned found = 0;
	int family;
	if (url_split(piece, &scheme, &place))
		piece = memchr(place.text, ':', place.len) ? place : scheme;
	else
		take_protos(&piece, &family);
	const char *colon = memrchr(piece.text, ':', piece.len);
	if (colon)
		piece = piece_from(piece, (size_t)(colon - piece.text) + 1);
	char name[128];
	if (!piece_copy(piece, name, sizeof(name)) || !name[0] || piece_consists_of(piece, "0123456789,-"))
		return 0;
	FOR_EACH_PROTO (proto, target->protos ? target->protos : protos_with(PROTO_PORTS)) {
		uint16_t port[1];
		size_t count = 1;
		if (reading->names->service(name, PROTO_BIT(proto), port, &count) == 0)
			found |= PROTO_BIT(proto);
	}
	return found;
}

static int typed_add_ports(struct typed_target *target, const struct expr *expr, struct expr_span ranges)
{
	if (!ranges.count || target->port)
		return 0;
	target->port = malloc(ranges.count * sizeof(*target->port));
	if (!target->port)
		return -1;
	memcpy(target->port, expr->range + ranges.first, ranges.count * sizeof(*target->port));
	target->port_count = ranges.count;
	return 0;
}

/* What a node of the target's tree says. All nodes of HOST share their ports and their zone. */
static int typed_add_node(struct typed_target *target, const struct expr *expr, const struct expr_node *node)
{
	switch (node->kind) {
	case EXPR_PROTO:
		target->protos = node->mask;
		break;
	case EXPR_FAMILY:
		target->family = node->family;
		break;
	case EXPR_PID:
		target->kind = TYPED_PID;
		target->pid = expr->range[node->ranges.first].low;
		break;
	case EXPR_HOST:
		target->ifindex = node->value;
		if (node->family != AF_UNSPEC && target->address_count < TYPED_ADDRESSES_MAX)
			target->address[target->address_count++] = (struct typed_address){
				.addr = node->addr, .family = node->family, .prefix_len = node->prefix_len
			};
		return typed_add_ports(target, expr, node->ranges);
	default:
		break;
	}
	return 0;
}

int typed_target_read(struct typed_target *target, const char *text, size_t len, const struct lookup *names, int family,
                      struct filter_error *error)
{
	struct expr expr;
	struct reading reading = {
		.expr = &expr, .names = names, .error = error, .family = family, .last_group_is_port = true
	};
	*error = (struct filter_error){ 0 };
	*target = (struct typed_target){ .family = AF_UNSPEC };
	if (expr_init(&expr) < 0)
		return -1;
	uint32_t root = target_read(&reading, (struct piece){ text, len, 0 });
	int result = root == EXPR_FAILED && !(reading.word && error->what[0]) ? -1 : 0;
	for (size_t i = 0; i < expr.node_count && result == 0; i++)
		result = typed_add_node(target, &expr, &expr.node[i]);
	expr_free(&expr);
	if (result < 0)
		return -1;
	if (reading.word) {
		target->kind = TYPED_WORD;
		if (!error->what[0])
			reading_fail(&reading, 0, EXPECTED_PORT, "unknown service \"%.*s\"",
			             PIECE_ARGS(((struct piece){ text, len, 0 })));
	}
	if (target->port_count)
		target->service_protos = service_protos(target, &reading, text, len);
	return 0;
}

void typed_target_free(struct typed_target *target)
{
	free(target->port);
	target->port = NULL;
	target->port_count = 0;
}

bool typed_host_and_port(const char *text, size_t len, uint16_t *port, size_t *host_len)
{
	const char *colon = memrchr(text, ':', len);
	uint64_t number;
	if (!colon || colon == text || memchr(text, '/', len))
		return false;
	size_t digits = (size_t)(text + len - colon - 1);
	if (!text_parse_u64(colon + 1, digits, UINT16_MAX, &number) || !number)
		return false;
	*port = (uint16_t)number;
	*host_len = (size_t)(colon - text);
	for (size_t i = 0; i < *host_len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", text[i]))
			return false;
	return true;
}
