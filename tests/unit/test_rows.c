// SPDX-License-Identifier: MIT
/* A table gives back what was put in, details as they were asked to be kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <sockview/row.h>

static void fill(struct sock *sock, uint32_t i, struct sock_timer *timer, struct sock_unix *unix_, char *path)
{
	*sock = (struct sock){ .row.inode = i, .row.proto = PROTO_UNIX };
	*timer = (struct sock_timer){ .expires_ms = i * 10, .kind = TIMER_ON };
	*unix_ = (struct sock_unix){ .refcnt = i, .type = SOCK_STREAM };
	memset(path, 'a' + (int)(i % 26), 100);
	sock->timer = timer;
	sock->unix_ = unix_;
	sock->blob[BLOB_PATH] = (struct bytes){ path, i % 100 };
	sock->blob[BLOB_CONG] = (struct bytes){ "bbr", 3 };
}

static void assert_row(const struct table *table, uint32_t i)
{
	struct sock sock;
	char path[100];
	memset(path, 'a' + (int)(i % 26), sizeof(path));
	table_get(table, i, &sock);
	assert_int_equal(sock.row.inode, i);
	assert_int_equal(sock.unix_->refcnt, i);
	assert_int_equal(sock.blob[BLOB_PATH].len, i % 100);
	assert_memory_equal(sock.blob[BLOB_PATH].data, path, i % 100);
	assert_null(sock.blob[BLOB_CONG].data); /* TCP's details were not to be kept */
	assert_int_equal(sock.timer->expires_ms, i * 10);
	assert_null(sock.skmem);
}

static void rows_come_back_as_they_went_in(void **state)
{
	(void)state;
	enum { ROWS = 5000 };
	struct table table;
	table_init(&table, WANT_TIMER | WANT_UNIX);
	for (uint32_t i = 0; i < ROWS; i++) {
		struct sock sock;
		struct sock_timer timer;
		struct sock_unix unix_;
		char path[100];
		fill(&sock, i, &timer, &unix_, path);
		assert_int_equal(table_add(&table, &sock), 0);
	}
	for (uint32_t i = 0; i < ROWS; i++)
		assert_row(&table, i);
	table_truncate(&table, 7);
	assert_int_equal(table.count, 7);
	struct sock again;
	table_get(&table, 6, &again);
	assert_int_equal(table_add(&table, &again), 0);
	table_get(&table, 7, &again);
	assert_int_equal(again.row.inode, 6);
	assert_int_equal(again.blob[BLOB_PATH].len, 6);
	assert_row(&table, 6);
	table_free(&table);
}

/* An answer about one's own row: the source may move while it is added. */
static void nothing_is_kept_unless_asked_for(void **state)
{
	(void)state;
	struct table table;
	struct sock sock;
	struct sock_timer timer;
	struct sock_unix unix_;
	char path[100];
	table_init(&table, 0);
	fill(&sock, 42, &timer, &unix_, path);
	assert_int_equal(table_add(&table, &sock), 0);
	table_get(&table, 0, &sock);
	assert_int_equal(sock.row.inode, 42);
	assert_null(sock.timer);
	assert_null(sock.unix_);
	assert_null(sock.blob[BLOB_PATH].data);
	table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back_as_they_went_in),
		cmocka_unit_test(nothing_is_kept_unless_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
