// SPDX-License-Identifier: MIT
/*
 * The table of columns. The layout of struct tcp_info is compared with the
 * system's own header, field by field, as far as that knows them; the rest
 * (Linux 6.0 to 6.18) with the offsets pahole prints for 6.18.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <sockview/column_list.h>
#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/names.h>

#include "skip.h"

static struct names *names;
static struct column_context context;

static int set_up(void **state)
{
	(void)state;
	names = names_new();
	context = (struct column_context){ .names = names, .kernel = KERNEL(6, 18) };
	return names ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	names_free(names);
	return 0;
}

static const struct column *column(const char *name)
{
	const struct column *found = column_find(name, strlen(name));
	if (!found)
		print_message("no column %s\n", name);
	assert_non_null(found);
	return found;
}

static struct value value_of(const char *name, const struct sock *sock)
{
	struct column_source source;
	struct value value;
	column_source_set(&source, &context, sock);
	column_get(column(name), &source, &value);
	return value;
}

/* The value's text; "null" if it is absent. */
static void assert_value(const char *name, const struct sock *sock, const char *want)
{
	struct column_source source;
	struct value value;
	struct text text = { 0 };
	column_source_set(&source, &context, sock);
	column_get(column(name), &source, &value);
	assert_int_equal(value_text(&text, &value, &source), 0);
	assert_int_equal(text_add(&text, "", 1), 0);
	if (value.kind == VALUE_NONE)
		assert_string_equal("null", want);
	else
		assert_string_equal(text.data, want);
	text_free(&text);
}

static void assert_number(const char *name, const struct sock *sock, uint64_t want)
{
	struct value value = value_of(name, sock);
	if (value.kind != VALUE_UINT || value.uint != want)
		print_message("%s: kind %u, %llu, not %llu\n", name, value.kind, (unsigned long long)value.uint,
		              (unsigned long long)want);
	assert_int_equal(value.kind, VALUE_UINT);
	assert_true(value.uint == want);
}

/* --- the table itself --- */

static void names_are_plain_and_unique(void **state)
{
	(void)state;
	const struct column *one, *other;
	for (size_t i = 0; (one = column_at(i)); i++) {
		for (const char *c = one->name; *c; c++)
			assert_true(islower((unsigned char)*c) || isdigit((unsigned char)*c) || *c == '_');
		assert_true(strlen(one->name) < 32);
		assert_true(one->help && *one->help);
		assert_non_null(one->get);
		assert_non_null(column_type_name(one->type));
		assert_non_null(column_group_title(one->group));
		assert_ptr_equal(column_find(one->name, strlen(one->name)), one);
		for (size_t k = 0; k < i && (other = column_at(k)); k++)
			assert_string_not_equal(one->name, other->name);
	}
}

/* What was promised by name. */
static void promised_columns_exist(void **state)
{
	(void)state;
	static const char promised[] =
		"proto family state recv_q send_q backlog local_address local_port local_service remote_address "
		"remote_port remote_service interface v6only scope port_class uid user inode cookie mark cgroup unit "
		"container pid tid program comm cmdline exe fd owner_count owner_reason age start_time timer "
		"timer_expires retransmits shutdown rmem_alloc rcvbuf wmem_alloc sndbuf fwd_alloc wmem_queued optmem "
		"sk_backlog drops delivery_rate rtt retrans_share limited_by congestion ulp owners";
	for (const char *at = promised; *at;) {
		size_t len = strcspn(at, " ");
		assert_non_null(column_find(at, len));
		at += len + (at[len] == ' ');
	}
}

static void names_are_found_in_any_case(void **state)
{
	(void)state;
	assert_ptr_equal(column("Recv-Q"), column("recv_q"));
	assert_ptr_equal(column("LOCAL_PORT"), column("local_port"));
	assert_null(column_find("recv_qq", 7));
	assert_null(column_find("recv_", 5));
	assert_null(column_find("", 0));
}

static void assert_list(const struct column_list *list, const char *want)
{
	char got[4096] = "";
	for (size_t i = 0; i < list->count; i++) {
		strcat(got, list->column[i]->name);
		strcat(got, i + 1 < list->count ? "," : "");
	}
	assert_string_equal(got, want);
}

