// SPDX-License-Identifier: MIT
/*
 * test_procnet.c - the parsers of /proc/net on lines that a kernel wrote
 * (6.18, little-endian); what they mean is worked out by hand from the format
 * strings of net/ipv4/tcp_ipv4.c, udp.c, raw.c and net/unix/af_unix.c, and was
 * seen to be what netstat prints of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <sockview/countof.h>
#include <sockview/cpu_time.h>

#include "collect/procnet.h"
#include "collect/procnet_inet.h"

#include "skip.h"

/* Addresses stand in the order of the machine that wrote them. */
static void needs_little_endian(void)
{
	if (__BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__)
		skip_because("the sample lines are a little-endian machine's");
}

struct inet_case {
	const char *what;
	const char *line;
	enum proto proto;
	int family;
	const char *local, *remote; /* for inet_pton */
	uint16_t local_port, remote_port;
	enum state state;
	uint32_t recv_q, send_q, uid, inode;
	struct sock_timer timer;
	unsigned mapped; /* of flags */
};

#define ANY6 "00000000000000000000000000000000"

static const struct inet_case inet_cases[] = {
	{ "a listener",
	  "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000    33        0 "
	  "101323 1 000000002dc257e6 100 0 0 10 0                    ",
	  PROTO_TCP,
	  AF_INET,
	  "127.0.0.1",
	  "0.0.0.0",
	  8080,
	  0,
	  STATE_LISTEN,
	  3,
	  0,
	  33,
	  101323,
	  { 0, TIMER_OFF, 0, 0 },
	  0 },
	{ "unread bytes",
	  "   2: 0100007F:1F90 0100007F:BC90 01 00000000:000002BC 00:00000000 00000000     0        0 "
	  "101325 1 00000000b04d1842 20 4 30 10 -1                   ",
	  PROTO_TCP,
	  AF_INET,
	  "127.0.0.1",
	  "127.0.0.1",
	  8080,
	  48272,
	  STATE_ESTABLISHED,
	  700,
	  0,
	  0,
	  101325,
	  { 0, TIMER_OFF, 0, 0 },
	  0 },
	{ "a keepalive timer two hours away, 7199.94 s left",
	  "   3: 0100007F:BC90 0100007F:1F90 01 00000000:00000000 02:000AFC7A 00000000     0        0 "
	  "101324 3 000000007473f1c3 20 0 0 11 -1                    ",
	  PROTO_TCP,
	  AF_INET,
	  "127.0.0.1",
	  "127.0.0.1",
	  48272,
	  8080,
	  STATE_ESTABLISHED,
	  0,
	  0,
	  0,
	  101324,
	  { 7199940, TIMER_KEEPALIVE, 0, 0 },
	  0 },
	{ "TIME_WAIT has no inode, and fewer columns",
	  "   4: 0100007F:BC9C 0100007F:1F90 06 00000000:00000000 03:0000176F 00000000     0        0 "
	  "0 3 0000000066c68428                                      ",
	  PROTO_TCP,
	  AF_INET,
	  "127.0.0.1",
	  "127.0.0.1",
	  48284,
	  8080,
	  STATE_TIME_WAIT,
	  0,
	  0,
	  0,
	  0,
	  { 59990, TIMER_TIMEWAIT, 0, 0 },
	  0 },
	{ "a SYN unanswered",
	  "   5: 00000000:E560 010200C0:0009 02 00000001:00000000 01:00000064 00000002     0        0 "
	  "101332 2 0000000081208f0c 100 0 0 10 -1                   ",
	  PROTO_TCP,
	  AF_INET,
	  "0.0.0.0",
	  "192.0.2.1",
	  58720,
	  9,
	  STATE_SYN_SENT,
	  0,
	  1,
	  0,
	  101332,
	  { 1000, TIMER_ON, 2, 0 },
	  0 },
	{ "a zero window probed five times",
	  "  16: 0100007F:0050 0100007F:BC90 01 0000FFFF:00000000 04:00000B3B 00000000 65534        5 "
	  "4294967295 2 0000000081208f0c 100 0 0 10 -1               ",
	  PROTO_TCP,
	  AF_INET,
	  "127.0.0.1",
	  "127.0.0.1",
	  80,
	  48272,
	  STATE_ESTABLISHED,
	  0,
	  65535,
	  65534,
	  UINT32_MAX,
	  { 28750, TIMER_PROBE, 0, 5 },
	  0 },
	{ "a half-open connection by its own number",
	  "   1: 0100007F:0050 0100007F:BC90 0C 00000000:00000000 01:00000064 00000000     0        0 "
	  "0 0 0000000081208f0c",
	  PROTO_TCP,
	  AF_INET,
	  "127.0.0.1",
	  "127.0.0.1",
	  80,
	  48272,
	  STATE_SYN_RECV,
	  0,
	  0,
	  0,
	  0,
	  { 1000, TIMER_ON, 0, 0 },
	  0 },
	{ "IPv6, not accepted yet",
	  "   1: 00000000000000000000000001000000:01BB 00000000000000000000000001000000:C810 01 "
	  "00000000:00000000 00:00000000 00000000     0        0 0 1 00000000b160251e 20 0 0 10 -1",
	  PROTO_TCP,
	  AF_INET6,
	  "::1",
	  "::1",
	  443,
	  51216,
	  STATE_ESTABLISHED,
	  0,
	  0,
	  0,
	  0,
	  { 0, TIMER_OFF, 0, 0 },
	  0 },
	{ "IPv6 word by word",
	  "  44: B80D0120785634120000000001EFCDAB:0016 000080FE00000000FF005450FE123456:8000 08 "
	  "00000000:00000000 00:00000000 00000000  1000        0 77 1 00000000b160251e 20 0 0 10 -1",
	  PROTO_TCP,
	  AF_INET6,
	  "2001:db8:1234:5678:0:0:abcd:ef01",
	  "fe80::5054:ff:5634:12fe",
	  22,
	  32768,
	  STATE_CLOSE_WAIT,
	  0,
	  0,
	  1000,
	  77,
	  { 0, TIMER_OFF, 0, 0 },
	  0 },
	{ "an IPv4 connection of an IPv6 socket",
	  "   3: 0000000000000000FFFF00000100007F:01BB 0000000000000000FFFF00000100007F:A7C2 01 "
	  "00000000:00000000 00:00000000 00000000     0        0 101330 1 00000000a29e86e1 20 0 0 10 -1",
	  PROTO_TCP,
	  AF_INET6,
	  "::ffff:127.0.0.1",
	  "::ffff:127.0.0.1",
	  443,
	  42946,
	  STATE_ESTABLISHED,
	  0,
	  0,
	  0,
	  101330,
	  { 0, TIMER_OFF, 0, 0 },
	  ROW_LOCAL_MAPPED | ROW_REMOTE_MAPPED },
	{ "mapped on one side only",
	  "   3: 0000000000000000FFFF00000100007F:01BB " ANY6 ":0000 0A "
	  "00000000:00000000 00:00000000 00000000     0        0 101330 1 00000000a29e86e1 20 0 0 10 -1",
	  PROTO_TCP,
	  AF_INET6,
	  "::ffff:127.0.0.1",
	  "::",
	  443,
	  0,
	  STATE_LISTEN,
	  0,
	  0,
	  0,
	  101330,
	  { 0, TIMER_OFF, 0, 0 },
	  ROW_LOCAL_MAPPED },
	{ "UDP with a datagram waiting",
	  "14923: 00000000:0035 00000000:0000 07 00000000:00000340 00:00000000 00000000   101        0 "
	  "101333 2 00000000adfb63ae 0        ",
	  PROTO_UDP,
	  AF_INET,
	  "0.0.0.0",
	  "0.0.0.0",
	  53,
	  0,
	  STATE_CLOSE,
	  832,
	  0,
	  101,
	  101333,
	  { 0, TIMER_OFF, 0, 0 },
	  0 },
	{ "UDP over IPv6",
	  "15416: 00000000000000000000000001000000:0222 " ANY6 ":0000 07 "
	  "00000000:00000000 00:00000000 00000000     0        0 101335 2 000000003948bb06 0",
	  PROTO_UDP,
	  AF_INET6,
	  "::1",
	  "::",
	  546,
	  0,
	  STATE_CLOSE,
	  0,
	  0,
	  0,
	  101335,
	  { 0, TIMER_OFF, 0, 0 },
	  0 },
	{ "UDPLITE",
	  "14969: 0100007F:0063 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 "
	  "101336 2 000000009909fb29 0        ",
	  PROTO_UDPLITE,
	  AF_INET,
	  "127.0.0.1",
	  "0.0.0.0",
	  99,
	  0,
	  STATE_CLOSE,
	  0,
	  0,
	  0,
	  101336,
	  { 0, TIMER_OFF, 0, 0 },
	  0 },
	{ "raw ICMPv6, its protocol for a port",
	  "  172: " ANY6 ":003A " ANY6 ":0000 07 "
	  "00000000:00000000 00:00000000 00000000     0        0 101338 2 00000000d421b53d 0",
	  PROTO_RAW,
	  AF_INET6,
	  "::",
	  "::",
	  58,
	  0,
	  STATE_CLOSE,
	  0,
	  0,
	  0,
	  101338,
	  { 0, TIMER_OFF, 0, 0 },
	  0 },
	{ "a timer of a 64-bit kernel that is past all bounds",
	  "   3: 0100007F:BC90 0100007F:1F90 01 00000000:00000000 02:00000FFFFFFFFFFF 00000000     0 "
	  "       0 101324 3 000000007473f1c3 20 0 0 11 -1",
	  PROTO_TCP,
	  AF_INET,
	  "127.0.0.1",
	  "127.0.0.1",
	  48272,
	  8080,
	  STATE_ESTABLISHED,
	  0,
	  0,
	  0,
	  101324,
	  { UINT32_MAX, TIMER_KEEPALIVE, 0, 0 },
	  0 },
};

