// SPDX-License-Identifier: MIT
/*
 * address.c - ends of sockets: [FAMILY:][ADDR][/LEN][:PORTS], as ss(8) writes
 * them (HOST SYNTAX), and an IPv6 address without its brackets.
 */
#include "select/reading.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>

#include "select/column_term.h"

#define HOST_ADDRESSES 64

/* The parts of a host. */
struct host {
	struct piece address; /* text NULL: none was written */
	struct piece prefix;  /* behind the slash; NULL: none */
	struct piece zone;    /* behind the percent sign; NULL: none */
	struct piece ports;   /* behind the colon; NULL: none */
	bool bracketed;
};

static const struct piece nothing = { NULL, 0, 0 };

/* Takes the part behind the last place of `mark` off the address. */
static void cut_tail(struct piece *address, char mark, struct piece *tail)
{
	const char *at = address->text ? memrchr(address->text, mark, address->len) : NULL;
	if (!at)
		return;
	size_t len = (size_t)(at - address->text);
	*tail = piece_from(*address, len + 1);
	address->len = len;
}

static size_t count_of(struct piece piece, char mark)
{
	size_t count = 0;
	for (size_t i = 0; i < piece.len; i++)
		count += piece.text[i] == mark;
	return count;
}

/* What may stand behind `]` or `*`: /LEN, :PORTS, both or nothing. */
static bool split_after(struct piece rest, struct host *host)
{
	if (rest.len && rest.text[0] == '/') {
		struct piece part;
		rest = piece_from(rest, 1);
		host->prefix = rest;
		bool ports = memchr(rest.text, ':', rest.len) != NULL;
		piece_split(&rest, ':', &part);
		host->prefix = part;
		host->ports = ports ? rest : nothing;
		return true;
	}
	if (rest.len && rest.text[0] != ':')
		return false;
	host->ports = rest.len ? piece_from(rest, 1) : nothing;
	return true;
}

/* ss prints the zone behind the bracket: [fe80::1]%eth0:22. */
static void host_take_zone(struct piece *rest, struct host *host)
{
	if (!rest->len || rest->text[0] != '%')
		return;
	size_t len = 1;
	while (len < rest->len && rest->text[len] != ':' && rest->text[len] != '/')
		len++;
	host->zone = (struct piece){ rest->text + 1, len - 1, rest->at + 1 };
	*rest = piece_from(*rest, len);
}

static bool split_bracketed(struct piece piece, struct host *host)
{
	const char *end = memchr(piece.text, ']', piece.len);
	if (!end)
		return false;
	size_t len = (size_t)(end - piece.text);
	host->bracketed = true;
	host->address = (struct piece){ piece.text + 1, len - 1, piece.at + 1 };
	cut_tail(&host->address, '/', &host->prefix);
	bool inside = host->prefix.text;
	struct piece rest = piece_from(piece, len + 1);
	host_take_zone(&rest, host);
	if (!split_after(rest, host))
		return false;
	return !(inside && host->prefix.text > end);
}

static void split_bare(struct piece piece, struct host *host)
{
	const char *slash = memchr(piece.text, '/', piece.len);
	host->address = piece;
	if (slash) {
		host->address.len = (size_t)(slash - piece.text);
		split_after(piece_from(piece, host->address.len), host);
		return;
	}
	/* netstat writes [::]:22 so. */
	if (piece.len > 3 && memcmp(piece.text, ":::", 3) == 0 && count_of(piece, ':') == 3) {
		host->address.len = 2;
		host->ports = piece_from(piece, 3);
		return;
	}
	if (count_of(piece, ':') == 1)
		cut_tail(&host->address, ':', &host->ports);
}

/* False if the shape is wrong. */
static bool host_split(struct piece piece, struct host *host)
{
	*host = (struct host){ 0 };
	if (piece.len && piece.text[0] == '[') {
		if (!split_bracketed(piece, host))
			return false;
	} else if (piece.len && piece.text[0] == '*') {
		return split_after(piece_from(piece, 1), host);
	} else {
		split_bare(piece, host);
	}
	cut_tail(&host->address, '%', &host->zone);
	return true;
}

