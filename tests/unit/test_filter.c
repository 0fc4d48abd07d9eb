// SPDX-License-Identifier: MIT
/* test_filter.c - what filters mean, case by case, over sockets made by hand (filter_scene.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include <sockview/countof.h>

#include "filter_scene.h"
#include "owners/findings.h"

static struct filter *filter_of(const char *text, int family)
{
	struct filter_error error;
	struct filter *filter = filter_new(&scene_names);
	assert_non_null(filter);
	if (filter_add_text(filter, text, strlen(text), family, &error) < 0)
		fail_msg("\"%s\": at %zu %s, expected %s", text, error.position, error.what, error.expected);
	assert_int_equal(filter_close(filter), 0);
	return filter;
}

static void check(const char *text, int family, const struct owners *owners, const char *expected)
{
	char letters[SCENE_MAX + 1];
	struct filter *filter = filter_of(text, family);
	scene_judge(filter, owners, VERDICT_YES, letters);
	if (strcmp(letters, expected) != 0)
		fail_msg("\"%s\" gives %s, not %s", text, letters, expected);
	filter_free(filter);
}

struct filter_case {
	const char *text, *expected;
};

static void check_all(const struct filter_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(cases[i].text, AF_UNSPEC, NULL, cases[i].expected);
}
#define CHECK_ALL(cases) check_all(cases, countof(cases))

static void ports(void **state)
{
	static const struct filter_case cases[] = {
		{ "sport = :22", "abc" },
		{ "sport :22", "abc" },
		{ "sport 22", "abc" },
		{ "sport = ssh", "abc" },
		{ "sport = :ssh", "abc" },
		{ "sport eq :0x16", "abc" },
		{ "sport = 0x16", "abc" },
		{ "dport = :8080", "m" },
		{ "dport = 0", "abgil" },
		{ "sport < 53", "abci" },
		{ "sport <= 53", "abcgi" },
		{ "sport gt 443", "hlm" },
		{ "sport ge 443", "ehlm" },
		{ "sport lt 53", "abci" },
		{ "sport le 53", "abcgi" },
		{ "sport leq 53", "abcgi" },
		{ "sport geq 443", "ehlm" },
		{ "sport > :443", "hlm" },
		{ "sport >= :443", "ehlm" },
		{ "sport < 0", "" },
		{ "sport >= 0", "abcdefghilm" },
		{ "sport > 65535", "" },
		{ "sport <= 65535", "abcdefghilm" },
		{ "sport != :22", "defghijklm" },
		{ "sport ne :22", "defghijklm" },
		{ "sport neq :22", "defghijklm" },
		{ "not sport = :22", "defghijklm" },
		{ "sport = :80,443,8000-8100", "defl" },
		{ "sport = :80,:443", "def" },
		{ "sport = 1-79", "abcgi" },
		{ "sport = ssh-http", "abcdfg" },
		{ "sport = :ssh,domain", "abcg" },
		{ "sport = x-y", "" },
		{ "sport = inet::22", "ac" },
		{ "sport = inet6::22", "b" },
		{ "sport = two", "" },
		{ "sport = *", "abcdefghijklm" },
		{ "sport != *", "" },
	};
	(void)state;
	CHECK_ALL(cases);
}

static void addresses(void **state)
{
	static const struct filter_case cases[] = {
		{ "src 10.0.0.5", "cdf" },
		{ "src = 10.0.0.5", "cdf" },
		{ "src == 10.0.0.5:80", "df" },
		{ "src 10.0.0.5:http", "df" },
		{ "src 10.0.0.0/8", "cdf" },
		{ "src 10/8", "cdf" },
		{ "src 10.0/16:22", "c" },
		{ "src 10.0.0.0/255.0.0.0", "cdf" },
		{ "src 10.0.0.4/31", "cdf" },
		{ "src 10.0.0.6/31", "" },
		{ "src 0.0.0.0", "ai" },
		{ "src 0.0.0.0/0", "acdfgilm" },
		{ "src [::]", "b" },
		{ "src ::", "b" },
		{ "src [::]/0", "bdeh" },
		{ "src [::/0]", "bdeh" },
		{ "src ::/0", "bdeh" },
		{ "src [::]:22", "b" },
		{ "src :::22", "b" },
		{ "src [2001:db8::]/32", "e" },
		{ "src 2001:db8::/32", "e" },
		{ "src 2001:db8::5", "e" },
		{ "src [2001:db8::/32]:443", "e" },
		{ "src 2001:db8::/32:443", "e" },
		{ "src [2001:db8::]/33:80", "" },
		{ "src [::ffff:10.0.0.5]", "d" },
		{ "src ::ffff:0:0/96", "d" },
		{ "dst 192.0.2.0/24", "df" },
		{ "src != 10.0.0.0/8", "abeghijklm" },
		{ "not src 10.0.0.0/8", "abeghijklm" },
		{ "src :22", "abc" },
		{ "src *:22", "abc" },
		{ "src *", "abcdefghijklm" },
		{ "dst any", "abcdefghijklm" },
		{ "src all:22", "abc" },
		{ "dst default", "abcdefghijklm" },
		{ "src box", "cdef" },
		{ "src box:80", "df" },
		{ "src inet:box", "cf" },
		{ "src inet6:box", "e" },
		{ "src inet:*", "acfgilm" },
		{ "src inet6:*:22", "b" },
		{ "src inet:10.0.0.5", "cf" },
		{ "src fe80::1%eth0", "h" },
		{ "src [fe80::1%eth0]:546", "h" },
		{ "src [fe80::1]%eth0:546", "h" },
		{ "src [fe80::1]%eth0", "h" },
		{ "src [fe80::1]%lo:546", "" },
		{ "src [fe80::]%eth0/64", "h" },
		{ "src [fe80::]%2/64:546", "h" },
		/* The zone stands before the length: RFC 4007, 11.7 has it so. */
		{ "src fe80::1%lo", "" },
		{ "src fe80::%2/10", "h" },
	};
	(void)state;
	CHECK_ALL(cases);
	check("src box", AF_INET, NULL, "cdf");
	check("src box", AF_INET6, NULL, "e");
}