static void assert_addr(const union addr *addr, int family, const char *text)
{
	union addr expected = { { 0 } };
	assert_int_equal(inet_pton(family, text, &expected), 1);
	assert_memory_equal(addr, &expected, sizeof(expected));
}

static void assert_row(const struct inet_case *c, const struct row *row)
{
	assert_int_equal(row->proto, c->proto);
	assert_int_equal(row->family, c->family);
	assert_addr(&row->local, c->family, c->local);
	assert_addr(&row->remote, c->family, c->remote);
	assert_int_equal(row->local_port, c->local_port);
	assert_int_equal(row->remote_port, c->remote_port);
	assert_int_equal(row->state, c->state);
	assert_int_equal(row->recv_q, c->recv_q);
	assert_int_equal(row->send_q, c->send_q);
	assert_int_equal(row->uid, c->uid);
	assert_int_equal(row->inode, c->inode);
	assert_int_equal(row->flags, c->mapped | ROW_HAS_QUEUES | ROW_HAS_UID | ROW_NO_DEVICE);
	assert_int_equal(row->cookie, 0);
	assert_int_equal(row->ifindex, 0);
}

static void lines_mean_what_the_kernel_meant(void **state)
{
	(void)state;
	needs_little_endian();
	for (size_t i = 0; i < countof(inet_cases); i++) {
		const struct inet_case *c = &inet_cases[i];
		struct row row;
		struct sock_timer timer;
		print_message("%s\n", c->what);
		assert_true(procnet_inet_parse(c->line, strlen(c->line), c->proto, c->family, &row, &timer));
		assert_row(c, &row);
		assert_int_equal(timer.kind, c->timer.kind);
		assert_int_equal(timer.expires_ms, c->timer.expires_ms);
		assert_int_equal(timer.retransmits, c->timer.retransmits);
		assert_int_equal(timer.probes, c->timer.probes);
	}
}

