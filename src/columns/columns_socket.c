/* columns_socket.c - the columns every socket has, and those of unix sockets. */
#include "columns/columns.h"

#include <string.h>

#include <sockview/countof.h>
#include <sockview/proto.h>

#define ROW(source) ((source)->sock->row)

static bool is_inet(const struct row *row)
{
	return row->family != AF_UNIX;
}

static void get_proto(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	value_set_word(value, proto_name(ROW(source).proto));
}

static void get_family(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	uint8_t family = ROW(source).family;
	value_set_word(value, family == AF_INET ? "inet" : family == AF_INET6 ? "inet6" : "unix");
}

/* CLOSE is the kernel's state of a TCP socket that ended and of any other that is not connected. */
static void get_state(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct row *row = &ROW(source);
	if (row->state == STATE_CLOSE && row->proto != PROTO_TCP)
		value_set_word(value, "UNCONNECTED");
	else
		value_set_word(value, state_name(row->state));
}

static void get_queue(const struct column *column, const struct column_source *source, struct value *value)
{
	const struct row *row = &ROW(source);
	if (!(row->flags & ROW_HAS_QUEUES))
		return;
	bool asks_listener = *column->name == 'a' || *column->name == 'b';
	if (asks_listener && !(row->flags & ROW_BACKLOG))
		return;
	bool receives = *column->name == 'r' || *column->name == 'a';
	value_set_uint(value, receives ? row->recv_q : row->send_q);
}

/* --- addresses --- */

static void local_of(const struct row *row, struct value *value)
{
	value->kind = VALUE_ADDR;
	value->addr.addr = &row->local;
	value->addr.family = row->family;
	value->addr.proto = row->proto;
	value->addr.mapped = row->flags & ROW_LOCAL_MAPPED;
	/* A raw socket has no port; the row keeps its protocol's number there. */
	value->addr.port = row->proto == PROTO_RAW ? 0 : row->local_port;
}

static void remote_of(const struct row *row, struct value *value)
{
	value->kind = VALUE_ADDR;
	value->addr.addr = &row->remote;
	value->addr.family = row->family;
	value->addr.proto = row->proto;
	value->addr.mapped = row->flags & ROW_REMOTE_MAPPED;
	value->addr.port = row->remote_port;
}

static bool has_remote(const struct row *row)
{
	const uint32_t *word = row->remote.word;
	return row->remote_port || word[0] || word[1] || word[2] || word[3];
}

/* The end a column tells of; false if the socket has none. */
static bool end_of(const struct column *column, const struct column_source *source, struct value *value)
{
	const struct row *row = &ROW(source);
	if (!is_inet(row))
		return false;
	if (*column->name != 'r') {
		local_of(row, value);
		return true;
	}
	if (!has_remote(row))
		return false;
	remote_of(row, value);
	return true;
}

static void get_address(const struct column *column, const struct column_source *source, struct value *value)
{
	end_of(column, source, value);
}

static void get_endpoint(const struct column *column, const struct column_source *source, struct value *value)
{
	const struct row *row = &ROW(source);
	if (!is_inet(row))
		return;
	if (*column->name == 'r')
		remote_of(row, value);
	else
		local_of(row, value);
	value->kind = VALUE_ENDPOINT;
}

static void get_port(const struct column *column, const struct column_source *source, struct value *value)
{
	struct value end = { 0 };
	if (end_of(column, source, &end) && end.addr.port)
		value_set_uint(value, end.addr.port);
}

static void set_text(struct value *value, const char *text)
{
	if (text)
		value_set_bytes(value, (struct bytes){ text, strlen(text) });
}

static void get_service(const struct column *column, const struct column_source *source, struct value *value)
{
	struct value end = { 0 };
	if (end_of(column, source, &end) && end.addr.port)
		set_text(value, names_service(source->context->names, end.addr.proto, end.addr.port));
}

static void get_host(const struct column *column, const struct column_source *source, struct value *value)
{
	struct value end = { 0 };
	if (end_of(column, source, &end))
		set_text(value, names_host(source->context->names, end.addr.family, end.addr.addr));
}