static void states(void **state)
{
	static const struct filter_case cases[] = {
		{ "state listen", "abj" },
		{ "state listening", "abj" },
		{ "state LISTEN", "abj" },
		{ "state time-wait", "f" },
		{ "state TIME_WAIT", "f" },
		{ "state bound", "l" },
		{ "state listen state time-wait", "abfj" },
		{ "state all exclude established", "abfgijl" },
		{ "exclude established", "abfgijl" },
		{ "excl established exclude listen", "fgil" },
		{ "state connected exclude time-wait", "cdehkm" },
		{ "state bucket", "f" },
		{ "state big", "abcdeghijklm" },
		{ "state synchronized", "cdefhkm" },
		{ "state listen sport = :22", "ab" },
		{ "state listen and sport = :22", "ab" },
		{ "state = listen", "abj" },
		{ "state != listen", "cdefghiklm" },
		{ "state = listen,time-wait", "abfj" },
		{ "state = listen or sport = :80", "abdfj" },
		{ "sport = :80 state time-wait", "f" },
		{ "( state listen or state bound )", "abjl" },
		{ "sport = :80 exclude time-wait", "d" },
		{ "not state listen", "cdefghiklm" },
		{ "state listen exclude listen", "" },
	};
	(void)state;
	CHECK_ALL(cases);
}

static void precedence(void **state)
{
	static const struct filter_case cases[] = {
		/* or is the weakest: a, or both b and c */
		{ "sport = :443 or sport = :80 and state = time-wait", "ef" },
		{ "sport = :80 and state = time-wait or sport = :443", "ef" },
		{ "sport = :443 or sport = :80 state = time-wait", "ef" },
		{ "( sport = :443 or sport = :80 ) and state = time-wait", "f" },
		{ "(sport=:443||sport=:80)&&state=time-wait", "f" },
		{ "not sport = :22 and dst 10.0.0.0/8", "" },
		{ "not ( sport = :22 and dst 10.0.0.0/8 )", "abdefghijklm" },
		{ "! sport = :22 dport = :8080", "m" },
		{ "! ! sport = :22", "abc" },
		{ "!!!sport = :22", "defghijklm" },
		{ "((((sport = :22))))", "abc" },
		{ "sport = :22 | sport = :80 & src 10.0.0.5", "abcdf" },
		{ "", "abcdefghijklm" },
		{ "  \n", "abcdefghijklm" },
	};
	(void)state;
	CHECK_ALL(cases);
}