/* A page that must not be touched behind the text. */
struct guard {
	char *pages;
	size_t page;
};

static int guard_setup(void **state)
{
	static struct guard guard;
	guard.page = (size_t)sysconf(_SC_PAGESIZE);
	guard.pages = mmap(NULL, 2 * guard.page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (guard.pages == MAP_FAILED || mprotect(guard.pages + guard.page, guard.page, PROT_NONE))
		return -1;
	*state = &guard;
	return 0;
}

static int guard_teardown(void **state)
{
	struct guard *guard = *state;
	return munmap(guard->pages, 2 * guard->page);
}

static const char *guarded(const struct guard *guard, const char *text, size_t len)
{
	return memcpy(guard->pages + guard->page - len, text, len);
}

/* Where the inode's digits begin: 14th word of a TCP line by its heading, the 10th by blanks. */
static size_t inode_at(const char *line)
{
	const char *at = line;
	for (int word = 0; word < 9; word++) {
		at += strspn(at, " ");
		at += strcspn(at, " ");
	}
	return (size_t)(at + strspn(at, " ") - line);
}

static void a_line_cut_anywhere_is_refused_or_only_lacks_its_end(void **state)
{
	for (size_t i = 0; i < countof(inet_cases); i++) {
		const struct inet_case *c = &inet_cases[i];
		for (size_t len = 0; len <= strlen(c->line); len++) {
			struct row row;
			struct sock_timer timer;
			const char *text = guarded(*state, c->line, len);
			bool read = procnet_inet_parse(text, len, c->proto, c->family, &row, &timer);
			assert_int_equal(read, len > inode_at(c->line));
		}
	}
}

static void an_ipv4_line_is_not_an_ipv6_one(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(inet_cases); i++) {
		const struct inet_case *c = &inet_cases[i];
		int other = c->family == AF_INET ? AF_INET6 : AF_INET;
		struct row row;
		struct sock_timer timer;
		assert_false(procnet_inet_parse(c->line, strlen(c->line), c->proto, other, &row, &timer));
	}
}

static void nonsense_is_refused(void **state)
{
	static const char *const lines[] = {
		"",
		"\0\0\0",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
		/* no such state */
		"   0: 0100007F:1F90 00000000:0000 00 00000000:00000000 00:00000000 00000000 33 0 1 1",
		"   0: 0100007F:1F90 00000000:0000 0D 00000000:00000000 00:00000000 00000000 33 0 1 1",
		"   0: 0100007F:1F90 00000000:0000 FF 00000000:00000000 00:00000000 00000000 33 0 1 1",
		/* one digit too many or too few */
		"   0: 0100007FF:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 1 1",
		"   0: 0100007:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 1 1",
		"   0: 0100007F:1F900 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 1 1",
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:000000000 00:00000000 00000000 33 0 1 1",
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 000:00000000 00000000 33 0 1 1",
		/* numbers that do not fit, are none, or are no numbers */
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 4294967296 0 1 1",
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 4294967296 1",
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 -1 0 1 1",
		"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 1x 1",
		("99999999999999999999999: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 "
		 "00000000 33 0 1 1"),
		"    : 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 1 1",
		"   0: 0x00007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 33 0 1 1",
	};
	for (size_t i = 0; i < countof(lines); i++) {
		struct row row;
		struct sock_timer timer;
		const char *text = guarded(*state, lines[i], strlen(lines[i]));
		assert_false(procnet_inet_parse(text, strlen(lines[i]), PROTO_TCP, AF_INET, &row, &timer));
	}
}

/* --- unix --- */

struct unix_case {
	const char *line;
	uint32_t inode, refcnt;
	enum state state;
	uint8_t type;
	bool no_file;
	const char *path; /* as written */
};

static const struct unix_case unix_cases[] = {
	{ "00000000eb52153c: 00000002 00000000 00010000 0001 01 101339 /run/docker.sock", 101339, 2, STATE_LISTEN,
	  SOCK_STREAM, false, "/run/docker.sock" },
	{ "00000000fff7ef66: 00000003 00000000 00000000 0001 02     0 /run/docker.sock", 0, 3, STATE_ESTABLISHED,
	  SOCK_STREAM, true, "/run/docker.sock" },
	{ "000000000f655d1e: 00000003 00000000 00000000 0001 03 101340", 101340, 3, STATE_ESTABLISHED, SOCK_STREAM,
	  false, NULL },
	{ "00000000cd6691c5: 00000002 00000000 00000000 0002 01 101341 @abs@tract", 101341, 2, STATE_CLOSE, SOCK_DGRAM,
	  false, "@abs@tract" },
	{ "0000000003cec32f: 00000012 00000000 00000000 0005 01     7 @89d09", 7, 18, STATE_CLOSE, SOCK_SEQPACKET,
	  false, "@89d09" },
	{ "00000000cd6691c5: 00000001 00000000 00000000 0001 04     0", 0, 1, STATE_CLOSE, SOCK_STREAM, true, NULL },
	/* a 32-bit kernel; one that hides its addresses; a path of blanks */
	{ "cd6691c5: 00000002 00000000 00000000 0002 01   941  a b ", 941, 2, STATE_CLOSE, SOCK_DGRAM, false, " a b " },
	{ "(____ptrval____): 00000002 00000000 00000000 0002 01   941", 941, 2, STATE_CLOSE, SOCK_DGRAM, false, NULL },
};

