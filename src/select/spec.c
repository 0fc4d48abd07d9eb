// SPDX-License-Identifier: MIT
/*
 * spec.c - lsof's selection: -i[SPEC] and -s PROTO:STATES.
 *
 *   SPEC = [46][tcp|udp|udplite][@ADDR|@HOST][:SERVICES]
 *
 * A 4 or 6 alone is the family of the socket; with anything else it is the
 * family of the address, and a v4-mapped one counts as IPv4 then: so lsof
 * 4.95 selects.
 */
#include <sockview/filter.h>

#include <string.h>
#include <strings.h>

#include <sockview/proto.h>

#include "select/filter_parts.h"

#define EXPECTED_SPEC "[46][tcp|udp|udplite][@HOST|@ADDR][:SERVICES]"

struct spec {
	int family; /* AF_UNSPEC if neither 4 nor 6 was written */
	unsigned protos;
	bool proto_said;
	struct piece host, services; /* text NULL: not written */
};

static uint32_t spec_fail(struct reading *reading, struct piece piece)
{
	if (!piece.len)
		return reading_fail(reading, piece.at, EXPECTED_SPEC, "it ends here");
	return reading_fail(reading, piece.at, EXPECTED_SPEC, "found \"%.*s\"", PIECE_ARGS(piece));
}

/* The letters up to @, : or the end. */
static bool spec_take_proto(struct piece *rest, struct spec *spec)
{
	struct piece word = *rest;
	word.len = 0;
	while (word.len < rest->len && rest->text[word.len] != '@' && rest->text[word.len] != ':')
		word.len++;
	spec->protos = protos_with(PROTO_LSOF);
	if (!word.len)
		return true;
	spec->protos &= protos_by_word(word.text, word.len, NULL);
	spec->proto_said = true;
	*rest = piece_from(*rest, word.len);
	return spec->protos != 0;
}

static void spec_take_family(struct piece *rest, struct spec *spec)
{
	spec->family = AF_UNSPEC;
	if (!rest->len || (rest->text[0] != '4' && rest->text[0] != '6'))
		return;
	spec->family = rest->text[0] == '4' ? AF_INET : AF_INET6;
	*rest = piece_from(*rest, 1);
}

/* @[v6]:80, @host:80. False if the host is empty. */
static bool spec_take_host(struct piece *rest, struct spec *spec)
{
	if (!rest->len || rest->text[0] != '@')
		return true;
	struct piece host = piece_from(*rest, 1);
	const char *close = host.len && host.text[0] == '[' ? memchr(host.text, ']', host.len) : NULL;
	size_t from = close ? (size_t)(close - host.text) : 0;
	const char *colon = memchr(host.text + from, ':', host.len - from);
	host.len = colon ? (size_t)(colon - host.text) : host.len;
	spec->host = host;
	*rest = piece_from(*rest, 1 + host.len);
	return host.len;
}

/* Any address of the family, v4-mapped counting as IPv4, with the ports. */
static uint32_t version_node(struct reading *reading, int family, struct expr_span ports)
{
	struct expr_node four = { .kind = EXPR_HOST, .end = EXPR_EITHER, .family = AF_INET };
	if (family == AF_INET) {
		four.ranges = ports;
		return reading_add(reading, &four);
	}
	struct expr_list list = { .kind = EXPR_AND };
	struct expr_node six = { .kind = EXPR_HOST, .end = EXPR_EITHER, .family = AF_INET6, .ranges = ports };
	expr_list_add(reading->expr, &list, reading_add(reading, &six));
	expr_list_add(reading->expr, &list, expr_not(reading->expr, reading_add(reading, &four)));
	return expr_list_close(reading->expr, &list);
}

static uint32_t place_node(struct reading *reading, const struct spec *spec)
{
	struct expr_node ports = { .kind = EXPR_HOST, .end = EXPR_EITHER };
	bool any = false;
	if (spec->services.text && ports_read(reading, spec->services, &ports.ranges, &any) < 0)
		return EXPR_FAILED;
	if (any)
		return spec_fail(reading, spec->services);
	if (spec->host.text)
		return address_read(reading, spec->host, EXPR_EITHER, ports.ranges);
	if (spec->family == AF_UNSPEC)
		return spec->services.text ? reading_add(reading, &ports) : 0;
	if (spec->proto_said || spec->services.text)
		return version_node(reading, spec->family, ports.ranges);
	return reading_add(reading, &(struct expr_node){ .kind = EXPR_FAMILY, .family = (uint8_t)spec->family });
}