static void lists_replace_add_or_leave_out(void **state)
{
	(void)state;
	struct column_list list = { 0 };
	struct error error;
	assert_int_equal(column_list_parse(&list, "pid,state", &error), 0);
	assert_list(&list, "pid,state");
	assert_int_equal(column_list_parse(&list, "+inode,state", &error), 0);
	assert_list(&list, "pid,state,inode");
	assert_int_equal(column_list_parse(&list, "uid", &error), 0);
	assert_list(&list, "uid");
	assert_int_equal(column_list_parse(&list, "proto,all", &error), 0);
	assert_null(column_at(list.count));
	assert_string_equal(list.column[0]->name, "proto");
	/* The text, then what is left of "uid,pid,inode". */
	static const char *const left_out[][2] = {
		{ "-pid", "uid,inode" },
		{ "-PID,state", "uid,inode,state" },
		{ "+state,-uid", "pid,inode,state" },
		{ "-state", "uid,pid,inode" },
		{ "proto,-inode", "proto" },
		{ "proto,state,-proto", "state" },
		{ "-all,fd", "fd" },
		{ "pid,-pid,+pid", "pid" },
	};
	for (size_t i = 0; i < countof(left_out); i++) {
		assert_int_equal(column_list_parse(&list, "uid,pid,inode", &error), 0);
		assert_int_equal(column_list_parse(&list, left_out[i][0], &error), 0);
		assert_list(&list, left_out[i][1]);
	}
	assert_int_equal(column_list_parse(&list, "all,-cmdline", &error), 0);
	assert_non_null(column_at(list.count));
	assert_null(column_at(list.count + 1));
	static const char *const empty[] = { "-all", "pid,-pid", "-uid,-all" };
	for (size_t i = 0; i < countof(empty); i++) {
		assert_int_equal(column_list_parse(&list, "uid", &error), 0);
		assert_int_equal(column_list_parse(&list, empty[i], &error), -1);
		assert_int_equal(error.number, ENODATA);
	}
	column_list_free(&list);
}

static void unknown_columns_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *list, *culprit;
	} cases[] = { { "proto,bogus,state", "bogus" }, { "", "" },  { "pid,", "" },       { "+", "" },
		      { "pid, uid", " uid" },           { "-", "" }, { "-bogus", "bogus" } };
	for (size_t i = 0; i < countof(cases); i++) {
		struct column_list list = { 0 };
		struct error error = { 0 };
		assert_int_equal(column_list_parse(&list, cases[i].list, &error), -1);
		assert_int_equal(error.number, EINVAL);
		assert_string_equal(error.subject, cases[i].culprit);
		column_list_free(&list);
	}
	/* A name too long for the error is cut, not overrun. */
	struct column_list list = { 0 };
	struct error error = { 0 };
	char longest[1000];
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(column_list_parse(&list, longest, &error), -1);
	assert_int_equal(strlen(error.subject), sizeof(error.subject) - 1);
	column_list_free(&list);
}

static void columns_say_what_they_need(void **state)
{
	(void)state;
	struct column_list list = { 0 };
	struct column_needs needs = { 0 };
	struct error error;
	assert_int_equal(column_list_parse(&list, "proto,local_port,inode,uid,cookie", &error), 0);
	column_list_needs(&list, &needs);
	assert_int_equal(needs.want | needs.details | needs.need, 0);
	/* An attribute of its own, which is read only if it is wanted. */
	assert_int_equal(column_list_parse(&list, "v6only", &error), 0);
	column_list_needs(&list, &needs);
	assert_int_equal(needs.want, WANT_EXTRA);
	assert_int_equal(column_list_parse(&list, "rtt,rcvbuf,timer,mark,cmdline,remote_host", &error), 0);
	column_list_needs(&list, &needs);
	assert_int_equal(needs.want, WANT_INFO | WANT_SKMEM | WANT_TIMER | WANT_EXTRA);
	assert_int_equal(needs.details, PROCESS_CMDLINE);
	assert_int_equal(needs.need, NEED_OWNERS | NEED_HOSTS | NEED_NET_ADMIN);
	column_list_free(&list);
}

/* Unless asked, no format looks for owners or details: that is what keeps the plain listing cheap. */
static void default_columns_are_cheap(void **state)
{
	(void)state;
	for (enum column_style style = COLUMNS_TABLE; style <= COLUMNS_TREE; style++) {
		struct column_list list = { 0 };
		struct column_needs needs = { 0 };
		assert_int_equal(
			column_list_default(&list, &(struct column_defaults){ .style = style,
		                                                              .protos = protos_with(PROTO_DEFAULT) }),
			0);
		column_list_needs(&list, &needs);
		assert_true(list.count >= 6);
		assert_int_equal(needs.want | needs.details | (needs.need & ~(unsigned)NEED_INTERFACES), 0);
		column_list_free(&list);
	}
}