static void unix_lines_mean_what_the_kernel_meant(void **state)
{
	for (size_t i = 0; i < countof(unix_cases); i++) {
		const struct unix_case *c = &unix_cases[i];
		size_t len = strlen(c->line);
		struct row row;
		struct sock_unix unix_;
		struct bytes path;
		assert_true(procnet_unix_parse(guarded(*state, c->line, len), len, &row, &unix_, &path));
		assert_int_equal(row.family, AF_UNIX);
		assert_int_equal(row.proto, PROTO_UNIX);
		assert_int_equal(row.inode, c->inode);
		assert_int_equal(row.state, c->state);
		assert_int_equal(row.flags, 0);
		assert_int_equal(unix_.refcnt, c->refcnt);
		assert_int_equal(unix_.type, c->type);
		assert_int_equal(unix_.has, UNIX_HAS_REFCNT | (c->no_file ? UNIX_NO_FILE : 0));
		assert_int_equal(path.len, c->path ? strlen(c->path) : 0);
		assert_int_equal(path.data != NULL, c->path != NULL);
		if (c->path)
			assert_memory_equal(path.data, c->path, path.len);
	}
}

static void a_unix_line_cut_anywhere_is_never_read_past_its_end(void **state)
{
	for (size_t i = 0; i < countof(unix_cases); i++) {
		const char *line = unix_cases[i].line;
		size_t head = strlen(line) - (unix_cases[i].path ? strlen(unix_cases[i].path) + 1 : 0);
		for (size_t len = 0; len < strlen(line); len++) {
			struct row row;
			struct sock_unix unix_;
			struct bytes path;
			bool read = procnet_unix_parse(guarded(*state, line, len), len, &row, &unix_, &path);
			if (len >= head)
				assert_true(read);
			else if (strspn(line + len, "0123456789") < head - len)
				assert_false(read);
		}
	}
}

static void unix_nonsense_is_refused(void **state)
{
	static const char *const lines[] = {
		"Num       RefCount Protocol Flags    Type St Inode Path",
		"00000000eb52153c: 00000002 00000000 00010000 0001 00 101339", /* SS_FREE: it would be gone */
		"00000000eb52153c: 00000002 00000000 00010000 0001 05 101339",
		"00000000eb52153c: 00000002 00000000 00010000 0001 01 4294967296",
		"00000000eb52153c: 00000002 00000000 00010000 0001 01 101339x",
		"00000000eb52153c: 00000002 00000000 00010000 0001 01",
		"00000000eb52153c: 00000002 00000000 00010000 001 01 101339",
		"00000000eb52153c  00000002 00000000 00010000 0001 01 101339",
		"(____ptrval____: 00000002 00000000 00010000 0001 01 101339",
		" 00000000eb52153c: 00000002 00000000 00010000 0001 01 101339",
		/* 109 bytes of path */
		"00000000eb52153c: 00000002 00000000 00010000 0001 01 101339 "
		"0123456789012345678901234567890123456789012345678901234"
		"567890123456789012345678901234567890123456789012345678",
	};
	for (size_t i = 0; i < countof(lines); i++) {
		size_t len = strlen(lines[i]);
		struct row row;
		struct sock_unix unix_;
		struct bytes path;
		assert_false(procnet_unix_parse(guarded(*state, lines[i], len), len, &row, &unix_, &path));
	}
}

/* --- whole files --- */

struct scene {
	char dir[32];
	int fd;
	struct table table;
	struct report report;
	struct error error;
	struct query query;
	size_t stop_after; /* the sink refuses the socket after so many; 0: never */
};

static int scene_setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	strcpy(scene->dir, "/tmp/procnet.XXXXXX");
	if (!mkdtemp(scene->dir))
		return -1;
	scene->fd = open(scene->dir, O_RDONLY | O_DIRECTORY);
	scene->query = (struct query){ .protos = PROTO_ALL, .inet = true, .inet6 = true, .want = WANT_TIMER };
	for (int i = 0; i < PROTO_COUNT; i++)
		scene->query.states[i] = STATE_ALL;
	table_init(&scene->table, WANT_TIMER | WANT_UNIX);
	*state = scene;
	return 0;
}

static const char *const names[] = { "tcp", "tcp6", "udp", "udp6", "udplite", "udplite6", "raw", "raw6", "unix" };

static int scene_teardown(void **state)
{
	struct scene *scene = *state;
	for (size_t i = 0; i < countof(names); i++)
		unlinkat(scene->fd, names[i], 0);
	close(scene->fd);
	rmdir(scene->dir);
	table_free(&scene->table);
	free(scene);
	return 0;
}