static void targets(void **state)
{
	static const struct filter_case cases[] = {
		{ "22", "abc" },
		{ ":22", "abc" },
		{ "8080", "lm" },
		{ ":8000-8100", "lm" },
		{ ":80,443,8000-8100", "deflm" },
		{ "80,443", "def" },
		{ ":https", "e" },
		{ "https", "e" },
		{ "ssh,http", "abcdf" },
		{ "192.0.2.7", "df" },
		{ "192.0.2.0/24", "df" },
		{ "10.0.0.5:80", "df" },
		{ "[2001:db8::5]:443", "e" },
		{ "2001:db8::5", "e" },
		{ "::", "b" },
		{ ":::22", "b" },
		{ "10.0.0.0/8", "cdf" },
		{ "tcp:22", "abc" },
		{ "tcp:22-100", "abcdf" },
		{ "udp:53", "g" },
		{ "udp:22", "" },
		{ "udp:", "gh" },
		{ "UDP:*", "gh" },
		{ "tcp6:22", "b" },
		{ "tcp4:22", "ac" },
		{ "tcp:10.0.0.0/8", "cdf" },
		{ "tcp:[::]:22", "b" },
		{ "raw:1", "i" },
		{ "unix:/run/*", "j" },
		{ "box", "cdef" },
		{ "box:80", "df" },
		{ "not 22", "defghijklm" },
		{ "22 or 53", "abcg" },
		{ "udp:domain or 443", "eg" },
		{ "tcp:exec", "" },
		{ "*:8080", "lm" },
		{ "10.9.8.7 22", "c" },
		{ "udp", "gh" },
		{ "TCP and sport = :443", "e" },
		{ "tcp6 22", "b" },
		{ "not tcp and not udp", "ijk" },
		{ "raw", "i" },
		{ "22/tcp", "abc" },
		{ "tcp/22", "abc" },
		{ "53/udp", "g" },
		{ "10.0.0.5.80", "df" },
		{ "*.22", "abc" },
		{ "port 22", "abc" },
		{ "port = :80,443", "def" },
		{ "not port 22", "defghijklm" },
		{ "port != 22", "defghijklm" },
		{ "host 10.9.8.7", "c" },
		{ "host box", "cdef" },
		{ "host 10.0.0.5:80", "df" },
		{ "LISTEN", "abj" },
		{ "listening", "abj" },
		{ "bound or time-wait", "fl" },
		{ "not LISTEN 22", "c" },
		{ "2001:db8::5:443", "e" },
		{ "not 2001:db8::5:443", "abcdfghijklm" },
		{ "2001:db8:0:0:0:0:0:5:443", "e" },
		{ "fe80::1%eth0:546", "h" },
		{ "fe80::1%lo:546", "" },
		{ "::ffff:10.0.0.5:80", "d" },
		{ "http://10.0.0.5/x", "df" },
		{ "https://[2001:db8::5]", "e" },
		{ "http://user@box:80/", "df" },
	};
	(void)state;
	CHECK_ALL(cases);
}

/* ADDR:PORT is served by a listener on every address, if ADDR is this host's. */
static void served_addresses(void **state)
{
	static const struct filter_case cases[] = {
		{ "127.0.0.1:22", "ab" },
		{ "127.0.0.1.22", "ab" },
		{ "http://127.5.6.7:22", "ab" },
		{ "tcp:127.0.0.1:22", "ab" },
		{ "tcp4:127.0.0.1:22", "a" },
		{ "host 127.0.0.1:22", "ab" },
		{ "127.0.0.1:22-23,8080", "ablm" },
		{ "not 127.0.0.1:22", "cdefghijklm" },
		{ "127.0.0.1:22 or 10.0.0.5:22", "abc" },
		{ "10.0.0.5:22", "c" },
		{ "src 127.0.0.1:22", "" },
		{ "dst 127.0.0.1:22", "" },
		{ "udp:127.0.0.1:22", "" },
		{ "127.0.0.0/8:22", "" },
		{ "127.0.0.1", "glm" },
	};
	(void)state;
	CHECK_ALL(cases);
}

/* 10.0.0.5 on eth1 of a VRF. */
static int address_of_a_vrf(int family, const union addr *addr, struct addr_device *device)
{
	*device = (struct addr_device){ .index = 4, .vrf = 7 };
	return family == AF_INET && addr->byte[0] == 10;
}

/* A listener that is bound to an interface has the addresses of that one; to a VRF, of its interfaces (VRF.rst). */
static void served_addresses_of_devices(void **state)
{
	static const struct {
		uint32_t bound;
		bool serves;
	} cases[] = { { 0, true }, { 4, true }, { 7, true }, { 1, false }, { 5, false } };
	struct lookup names = scene_names;
	names.own_address = address_of_a_vrf;
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct scene_sock listener;
		struct filter_error error;
		struct filter *filter = filter_new(&names);
		assert_int_equal(filter_add_text(filter, "10.0.0.5:22", 11, AF_UNSPEC, &error), 0);
		assert_int_equal(filter_close(filter), 0);
		scene_sock(&scene_rows[0], &listener);
		listener.sock.row.ifindex = cases[i].bound;
		assert_int_equal(filter_judge(filter, &listener.sock, NULL),
		                 cases[i].serves ? VERDICT_YES : VERDICT_NO);
		filter_free(filter);
	}
}