static void options_add_their_columns(void **state)
{
	(void)state;
	struct column_list list = { 0 };
	struct column_needs needs = { 0 };
	const struct column_defaults all = { .style = COLUMNS_TREE,
		                             .protos = PROTO_ALL,
		                             .programs = 1,
		                             .extend = 2,
		                             .timers = true,
		                             .memory = true,
		                             .info = true };
	assert_int_equal(column_list_default(&list, &all), 0);
	column_list_needs(&list, &needs);
	assert_int_equal(needs.want, WANT_TIMER | WANT_SKMEM | WANT_EXTRA | WANT_INFO | WANT_UNIX | WANT_DETAIL |
	                                     WANT_REFCNT | WANT_PEER | WANT_VFS);
	assert_true(needs.need & NEED_OWNERS);
	column_list_free(&list);
}

/* --- sockets --- */

static struct sock tcp_sock(const char *local, const char *remote)
{
	struct sock sock = { .row = { .proto = PROTO_TCP,
		                      .state = STATE_ESTABLISHED,
		                      .local_port = 50000,
		                      .remote_port = 443,
		                      .flags = ROW_HAS_QUEUES | ROW_HAS_UID } };
	bool v6 = strchr(local, ':') != NULL;
	sock.row.family = v6 ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(sock.row.family, local, &sock.row.local), 1);
	assert_int_equal(inet_pton(sock.row.family, remote, &sock.row.remote), 1);
	if (strncmp(local, "::ffff:", 7) == 0)
		sock.row.flags |= ROW_LOCAL_MAPPED;
	if (strncmp(remote, "::ffff:", 7) == 0)
		sock.row.flags |= ROW_REMOTE_MAPPED;
	return sock;
}

/* RFC 1122, 1918, 3927, 6598, 4193, 4291, 5771. */
static void addresses_have_a_scope(void **state)
{
	(void)state;
	static const struct {
		const char *address, *scope;
	} cases[] = {
		{ "0.0.0.0", "any" },
		{ "127.0.0.1", "loopback" },
		{ "127.255.255.254", "loopback" },
		{ "128.0.0.1", "global" },
		{ "126.255.255.255", "global" },
		{ "10.0.0.1", "private" },
		{ "11.0.0.1", "global" },
		{ "172.15.255.255", "global" },
		{ "172.16.0.0", "private" },
		{ "172.31.255.255", "private" },
		{ "172.32.0.0", "global" },
		{ "192.168.1.1", "private" },
		{ "192.169.0.0", "global" },
		{ "169.254.9.9", "link-local" },
		{ "169.253.0.0", "global" },
		{ "100.63.255.255", "global" },
		{ "100.64.0.0", "private" },
		{ "100.127.255.255", "private" },
		{ "100.128.0.0", "global" },
		{ "224.0.0.251", "multicast" },
		{ "239.255.255.255", "multicast" },
		{ "255.255.255.255", "broadcast" },
		{ "8.8.8.8", "global" },
		{ "0.0.0.1", "global" },
		{ "::", "any" },
		{ "::1", "loopback" },
		{ "::2", "global" },
		{ "fe80::1", "link-local" },
		{ "febf::1", "link-local" },
		{ "fec0::1", "private" },
		{ "fc00::1", "private" },
		{ "fdff::1", "private" },
		{ "fe00::1", "global" },
		{ "ff02::fb", "multicast" },
		{ "2001:db8::1", "global" },
		{ "::ffff:127.0.0.1", "loopback" },
		{ "::ffff:10.1.2.3", "private" },
		{ "::ffff:0.0.0.0", "any" },
		{ "::ffff:9.9.9.9", "global" },
	};
	for (size_t i = 0; i < countof(cases); i++) {
		bool v6 = strchr(cases[i].address, ':');
		struct sock sock = tcp_sock(cases[i].address, v6 ? "::5" : "1.2.3.4");
		print_message("%s\n", cases[i].address);
		assert_value("scope", &sock, cases[i].scope);
		sock = tcp_sock(v6 ? "::5" : "1.2.3.4", cases[i].address);
		assert_value("remote_scope", &sock, cases[i].scope);
	}
}