static void put(const struct scene *scene, const char *name, const char *text, size_t len)
{
	int fd = openat(scene->fd, name, O_WRONLY | O_CREAT | O_APPEND, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	close(fd);
}

static void put_line(const struct scene *scene, const char *name, const char *line)
{
	put(scene, name, line, strlen(line));
	put(scene, name, "\n", 1);
}

static int scene_sink(void *context, const struct sock *sock)
{
	struct scene *scene = context;
	if (scene->stop_after && scene->table.count == scene->stop_after)
		return 77;
	return table_add(&scene->table, sock);
}

static int scene_read(struct scene *scene)
{
	struct source_request request = { .query = &scene->query, .sink = scene_sink, .context = scene };
	return source_proc(scene->fd, &request, &scene->report, &scene->error);
}

static const char heading[] = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when";
static const char unix_heading[] = "Num       RefCount Protocol Flags    Type St Inode Path";
#define LISTENER \
	"   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 " \
	"101323 1 000000002dc257e6 100 0 0 10 0"
#define ESTABLISHED \
	"   1: 0100007F:1F90 0100007F:BC90 01 00000000:00000000 02:00000064 00000000     0        0 " \
	"101324 1 000000002dc257e6 100 0 0 10 0"
#define LISTENER6 \
	"   0: " ANY6 ":01BB " ANY6 ":0000 0A 00000000:00000001 00:00000000 00000000     0        0 " \
	"101328 2 000000000d9e3b7b 100 0 0 10 0"
#define UNIX_BOUND "00000000eb52153c: 00000002 00000000 00010000 0001 01 101339 "

/* netstat's protocols: each has a file of its own here. */
#define FILED \
	(PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP) | PROTO_BIT(PROTO_UDPLITE) | PROTO_BIT(PROTO_RAW) | \
	 PROTO_BIT(PROTO_UNIX))

static void files_are_read_in_netstats_order(void **state)
{
	struct scene *scene = *state;
	scene->query.protos = FILED;
	put_line(scene, "unix", unix_heading);
	put_line(scene, "unix", UNIX_BOUND "@x");
	for (size_t i = 0; i < 8; i++) {
		put_line(scene, names[7 - i], heading);
		put_line(scene, names[7 - i], (7 - i) % 2 ? LISTENER6 : LISTENER);
	}
	assert_int_equal(scene_read(scene), 0);
	assert_int_equal(scene->table.count, 9);
	for (size_t i = 0; i < 9; i++) {
		static const int families[] = { AF_INET, AF_INET6 };
		struct sock sock;
		table_get(&scene->table, i, &sock);
		assert_int_equal(sock.row.proto, i == 8 ? PROTO_UNIX : i / 2);
		assert_int_equal(sock.row.family, i == 8 ? AF_UNIX : families[i % 2]);
		assert_int_equal(sock.timer != NULL && i < 8, i < 8);
	}
	struct sock last;
	table_get(&scene->table, 8, &last);
	assert_int_equal(last.blob[BLOB_PATH].len, 2);
	assert_memory_equal(last.blob[BLOB_PATH].data, "\0x", 2);
	assert_int_equal(scene->report.received, 9);
	assert_int_equal(scene->report.malformed, 0);
	assert_int_equal(scene->report.unavailable, 0);
	assert_int_equal(scene->report.from_proc, FILED);
}

static void only_what_was_asked_for_is_given(void **state)
{
	struct scene *scene = *state;
	for (size_t i = 0; i < 8; i++) {
		put_line(scene, names[i], heading);
		put_line(scene, names[i], i % 2 ? LISTENER6 : LISTENER);
	}
	put_line(scene, "tcp", ESTABLISHED);
	scene->query.protos = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_RAW);
	scene->query.states[PROTO_TCP] = STATE_BIT(STATE_ESTABLISHED);
	scene->query.inet6 = false;
	scene->query.want = 0;
	assert_int_equal(scene_read(scene), 0);
	assert_int_equal(scene->table.count, 2);
	assert_int_equal(scene->table.row[0].state, STATE_ESTABLISHED);
	assert_int_equal(scene->table.row[1].proto, PROTO_RAW);
	assert_int_equal(scene->report.requests, 2);
	assert_int_equal(scene->report.received, 3);
}

/* Of a live file, where the kernel writes them first: what is behind them is not even counted. */
static void of_listeners_alone_the_rest_is_not_read(void **state)
{
	struct scene *scene = *state;
	struct source_request request = { .query = &scene->query, .sink = scene_sink, .context = scene };
	scene->query.protos = PROTO_BIT(PROTO_TCP);
	scene->query.states[PROTO_TCP] = STATE_BIT(STATE_LISTEN);
	put_line(scene, "tcp", heading);
	put_line(scene, "tcp", LISTENER);
	put_line(scene, "tcp", ESTABLISHED);
	put_line(scene, "tcp", LISTENER);
	assert_int_equal(source_proc(scene->fd, &request, &scene->report, &scene->error), 0);
	assert_int_equal(scene->table.count, 2);
	request.waiting_first = true;
	assert_int_equal(source_proc(scene->fd, &request, &scene->report, &scene->error), 0);
	assert_int_equal(scene->table.count, 3);
	assert_int_equal(scene->report.malformed, 0);
}

/* Takes the time that is left with its first socket. */
static int slow_sink(void *context, const struct sock *sock)
{
	const struct source_request *request = context;
	(void)sock;
	while (cpu_time_ms() < request->cpu_end_ms)
		;
	return 0;
}

static void time_ends_a_file_that_is_being_read(void **state)
{
	enum { LINES = 2000 };
	struct scene *scene = *state;
	struct source_request request = { .query = &scene->query, .sink = slow_sink, .context = &request };
	scene->query.protos = PROTO_BIT(PROTO_TCP);
	put_line(scene, "tcp", heading);
	for (int i = 0; i < LINES; i++)
		put_line(scene, "tcp", ESTABLISHED);
	put_line(scene, "tcp6", LISTENER6);
	request.cpu_end_ms = cpu_time_ms() + 20;
	assert_int_equal(source_proc(scene->fd, &request, &scene->report, &scene->error), 0);
	assert_true(scene->report.out_of_time);
	assert_in_range(scene->report.received, 0, LINES / 4);
	scene->report = (struct report){ 0 };
	request.cpu_end_ms = 0;
	assert_int_equal(source_proc(scene->fd, &request, &scene->report, &scene->error), 0);
	assert_false(scene->report.out_of_time);
	assert_int_equal(scene->report.received, LINES + 1);
}

