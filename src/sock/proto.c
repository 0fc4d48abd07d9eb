/* proto.c - the tables of protocols and states (proto.h). */
#include <sockview/proto.h>

#include <string.h>
#include <strings.h>

#include <sockview/countof.h>

static const struct {
	const char *name;
	const char *netstat[2]; /* IPv4 and everything else, IPv6 */
	const char *service;
	int number;
} protos[PROTO_COUNT] = {
	[PROTO_TCP] = { "tcp", { "tcp", "tcp6" }, "tcp", 6 },
	[PROTO_UDP] = { "udp", { "udp", "udp6" }, "udp", 17 },
	/* netstat knows no name for UDPLITE over IPv6 but this, and asks for its services as UDP's. */
	[PROTO_UDPLITE] = { "udplite", { "udpl", "udpl6" }, "udp", 136 },
	[PROTO_RAW] = { "raw", { "raw", "raw6" }, NULL, 255 },
	[PROTO_UNIX] = { "unix", { "unix", "unix" }, NULL, 0 },
};

const char *proto_name(enum proto proto)
{
	return protos[proto].name;
}

const char *proto_netstat_name(enum proto proto, int family)
{
	return protos[proto].netstat[family == AF_INET6];
}

enum proto proto_by_name(const char *name, size_t len)
{
	for (unsigned i = 0; i < PROTO_COUNT; i++)
		if (strlen(protos[i].name) == len && strncasecmp(protos[i].name, name, len) == 0)
			return i;
	return PROTO_COUNT;
}

int proto_ip_number(enum proto proto)
{
	return protos[proto].number;
}

const char *proto_service_word(enum proto proto)
{
	return protos[proto].service;
}

#define BIT(name) STATE_BIT(STATE_##name)
/* ss(8), STATE-FILTER. */
#define CONNECTED (STATE_ALL & ~(BIT(CLOSE) | BIT(LISTEN) | BIT(BOUND)))
#define BUCKET    (BIT(SYN_RECV) | BIT(TIME_WAIT) | BIT(NEW_SYN_RECV))

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
	{ "FIN_WAIT_1", BIT(FIN_WAIT1) },
	{ "FIN_WAIT_2", BIT(FIN_WAIT2) },
	{ "UNCONNECTED", BIT(CLOSE) },
	{ "UNCONN", BIT(CLOSE) },
	{ "CLOSED", BIT(CLOSE) },
	{ "LISTENING", BIT(LISTEN) },
	{ "BOUND_INACTIVE", BIT(BOUND) },
	{ "all", STATE_ALL },
	{ "connected", CONNECTED },
	{ "synchronized", CONNECTED & ~BIT(SYN_SENT) },
	{ "bucket", BUCKET },
	{ "big", STATE_ALL & ~BUCKET },
};

enum { STATE_NAMES = countof(states) };

const char *state_name(enum state state)
{
	return state < STATE_COUNT ? states[state].name : "";
}

static char folded(char c)
{
	if (c >= 'a' && c <= 'z')
		return (char)(c - 'a' + 'A');
	return c == '-' ? '_' : c;
}

static bool same_name(const char *known, const char *name, size_t len)
{
	if (strlen(known) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (folded(known[i]) != folded(name[i]))
			return false;
	return true;
}

uint32_t state_mask_by_name(const char *name, size_t len)
{
	for (size_t i = 1; i < STATE_NAMES; i++)
		if (same_name(states[i].name, name, len))
			return states[i].mask;
	return 0;
}

const char *state_name_listed(size_t index)
{
	return index + 1 < STATE_NAMES ? states[index + 1].name : NULL;
}