/* Where this host's addresses say nothing of the rows, a row that has the address says it. */
static void served_addresses_of_rows(void **state)
{
	static const struct {
		const char *text, *maybe, *yes;
	} cases[] = {
		{ "10.0.0.5:22", "ab", "abc" },  { "127.0.0.1:22", "ab", "ab" },
		{ "192.0.2.7:22", "ab", "" },    { "[2001:db8::5]:22", "b", "b" },
		{ "[2001:db8::6]:22", "b", "" }, { "not 192.0.2.7:22", "ab", "abcdefghijklm" },
	};
	static const struct owners nobody;
	struct lookup names = scene_names;
	names.own_address = NULL;
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char letters[SCENE_MAX + 1];
		struct filter_error error;
		struct filter_needs needs;
		struct filter *filter = filter_new(&names);
		assert_int_equal(filter_add_text(filter, cases[i].text, strlen(cases[i].text), AF_UNSPEC, &error), 0);
		assert_int_equal(filter_close(filter), 0);
		filter_needs(filter, &needs);
		assert_true(needs.settles);
		scene_judge(filter, NULL, VERDICT_MAYBE, letters);
		assert_string_equal(letters, cases[i].maybe);
		for (size_t row = 0; row < SCENE_COUNT; row++) {
			struct scene_sock one;
			scene_sock(&scene_rows[row], &one);
			filter_see(filter, &one.sock.row);
		}
		scene_judge(filter, &nobody, VERDICT_YES, letters);
		if (strcmp(letters, cases[i].yes) != 0)
			fail_msg("\"%s\" gives %s, not %s", cases[i].text, letters, cases[i].yes);
		filter_free(filter);
	}
}

static void details(void **state)
{
	static const struct filter_case cases[] = {
		{ "dev lo", "g" },
		{ "dev = eth0", "h" },
		{ "dev 2", "h" },
		{ "dev = 0", "abcdefijklm" },
		{ "dev != lo", "abcdefhijklm" },
		{ "fwmark 5", "c" },
		{ "fwmark = 0x5", "c" },
		{ "fwmark = 0x5/0x5", "ce" },
		{ "fwmark 1/1", "ce" },
		{ "fwmark = 8/1", "" },
		{ "fwmark != 0/0xff", "cejk" },
		{ "fwmark = 0", "abdfghilm" },
		{ "cgroup /a", "cg" },
		{ "cgroup = a", "cg" },
		{ "cgroup = /b", "de" },
		{ "cgroup = /b/", "de" },
		{ "cgroup = /b/*", "lm" },
		{ "cgroup / or cgroup /a", "abcgh" },
		{ "autobound", "km" },
		{ "not autobound", "abcdefghijl" },
		{ "inode = 104", "d" },
		{ "inode = 103-105,113", "cdem" },
		{ "inode != 0", "abcdeghijklm" },
		{ "src unix:/run/*.sock", "j" },
		{ "src unix:/RUN/d*", "j" },
		{ "src unix:@0a*", "k" },
		{ "dst unix:*", "jk" },
		{ "not src unix:*", "abcdefghilm" },
	};
	(void)state;
	/* c and g are in /a; no cgroup is told of f, i, j, k, so that only an owner can say. */
	CHECK_ALL(cases);
	check("src /run/*", AF_UNIX, NULL, "j");
}

/* --- owners --- */

/* d and e are nginx's (master 10 root, worker 11 www-data), c is sshd's (20), m is a shell's (30) by pid 30 and 31. */
static const char strings[] = "\0nginx\0sshd\0bash\0curl\0/a/x\0";

static const struct process processes[] = {
	{ .pid = 10,
	  .uid = 0,
	  .has = PROCESS_NAME | PROCESS_UID | PROCESS_CGROUP,
	  .comm = { 1, 5 },
	  .program = { 1, 5 },
	  .cgroup = { 22, 4 } },
	{ .pid = 11, .uid = 33, .has = PROCESS_NAME | PROCESS_UID, .comm = { 1, 5 }, .program = { 1, 5 } },
	{ .pid = 20, .uid = 0, .has = PROCESS_NAME | PROCESS_UID, .comm = { 7, 4 }, .program = { 7, 4 } },
	{ .pid = 30, .uid = 1000, .has = PROCESS_NAME | PROCESS_UID, .comm = { 12, 4 }, .program = { 12, 4 } },
	{ .pid = 31, .uid = 1000, .has = PROCESS_NAME | PROCESS_UID, .comm = { 17, 4 }, .program = { 17, 4 } },
};

static void owned_by(struct findings *findings, const struct owners *owners, uint32_t inode, uint32_t process)
{
	struct owner owner = { .slot = inode_index_find(&owners->index, inode),
		               .process = process,
		               .tid = processes[process].pid,
		               .fd = 3 };
	assert_int_not_equal(owner.slot, SLOT_NONE);
	assert_int_equal(findings_add_owner(findings, &owner), 0);
}

