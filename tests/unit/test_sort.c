// SPDX-License-Identifier: MIT
/* The order of rows: each key checked on the rows' own fields, absent values last, equal rows as they were. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockview/countof.h>
#include <sockview/names.h>
#include <sockview/proto.h>
#include <sockview/sort.h>

enum { ROWS = 500 };

static struct table table;
static struct names *names;
static struct column_context context;
static uint64_t seed = 20261120;

static uint32_t random_below(uint32_t limit)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)((seed >> 33) % limit);
}

static void add_random_row(void)
{
	static const uint8_t states[] = { STATE_ESTABLISHED, STATE_LISTEN, STATE_TIME_WAIT, STATE_CLOSE_WAIT };
	struct sock sock = { .row = { .proto = PROTO_TCP,
		                      .family = random_below(2) ? AF_INET : AF_INET6,
		                      .state = states[random_below(4)],
		                      .local_port = (uint16_t)(1 + random_below(70000)),
		                      .uid = random_below(5),
		                      .recv_q = random_below(2000),
		                      .inode = random_below(3) ? random_below(1000) : 0,
		                      .flags = ROW_HAS_QUEUES | ROW_HAS_UID } };
	size_t len = sock.row.family == AF_INET ? 4 : 16;
	for (size_t i = 0; i < len; i++)
		sock.row.local.byte[i] = (uint8_t)random_below(4);
	struct sock_timer timer = { .expires_ms = random_below(5), .kind = random_below(2) ? TIMER_ON : TIMER_OFF };
	sock.timer = &timer;
	assert_int_equal(table_add(&table, &sock), 0);
}

static int set_up(void **state)
{
	(void)state;
	names = names_new();
	context = (struct column_context){ .names = names, .kernel = KERNEL(6, 18) };
	table_init(&table, WANT_TIMER);
	for (int i = 0; i < ROWS; i++)
		add_random_row();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	table_free(&table);
	names_free(names);
	return 0;
}

static uint32_t *order_by(const char *text)
{
	struct sort_list list = { 0 };
	struct error error;
	assert_int_equal(sort_list_parse(&list, text, &error), 0);
	uint32_t *order = sort_order(&table, &list, &context);
	assert_non_null(order);
	sort_list_free(&list);
	bool seen[ROWS] = { false };
	for (size_t i = 0; i < ROWS; i++) {
		assert_true(order[i] < ROWS && !seen[order[i]]);
		seen[order[i]] = true;
	}
	return order;
}

static int number(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

typedef int compare_fn(const struct row *a, const struct row *b);

static void assert_order(const char *text, compare_fn *compare)
{
	uint32_t *order = order_by(text);
	for (size_t i = 1; i < ROWS; i++) {
		int result = compare(&table.row[order[i - 1]], &table.row[order[i]]);
		assert_true(result <= 0);
		/* Equal ones: IPv4 before IPv6, then as they were. */
		if (result == 0)
			result = number(table.row[order[i - 1]].family == AF_INET6,
			                table.row[order[i]].family == AF_INET6);
		assert_true(result < 0 || (result == 0 && order[i - 1] < order[i]));
	}
	free(order);
}

static int by_port(const struct row *a, const struct row *b)
{
	return number(a->local_port, b->local_port);
}

static int by_port_descending(const struct row *a, const struct row *b)
{
	return number(b->local_port, a->local_port);
}

/* A row without an inode has none: last, both ways. */
static int by_inode(const struct row *a, const struct row *b)
{
	return number(a->inode ? a->inode : UINT64_MAX, b->inode ? b->inode : UINT64_MAX);
}

static int by_inode_descending(const struct row *a, const struct row *b)
{
	if (!a->inode || !b->inode)
		return number(!a->inode, !b->inode);
	return number(b->inode, a->inode);
}

static int by_state(const struct row *a, const struct row *b)
{
	return strcmp(state_name(a->state), state_name(b->state));
}

static int by_address(const struct row *a, const struct row *b)
{
	if (a->family != b->family)
		return a->family == AF_INET ? -1 : 1;
	return memcmp(a->local.byte, b->local.byte, 16);
}

static int by_state_then_recv_q_descending_then_uid(const struct row *a, const struct row *b)
{
	int result = by_state(a, b);
	if (!result)
		result = number(b->recv_q, a->recv_q);
	return result ? result : number(a->uid, b->uid);
}

static void each_key_orders(void **state)
{
	(void)state;
	assert_order("local_port", by_port);
	assert_order("+local_port", by_port);
	assert_order("-local-port", by_port_descending);
	assert_order("inode", by_inode);
	assert_order("-inode", by_inode_descending);
	assert_order("state", by_state);
	assert_order("local_address", by_address);
	assert_order("state,-recv_q,uid", by_state_then_recv_q_descending_then_uid);
}