static void what_is_missing_is_named(void **state)
{
	struct scene *scene = *state;
	scene->query.protos = FILED;
	put_line(scene, "tcp", heading);
	put_line(scene, "udp6", heading);
	assert_int_equal(scene_read(scene), 0);
	assert_int_equal(scene->report.from_proc, PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP));
	assert_int_equal(scene->report.unavailable,
	                 PROTO_BIT(PROTO_UDPLITE) | PROTO_BIT(PROTO_RAW) | PROTO_BIT(PROTO_UNIX));
}

static void the_sinks_refusal_stops_the_source(void **state)
{
	struct scene *scene = *state;
	put_line(scene, "tcp", heading);
	put_line(scene, "tcp", LISTENER);
	put_line(scene, "tcp", ESTABLISHED);
	put_line(scene, "tcp6", heading);
	put_line(scene, "tcp6", LISTENER6);
	scene->stop_after = 1;
	assert_int_equal(scene_read(scene), 77);
	assert_int_equal(scene->table.count, 1);
}

static void a_sinks_refusal_of_the_last_unix_socket_counts_too(void **state)
{
	struct scene *scene = *state;
	put_line(scene, "unix", unix_heading);
	put_line(scene, "unix", UNIX_BOUND "/a");
	put_line(scene, "unix", UNIX_BOUND "/b");
	scene->stop_after = 1;
	assert_int_equal(scene_read(scene), 77);
}

/* The last number of a line that has no end may lack digits: no row is better than a wrong inode. */
static void a_line_without_its_end_is_left_out(void **state)
{
	struct scene *scene = *state;
	put_line(scene, "tcp", heading);
	put_line(scene, "tcp", LISTENER);
	put(scene, "tcp", ESTABLISHED, sizeof(ESTABLISHED) - 40);
	put_line(scene, "unix", unix_heading);
	put(scene, "unix", "00000000eb52153c: 00000002 00000000 00010000 0001 01 1013", 57);
	assert_int_equal(scene_read(scene), 0);
	assert_int_equal(scene->table.count, 1);
	assert_int_equal(scene->table.row[0].inode, 101323);
	assert_int_equal(scene->report.malformed, 2);
}

static void a_line_of_a_megabyte_costs_one_row_and_no_memory(void **state)
{
	struct scene *scene = *state;
	enum { LONG = 1 << 20 };
	char *text = malloc(LONG);
	memset(text, ' ', LONG);
	memcpy(text, ESTABLISHED, sizeof(ESTABLISHED) - 1);
	put_line(scene, "tcp", heading);
	put(scene, "tcp", text, LONG);
	put_line(scene, "tcp", "");
	put_line(scene, "tcp", LISTENER);
	free(text);
	assert_int_equal(scene_read(scene), 0);
	assert_int_equal(scene->table.count, 1);
	assert_int_equal(scene->table.row[0].inode, 101323);
	assert_int_equal(scene->report.malformed, 1);
}

/* Lines lie across the ends of the reader's buffer in every way. */
static void many_lines_all_arrive(void **state)
{
	struct scene *scene = *state;
	enum { MANY = 5000 };
	char line[256];
	put_line(scene, "tcp", heading);
	FILE *file = fdopen(openat(scene->fd, "tcp", O_WRONLY | O_APPEND), "a");
	assert_non_null(file);
	for (int i = 0; i < MANY; i++) {
		snprintf(line, sizeof(line),
		         "%4d: 0100007F:%04X 00000000:0000 0A 00000000:00000000 00:00000000 00000000 %5d 0 "
		         "%d 1%*s",
		         i, (unsigned)i & 0xffff, i, i + 1, i % 97, "");
		fprintf(file, "%s\n", line);
	}
	fclose(file);
	assert_int_equal(scene_read(scene), 0);
	assert_int_equal(scene->table.count, MANY);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(scene->table.row[i].local_port, i);
		assert_int_equal(scene->table.row[i].inode, i + 1);
	}
	assert_int_equal(scene->report.malformed, 0);
}

static void a_fifo_or_a_directory_is_refused_and_not_waited_for(void **state)
{
	struct scene *scene = *state;
	assert_int_equal(mkfifoat(scene->fd, "tcp", 0600), 0);
	assert_int_equal(scene_read(scene), -1);
	assert_int_equal(scene->error.number, EINVAL);
	assert_string_equal(scene->error.subject, "/proc/net/tcp");
	unlinkat(scene->fd, "tcp", 0);
	assert_int_equal(mkdirat(scene->fd, "tcp", 0700), 0);
	assert_int_equal(scene_read(scene), -1);
	unlinkat(scene->fd, "tcp", AT_REMOVEDIR);
}

/* --- names with newlines --- */

static void assert_path(const struct table *table, size_t index, const char *path, size_t len)
{
	struct sock sock;
	table_get(table, index, &sock);
	assert_int_equal(sock.blob[BLOB_PATH].len, len);
	assert_memory_equal(sock.blob[BLOB_PATH].data, path, len);
}