static void owners_make(struct owners *owners)
{
	struct table table;
	struct findings findings = { 0 };
	struct process_text text;
	*owners = (struct owners){ 0 };
	table_init(&table, 0);
	for (size_t i = 0; i < SCENE_COUNT; i++) {
		struct scene_sock one;
		scene_sock(&scene_rows[i], &one);
		assert_int_equal(table_add(&table, &one.sock), 0);
	}
	assert_int_equal(inode_index_build(&owners->index, &table, false), 0);
	assert_int_equal(findings_add_text(&findings, strings + 1, sizeof(strings) - 2, &text), 0);
	for (size_t i = 0; i < countof(processes); i++) {
		struct process process = processes[i];
		process.comm.offset += text.offset - 1;
		process.program.offset += text.offset - 1;
		if (process.cgroup.len)
			process.cgroup.offset += text.offset - 1;
		assert_int_equal(findings_add_process(&findings, &process), 0);
	}
	owned_by(&findings, owners, 104, 0);
	owned_by(&findings, owners, 104, 1);
	owned_by(&findings, owners, 105, 0);
	owned_by(&findings, owners, 105, 1);
	owned_by(&findings, owners, 103, 2);
	owned_by(&findings, owners, 113, 3);
	owned_by(&findings, owners, 113, 4);
	owned_by(&findings, owners, 110, 0);
	assert_int_equal(owners_join(owners, &findings, 1), 0);
	table_free(&table);
}

static void owner_terms(void **state)
{
	static const struct filter_case cases[] = {
		{ "pid = 10", "dej" },
		{ "pid 11", "de" },
		{ "pid = 11,30", "dem" },
		{ "pid = 10-20", "cdej" },
		{ "pid != 10", "abcfghiklm" },
		{ "program = nginx", "dej" },
		{ "program = ngin*", "dej" },
		{ "program = nginx,sshd", "cdej" },
		{ "program != nginx", "abcfghiklm" },
		{ "program = curl program = bash", "m" },
		{ "program = NGINX", "" },
		{ "user = www-data", "de" },
		{ "user 33", "de" },
		{ "user = 1000", "lm" },
		{ "user = root", "abcdehijk" },
		{ "user = 101", "g" },
		{ "user != root", "fglm" },
		{ "user = 1000 and not pid = 30", "l" },
		/* TIME_WAIT has neither owner nor user */
		{ "sport = :80 and not program = nginx", "f" },
		{ "program = sshd or dport = :8080", "cm" },
		{ "program = nginx and not dst 192.0.0.0/8", "ej" },
		{ "program = nginx or program = sshd", "cdej" },
		{ "not ( program = nginx or program = sshd )", "abfghiklm" },
		{ "cgroup = /a/*", "j" },
		{ "cgroup = /a/x or cgroup = /b/c", "" },
	};
	struct owners owners;
	(void)state;
	owners_make(&owners);
	for (size_t i = 0; i + 1 < countof(cases); i++)
		check(cases[i].text, AF_UNSPEC, &owners, cases[i].expected);
	owners_free(&owners);
}

/* Before owners were looked for: what is sure either way, and what must be looked at. */
static void without_owners(void **state)
{
	static const struct {
		const char *text, *yes, *maybe;
	} cases[] = {
		{ "program = nginx", "", "abcdeghijklm" },
		{ "program = nginx and sport = :443", "", "e" },
		{ "program = nginx or sport = :443", "e", "abcdghijklm" },
		{ "not program = nginx", "f", "abcdeghijklm" },
		{ "user = www-data", "de", "abcghijklm" },
		{ "cgroup = /a", "cg", "ijk" },
		{ "sport = :443", "e", "" },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char letters[SCENE_MAX + 1];
		struct filter *filter = filter_of(cases[i].text, AF_UNSPEC);
		scene_judge(filter, NULL, VERDICT_YES, letters);
		assert_string_equal(letters, cases[i].yes);
		scene_judge(filter, NULL, VERDICT_MAYBE, letters);
		assert_string_equal(letters, cases[i].maybe);
		filter_free(filter);
	}
}

/* --- options --- */