/* RFC 6335, 6. */
static void ports_have_a_class(void **state)
{
	(void)state;
	static const struct {
		uint16_t port;
		const char *class;
	} cases[] = { { 1, "system" },      { 1023, "system" },   { 1024, "user" }, { 49151, "user" },
		      { 49152, "dynamic" }, { 65535, "dynamic" }, { 0, "null" } };
	for (size_t i = 0; i < countof(cases); i++) {
		struct sock sock = tcp_sock("1.2.3.4", "1.2.3.4");
		sock.row.local_port = cases[i].port;
		assert_value("port_class", &sock, cases[i].class);
	}
}

static void absent_is_absent(void **state)
{
	(void)state;
	static const char *const absent[] = {
		"remote_address",
		"remote_port",
		"remote_service",
		"remote_scope",
		"remote_port_class",
		"backlog",
		"accept_queue",
		"interface",
		"ifindex",
		"v6only",
		"inode",
		"cookie",
		"mark",
		"cgroup",
		"cgroup_id",
		"shutdown",
		"pid",
		"tid",
		"fd",
		"program",
		"comm",
		"cmdline",
		"exe",
		"exe_deleted",
		"ppid",
		"parents",
		"start_time",
		"age",
		"unit",
		"container",
		"owner_count",
		"owners",
		"timer",
		"timer_expires",
		"retransmits",
		"rcvbuf",
		"drops",
		"rtt",
		"snd_cwnd",
		"sack",
		"limited_by",
		"retrans_share",
		"send_rate",
		"congestion",
		"ulp",
		"bbr_bw",
		"tls_version",
		"tls_zerocopy_tx",
		"mptcp_flags",
		"md5_keys",
		"unix_type",
		"path",
		"refcnt",
	};
	struct sock sock = tcp_sock("1.2.3.4", "0.0.0.0");
	sock.row.remote_port = 0;
	sock.row.state = STATE_BOUND;
	for (size_t i = 0; i < countof(absent); i++)
		assert_value(absent[i], &sock, "null");
}

static void queues_of_a_listener_count_connections(void **state)
{
	(void)state;
	struct sock sock = tcp_sock("::", "::");
	sock.row.remote_port = 0;
	sock.row.state = STATE_LISTEN;
	sock.row.recv_q = 3;
	sock.row.send_q = 128;
	sock.row.flags |= ROW_BACKLOG | ROW_HAS_V6ONLY;
	assert_number("recv_q", &sock, 3);
	assert_number("accept_queue", &sock, 3);
	assert_number("backlog", &sock, 128);
	assert_value("v6only", &sock, "false");
	assert_value("state", &sock, "LISTEN");
	sock.row.flags &= (uint16_t)~ROW_BACKLOG;
	assert_value("backlog", &sock, "null");
}

static void raw_sockets_have_a_protocol_and_no_port(void **state)
{
	(void)state;
	struct sock sock = tcp_sock("1.2.3.4", "0.0.0.0");
	sock.row.proto = PROTO_RAW;
	sock.row.local_port = IPPROTO_ICMP;
	sock.row.remote_port = 0;
	sock.row.state = STATE_CLOSE;
	assert_number("ip_protocol", &sock, 1);
	assert_value("local_port", &sock, "null");
	assert_value("state", &sock, "UNCONNECTED");
	sock = tcp_sock("1.2.3.4", "1.2.3.4");
	assert_number("ip_protocol", &sock, 6);
}

static void endpoints_are_for_people(void **state)
{
	(void)state;
	context.numeric_ports = true;
	struct sock sock = tcp_sock("fe80::1", "::ffff:10.0.0.1");
	assert_value("local", &sock, "[fe80::1]:50000");
	assert_value("remote", &sock, "10.0.0.1:443");
	sock = tcp_sock("127.0.0.1", "0.0.0.0");
	sock.row.remote_port = 0;
	assert_value("remote", &sock, "0.0.0.0:*");
	assert_value("local", &sock, "127.0.0.1:50000");
	context.numeric_ports = false;
}

static void paths_of_unix_sockets(void **state)
{
	(void)state;
	struct sock_unix detail = { .type = SOCK_SEQPACKET, .refcnt = 2, .has = UNIX_HAS_REFCNT };
	struct sock sock = { .row = { .proto = PROTO_UNIX, .family = AF_UNIX, .state = STATE_LISTEN },
		             .unix_ = &detail };
	sock.blob[BLOB_PATH] = (struct bytes){ "/run/a\nb\0", 9 };
	assert_value("path", &sock, "/run/a\\x0ab");
	assert_value("unix_type", &sock, "seqpacket");
	assert_number("refcnt", &sock, 2);
	assert_value("peer_inode", &sock, "null");
	assert_value("local_address", &sock, "null");
	assert_value("local", &sock, "null");
	assert_value("scope", &sock, "null");
	/* An abstract name may hold NUL anywhere, and all of it counts. */
	sock.blob[BLOB_PATH] = (struct bytes){ "\0a\0b", 4 };
	assert_value("path", &sock, "\\x00a\\x00b");
	sock.blob[BLOB_PATH] = (struct bytes){ "", 0 };
	assert_value("path", &sock, "null");
}

