// SPDX-License-Identifier: MIT
/* columns_socket.c - the columns every socket has, and those of unix sockets. */
#include "columns/columns.h"

#include <stddef.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/names.h>
#include <sockview/netns.h>
#include <sockview/proto.h>

#include "columns/family_text.h"

#define ROW(source) ((source)->sock->row)

static void get_proto(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	value_set_word(value, proto_word(ROW(source).proto, ROW(source).family));
}

static void get_family(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	value_set_word(value, proto_family_name(ROW(source).proto, ROW(source).family));
}

/* CLOSE is the kernel's state of a TCP socket that ended and of any other that is not connected. */
static void get_state(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct row *row = &ROW(source);
	if (row->state == STATE_CLOSE && !proto_has(row->proto, PROTO_CONNECTIONS))
		value_set_word(value, "UNCONNECTED");
	else
		value_set_word(value, state_name(row->state));
}

/* column_get_field() for a uint32_t of the row, at a fourth of its cost: most columns of most rows are such. */
static void get_u32(const struct column *column, const struct column_source *source, struct value *value)
{
	const struct row *row = &ROW(source);
	uint32_t number;
	if ((row->flags & column->field.told) != column->field.told)
		return;
	memcpy(&number, (const char *)row + column->field.offset, sizeof(number));
	if (number || !(column->field.rule & FIELD_ZERO_ABSENT))
		value_set_uint(value, number);
}

/* --- network namespaces --- */

static void get_netns(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct netns_list *list = source->context->netns;
	uint64_t inode = list ? list->item[ROW(source).netns].inode : source->context->own_netns;
	if (inode)
		value_set_uint(value, inode);
}

static void get_netns_name(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct netns_list *list = source->context->netns;
	if (list)
		value_set_string(value, list->item[ROW(source).netns].label);
	else if (source->context->own_netns)
		value_set_word(value, "self");
}

/* --- the machine --- */

static void get_machine(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	value_set_string(value, source->context->host);
}

static void get_boot_id(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	value_set_string(value, source->context->boot_id);
}

/* --- addresses --- */

/* The end a column tells of; false if the socket has none. */
static inline bool column_end(const struct column *column, const struct column_source *source, struct value *value)
{
	const struct row *row = &ROW(source);
	if (!row_is_inet(row) || (column->remote && !row->remote_port && addr_is_any(&row->remote, false)))
		return false;
	value_set_end(value, row, column->remote);
	return true;
}

static void get_address(const struct column *column, const struct column_source *source, struct value *value)
{
	column_end(column, source, value);
}

static void get_endpoint(const struct column *column, const struct column_source *source, struct value *value)
{
	if (!row_is_inet(&ROW(source))) {
		if (family_has_ends(source->sock))
			value_set_detail(value, column->remote ? FAMILY_REMOTE : FAMILY_LOCAL);
		return;
	}
	value_set_end(value, &ROW(source), column->remote);
	value->kind = VALUE_ENDPOINT;
}

static void get_port(const struct column *column, const struct column_source *source, struct value *value)
{
	struct value end;
	if (column_end(column, source, &end) && end.addr.port)
		value_set_uint(value, end.addr.port);
}

static void get_service(const struct column *column, const struct column_source *source, struct value *value)
{
	struct value end;
	if (column_end(column, source, &end) && end.addr.port)
		value_set_string(value, names_service(source->context->names, end.addr.proto, end.addr.port));
}

static void get_host(const struct column *column, const struct column_source *source, struct value *value)
{
	struct value end;
	if (column_end(column, source, &end))
		value_set_string(value, names_host(source->context->names, end.addr.family, end.addr.addr));
}

/* RFC 6335, 6. */
static void get_port_class(const struct column *column, const struct column_source *source, struct value *value)
{
	struct value end;
	if (!column_end(column, source, &end) || !end.addr.port)
		return;
	value_set_word(value, end.addr.port < 1024 ? "system" : end.addr.port < 49152 ? "user" : "dynamic");
}

/* Prefixes of the special-purpose registries: RFC 6890, RFC 4291, RFC 4193, RFC 6598. */
struct prefix {
	uint8_t byte[4];
	uint8_t bits;
	const char *scope;
};

static const struct prefix scopes_ipv4[] = {
	{ { 0, 0, 0, 0 }, 32, "any" },
	{ { 127, 0, 0, 0 }, 8, "loopback" },
	{ { 169, 254, 0, 0 }, 16, "link-local" },
	{ { 10, 0, 0, 0 }, 8, "private" },
	{ { 172, 16, 0, 0 }, 12, "private" },
	{ { 192, 168, 0, 0 }, 16, "private" },
	{ { 100, 64, 0, 0 }, 10, "private" },
	{ { 224, 0, 0, 0 }, 4, "multicast" },
	{ { 255, 255, 255, 255 }, 32, "broadcast" },
	{ { 0 }, 0, "global" },
};

