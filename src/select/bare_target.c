/*
 * bare_target.c - a word that stands for itself: 8080, :80,443, https, 192.0.2.7,
 * [::1]:631, 10.0.0.0/8, tcp:8080. Either end of the socket will do.
 */
#include "select/reading.h"

#include <string.h>

#include <sockview/proto.h>

#define EXPECTED_CONDITION \
	"a condition (sport = :22, src 10.0.0.0/8, state listen, program = nginx ...), " \
	"a port, a service, an address or a host"

static bool consists_of(struct piece piece, const char *set)
{
	for (size_t i = 0; i < piece.len; i++)
		if (!piece.text[i] || !strchr(set, piece.text[i]))
			return false;
	return piece.len;
}

static bool any_of(struct piece piece, const char *set)
{
	for (size_t i = 0; i < piece.len; i++)
		if (piece.text[i] && strchr(set, piece.text[i]))
			return true;
	return false;
}

/* tcp: udp: udplite: raw: and tcp6: as netstat writes it; or, `alone`, the word without a colon and nothing behind. */
static unsigned target_protos(struct piece *piece, bool alone, int *family)
{
	const char *colon = memchr(piece->text, ':', piece->len);
	if (alone == (colon != NULL))
		return 0;
	size_t len = colon ? (size_t)(colon - piece->text) : piece->len;
	unsigned protos = protos_by_word(piece->text, len, family) & PROTO_INET_ALL;
	if (protos)
		*piece = piece_from(*piece, len + !alone);
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

/* A word of letters: services first, then a host of /etc/hosts. */
static uint32_t name_node(struct reading *reading, struct piece piece)
{
	size_t at = piece.at;
	uint32_t node = ports_node(reading, piece);
	if (node != EXPR_FAILED || !reading->error->what[0])
		return node;
	reading->known_hosts = true;
	node = host_read(reading, piece, EXPR_EITHER);
	reading->known_hosts = false;
	if (node == EXPR_FAILED && reading->error->what[0])
		return reading_fail(reading, at, EXPECTED_CONDITION, "unknown word \"%.*s\"", PIECE_ARGS(piece));
	return node;
}

static uint32_t plain_target(struct reading *reading, struct piece piece)
{
	bool double_colon = piece.len > 1 && memcmp(piece.text, "::", 2) == 0;
	if (!piece.len || piece_is(piece, "*") || (piece.text[0] == ':' && !double_colon))
		return ports_node(reading, piece);
	if (consists_of(piece, "0123456789,-"))
		return ports_node(reading, piece);
	if (any_of(piece, "[]/:.*%"))
		return host_read(reading, piece, EXPR_EITHER);
	return name_node(reading, piece);
}

uint32_t target_read(struct reading *reading, struct piece piece)
{
	int family;
	unsigned protos = target_protos(&piece, true, &family), outer = reading->protos;
	if (!protos) {
		reading->target = true;
		protos = target_protos(&piece, false, &family);
	}
	if (!protos)
		return plain_target(reading, piece);
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
	node = expr_list_close(reading->expr, &list);
	return node == EXPR_FAILED ? reading_no_memory(reading) : node;
}