static void a_path_with_newlines_stays_one_path(void **state)
{
	struct scene *scene = *state;
	put_line(scene, "unix", unix_heading);
	put_line(scene, "unix", UNIX_BOUND "/tmp/a\n\nb c\n");
	put_line(scene, "unix", UNIX_BOUND "\nx");
	put_line(scene, "unix", "000000000f655d1e: 00000003 00000000 00000000 0001 03 101340");
	assert_int_equal(scene_read(scene), 0);
	assert_int_equal(scene->table.count, 3);
	assert_path(&scene->table, 0, "/tmp/a\n\nb c\n", 12);
	assert_path(&scene->table, 1, "\nx", 2);
	assert_int_equal(scene->table.row[2].inode, 101340);
	assert_int_equal(scene->report.malformed, 0);
}

static void what_no_name_has_room_for_is_no_part_of_one(void **state)
{
	struct scene *scene = *state;
	char filler[101];
	memset(filler, 'y', 100);
	filler[100] = '\0';
	put_line(scene, "unix", unix_heading);
	put_line(scene, "unix", UNIX_BOUND "/tmp/a");
	put_line(scene, "unix", filler); /* 6 + 1 + 100: fits */
	put_line(scene, "unix", UNIX_BOUND "/tmp/bcd");
	put_line(scene, "unix", filler); /* 8 + 1 + 100: one more than 108 */
	put_line(scene, "unix", "000000000f655d1e: 00000003 00000000 00000000 0001 03 101340");
	put_line(scene, "unix", "behind a socket without a name");
	assert_int_equal(scene_read(scene), 0);
	assert_int_equal(scene->table.count, 3);
	struct sock sock;
	table_get(&scene->table, 0, &sock);
	assert_int_equal(sock.blob[BLOB_PATH].len, 107);
	assert_path(&scene->table, 1, "/tmp/bcd", 8);
	/* The first socket's name could have held the second's line as well as what came then. */
	assert_int_equal(scene->report.malformed, 2);
}

/* What the netlink source asks of the file. */
static void certain_is_only_what_no_name_could_hold(void **state)
{
	struct scene *scene = *state;
	struct procnet_unix unix_;
	put_line(scene, "unix", unix_heading);
#define LONG_NAME "/a/name/that/is/as/long/as/it/takes/to/leave/no/room/for/another/line/behind/it"
#define EMBRYO    "0000000066c68428: 00000003 00000000 00000000 0001 02     0 "
	put_line(scene, "unix", EMBRYO "/first");  /* nothing before it */
	put_line(scene, "unix", EMBRYO "/second"); /* 6 + 1 + 66 bytes: may be the first one's words */
	put_line(scene, "unix", "000000000f655d1e: 00000003 00000000 00000000 0001 03 101340");
	put_line(scene, "unix", EMBRYO "/fourth"); /* the third has no name; the second's has no room */
	put_line(scene, "unix", EMBRYO LONG_NAME);
	put_line(scene, "unix", EMBRYO "/sixth");
	assert_int_equal(procnet_unix_load(&unix_, NULL, scene->fd, &scene->report, &scene->error), 0);
	uint32_t refcnt;
	assert_true(procnet_unix_refcnt(&unix_, 101340, &refcnt));
	assert_int_equal(refcnt, 3);
	assert_false(procnet_unix_refcnt(&unix_, 101341, &refcnt));
	assert_false(procnet_unix_refcnt(&unix_, 0, &refcnt));
	static const char *const certain[] = { "/first", "/fourth", LONG_NAME, "/sixth" };
	assert_int_equal(unix_.certain.count, countof(certain));
	for (size_t i = 0; i < countof(certain); i++)
		assert_path(&unix_.certain, i, certain[i], strlen(certain[i]));
	assert_int_equal(unix_.uncertain.count, 1);
	assert_path(&unix_.uncertain, 0, "/second", 7);
	procnet_unix_free(&unix_);
}

/* --- the same at random: a kernel that writes, and users who choose names --- */

enum { FORGED = 0xbad, GENUINE = 0x900d, MOST_SOCKETS = 6 };

struct random_file {
	unsigned seed;
	char text[MOST_SOCKETS * 300];
	size_t len;
	size_t sockets;
	bool newlines; /* some name has one */
	char name[MOST_SOCKETS][PROCNET_PATH_MAX + 1];
};

static unsigned chance(struct random_file *file, unsigned below)
{
	file->seed = file->seed * 1103515245 + 12345;
	return (file->seed >> 16) % below;
}

static void say(struct random_file *file, const char *text)
{
	memcpy(file->text + file->len, text, strlen(text));
	file->len += strlen(text);
}

/* unix_seq_show()'s line without its newline. */
static void row_print(char *to, size_t size, unsigned refcnt, unsigned inode, const char *name)
{
	snprintf(to, size, "%016x: %08X %08X %08X %04X %02X %5u%s%s", 0x66c68428u, refcnt, 0u, 0u, 1u, inode ? 3u : 2u,
	         inode, *name ? " " : "", name);
}

/* As a hostile user would: nothing, something short, something with newlines, a whole forged line. */
static void name_choose(struct random_file *file, char name[PROCNET_PATH_MAX + 1])
{
	char line[256];
	unsigned kind = chance(file, 6), fill = chance(file, 100);
	name[0] = '\0';
	if (kind == 0)
		return;
	memset(line, 'n', sizeof(line));
	line[1 + fill % (kind == 1 ? 100 : 48)] = '\0';
	if (kind == 2)
		line[chance(file, (unsigned)strlen(line))] = '\n';
	if (kind == 5)
		strcpy(line, "n\nc0ffee00: 00000BAD 00000000 00000000 0001 03 1"
		             "\nc0ffee00: 00000BAD 00000000 00000000 0001 02 0");
	if (kind == 3 || kind == 4) {
		size_t at = strlen(line);
		line[at++] = '\n';
		row_print(line + at, sizeof(line) - at, FORGED, chance(file, 2), chance(file, 2) ? "/x" : "");
	}
	if (kind == 4)
		strcat(line, "\n");
	snprintf(name, PROCNET_PATH_MAX + 1, "%s", line);
	file->newlines |= strchr(name, '\n') != NULL;
}