static void options(void **state)
{
	static const struct {
		enum filter_option option;
		const char *first, *second, *expected;
	} cases[] = {
		{ FILTER_STATE, "listen", NULL, "abj" },
		{ FILTER_STATE, "LISTEN,time_wait", NULL, "abfj" },
		{ FILTER_STATE, "listen", "time-wait", "abfj" },
		{ FILTER_STATE, "^established", NULL, "abfgijl" },
		{ FILTER_STATE, "connected,^time-wait", NULL, "cdehkm" },
		{ FILTER_STATE, "^established", "^listen", "fgil" },
		{ FILTER_PID, "10", NULL, "dej" },
		{ FILTER_PID, "10,^11", NULL, "j" },
		{ FILTER_PID, "^10", "^20", "abfghiklm" },
		{ FILTER_PROGRAM, "nginx,sshd", NULL, "cdej" },
		{ FILTER_PROGRAM, "*,^nginx", NULL, "cm" },
		{ FILTER_USER, "www-data", "1000", "delm" },
		{ FILTER_USER, "^root", NULL, "fglm" },
		{ FILTER_CGROUP, "/a", NULL, "cg" },
		{ FILTER_CGROUP, "/a,/b", NULL, "cdeg" },
	};
	struct owners owners;
	(void)state;
	owners_make(&owners);
	for (size_t i = 0; i < countof(cases); i++) {
		char letters[SCENE_MAX + 1];
		struct filter_error error;
		struct filter *filter = filter_new(&scene_names);
		const char *texts[] = { cases[i].first, cases[i].second };
		for (size_t j = 0; j < 2 && texts[j]; j++)
			assert_int_equal(filter_add_option(filter, cases[i].option, texts[j], strlen(texts[j]), &error),
			                 0);
		assert_int_equal(filter_close(filter), 0);
		scene_judge(filter, &owners, VERDICT_YES, letters);
		assert_string_equal(letters, cases[i].expected);
		filter_free(filter);
	}
	owners_free(&owners);
}

static void parts_are_joined_by_and(void **state)
{
	char letters[SCENE_MAX + 1];
	struct filter_error error;
	struct filter *filter = filter_new(&scene_names);
	(void)state;
	assert_int_equal(filter_add_option(filter, FILTER_STATE, "listen,established", 18, &error), 0);
	assert_int_equal(filter_add_text(filter, "sport = :22 or sport = :443", 27, AF_UNSPEC, &error), 0);
	assert_int_equal(filter_add_text(filter, "not src 10/8", 12, AF_UNSPEC, &error), 0);
	assert_int_equal(filter_close(filter), 0);
	scene_judge(filter, NULL, VERDICT_YES, letters);
	assert_string_equal(letters, "abe");
	filter_free(filter);
}

/* --- errors --- */

static void errors(void **state)
{
	static const struct {
		const char *text;
		size_t position;
		const char *what;
	} cases[] = {
		{ "sport = :nosuch", 9, "unknown service \"nosuch\"" },
		{ "sport = :80,nosuch", 12, "unknown service \"nosuch\"" },
		{ "src nosuch", 4, "unknown host \"nosuch\"" },
		{ "user = nobody-here", 7, "unknown user \"nobody-here\"" },
		{ "dev eth7", 4, "unknown interface \"eth7\"" },
		{ "src fe80::1%eth7", 12, "unknown interface \"eth7\"" },
		{ "src [fe80::1]%eth7:80", 14, "unknown interface \"eth7\"" },
		{ "cgroup /nosuch", 7, "unknown cgroup \"/nosuch\"" },
		{ "state sleeping", 6, "unknown state \"sleeping\"" },
		{ "nosuch", 0, "unknown word \"nosuch\"" },
		{ "sport = :70000", 9, "port 70000 is out of range" },
		{ "sport = :90-80", 9, "the range 90-80 is empty" },
		{ "sport = :80,", 12, "a port is missing" },
		{ "sport < :80,90", 9, "found more or less than one port to compare with" },
		{ "sport < *", 8, "found more or less than one port to compare with" },
		{ "sport", 5, "it ends here" },
		{ "sport =", 7, "it ends here" },
		{ "sport = )", 8, "found \")\"" },
		{ "src < 10.0.0.1", 4, "found \"<\"" },
		{ "src 10.0.0.0/33", 13, "bad prefix length \"33\"" },
		{ "src [::1]/129", 10, "bad prefix length \"129\"" },
		{ "src 10.0.0.0/255.0.255.0", 13, "bad prefix length \"255.0.255.0\"" },
		{ "src [::1", 4, "bad address \"[::1\"" },
		{ "src 2001:db8::zz", 4, "bad IPv6 address \"2001:db8::zz\"" },
		{ "src inet:::1", 9, "found \"::1\"" },
		{ "( sport = :80", 13, "it ends here" },
		{ "sport = :80 )", 12, "found \")\"" },
		{ "sport = :80 or", 14, "it ends here" },
		{ "and sport = :80", 0, "found \"and\"" },
		{ "state listen or sport = :80", 13, "found \"or\"" },
		{ "not", 3, "it ends here" },
		{ "()", 1, "found \")\"" },
		{ "pid = x", 6, "bad pid \"x\"" },
		{ "pid = 5-3", 6, "bad pid \"5-3\"" },
		{ "inode = -1", 8, "bad inode \"-1\"" },
		{ "fwmark zz", 7, "bad mark \"zz\"" },
		{ "program = 'nginx", 10, "a quote that is not closed" },
		{ "= :80", 0, "found \"=\"" },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct filter_error error;
		struct filter *filter = filter_new(&scene_names);
		int result = filter_add_text(filter, cases[i].text, strlen(cases[i].text), AF_UNSPEC, &error);
		filter_free(filter);
		if (result == 0)
			fail_msg("\"%s\" was taken", cases[i].text);
		if (error.position != cases[i].position || strcmp(error.what, cases[i].what) != 0)
			fail_msg("\"%s\": at %zu %s", cases[i].text, error.position, error.what);
	}
}