/* RFC 6335, 6. */
static void get_port_class(const struct column *column, const struct column_source *source, struct value *value)
{
	struct value end = { 0 };
	if (!end_of(column, source, &end) || !end.addr.port)
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

static bool has_prefix(const uint8_t *byte, const struct prefix *prefix)
{
	unsigned whole = prefix->bits / 8, rest = prefix->bits % 8;
	if (memcmp(byte, prefix->byte, whole) != 0)
		return false;
	return !rest || (byte[whole] ^ prefix->byte[whole]) >> (8 - rest) == 0;
}

static const char *scope_in(const struct prefix *prefix, const uint8_t *byte)
{
	while (!has_prefix(byte, prefix))
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
	struct value end = { 0 };
	if (end_of(column, source, &end))
		value_set_word(value, scope_of(&end));
}

/* --- the rest --- */

static void get_ip_protocol(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct row *row = &ROW(source);
	if (is_inet(row))
		value_set_uint(value,
		               row->proto == PROTO_RAW ? row->local_port : (unsigned)proto_ip_number(row->proto));
}

static void get_interface(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (ROW(source).ifindex)
		set_text(value, names_interface(source->context->names, ROW(source).ifindex));
}

static void get_ifindex(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (ROW(source).ifindex)
		value_set_uint(value, ROW(source).ifindex);
}

static void get_uid(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (ROW(source).flags & ROW_HAS_UID)
		value_set_uint(value, ROW(source).uid);
}

static void get_user(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (ROW(source).flags & ROW_HAS_UID)
		set_text(value, names_user(source->context->names, ROW(source).uid));
}

static void get_inode(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (ROW(source).inode)
		value_set_uint(value, ROW(source).inode);
}

static void get_cookie(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (ROW(source).flags & ROW_HAS_COOKIE)
		value_set_uint(value, ROW(source).cookie);
}

static void get_v6only(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	if (ROW(source).flags & ROW_HAS_V6ONLY)
		value_set_bool(value, ROW(source).flags & ROW_V6ONLY);
}

/* --- unix --- */

static void get_unix_type(const struct column *column, const struct column_source *source, struct value *value)
{
	(void)column;
	const struct sock_unix *unix_ = source->sock->unix_;
	if (!unix_)
		return;
	value_set_word(value, unix_->type == SOCK_STREAM      ? "stream"
	                      : unix_->type == SOCK_DGRAM     ? "dgram"
	                      : unix_->type == SOCK_SEQPACKET ? "seqpacket"
	                                                      : NULL);
}

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

static void get_unix_number(const struct column *column, const struct column_source *source, struct value *value)
{
	const struct sock_unix *unix_ = source->sock->unix_;
	if (!unix_ || !(unix_->has & column->field.rule))
		return;
	uint32_t number;
	memcpy(&number, (const char *)unix_ + column->field.offset, sizeof(number));
	value_set_uint(value, number);
}

#define TEXT(name_, help_, get_) \
	{ \
		.name = name_, .help = help_, .type = COLUMN_TEXT, .get = get_ \
	}
#define NUMBER(name_, unit_, help_, get_) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = COLUMN_NUMBER, .get = get_ \
	}
#define UNIX(name_, field_, has_, help_) \
	{ \
		.name = name_, .help = help_, .type = COLUMN_NUMBER, .group = GROUP_UNIX, .want = WANT_UNIX, \
		.field = { .offset = offsetof(struct sock_unix, field_), .rule = has_ }, .get = get_unix_number \
	}