static uint32_t spec_read(struct reading *reading, struct piece piece, int *version)
{
	struct spec spec = { .family = AF_UNSPEC };
	struct piece rest = piece;
	spec_take_family(&rest, &spec);
	/* A SPEC that is a version alone holds for those behind it, too (lsof 4.95, enter_network_address()). */
	if (spec.family != AF_UNSPEC && !rest.len)
		*version = *version == AF_UNSPEC || *version == spec.family ? spec.family : AF_UNSPEC;
	else if (spec.family == AF_UNSPEC && rest.len)
		spec.family = *version;
	if (!spec_take_proto(&rest, &spec) || !spec_take_host(&rest, &spec))
		return spec_fail(reading, rest.len ? rest : piece);
	if (rest.len)
		spec.services = piece_from(rest, 1);
	reading->protos = spec.protos;
	reading->family = spec.family;
	uint32_t place = place_node(reading, &spec);
	if (place == EXPR_FAILED)
		return place;
	uint32_t proto = reading_add(reading, &(struct expr_node){ .kind = EXPR_PROTO, .mask = spec.protos });
	return reading_keep(reading, expr_and(reading->expr, proto, place));
}

int filter_add_spec(struct filter *filter, const char *spec, size_t len, struct filter_error *error)
{
	struct reading reading = filter_reading(filter, error);
	filter->needs.specs = true;
	uint32_t node = spec_read(&reading, (struct piece){ spec, len, 0 }, &filter->spec_family);
	if (node == EXPR_FAILED)
		return -1;
	expr_list_add(&filter->expr, &filter->specs, node);
	if (filter_seek(filter, node, SOUGHT_FITTING) < 0)
		return reading_no_memory(&reading), -1;
	return 0;
}

/* --- -s --- */

/* PROTO and its states. */
static uint32_t proto_state_node(struct reading *reading, unsigned protos, struct piece item)
{
	struct expr_list list = { .kind = EXPR_AND };
	struct expr_node proto = { .kind = EXPR_PROTO, .mask = protos };
	/* lsof's word for a UDP socket without a peer. */
	bool idle = item.len == 4 && strncasecmp(item.text, "idle", 4) == 0 && !(protos & PROTO_BIT(PROTO_TCP));
	uint32_t state =
		idle ? reading_add(reading, &(struct expr_node){ .kind = EXPR_STATE, .mask = STATE_BIT(STATE_CLOSE) })
		     : state_read(reading, item);
	if (state == EXPR_FAILED)
		return state;
	/* lsof knows no bound sockets, so -i leaves them out; not if they are named. */
	reading->states_said |= (reading->expr->node[state].mask & STATE_BIT(STATE_BOUND)) != 0;
	expr_list_add(reading->expr, &list, reading_add(reading, &proto));
	expr_list_add(reading->expr, &list, state);
	return reading_keep(reading, expr_list_close(reading->expr, &list));
}

int filter_add_proto_states(struct filter *filter, const char *text, size_t len, struct filter_error *error)
{
	struct reading reading = filter_reading(filter, error);
	struct filter_choice *choice = &filter->proto_states;
	struct piece rest = { text, len, 0 }, word, item;
	piece_split(&rest, ':', &word);
	unsigned protos = protos_by_word(word.text, word.len, NULL);
	filter->needs.proto_states = true;
	if (!rest.text || !protos) {
		reading_fail(&reading, 0, "PROTO:STATE[,^STATE], such as TCP:LISTEN", "found \"%.*s\"",
		             PIECE_ARGS(word));
		return -1;
	}
	while (piece_split(&rest, ',', &item)) {
		bool unwanted = piece_skip(&item, "^");
		uint32_t node = proto_state_node(&reading, protos, item);
		if (node == EXPR_FAILED)
			return -1;
		expr_list_add(&filter->expr, unwanted ? &choice->unwanted : &choice->wanted, node);
		if (!unwanted && filter_seek(filter, node, SOUGHT_STATE) < 0)
			return reading_no_memory(&reading), -1;
	}
	filter->needs.states_said |= reading.states_said;
	return 0;
}