/* --- tcp_info --- */

enum { INFO_SIZE = 280 };

#define HEADER(name) \
	{ \
#name, offsetof(struct tcp_info, tcpi_##name), sizeof((struct tcp_info){ 0 }.tcpi_##name), 1 \
	}
#define RATE_HEADER(name) \
	{ \
#name, offsetof(struct tcp_info, tcpi_##name), 8, 8 \
	}

static const struct {
	const char *name;
	size_t offset, size;
	uint64_t scale;
} info_fields[] = {
	{ "tcpi_state", 0, 1, 1 },
	{ "tcpi_retransmits", 2, 1, 1 },
	{ "tcpi_probes", 3, 1, 1 },
	{ "tcpi_options", 5, 1, 1 },
	HEADER(backoff),
	HEADER(rto),
	HEADER(ato),
	HEADER(snd_mss),
	HEADER(rcv_mss),
	HEADER(unacked),
	HEADER(sacked),
	HEADER(lost),
	HEADER(retrans),
	HEADER(fackets),
	HEADER(last_data_sent),
	HEADER(last_ack_sent),
	HEADER(last_data_recv),
	HEADER(last_ack_recv),
	HEADER(pmtu),
	HEADER(rcv_ssthresh),
	HEADER(rtt),
	HEADER(rttvar),
	HEADER(snd_ssthresh),
	HEADER(snd_cwnd),
	HEADER(advmss),
	HEADER(reordering),
	HEADER(rcv_rtt),
	HEADER(rcv_space),
	HEADER(total_retrans),
	RATE_HEADER(pacing_rate),
	RATE_HEADER(max_pacing_rate),
	HEADER(bytes_acked),
	HEADER(bytes_received),
	HEADER(segs_out),
	HEADER(segs_in),
	HEADER(notsent_bytes),
	HEADER(min_rtt),
	HEADER(data_segs_in),
	HEADER(data_segs_out),
	RATE_HEADER(delivery_rate),
	HEADER(busy_time),
	HEADER(rwnd_limited),
	HEADER(sndbuf_limited),
	HEADER(delivered),
	HEADER(delivered_ce),
	HEADER(bytes_sent),
	HEADER(bytes_retrans),
	HEADER(dsack_dups),
	HEADER(reord_seen),
	HEADER(rcv_ooopack),
	HEADER(snd_wnd),
	{ "rcv_wnd", 232, 4, 1 },
	{ "rehash", 236, 4, 1 },
	{ "total_rto", 240, 2, 1 },
	{ "total_rto_recoveries", 242, 2, 1 },
	{ "total_rto_time", 244, 4, 1 },
	{ "received_ce", 248, 4, 1 },
	{ "delivered_e1_bytes", 252, 4, 1 },
	{ "delivered_e0_bytes", 256, 4, 1 },
	{ "delivered_ce_bytes", 260, 4, 1 },
	{ "received_e1_bytes", 264, 4, 1 },
	{ "received_e0_bytes", 268, 4, 1 },
	{ "received_ce_bytes", 272, 4, 1 },
	{ "accecn_fail_mode", 276, 2, 1 },
	{ "accecn_opt_seen", 278, 2, 1 },
};

static uint64_t little_endian(const uint8_t *byte, size_t size)
{
	uint64_t number = 0;
	memcpy(&number, byte, size);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	number >>= 8 * (8 - size);
#endif
	return number;
}

static void info_fields_are_where_the_kernel_puts_them(void **state)
{
	(void)state;
	uint8_t info[INFO_SIZE];
	for (size_t i = 0; i < sizeof(info); i++)
		info[i] = (uint8_t)(1 + i * 7 % 15); /* small: no rate overflows times eight */
	struct sock sock = tcp_sock("1.2.3.4", "1.2.3.4");
	sock.blob[BLOB_TCP_INFO] = (struct bytes){ info, sizeof(info) };
	for (size_t i = 0; i < countof(info_fields); i++)
		assert_number(info_fields[i].name, &sock,
		              little_endian(info + info_fields[i].offset, info_fields[i].size) * info_fields[i].scale);
}