const struct column columns_socket[] = {
	TEXT("proto", "tcp, udp, udplite, raw or unix", get_proto),
	TEXT("family", "inet, inet6 or unix", get_family),
	TEXT("state", "ESTABLISHED, LISTEN ...; UNCONNECTED for what is no TCP and not connected", get_state),
	{ .name = "recv_q",
	  .heading = "RECV-Q",
	  .unit = "bytes",
	  .type = COLUMN_NUMBER,
	  .get = get_queue,
	  .help = "received and not yet read; of a listener: connections not accepted yet" },
	{ .name = "send_q",
	  .heading = "SEND-Q",
	  .unit = "bytes",
	  .type = COLUMN_NUMBER,
	  .get = get_queue,
	  .help = "not yet sent, or sent and not yet acknowledged; of a listener: the backlog" },
	NUMBER("accept_queue", "connections", "of a listener: not accepted yet", get_queue),
	NUMBER("backlog", "connections", "of a listener: how many may wait to be accepted", get_queue),
	TEXT("local", "local address and port, as -n tells: name or number", get_endpoint),
	TEXT("remote", "the same of the other end", get_endpoint),
	TEXT("local_address", "IPv4-mapped addresses of IPv6 sockets as IPv4", get_address),
	NUMBER("local_port", NULL, "none of raw sockets", get_port),
	TEXT("local_service", "the port's name in /etc/services", get_service),
	{ .name = "local_host",
	  .type = COLUMN_TEXT,
	  .get = get_host,
	  .need = NEED_HOSTS,
	  .help = "the address's name in the DNS or /etc/hosts" },
	TEXT("remote_address", "absent if not connected", get_address),
	NUMBER("remote_port", NULL, "absent if not connected", get_port),
	TEXT("remote_service", "the port's name in /etc/services", get_service),
	{ .name = "remote_host",
	  .type = COLUMN_TEXT,
	  .get = get_host,
	  .need = NEED_HOSTS,
	  .help = "the address's name in the DNS or /etc/hosts" },
	NUMBER("ip_protocol", NULL, "number of the protocol above IP: 6, 17, 136; raw sockets' own", get_ip_protocol),
	{ .name = "interface",
	  .type = COLUMN_TEXT,
	  .group = GROUP_EXTRA,
	  .get = get_interface,
	  .help = "bound to it, or the zone of a link-local address" },
	NUMBER("ifindex", NULL, "the interface's number", get_ifindex),
	{ .name = "v6only",
	  .type = COLUMN_BOOL,
	  .group = GROUP_EXTRA,
	  .get = get_v6only,
	  .help = "of an IPv6 listener: whether it leaves IPv4 alone" },
	TEXT("scope", "who can reach the local address: loopback, link-local, private, global, any, multicast",
	     get_scope),
	TEXT("remote_scope", "the same of the remote address", get_scope),
	TEXT("port_class", "of the local port: system (below 1024), user, dynamic (from 49152)", get_port_class),
	TEXT("remote_port_class", "the same of the remote port", get_port_class),
	NUMBER("uid", NULL, "who made the socket", get_uid),
	TEXT("user", "the uid's login name", get_user),
	NUMBER("inode", NULL, "the socket's number among the open files", get_inode),
	{ .name = "cookie",
	  .type = COLUMN_NUMBER,
	  .group = GROUP_EXTRA,
	  .get = get_cookie,
	  .help = "the socket's number, never used twice until the next boot" },
	{ .name = "unix_type",
	  .heading = "TYPE",
	  .help = "stream, dgram or seqpacket",
	  .type = COLUMN_TEXT,
	  .group = GROUP_UNIX,
	  .want = WANT_UNIX,
	  .get = get_unix_type },
	{ .name = "path",
	  .help = "where it is bound; begins with \\x00 if abstract",
	  .type = COLUMN_TEXT,
	  .group = GROUP_UNIX,
	  .want = WANT_UNIX,
	  .get = get_path },
	UNIX("refcnt", refcnt, UNIX_HAS_REFCNT, "the kernel's references to it"),
	UNIX("peer_inode", peer, UNIX_HAS_PEER, "inode of the other end"),
	UNIX("vfs_inode", vfs_inode, UNIX_HAS_VFS, "inode of the path's file"),
	UNIX("vfs_dev", vfs_dev, UNIX_HAS_VFS, "device of the path's file, the kernel's number"),
};
const size_t columns_socket_count = countof(columns_socket);