/* 127, 10.1: what is left out is 0, as in ss (`dst 193.233.7/24`). */
static bool short_ipv4(struct piece piece, union addr *addr)
{
	struct piece part;
	union addr short_addr = { .byte = { 0 } };
	size_t count = 0;
	uint64_t value;
	while (piece_split(&piece, '.', &part)) {
		if (count == 4 || !part.len || part.text[0] < '0' || part.text[0] > '9' ||
		    !piece_number(part, 255, &value))
			return false;
		short_addr.byte[count++] = (uint8_t)value;
	}
	*addr = short_addr;
	return true;
}

static bool literal_address(struct piece piece, union addr *addr, int *family)
{
	char text[INET6_ADDRSTRLEN];
	*addr = (union addr){ .byte = { 0 } };
	*family = AF_INET;
	if (short_ipv4(piece, addr))
		return true;
	*family = AF_INET6;
	return piece_copy(piece, text, sizeof(text)) && inet_pton(AF_INET6, text, addr) == 1;
}

/* 255.255.0.0 as 16; false if it is no mask. */
static bool netmask_bits(struct piece piece, uint64_t *bits)
{
	union addr mask;
	if (count_of(piece, '.') != 3 || !short_ipv4(piece, &mask))
		return false;
	uint32_t word = ntohl(mask.word[0]);
	*bits = (uint64_t)__builtin_popcount(word);
	return *bits == 0 ? word == 0 : word == UINT32_MAX << (32 - *bits);
}

static bool prefix_read(struct reading *reading, const struct host *host, int family, uint8_t *bits)
{
	uint64_t max = family == AF_INET ? 32 : 128, value = max;
	if (host->prefix.text && !piece_number(host->prefix, max, &value) &&
	    !(family == AF_INET && netmask_bits(host->prefix, &value))) {
		reading_fail(reading, host->prefix.at, family == AF_INET ? "0 to 32 or a netmask" : "0 to 128",
		             "bad prefix length \"%.*s\"", PIECE_ARGS(host->prefix));
		return false;
	}
	*bits = (uint8_t)value;
	return true;
}

static bool zone_read(struct reading *reading, struct piece zone, uint32_t *ifindex)
{
	char name[64];
	uint64_t number;
	if (!zone.text)
		return true;
	if (piece_copy(zone, name, sizeof(name)) && reading->names->interface(name, ifindex) == 0)
		return true;
	if (piece_number(zone, INT32_MAX, &number)) {
		*ifindex = (uint32_t)number;
		return true;
	}
	reading_fail(reading, zone.at, "", "unknown interface \"%.*s\"", PIECE_ARGS(zone));
	return false;
}

/* The node of one address; `shared` holds what all addresses of the host share. */
static uint32_t address_node(struct reading *reading, const struct expr_node *shared, int family,
                             const union addr *addr, uint8_t bits)
{
	struct expr_node node = *shared;
	node.family = (uint8_t)family;
	node.addr = *addr;
	node.prefix_len = bits;
	return reading_add(reading, &node);
}