static void nul_bytes(void **state)
{
	struct filter_error error;
	struct filter *filter = filter_new(&scene_names);
	(void)state;
	assert_int_equal(filter_add_text(filter, "sport = :2\0002", 12, AF_UNSPEC, &error), -1);
	assert_string_equal(error.what, "found a NUL byte");
	assert_int_equal(error.position, 10);
	filter_free(filter);
}

static char *repeated(const char *head, size_t times, const char *middle, const char *tail)
{
	size_t len = strlen(head) * times + strlen(middle) + strlen(tail) * times;
	char *text = malloc(len + 1), *to = text;
	assert_non_null(text);
	for (size_t i = 0; i < times; i++)
		to = stpcpy(to, head);
	to = stpcpy(to, middle);
	for (size_t i = 0; i < times; i++)
		to = stpcpy(to, tail);
	return text;
}

static void deep_and_long(void **state)
{
	struct filter_error error;
	char *text = repeated("(", 1000, "sport = :22", ")");
	(void)state;
	check(text, AF_UNSPEC, NULL, "abc");
	free(text);
	text = repeated("(not ", 1000, "sport = :22", ")");
	check(text, AF_UNSPEC, NULL, "abc");
	free(text);
	/* no AND within AND, no OR within OR: each level is one of the tree */
	text = repeated("(dport = :1 or (state != listen and ", 500, "sport = :22", "))");
	check(text, AF_UNSPEC, NULL, "c");
	free(text);
	text = repeated("(", 500000, "sport = :22", ")");
	struct filter *filter = filter_new(&scene_names);
	assert_int_equal(filter_add_text(filter, text, strlen(text), AF_UNSPEC, &error), -1);
	assert_string_equal(error.what, "more than 1024 parentheses within each other");
	filter_free(filter);
	free(text);
	text = repeated("not ", 250000, "sport = :22", "");
	check(text, AF_UNSPEC, NULL, "abc");
	free(text);
	text = repeated("sport = :22 or ", 70000, "sport = :80", "");
	check(text, AF_UNSPEC, NULL, "abcdf");
	free(text);
	text = repeated("sport = :22 ", 80000, "", "");
	check(text, AF_UNSPEC, NULL, "abc");
	free(text);
	text = repeated("22,", 300000, "22", "");
	check(text, AF_UNSPEC, NULL, "abc");
	free(text);
}

/* --- the query --- */

static struct query query_all(void)
{
	struct query query = { .protos = PROTO_ALL, .inet = true, .inet6 = true };
	for (size_t i = 0; i < PROTO_COUNT; i++)
		query.states[i] = STATE_ALL;
	return query;
}

/* Protocols with states of connections. */
#define CONNECTING \
	(PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_MPTCP) | PROTO_BIT(PROTO_SCTP) | PROTO_BIT(PROTO_DCCP) | \
	 PROTO_BIT(PROTO_SMC) | PROTO_BIT(PROTO_UNIX) | PROTO_BIT(PROTO_VSOCK) | PROTO_BIT(PROTO_TIPC))