static int all_equal(const struct row *a, const struct row *b)
{
	(void)a;
	(void)b;
	return 0;
}

static void rows_without_a_value_stay_as_they_were(void **state)
{
	(void)state;
	assert_order("-pid,rtt", all_equal);
}

static void timers_that_are_off_come_last(void **state)
{
	(void)state;
	uint32_t *order = order_by("timer_expires");
	for (size_t i = 1; i < ROWS; i++) {
		const struct sock_timer *a = &table.timer[order[i - 1]], *b = &table.timer[order[i]];
		assert_true(a->kind == TIMER_ON || b->kind == TIMER_OFF);
		if (a->kind == TIMER_ON && b->kind == TIMER_ON)
			assert_true(a->expires_ms <= b->expires_ms);
	}
	free(order);
}

/* A name that begins another comes before it, also where a NUL tells them apart; reversed when descending. */
static void text_is_compared_byte_by_byte(void **state)
{
	(void)state;
	static const struct bytes sorted[] = {
		{ "a", 1 },  { "a\0", 2 }, { "a\0b", 3 }, { "a\1", 2 },
		{ "ab", 2 }, { "b", 1 },   { "\xff", 1 }, { "\xff\xff", 2 },
	};
	enum { COUNT = countof(sorted) };
	static const unsigned mixed[COUNT] = { 6, 2, 0, 5, 7, 1, 4, 3 };
	struct table unix_table;
	struct sort_list list = { 0 };
	struct error error;
	table_init(&unix_table, WANT_INFO);
	for (unsigned i = 0; i < COUNT; i++) {
		struct sock sock = { .row = { .proto = PROTO_TCP, .family = AF_INET } };
		/* A congestion control's name ends at its NUL; a blob of the path's kind does not. */
		sock.blob[BLOB_CONG] = sorted[mixed[i]];
		assert_int_equal(table_add(&unix_table, &sock), 0);
	}
	assert_int_equal(sort_list_parse(&list, "congestion", &error), 0);
	uint32_t *order = sort_order(&unix_table, &list, &context);
	for (unsigned i = 1; i < COUNT; i++) {
		struct bytes a = sorted[mixed[order[i - 1]]], b = sorted[mixed[order[i]]];
		assert_true(strncmp(a.data, b.data, a.len < b.len ? b.len : a.len) <= 0);
	}
	free(order);
	sort_list_free(&list);
	table_free(&unix_table);

	table_init(&unix_table, WANT_UNIX);
	for (unsigned i = 0; i < COUNT; i++) {
		struct sock sock = { .row = { .proto = PROTO_UNIX, .family = AF_UNIX } };
		char path[8] = "";
		/* Abstract: all bytes count. */
		memcpy(path + 1, sorted[mixed[i]].data, sorted[mixed[i]].len);
		sock.blob[BLOB_PATH] = (struct bytes){ path, sorted[mixed[i]].len + 1 };
		assert_int_equal(table_add(&unix_table, &sock), 0);
	}
	for (int down = 0; down < 2; down++) {
		assert_int_equal(sort_list_parse(&list, down ? "-path" : "path", &error), 0);
		order = sort_order(&unix_table, &list, &context);
		for (unsigned i = 0; i < COUNT; i++)
			assert_int_equal(mixed[order[i]], down ? COUNT - 1 - i : i);
		free(order);
		sort_list_free(&list);
	}
	table_free(&unix_table);
}

static void unknown_columns_are_named(void **state)
{
	(void)state;
	static const char *const wrong[][2] = { { "bogus", "bogus" }, { "state,-bogus", "bogus" },
		                                { "", "" },           { "-", "" },
		                                { "state,", "" },     { "--state", "-state" } };
	for (size_t i = 0; i < countof(wrong); i++) {
		struct sort_list list = { 0 };
		struct error error;
		assert_int_equal(sort_list_parse(&list, wrong[i][0], &error), -1);
		assert_int_equal(error.number, EINVAL);
		assert_string_equal(error.subject, wrong[i][1]);
		sort_list_free(&list);
	}
}

static void an_empty_table_has_an_order(void **state)
{
	(void)state;
	struct table empty;
	struct sort_list list = { 0 };
	struct error error;
	table_init(&empty, 0);
	assert_int_equal(sort_list_parse(&list, "state", &error), 0);
	uint32_t *order = sort_order(&empty, &list, &context);
	assert_non_null(order);
	free(order);
	sort_list_free(&list);
	table_free(&empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_key_orders),
		cmocka_unit_test(rows_without_a_value_stay_as_they_were),
		cmocka_unit_test(timers_that_are_off_come_last),
		cmocka_unit_test(text_is_compared_byte_by_byte),
		cmocka_unit_test(unknown_columns_are_named),
		cmocka_unit_test(an_empty_table_has_an_order),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