static uint32_t name_read(struct reading *reading, const struct host *host, int family, const struct expr_node *shared)
{
	struct lookup_address addresses[HOST_ADDRESSES];
	struct expr_list list = { .kind = EXPR_OR };
	size_t count = HOST_ADDRESSES;
	char name[256];
	if (family == AF_UNSPEC)
		family = reading->family;
	int (*look_up)(const char *, int, struct lookup_address *, size_t *) =
		reading->known_hosts ? reading->names->known_host : reading->names->host;
	if (!piece_copy(host->address, name, sizeof(name)) || host->bracketed || memchr(name, ':', host->address.len) ||
	    look_up(name, family, addresses, &count) < 0)
		return reading_fail(reading, host->address.at, EXPECTED_HOST,
		                    memchr(host->address.text, ':', host->address.len) || host->bracketed
		                            ? "bad IPv6 address \"%.*s\""
		                            : "unknown host \"%.*s\"",
		                    PIECE_ARGS(host->address));
	if (host->prefix.text)
		return reading_fail(reading, host->prefix.at, "an address before the slash",
		                    "a prefix length after a host's name");
	for (size_t i = 0; i < count; i++) {
		uint8_t bits = addresses[i].family == AF_INET ? 32 : 128;
		expr_list_add(reading->expr, &list,
		              address_node(reading, shared, addresses[i].family, &addresses[i].addr, bits));
	}
	return reading_keep(reading, expr_list_close(reading->expr, &list));
}

static bool means_any(struct piece piece)
{
	return !piece.len || piece_is(piece, "*") || piece_is(piece, "any") || piece_is(piece, "all") ||
	       piece_is(piece, "default");
}

/* The node of the address, once zone and ports were read; `family` AF_UNSPEC for either. */
static uint32_t host_node(struct reading *reading, const struct host *host, int family, const struct expr_node *shared)
{
	union addr addr;
	uint8_t bits = 0;
	int literal;
	if (!host->bracketed && means_any(host->address)) {
		if (host->prefix.text)
			return reading_fail(reading, host->prefix.at, "an address before the slash",
			                    "a prefix length without an address");
		return shared->ranges.count || shared->value ? reading_add(reading, shared) : 0;
	}
	if (!literal_address(host->address, &addr, &literal))
		return name_read(reading, host, family, shared);
	if (family != AF_UNSPEC && family != literal)
		return reading_fail(reading, host->address.at,
		                    family == AF_INET ? "an IPv4 address" : "an IPv6 address", "found \"%.*s\"",
		                    PIECE_ARGS(host->address));
	if (!prefix_read(reading, host, literal, &bits))
		return EXPR_FAILED;
	return address_node(reading, shared, literal, &addr, bits);
}

uint32_t address_read(struct reading *reading, struct piece piece, enum expr_end end, struct expr_span ranges)
{
	struct expr_node shared = { .kind = EXPR_HOST, .end = (uint8_t)end, .ranges = ranges };
	struct host host;
	if (!host_split(piece, &host) || host.ports.text)
		return reading_fail(reading, piece.at, EXPECTED_HOST, "bad address \"%.*s\"", PIECE_ARGS(piece));
	if (!zone_read(reading, host.zone, &shared.value))
		return EXPR_FAILED;
	return host_node(reading, &host, reading->family, &shared);
}

static uint32_t unix_host_read(struct reading *reading, struct piece piece, enum expr_end end)
{
	struct expr_node node = { .kind = EXPR_UNIX, .end = (uint8_t)end };
	if (expr_keep_text(reading->expr, piece.text, piece.len, &node.text) < 0)
		return reading_no_memory(reading);
	return reading_add(reading, &node);
}

/*
 * ss's prefixes of the families whose ends are names: "netlink:", "link:". Behind
 * one stands a pattern of an end as it is printed; a part of it alone is its first:
 * netlink:route, and netlink:kernel is the kernel's own of any protocol.
 */
static bool name_family(struct piece *piece, enum proto *proto)
{
	const char *colon = memchr(piece->text, ':', piece->len);
	size_t len = colon ? (size_t)(colon - piece->text) : 0;
	unsigned protos = len ? protos_by_word(piece->text, len, NULL) : 0;
	protos &= ~(PROTO_INET_ALL | PROTO_BIT(PROTO_UNIX));
	*proto = proto_next(protos, 0);
	if (protos)
		*piece = piece_from(*piece, len + 1);
	return protos;
}