/* A kernel that sends less knows less; not a byte behind what it sent is looked at. */
static void a_shorter_info_lacks_its_last_fields(void **state)
{
	(void)state;
	for (size_t len = 0; len <= INFO_SIZE; len++) {
		uint8_t *info = malloc(len ? len : 1);
		memset(info, 1, len);
		struct sock sock = tcp_sock("1.2.3.4", "1.2.3.4");
		sock.blob[BLOB_TCP_INFO] = (struct bytes){ info, len };
		for (size_t i = 0; i < countof(info_fields); i++) {
			bool there = info_fields[i].offset + info_fields[i].size <= len;
			assert_int_equal(value_of(info_fields[i].name, &sock).kind, there ? VALUE_UINT : VALUE_NONE);
		}
		const struct column *one;
		for (size_t i = 0; (one = column_at(i)); i++)
			value_of(one->name, &sock);
		free(info);
	}
}

static void bits_of_info(void **state)
{
	(void)state;
	struct tcp_info info = { .tcpi_snd_wscale = 7,
		                 .tcpi_rcv_wscale = 10,
		                 .tcpi_delivery_rate_app_limited = 1,
		                 .tcpi_fastopen_client_fail = 2,
		                 .tcpi_options = TCPI_OPT_SACK | TCPI_OPT_ECN_SEEN,
		                 .tcpi_ca_state = TCP_CA_Recovery };
	struct sock sock = tcp_sock("1.2.3.4", "1.2.3.4");
	sock.blob[BLOB_TCP_INFO] = (struct bytes){ &info, sizeof(info) };
	assert_number("snd_wscale", &sock, 7);
	assert_number("rcv_wscale", &sock, 10);
	assert_value("app_limited", &sock, "true");
	assert_value("fastopen_fail", &sock, "data-not-acked");
	assert_value("sack", &sock, "true");
	assert_value("timestamps", &sock, "false");
	assert_value("ecn_seen", &sock, "true");
	assert_value("ecn", &sock, "false");
	assert_value("ca_state", &sock, "recovery");
}

/* net/ipv4/tcp.c, tcp_get_info(): what is told of a listener and what only looks like it. */
static void unmeasured_is_absent(void **state)
{
	(void)state;
	struct tcp_info info = { .tcpi_snd_ssthresh = 0x7fffffff,
		                 .tcpi_min_rtt = UINT32_MAX,
		                 .tcpi_max_pacing_rate = UINT64_MAX,
		                 .tcpi_snd_cwnd = 10,
		                 .tcpi_unacked = 3,
		                 .tcpi_pacing_rate = 1000 };
	struct sock sock = tcp_sock("1.2.3.4", "1.2.3.4");
	sock.blob[BLOB_TCP_INFO] = (struct bytes){ &info, sizeof(info) };
	static const char *const absent[] = { "snd_ssthresh",    "min_rtt",       "rtt",        "rcv_rtt",
		                              "max_pacing_rate", "retrans_share", "limited_by", "send_rate" };
	for (size_t i = 0; i < countof(absent); i++)
		assert_value(absent[i], &sock, "null");
	assert_number("pacing_rate", &sock, 8000);
	assert_number("unacked", &sock, 3);
	sock.row.state = STATE_LISTEN;
	assert_value("unacked", &sock, "null");
	assert_number("snd_cwnd", &sock, 10);
	/* No other kernel uses the last four bytes so. */
	uint8_t whole[INFO_SIZE] = { 0 };
	sock.row.state = STATE_ESTABLISHED;
	sock.blob[BLOB_TCP_INFO] = (struct bytes){ whole, sizeof(whole) };
	assert_number("accecn_opt_seen", &sock, 0);
	context.kernel = KERNEL(7, 0);
	assert_value("accecn_opt_seen", &sock, "null");
	context.kernel = 0;
	assert_value("accecn_opt_seen", &sock, "null");
	context.kernel = KERNEL(6, 18);
}