static const struct prefix scopes_ipv6[] = {
	{ { 0xfe, 0x80 }, 10, "link-local" }, { { 0xfc, 0 }, 7, "private" }, { { 0xfe, 0xc0 }, 10, "private" },
	{ { 0xff, 0 }, 8, "multicast" },      { { 0 }, 0, "global" },
};

static const char *scope_in(const struct prefix *prefix, const uint8_t *byte)
{
	while (!addr_has_prefix(byte, prefix->byte, prefix->bits))
		prefix++;
	return prefix->scope;
}

static const char *scope_of(const struct value *end)
{
	const uint8_t *byte = end->addr.addr->byte;
	if (end->addr.family == AF_INET)
		return scope_in(scopes_ipv4, byte);
	if (end->addr.mapped)
		return scope_in(scopes_ipv4, byte + 12);
	static const uint8_t zero[15];
	if (memcmp(byte, zero, 15) == 0 && byte[15] <= 1)
		return byte[15] ? "loopback" : "any";
	return scope_in(scopes_ipv6, byte);
}

static void get_scope(const struct column *column, const struct column_source *source, struct value *value)
{
	struct value end;
	if (column_end(column, source, &end))
		value_set_word(value, scope_of(&end));
}

/* --- the rest --- */

static void get_ip_protocol(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct row *row = &ROW(source);
	if (row_is_inet(row))
		value_set_uint(value, proto_has(row->proto, PROTO_OWN_NUMBER) ? row->local_port
		                                                              : proto_number(row->proto, row->family));
}

static void get_interface(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (ROW(source).ifindex)
		value_set_string(value, names_interface(source->context->names, ROW(source).ifindex));
}

static void get_user(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (ROW(source).flags & ROW_HAS_UID)
		value_set_string(value, names_user(source->context->names, ROW(source).uid));
}

/* --- unix --- */

/* A name in the file system ends at its NUL; one that begins with NUL is abstract and has its length. */
static void get_path(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	struct bytes path = source->sock->blob[BLOB_PATH];
	if (!path.data || !path.len)
		return;
	if (*(const char *)path.data)
		path.len = strnlen(path.data, path.len);
	value_set_bytes(value, path);
}

#define TEXT(name_, help_, ...) \
	{ \
		.name = name_, .help = help_, .type = COLUMN_TEXT, __VA_ARGS__ \
	}
#define NUMBER(name_, unit_, help_, ...) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = COLUMN_NUMBER, __VA_ARGS__ \
	}
#define IN_ROW(member, told_, get_) \
	.field.from = FROM_ROW, FIELD_OF(struct row, member), .field.told = told_, .get = get_
#define UNIX(name_, type_, want_, member, told_, help_, ...) \
	{ \
		.name = name_, .help = help_, .type = type_, .group = GROUP_UNIX, .want = WANT_UNIX | (want_), \
		.field.from = FROM_UNIX, FIELD_OF(struct sock_unix, member), .field.told = told_, \
		.get = column_get_field, __VA_ARGS__ \
	}