static void narrowing(void **state)
{
	static const struct {
		const char *text;
		unsigned protos;
		bool inet, inet6;
		uint32_t tcp_states;
	} cases[] = {
		{ "", PROTO_ALL, true, true, STATE_ALL },
		{ "sport = :22", PROTO_INET_ALL, true, true, STATE_ALL },
		{ "not sport = :22", PROTO_ALL, true, true, STATE_ALL },
		{ "state listen", CONNECTING, true, true, STATE_BIT(STATE_LISTEN) },
		{ "state = listen or state = time-wait", CONNECTING, true, true,
		  STATE_BIT(STATE_LISTEN) | STATE_BIT(STATE_TIME_WAIT) },
		{ "state syn-recv", CONNECTING, true, true, STATE_BIT(STATE_SYN_RECV) | STATE_BIT(STATE_NEW_SYN_RECV) },
		{ "state = listen and state = established", 0, false, false, 0 },
		{ "tcp:8080", PROTO_BIT(PROTO_TCP), true, true, STATE_ALL },
		{ "tcp:8080 or udp:53", PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP), true, true, STATE_ALL },
		{ "tcp:53 and udp:53", 0, false, false, 0 },
		{ "tcp6:80", PROTO_BIT(PROTO_TCP), false, true, STATE_ALL },
		{ "src [::1]", PROTO_INET_ALL, false, true, STATE_ALL },
		{ "src 10.0.0.1", PROTO_INET_ALL, true, true, STATE_ALL },
		{ "src inet:10.0.0.1", PROTO_INET_ALL, true, false, STATE_ALL },
		{ "src unix:/run/*", PROTO_BIT(PROTO_UNIX), false, false, 0 },
		{ "sport = :80 and sport = :81", 0, false, false, 0 },
		{ "sport = :80 sport != :80", 0, false, false, 0 },
		{ "( sport = :80 or sport = :81 ) and sport > :81", 0, false, false, 0 },
		{ "( sport = :80 or sport = :82 ) and sport > :81", PROTO_INET_ALL, true, true, STATE_ALL },
		{ "sport < :0", 0, false, false, 0 },
		{ "program = nginx", PROTO_ALL, true, true, STATE_ALL },
		{ "fwmark = 2/1", 0, false, false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct filter *filter = filter_of(cases[i].text, AF_UNSPEC);
		struct query query = query_all();
		filter_narrow(filter, &query);
		if (query.protos != cases[i].protos || query.inet != cases[i].inet || query.inet6 != cases[i].inet6 ||
		    query.states[PROTO_TCP] != cases[i].tcp_states)
			fail_msg("\"%s\": protos %#x inet %d inet6 %d states %#x", cases[i].text, query.protos,
			         query.inet, query.inet6, query.states[PROTO_TCP]);
		filter_free(filter);
	}
}

static void narrowing_respects_what_was_asked(void **state)
{
	struct filter *filter = filter_of("src [::1]", AF_UNSPEC);
	struct query query = query_all();
	(void)state;
	query.inet6 = false;
	filter_narrow(filter, &query);
	assert_int_equal(query.protos, 0);
	filter_free(filter);
}

static void needs(void **state)
{
	static const struct {
		const char *text;
		bool owners;
		unsigned details, want;
		bool states_chosen, states_said, target;
	} cases[] = {
		{ "sport = :22", false, 0, 0, false, false, false },
		{ "program = x", true, PROCESS_NAME, 0, false, false, true },
		{ "user = root", true, PROCESS_UID, 0, false, false, true },
		{ "pid = 1", true, 0, 0, false, false, true },
		{ "fwmark = 1", false, 0, WANT_EXTRA, false, false, false },
		{ "cgroup = /a", true, PROCESS_CGROUP, WANT_EXTRA, false, false, false },
		{ "state listen", false, 0, 0, true, false, false },
		{ "not state = listen", false, 0, 0, false, true, false },
		{ "8080", false, 0, 0, false, false, true },
		{ "unit = x", true, PROCESS_CGROUP, WANT_EXTRA, false, false, false },
		{ "rtt > rcv_rtt", false, 0, WANT_INFO, false, false, false },
		{ "fd > 3 or drops > 0", true, 0, WANT_SKMEM, false, false, false },
		{ "udp", false, 0, 0, false, false, false },
		{ "udp:53", false, 0, 0, false, false, true },
	};
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct filter_needs found;
		struct filter *filter = filter_of(cases[i].text, AF_UNSPEC);
		filter_needs(filter, &found);
		assert_true(found.any);
		assert_int_equal(found.owners, cases[i].owners);
		assert_int_equal(found.details, cases[i].details);
		assert_int_equal(found.want, cases[i].want);
		assert_int_equal(found.states_chosen, cases[i].states_chosen);
		assert_int_equal(found.states_said, cases[i].states_said);
		assert_int_equal(found.target, cases[i].target);
		filter_free(filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports),
		cmocka_unit_test(addresses),
		cmocka_unit_test(states),
		cmocka_unit_test(precedence),
		cmocka_unit_test(targets),
		cmocka_unit_test(served_addresses),
		cmocka_unit_test(served_addresses_of_devices),
		cmocka_unit_test(served_addresses_of_rows),
		cmocka_unit_test(details),
		cmocka_unit_test(owner_terms),
		cmocka_unit_test(without_owners),
		cmocka_unit_test(options),
		cmocka_unit_test(parts_are_joined_by_and),
		cmocka_unit_test(errors),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(deep_and_long),
		cmocka_unit_test(narrowing),
		cmocka_unit_test(narrowing_respects_what_was_asked),
		cmocka_unit_test(needs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