static void file_choose(struct random_file *file)
{
	char line[300];
	say(file, "Num       RefCount Protocol Flags    Type St Inode Path\n");
	file->sockets = 1 + chance(file, MOST_SOCKETS);
	for (size_t i = 0; i < file->sockets; i++) {
		name_choose(file, file->name[i]);
		row_print(line, sizeof(line), GENUINE, chance(file, 2), file->name[i]);
		say(file, line);
		say(file, "\n");
	}
}

struct witness {
	const struct random_file *file;
	size_t seen;
};

static int witness_sink(void *context, const struct sock *sock, bool certain)
{
	struct witness *witness = context;
	const struct random_file *file = witness->file;
	const struct bytes *name = &sock->blob[BLOB_PATH];
	assert_true(!certain || sock->unix_->refcnt == GENUINE);
	if (!file->newlines) {
		assert_true(witness->seen < file->sockets);
		assert_int_equal(name->len, strlen(file->name[witness->seen]));
		if (name->len)
			assert_memory_equal(name->data, file->name[witness->seen], name->len);
	}
	witness->seen++;
	return 0;
}

static void no_name_makes_a_row_that_is_certain(void **state)
{
	struct scene *scene = *state;
	size_t forgeries = 0;
	for (unsigned round = 0; round < 20000; round++) {
		struct random_file file = { .seed = round };
		struct witness witness = { .file = &file };
		file_choose(&file);
		int fd = openat(scene->fd, "unix", O_RDWR | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, file.text, file.len), file.len);
		lseek(fd, 0, SEEK_SET);
		assert_int_equal(procnet_unix_each(fd, witness_sink, &witness, &scene->report, &scene->error), 0);
		close(fd);
		if (!file.newlines)
			assert_int_equal(witness.seen, file.sockets);
		assert_true(witness.seen + scene->report.malformed >= file.sockets);
		forgeries += file.newlines;
	}
	assert_in_range(forgeries, 1000, 19999); /* both kinds of files were there */
}

static void two_counts_for_one_inode_are_none(void **state)
{
	struct scene *scene = *state;
	struct procnet_unix unix_;
	uint32_t refcnt;
	put_line(scene, "unix", unix_heading);
	put_line(scene, "unix", "000000000f655d1e: 00000003 00000000 00000000 0001 03 7 /tmp/x");
	put_line(scene, "unix", "000000000f655d1e: 00000004 00000000 00000000 0001 03 7");
	put_line(scene, "unix", "000000000f655d1f: 00000005 00000000 00000000 0001 03 5");
	put_line(scene, "unix", "000000000f655d1f: 00000005 00000000 00000000 0001 03 5");
	assert_int_equal(procnet_unix_load(&unix_, NULL, scene->fd, &scene->report, &scene->error), 0);
	assert_false(procnet_unix_refcnt(&unix_, 7, &refcnt));
	assert_true(procnet_unix_refcnt(&unix_, 5, &refcnt));
	assert_int_equal(refcnt, 5);
	procnet_unix_free(&unix_);
}

static void without_the_file_there_is_an_error_and_nothing_to_free(void **state)
{
	struct scene *scene = *state;
	struct procnet_unix unix_;
	assert_int_equal(procnet_unix_load(&unix_, NULL, scene->fd, &scene->report, &scene->error), -1);
	assert_int_equal(scene->error.number, ENOENT);
	procnet_unix_free(&unix_);
}

#define GUARDED(test) cmocka_unit_test_setup_teardown(test, guard_setup, guard_teardown)
#define SCENE(test)   cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_mean_what_the_kernel_meant),
		GUARDED(a_line_cut_anywhere_is_refused_or_only_lacks_its_end),
		cmocka_unit_test(an_ipv4_line_is_not_an_ipv6_one),
		GUARDED(nonsense_is_refused),
		GUARDED(unix_lines_mean_what_the_kernel_meant),
		GUARDED(a_unix_line_cut_anywhere_is_never_read_past_its_end),
		GUARDED(unix_nonsense_is_refused),
		SCENE(files_are_read_in_netstats_order),
		SCENE(only_what_was_asked_for_is_given),
		SCENE(of_listeners_alone_the_rest_is_not_read),
		SCENE(time_ends_a_file_that_is_being_read),
		SCENE(what_is_missing_is_named),
		SCENE(the_sinks_refusal_stops_the_source),
		SCENE(a_sinks_refusal_of_the_last_unix_socket_counts_too),
		SCENE(a_line_without_its_end_is_left_out),
		SCENE(a_line_of_a_megabyte_costs_one_row_and_no_memory),
		SCENE(many_lines_all_arrive),
		SCENE(a_fifo_or_a_directory_is_refused_and_not_waited_for),
		SCENE(a_path_with_newlines_stays_one_path),
		SCENE(what_no_name_has_room_for_is_no_part_of_one),
		SCENE(certain_is_only_what_no_name_could_hold),
		SCENE(no_name_makes_a_row_that_is_certain),
		SCENE(two_counts_for_one_inode_are_none),
		SCENE(without_the_file_there_is_an_error_and_nothing_to_free),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