const struct column columns_socket[] = {
	TEXT("proto", "tcp, udp, unix ...: a word of -A, or icmp6", .get = get_proto),
	TEXT("family", "inet, inet6, or the protocol where that has a family of its own, as unix has",
	     .get = get_family),
	TEXT("state", "ESTABLISHED, LISTEN ...; UNCONNECTED for what is no TCP and not connected",
	     .mark = COLUMN_MARK_STATE, .get = get_state),
	NUMBER("recv_q", "bytes", "received and not yet read; of a listener: connections not accepted yet",
	       IN_ROW(recv_q, ROW_HAS_QUEUES, get_u32), .heading = "RECV-Q", .mark = COLUMN_MARK_QUEUE),
	NUMBER("send_q", "bytes", "not yet sent, or sent and not yet acknowledged; of a listener: the backlog",
	       IN_ROW(send_q, ROW_HAS_QUEUES, get_u32), .heading = "SEND-Q"),
	NUMBER("accept_queue", "connections", "of a listener: not accepted yet",
	       IN_ROW(recv_q, ROW_HAS_QUEUES | ROW_BACKLOG, get_u32), .mark = COLUMN_MARK_QUEUE),
	NUMBER("backlog", "connections", "of a listener: how many may wait to be accepted",
	       IN_ROW(send_q, ROW_HAS_QUEUES | ROW_BACKLOG, get_u32)),
	TEXT("local", "local address and port, as -n tells: name or number; arp:lo, route:812, 2:1024, eth0:q3",
	     .get = get_endpoint),
	TEXT("remote", "the same of the other end", .get = get_endpoint, .remote = true),
	TEXT("local_address", "IPv4-mapped addresses of IPv6 sockets as IPv4", .get = get_address),
	NUMBER("local_port", NULL, "none of raw sockets", .get = get_port),
	TEXT("local_service", "the port's name in /etc/services", .need = NEED_SERVICES, .get = get_service),
	TEXT("local_host", "the address's name in the DNS or /etc/hosts", .need = NEED_HOSTS, .get = get_host),
	TEXT("remote_address", "absent if not connected", .get = get_address, .remote = true),
	NUMBER("remote_port", NULL, "absent if not connected", .get = get_port, .remote = true),
	TEXT("remote_service", "the port's name in /etc/services", .need = NEED_SERVICES, .get = get_service,
	     .remote = true),
	TEXT("remote_host", "the address's name in the DNS or /etc/hosts", .need = NEED_HOSTS, .get = get_host,
	     .remote = true),
	NUMBER("ip_protocol", NULL, "number of the protocol above IP: 6, 17, 136; raw sockets' own",
	       .get = get_ip_protocol),
	TEXT("interface", "bound to it, or the zone of a link-local address", .group = GROUP_EXTRA,
	     .need = NEED_INTERFACES, .get = get_interface),
	NUMBER("ifindex", NULL, "the interface's number", IN_ROW(ifindex, 0, get_u32), .field.rule = FIELD_ZERO_ABSENT),
	{ .name = "v6only",
	  .type = COLUMN_BOOL,
	  .group = GROUP_EXTRA,
	  .want = WANT_EXTRA,
	  IN_ROW(flags, ROW_HAS_V6ONLY, column_get_field),
	  .field.shift = __builtin_ctz(ROW_V6ONLY),
	  .field.bits = 1,
	  .help = "of an IPv6 listener: whether it leaves IPv4 alone" },
	TEXT("scope", "reach of the local address: loopback, link-local, private, global, any, multicast",
	     .get = get_scope),
	TEXT("remote_scope", "the same of the remote address", .get = get_scope, .remote = true),
	TEXT("port_class", "of the local port: system (below 1024), user, dynamic (from 49152)", .get = get_port_class),
	TEXT("remote_port_class", "the same of the remote port", .get = get_port_class, .remote = true),
	NUMBER("uid", NULL, "the user that made the socket", IN_ROW(uid, ROW_HAS_UID, get_u32)),
	TEXT("user", "the uid's login name", .need = NEED_USERS, .get = get_user),
	NUMBER("inode", NULL, "the socket's number among the open files", IN_ROW(inode, 0, get_u32),
	       .field.rule = FIELD_ZERO_ABSENT),
	NUMBER("cookie", NULL, "the socket's number, never used twice until the next boot",
	       IN_ROW(cookie, ROW_HAS_COOKIE, column_get_field), .group = GROUP_EXTRA),
	NUMBER("netns", NULL, "the socket's network namespace", .get = get_netns),
	TEXT("netns_name", "what that namespace is called: self, a name of ip netns, a container ...",
	     .get = get_netns_name),
	TEXT("host", "the machine's name, for rows of several machines", .get = get_machine),
	TEXT("boot_id", "the kernel's name of this boot of the machine", .need = NEED_BOOT_ID, .get = get_boot_id),
	UNIX("unix_type", COLUMN_TEXT, 0, type, 0, "stream, dgram or seqpacket", .heading = "TYPE",
	     .words = WORDS("", [SOCK_STREAM] = "stream", [SOCK_DGRAM] = "dgram", [SOCK_RAW] = "", [SOCK_RDM] = "",
	                    [SOCK_SEQPACKET] = "seqpacket")),
	{ .name = "path",
	  .help = "where it is bound; begins with \\x00 if abstract",
	  .type = COLUMN_TEXT,
	  .group = GROUP_UNIX,
	  .want = WANT_UNIX,
	  .get = get_path },
	UNIX("refcnt", COLUMN_NUMBER, WANT_REFCNT, refcnt, UNIX_HAS_REFCNT, "the kernel's references to it"),
	UNIX("peer_inode", COLUMN_NUMBER, WANT_PEER, peer, UNIX_HAS_PEER, "inode of the other end"),
	UNIX("vfs_inode", COLUMN_NUMBER, WANT_VFS, vfs_inode, UNIX_HAS_VFS, "inode of the path's file"),
	UNIX("vfs_dev", COLUMN_NUMBER, WANT_VFS, vfs_dev, UNIX_HAS_VFS,
	     "device of the path's file, the kernel's number"),
};
const size_t columns_socket_count = countof(columns_socket);