static void shares_and_limits(void **state)
{
	(void)state;
	struct tcp_info info = { .tcpi_bytes_sent = 1000,
		                 .tcpi_bytes_retrans = 250,
		                 .tcpi_busy_time = 100,
		                 .tcpi_snd_cwnd = 10,
		                 .tcpi_snd_mss = 1000,
		                 .tcpi_rtt = 8000 };
	struct sock sock = tcp_sock("1.2.3.4", "1.2.3.4");
	sock.blob[BLOB_TCP_INFO] = (struct bytes){ &info, sizeof(info) };
	assert_value("retrans_share", &sock, "0.25");
	assert_number("send_rate", &sock, 10000000); /* 10 x 1000 B in 8 ms */
	assert_value("limited_by", &sock, "network");
	info.tcpi_delivery_rate_app_limited = 1;
	assert_value("limited_by", &sock, "application");
	info.tcpi_rwnd_limited = 50;
	assert_value("limited_by", &sock, "receive-window");
	info.tcpi_sndbuf_limited = 51;
	assert_value("limited_by", &sock, "send-buffer");
	info.tcpi_sndbuf_limited = info.tcpi_rwnd_limited = 49;
	assert_value("limited_by", &sock, "application");
}

static void congestion_controls_tell_their_own(void **state)
{
	(void)state;
	struct tcpvegas_info vegas = { 1, 5, 1000, 900 };
	struct tcp_dctcp_info dctcp = { 1, 0, 1024, 7, 8 };
	struct tcp_bbr_info bbr = { 0x10, 1, 250, 739, 512 };
	struct sock sock = tcp_sock("1.2.3.4", "1.2.3.4");
	sock.blob[BLOB_VEGAS] = (struct bytes){ &vegas, sizeof(vegas) };
	sock.blob[BLOB_DCTCP] = (struct bytes){ &dctcp, sizeof(dctcp) };
	sock.blob[BLOB_BBR] = (struct bytes){ &bbr, sizeof(bbr) };
	sock.blob[BLOB_CONG] = (struct bytes){ "bbr\0", 4 };
	assert_value("congestion", &sock, "bbr");
	assert_number("vegas_enabled", &sock, 1);
	assert_number("vegas_rttcnt", &sock, 5);
	assert_number("vegas_rtt", &sock, 1000);
	assert_number("vegas_minrtt", &sock, 900);
	assert_number("dctcp_enabled", &sock, 1);
	assert_number("dctcp_ce_state", &sock, 0);
	assert_number("dctcp_alpha", &sock, 1024);
	assert_number("dctcp_ab_ecn", &sock, 7);
	assert_number("dctcp_ab_tot", &sock, 8);
	assert_number("bbr_bw", &sock, (0x100000010ull) * 8);
	assert_number("bbr_min_rtt", &sock, 250);
	assert_value("bbr_pacing_gain", &sock, "2.886719"); /* 739/256 */
	assert_value("bbr_cwnd_gain", &sock, "2.0");
}

/* Attributes as nla_put() lays them: length, type, data, padding to four. */
static void layers_above_are_read_from_attributes(void **state)
{
	(void)state;
	static const uint8_t tls[] = {
		8,  0, 1, 0, 't',  'l',  's', 0, /* INET_ULP_INFO_NAME */
		40, 0, 2, 0,                     /* INET_ULP_INFO_TLS */
		6,  0, 1, 0, 0x04, 0x03, 0,   0, /* TLS_INFO_VERSION */
		6,  0, 2, 0, 52,   0,    0,   0, /* TLS_INFO_CIPHER */
		6,  0, 3, 0, 2,    0,    0,   0, /* TLS_INFO_TXCONF */
		6,  0, 4, 0, 1,    0,    0,   0, /* TLS_INFO_RXCONF */
		4,  0, 5, 0,                     /* TLS_INFO_ZC_RO_TX */
	};
	static const uint8_t mptcp[] = {
		10,  0, 1,  0, 'm',  'p',  't',  'c',
		'p', 0, 0,  0, 24,   0,    3,    0x80, /* INET_ULP_INFO_MPTCP, NLA_F_NESTED */
		8,   0, 2,  0, 0x78, 0x56, 0x34, 0x12, /* TOKEN_LOC */
		5,   0, 10, 0, 9,    0,    0,    0,    /* ID_LOC */
		4,   0, 99, 0,                         /* not known yet */
	};
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	skip_because("the attributes are of a little-endian machine");
#endif
	struct sock sock = tcp_sock("1.2.3.4", "1.2.3.4");
	sock.blob[BLOB_ULP] = (struct bytes){ tls, sizeof(tls) };
	assert_value("ulp", &sock, "tls");
	assert_value("tls_version", &sock, "1.3");
	assert_value("tls_cipher", &sock, "aes-gcm-256");
	assert_value("tls_tx", &sock, "sw");
	assert_value("tls_rx", &sock, "none");
	assert_value("tls_zerocopy_tx", &sock, "true");
	assert_value("tls_rx_no_pad", &sock, "false");
	assert_value("mptcp_flags", &sock, "null");
	sock.blob[BLOB_ULP] = (struct bytes){ mptcp, sizeof(mptcp) };
	assert_value("ulp", &sock, "mptcp");
	assert_number("mptcp_token_local", &sock, 0x12345678);
	assert_number("mptcp_id_local", &sock, 9);
	assert_value("mptcp_token_remote", &sock, "null");
	assert_value("tls_version", &sock, "null");
	/* Every cut, in a buffer of just that length. */
	for (size_t len = 0; len < sizeof(mptcp); len++) {
		uint8_t *cut = malloc(len ? len : 1);
		memcpy(cut, mptcp, len);
		sock.blob[BLOB_ULP] = (struct bytes){ cut, len };
		value_of("mptcp_id_local", &sock);
		value_of("ulp", &sock);
		free(cut);
	}
}