static uint32_t name_host_read(struct reading *reading, enum proto proto, struct piece piece, enum expr_end end)
{
	static const struct piece ends[] = { { "local", 5, 0 }, { "remote", 6, 0 } };
	char pattern[256];
	bool whole = memchr(piece.text, ':', piece.len) || piece.len == 0 || piece.text[piece.len - 1] == '*';
	bool kernel = piece.len == 6 && memcmp(piece.text, "kernel", 6) == 0;
	int len = snprintf(pattern, sizeof(pattern), "%s%.*s%s", kernel ? "*:" : "", PIECE_ARGS(piece),
	                   whole || kernel ? "" : ":*");
	if (len >= (int)sizeof(pattern))
		return reading_fail(reading, piece.at, EXPECTED_HOST, "\"%.*s\" is too long", PIECE_ARGS(piece));
	struct expr_list list = { .kind = EXPR_OR };
	for (unsigned i = 0; i < countof(ends); i++) {
		uint32_t column;
		if (!(end & (i ? EXPR_REMOTE : EXPR_LOCAL)) || !column_number(ends[i], &column))
			continue;
		struct piece value = { len ? pattern : "*", len ? (size_t)len : 1, piece.at };
		expr_list_add(reading->expr, &list, column_read(reading, column, COMPARE_EQ, value, true));
	}
	struct expr_node node = { .kind = EXPR_PROTO, .mask = PROTO_BIT(proto) };
	return reading_keep(
		reading, expr_and(reading->expr, reading_add(reading, &node), expr_list_close(reading->expr, &list)));
}

/* The node of a host whose parts are apart. */
static uint32_t parts_read(struct reading *reading, const struct host *host, enum expr_end end, int family)
{
	struct expr_node shared = { .kind = EXPR_HOST, .end = (uint8_t)end };
	bool any;
	if (!zone_read(reading, host->zone, &shared.value) ||
	    (host->ports.text && ports_read(reading, host->ports, &shared.ranges, &any) < 0))
		return EXPR_FAILED;
	return host_node(reading, host, family, &shared);
}

uint32_t place_read(struct reading *reading, struct piece address, struct piece ports, enum expr_end end)
{
	struct host host = { .address = address, .ports = ports };
	cut_tail(&host.address, '%', &host.zone);
	return parts_read(reading, &host, end, AF_UNSPEC);
}

bool piece_is_ipv6(struct piece piece)
{
	union addr addr;
	int family;
	struct piece zone;
	cut_tail(&piece, '%', &zone);
	return count_of(piece, ':') > 1 && literal_address(piece, &addr, &family);
}

static uint32_t inet_host_read(struct reading *reading, struct piece piece, enum expr_end end, int family)
{
	struct host host;
	if (!host_split(piece, &host))
		return reading_fail(reading, piece.at, EXPECTED_HOST, "bad address \"%.*s\"", PIECE_ARGS(piece));
	return parts_read(reading, &host, end, family);
}

uint32_t host_read(struct reading *reading, struct piece piece, enum expr_end end)
{
	enum proto proto;
	int family = AF_UNSPEC;
	if (!piece.len)
		return reading_fail(reading, piece.at, EXPECTED_HOST, "an address is missing");
	if (piece_skip(&piece, "unix:") || reading->family == AF_UNIX)
		return unix_host_read(reading, piece, end);
	if (name_family(&piece, &proto))
		return name_host_read(reading, proto, piece, end);
	if (piece_skip(&piece, "inet6:"))
		family = AF_INET6;
	else if (piece_skip(&piece, "inet:"))
		family = AF_INET;
	if (family == AF_UNSPEC)
		return inet_host_read(reading, piece, end, AF_UNSPEC);
	uint32_t host = inet_host_read(reading, piece, end, family);
	if (host == EXPR_FAILED)
		return EXPR_FAILED;
	uint32_t node = reading_add(reading, &(struct expr_node){ .kind = EXPR_FAMILY, .family = (uint8_t)family });
	return reading_keep(reading, expr_and(reading->expr, node, host));
}
