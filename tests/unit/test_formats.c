// SPDX-License-Identifier: MIT
/* Rows to bytes: json, jsonl, csv, tsv and table on rows made by hand, byte by byte. */
#include <errno.h>
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockview/column_list.h>
#include <sockview/countof.h>
#include <sockview/format.h>
#include <sockview/json_string.h>
#include <sockview/names.h>

static struct names *names;

static int set_up(void **state)
{
	(void)state;
	names = names_new();
	return names ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	names_free(names);
	return 0;
}

/* What was written to the file, NUL behind; to be freed. */
static char *contents(int fd, size_t *len)
{
	off_t size = lseek(fd, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);
	assert_int_equal(pread(fd, text, (size_t)size, 0), size);
	*len = (size_t)size;
	return text;
}

struct show {
	const struct format *format;
	const char *columns;
	unsigned width;
	bool no_header, color;
	const struct owners *owners;
	bool csv_safe;
};

static char *show(const struct show *show, const struct sock *sock, size_t count)
{
	struct column_list columns = { 0 };
	struct error error;
	struct out out;
	size_t len;
	static const struct report report = { .received = 2, .requests = 1, .unavailable = PROTO_BIT(PROTO_RAW) };
	int fd = memfd_create("out", 0);
	assert_int_equal(column_list_parse(&columns, show->columns, &error), 0);
	assert_int_equal(out_open(&out, dup(fd)), 0);
	const struct column_context context = { .names = names,
		                                .owners = show->owners,
		                                .numeric_ports = true,
		                                .ticks_per_second = 100,
		                                .boot_time = 1000000000,
		                                .now = 1000000100 };
	const struct document document = {
		.time = 1732118445, .host = "h\"ost", .netns = 4026531840, .source = "netlink", .report = &report
	};
	const struct view view = { .columns = &columns,
		                   .context = &context,
		                   .document = &document,
		                   .names = names,
		                   .owners = show->owners,
		                   .width = show->width,
		                   .no_header = show->no_header,
		                   .color = show->color,
		                   .csv_safe = show->csv_safe };
	void *state = calloc(1, show->format->state_size + 1);
	assert_int_equal(show->format->begin(state, &view, &out), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(show->format->row(state, &view, &out, &sock[i]), 0);
	assert_int_equal(show->format->end(state, &view, &out), 0);
	free(state);
	column_list_free(&columns);
	assert_int_equal(out_close(&out), 0);
	char *text = contents(fd, &len);
	close(fd);
	return text;
}

static void assert_shown(const struct show *how, const struct sock *sock, size_t count, const char *want)
{
	char *got = show(how, sock, count);
	assert_string_equal(got, want);
	free(got);
}

static struct sock listener(void)
{
	struct sock sock = { .row = { .proto = PROTO_TCP,
		                      .family = AF_INET,
		                      .state = STATE_LISTEN,
		                      .local_port = 80,
		                      .inode = 4711,
		                      .uid = 33,
		                      .send_q = 128,
		                      .flags = ROW_HAS_QUEUES | ROW_HAS_UID | ROW_BACKLOG } };
	return sock;
}

static struct sock with_path(const char *path, size_t len)
{
	struct sock sock = { .row = { .proto = PROTO_UNIX, .family = AF_UNIX, .state = STATE_CLOSE } };
	sock.blob[BLOB_PATH] = (struct bytes){ path, len };
	return sock;
}

/* netlink if any protocol came so, proc if only /proc/net told of some; known when the last is told. */
static void json_tells_the_source_of_all_protocols(void **state)
{
	(void)state;
	static const struct {
		struct report report;
		const char *asked, *want;
	} cases[] = {
		{ { .from_netlink = PROTO_BIT(PROTO_UDP), .from_proc = PROTO_BIT(PROTO_TCP) }, "netlink", "netlink" },
		{ { .from_netlink = PROTO_BIT(PROTO_UDP) }, "proc", "netlink" },
		{ { .from_proc = PROTO_BIT(PROTO_TCP) }, "netlink", "proc" },
		{ { .unavailable = PROTO_BIT(PROTO_TCP) }, "netlink", "netlink" },
		{ { 0 }, "replay", "replay" },
	};
	struct column_list columns = { 0 };
	for (size_t i = 0; i < countof(cases); i++) {
		struct document document = { .source = cases[i].asked };
		struct report report = { 0 };
		const struct view view = { .columns = &columns, .document = &document };
		struct out out;
		char want[64], *text;
		size_t len;
		int fd = memfd_create("out", 0);
		void *json = calloc(1, format_json.state_size);
		assert_int_equal(out_open(&out, dup(fd)), 0);
		document.report = &report;
		assert_int_equal(format_json.begin(json, &view, &out), 0);
		report = cases[i].report;
		assert_int_equal(format_json.end(json, &view, &out), 0);
		assert_int_equal(out_close(&out), 0);
		text = contents(fd, &len);
		snprintf(want, sizeof(want), "],\"source\":\"%s\",", cases[i].want);
		assert_non_null(strstr(text, want));
		free(text);
		free(json);
		close(fd);
	}
}

static void json_is_one_object(void **state)
{
	(void)state;
	const struct sock socks[] = { listener(), listener() };
	const char *head =
		"{\"version\":\"" SOCKVIEW_VERSION "\",\"time\":\"2024-11-20T16:00:45Z\",\"host\":\"h\\\"ost\","
		"\"netns\":4026531840,\"sockets\":[";
	const char *tail =
		"\n],\"source\":\"netlink\",\"report\":{\"complete\":false,\"error\":null,\"received\":2,\"requests\":1,\"interrupted\":0,\"lost\":0,"
		"\"malformed\":0,\"unavailable\":[\"raw\"],\"from_proc\":[],\"unrecorded\":[],\"from_descriptors\":[],"
		"\"descriptors_unread\":0,\"hidden_owners\":0,\"owners\":null}}\n";
	const char *row = "{\"proto\":\"tcp\",\"local_address\":\"0.0.0.0\",\"local_port\":80,\"remote_port\":null}";
	char want[2048];
	const struct show how = { &format_json, "proto,local_address,local_port,remote_port", 0, false, false, NULL,
		                  false };
	snprintf(want, sizeof(want), "%s\n%s,\n%s%s", head, row, row, tail);
	assert_shown(&how, socks, 2, want);
	snprintf(want, sizeof(want), "%s%s", head, tail);
	assert_shown(&how, socks, 0, want);
}

static void jsonl_is_a_line_each(void **state)
{
	(void)state;
	const struct sock socks[] = { listener(), with_path("/a\"b\\c\x1b\n\xc3\xa9\xff", 12) };
	const struct show how = { &format_jsonl, "proto,uid,path,v6only,local", 0, false, false, NULL, false };
	assert_shown(&how, socks, 2,
	             "{\"proto\":\"tcp\",\"uid\":33,\"path\":null,\"v6only\":null,\"local\":\"0.0.0.0:80\"}\n"
	             "{\"proto\":\"unix\",\"uid\":null,\"path\":\"/a\\\"b\\\\\\\\c\\\\x1b\\\\x0a\xc3\xa9\\\\xff\","
	             "\"v6only\":null,\"local\":null}\n");
}

static void csv_is_rfc_4180(void **state)
{
	(void)state;
	const struct sock socks[] = { listener(), with_path("/a,b", 4), with_path("/\"q\"", 4), with_path("/l\r\n", 4),
		                      with_path("\0", 1) };
	const struct show how = { &format_csv, "proto,path,inode", 0, false, false, NULL, false };
	assert_shown(&how, socks, 5,
	             "proto,path,inode\r\ntcp,,4711\r\nunix,\"/a,b\",\r\nunix,\"/\"\"q\"\"\",\r\n"
	             "unix,/l\\x0d\\x0a,\r\nunix,\\x00,\r\n");
	const struct show bare = { &format_csv, "proto,path,inode", 0, true, false, NULL, false };
	assert_shown(&bare, socks, 1, "tcp,,4711\r\n");
}

/* What spreadsheets take for a formula, and for the sign that a text is none. Numbers stay as they are. */
static void csv_safe_is_no_formula(void **state)
{
	(void)state;
	const struct sock socks[] = { with_path("=cmd|' /C calc'!A0", 18),
		                      with_path("+1", 2),
		                      with_path("-1,2", 4),
		                      with_path("@SUM(1)", 7),
		                      with_path("'q", 2),
		                      with_path("\t=1", 3),
		                      with_path("\r", 1),
		                      with_path("/=", 2),
		                      with_path("=", 1) };
	struct show how = { &format_csv, "path", 0, true, false, NULL, true };
	assert_shown(&how, socks, 9,
	             "'=cmd|' /C calc'!A0\r\n'+1\r\n\"'-1,2\"\r\n'@SUM(1)\r\n''q\r\n\\x09=1\r\n\\x0d\r\n/=\r\n'=\r\n");
	how.format = &format_tsv;
	assert_shown(&how, socks, 3, "'=cmd|' /C calc'!A0\n'+1\n'-1,2\n");
	how.csv_safe = false;
	assert_shown(&how, socks, 2, "=cmd|' /C calc'!A0\n+1\n");
}

static void tsv_has_no_tab_but_its_own(void **state)
{
	(void)state;
	const struct sock socks[] = { with_path("/a\tb,c", 6), with_path("/\"", 2) };
	const struct show how = { &format_tsv, "proto,path,inode", 0, false, false, NULL, false };
	assert_shown(&how, socks, 2, "proto\tpath\tinode\nunix\t/a\\x09b,c\t\nunix\t\"/\"\"\"\t\n");
}

/* A text longer than the output's buffer comes out whole, with no character cut in two. */
static void long_text_is_whole(void **state)
{
	(void)state;
	enum { LEN = 200001 };
	char *path = malloc(LEN);
	for (size_t i = 0; i < LEN; i++)
		path[i] = "\xe2\x82\xac"[i % 3];
	const struct sock sock = with_path(path, LEN);
	const struct format *const formats[] = { &format_jsonl, &format_csv, &format_tsv, &format_table };
	for (size_t i = 0; i < countof(formats); i++) {
		char *text = show(&(struct show){ formats[i], "path,proto", 0, true, false, NULL, false }, &sock, 1);
		char *found = memmem(text, strlen(text), path, LEN);
		assert_non_null(found);
		assert_null(strstr(text, "\\x"));
		free(text);
	}
	memset(path, '\xff', LEN);
	char *text = show(&(struct show){ &format_jsonl, "path", 0, true, false, NULL, false }, &sock, 1);
	assert_int_equal(strlen(text), strlen("{\"path\":\"\"}\n") + 5 * LEN);
	free(text);
	free(path);
}

static void owners_are_an_array(void **state)
{
	(void)state;
	static char strings[] =
		"\0nginx\0worker one\0/usr/sbin/nginx (deleted)\0nginx\0-g\0a b\0/system.slice/nginx.service\0init";
	struct process process[] = {
		{ .pid = 7,
		  .ppid = 1,
		  .uid = 0,
		  .has = PROCESS_START | PROCESS_UID,
		  .start_ticks = 500,
		  .program = { 1, 5 },
		  .comm = { 7, 10 },
		  .exe = { 18, 25 },
		  .cmdline = { 44, 12 },
		  .cgroup = { 57, 27 } },
		{ .pid = 9 },
	};
	struct process parent[] = { { .pid = 1, .has = PROCESS_START, .comm = { 85, 4 } } };
	struct owner owner[] = { { 0, 0, 7, 3 }, { 0, 1, 10, 4 } };
	struct sock sock = listener();
	struct table table;
	struct owners owners = { 0 };
	table_init(&table, 0);
	assert_int_equal(table_add(&table, &sock), 0);
	assert_int_equal(inode_index_build(&owners.index, &table, false), 0);
	uint32_t start[] = { 0, 2 };
	owners.start = start;
	owners.owner = owner;
	owners.owner_count = 2;
	owners.process = process;
	owners.process_count = 2;
	owners.parent = parent;
	owners.parent_count = 1;
	owners.strings = strings;
	owners.strings_len = sizeof(strings);
	owners.report.asked = true;
	const char *user = names_user(names, 0);
	char want[2048];
	snprintf(
		want, sizeof(want),
		"{\"pid\":7,\"fd\":3,\"owner_count\":2,\"start_time\":\"2001-09-09T01:46:45Z\",\"age\":95,"
		"\"exe_deleted\":true,\"unit\":\"nginx.service\",\"cmdline\":\"nginx -g a\\\\x20b\","
		"\"parents\":[{\"pid\":1,\"comm\":\"init\"}],\"owners\":["
		"{\"pid\":7,\"tid\":7,\"fd\":3,\"uid\":0,\"user\":\"%s\",\"program\":\"nginx\",\"comm\":\"worker one\","
		"\"cmdline\":\"nginx -g a\\\\x20b\",\"exe\":\"/usr/sbin/nginx (deleted)\",\"ppid\":1,"
		"\"start_time\":\"2001-09-09T01:46:45Z\",\"cgroup\":\"/system.slice/nginx.service\","
		"\"unit\":\"nginx.service\",\"container\":null,\"container_name\":null,\"container_runtime\":null},"
		"{\"pid\":9,\"tid\":10,\"fd\":4,\"uid\":null,\"user\":null,\"program\":null,\"comm\":null,\"cmdline\":null,"
		"\"exe\":null,\"ppid\":null,\"start_time\":null,\"cgroup\":null,\"unit\":null,\"container\":null,"
		"\"container_name\":null,\"container_runtime\":null}],\"owner_reason\":null}\n",
		user ? user : "");
	const char *columns = "pid,fd,owner_count,start_time,age,exe_deleted,unit,cmdline,parents,owners,owner_reason";
	assert_shown(&(struct show){ &format_jsonl, columns, 0, true, false, &owners, false }, &sock, 1, want);
	assert_shown(&(struct show){ &format_csv, "owners,parents,pid", 0, true, false, &owners, false }, &sock, 1,
	             "\"7/nginx,9\",1/init,7\r\n");
	inode_index_free(&owners.index);
	table_free(&table);
}

/* --- table --- */

static void table_is_aligned(void **state)
{
	(void)state;
	struct sock socks[] = { listener(), with_path("/run/a b", 8), listener() };
	socks[2].row.inode = 5;
	const struct show how = { &format_table, "proto,inode,path,state", 0, false, false, NULL, false };
	assert_shown(&how, socks, 3,
	             "PROTO  INODE  PATH      STATE\n"
	             "tcp     4711  -         LISTEN\n"
	             "unix       -  /run/a b  UNCONNECTED\n"
	             "tcp        5  -         LISTEN\n");
	const struct show bare = { &format_table, "inode,proto", 0, true, false, NULL, false };
	assert_shown(&bare, socks, 3, "4711  tcp\n   -  unix\n   5  tcp\n");
	const struct show empty = { &format_table, "recv_q,proto", 0, false, false, NULL, false };
	assert_shown(&empty, socks, 0, "RECV-Q  PROTO\n");
}

/* Only text is cut, to what is left of the width, with an ellipsis; wide and combining characters count as they show. */
static void table_is_cut_to_the_terminal(void **state)
{
	(void)state;
	const struct sock socks[] = { with_path("/run/something/long/enough", 26), with_path("/\xe6\x97\xa5\xe6\x9c\xac"
		                                                                             "e\xcc\x81",
		                                                                             10) };
	const struct show how = { &format_table, "proto,path,inode", 24, false, false, NULL, false };
	assert_shown(&how, socks, 2,
	             "PRO… PATH           INO…\n"
	             "unix /run/somethin…    -\n"
	             "unix /日本"
	             "e\xcc\x81            -\n");
	/* No text column is cut to less than eight places, and numbers never; headings only where that makes lines fit. */
	const struct show narrow = { &format_table, "proto,path,inode", 3, false, false, NULL, false };
	assert_shown(&narrow, socks, 1, "PROTO PATH     INODE\nunix  /run/so…     -\n");
}

/* The cheapest text gives way first: text beyond 24 places, gaps, headings, text; each no further than it must. */
static void table_gives_way_in_steps(void **state)
{
	(void)state;
	const struct sock sock = with_path("/run/something/long/enough", 26);
	static const struct {
		unsigned width;
		const char *want;
	} steps[] = {
		{ 40, "PROTO  PATH                        INODE\nunix   /run/something/long/enough      -\n" },
		{ 39, "PROTO  PATH                       INODE\nunix   /run/something/long/enou…      -\n" },
		{ 38, "PROTO  PATH                      INODE\nunix   /run/something/long/eno…      -\n" },
		{ 37, "PROTO PATH                     INODE\nunix  /run/something/long/eno…     -\n" },
		{ 35, "PRO… PATH                     INODE\nunix /run/something/long/eno…     -\n" },
		{ 33, "PRO… PATH                    INO…\nunix /run/something/long/en…    -\n" },
	};
	for (size_t i = 0; i < countof(steps); i++) {
		const struct show how = {
			&format_table, "proto,path,inode", steps[i].width, false, false, NULL, false
		};
		assert_shown(&how, &sock, 1, steps[i].want);
	}
}

static void table_leaves_addresses_whole(void **state)
{
	(void)state;
	const struct sock socks[] = { listener(), with_path("/run/something/long/enough", 26) };
	const struct show how = { &format_table, "local,path", 3, false, false, NULL, false };
	assert_shown(&how, socks, 2, "LOCAL      PATH\n0.0.0.0:80 -\n-          /run/so…\n");
}

static void table_colours_what_deserves_a_look(void **state)
{
	(void)state;
	struct sock socks[] = { listener(), listener(), listener() };
	struct sock_timer timer = { .kind = TIMER_ON, .retransmits = 3 };
	socks[1].row.recv_q = 129; /* more than the backlog: full */
	socks[2].row.state = STATE_CLOSE_WAIT;
	socks[2].row.flags &= (uint16_t)~ROW_BACKLOG;
	socks[2].timer = &timer;
	const struct show how = { &format_table, "state,recv_q,retransmits", 0, true, true, NULL, false };
	assert_shown(&how, socks, 3,
	             "\033[32mLISTEN\033[0m        0  -\n"
	             "\033[32mLISTEN\033[0m      \033[31m129\033[0m  -\n"
	             "\033[33mCLOSE_WAIT\033[0m    0  \033[33m3\033[0m\n");
}

static void json_strings_end_where_they_should(void **state)
{
	(void)state;
	/* Invalid bytes and characters across the border of a piece. */
	for (size_t len = 1020; len < 1030; len++) {
		char text[1100], want[8000], *to = want;
		for (size_t i = 0; i < len; i++)
			text[i] = 'x';
		memcpy(text + len, "\xf0\x9f\x98\x80\xe2\x82", 6);
		*to++ = '"';
		to = mempcpy(to, text, len + 4);
		to = stpcpy(to, "\\\\xe2\\\\x82\"");
		int fd = memfd_create("out", 0);
		struct out out;
		size_t got_len;
		assert_int_equal(out_open(&out, dup(fd)), 0);
		json_bytes(&out, text, len + 6);
		assert_int_equal(out_close(&out), 0);
		char *got = contents(fd, &got_len);
		assert_string_equal(got, want);
		free(got);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_is_one_object),
		cmocka_unit_test(json_tells_the_source_of_all_protocols),
		cmocka_unit_test(jsonl_is_a_line_each),
		cmocka_unit_test(csv_is_rfc_4180),
		cmocka_unit_test(csv_safe_is_no_formula),
		cmocka_unit_test(tsv_has_no_tab_but_its_own),
		cmocka_unit_test(long_text_is_whole),
		cmocka_unit_test(owners_are_an_array),
		cmocka_unit_test(table_is_aligned),
		cmocka_unit_test(table_is_cut_to_the_terminal),
		cmocka_unit_test(table_gives_way_in_steps),
		cmocka_unit_test(table_leaves_addresses_whole),
		cmocka_unit_test(table_colours_what_deserves_a_look),
		cmocka_unit_test(json_strings_end_where_they_should),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