/* --- values --- */

static void times_are_rfc3339(void **state)
{
	(void)state;
	static const int64_t times[] = { 0,          1,          951782399, 951782400, 951868800,   1709164800,
		                         1732118445, 4102444799, -1,        -86400,    253402300799 };
	for (size_t i = 0; i < countof(times); i++) {
		char want[64], got[64];
		time_t time = (time_t)times[i];
		struct tm tm;
		gmtime_r(&time, &tm);
		strftime(want, sizeof(want), "%Y-%m-%dT%H:%M:%SZ", &tm);
		*text_time(got, times[i]) = '\0';
		assert_string_equal(got, want);
	}
}

static void reals_have_six_digits(void **state)
{
	(void)state;
	static const struct {
		double real;
		const char *text;
	} cases[] = { { 0, "0.0" },
		      { 1, "1.0" },
		      { 0.5, "0.5" },
		      { 1.0 / 3, "0.333333" },
		      { 2.0 / 3, "0.666667" },
		      { 0.9999999, "1.0" },
		      { 123456.25, "123456.25" },
		      { -0.125, "-0.125" } };
	for (size_t i = 0; i < countof(cases); i++) {
		char got[VALUE_SHORT_MAX];
		*value_short_text(got, &(struct value){ .kind = VALUE_REAL, .real = cases[i].real }) = '\0';
		assert_string_equal(got, cases[i].text);
	}
}

static void assert_args(const char *args, size_t len, const char *want)
{
	struct text text = { 0 };
	struct value value = { .kind = VALUE_ARGS, .bytes = { args, len } };
	assert_int_equal(value_text(&text, &value, NULL), 0);
	assert_int_equal(text_add(&text, "", 1), 0);
	assert_string_equal(text.data, want);
	text_free(&text);
}

static void arguments_can_be_told_apart(void **state)
{
	(void)state;
	assert_args("ls\0-l\0a b", 9, "ls -l a\\x20b");
	assert_args("ls\0\0x", 5, "ls  x");
	assert_args("ls", 2, "ls");
	assert_args("ls\0\0\0", 5, "ls");
	assert_args("", 0, "");
	assert_args("a\\\xff\n", 4, "a\\\\\\xff\\x0a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_plain_and_unique),
		cmocka_unit_test(promised_columns_exist),
		cmocka_unit_test(names_are_found_in_any_case),
		cmocka_unit_test(lists_replace_add_or_leave_out),
		cmocka_unit_test(unknown_columns_are_named),
		cmocka_unit_test(columns_say_what_they_need),
		cmocka_unit_test(default_columns_are_cheap),
		cmocka_unit_test(options_add_their_columns),
		cmocka_unit_test(addresses_have_a_scope),
		cmocka_unit_test(ports_have_a_class),
		cmocka_unit_test(absent_is_absent),
		cmocka_unit_test(queues_of_a_listener_count_connections),
		cmocka_unit_test(raw_sockets_have_a_protocol_and_no_port),
		cmocka_unit_test(endpoints_are_for_people),
		cmocka_unit_test(paths_of_unix_sockets),
		cmocka_unit_test(info_fields_are_where_the_kernel_puts_them),
		cmocka_unit_test(a_shorter_info_lacks_its_last_fields),
		cmocka_unit_test(bits_of_info),
		cmocka_unit_test(unmeasured_is_absent),
		cmocka_unit_test(shares_and_limits),
		cmocka_unit_test(congestion_controls_tell_their_own),
		cmocka_unit_test(layers_above_are_read_from_attributes),
		cmocka_unit_test(times_are_rfc3339),
		cmocka_unit_test(reals_have_six_digits),
		cmocka_unit_test(arguments_can_be_told_apart),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
