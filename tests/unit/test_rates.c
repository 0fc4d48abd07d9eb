// SPDX-License-Identifier: MIT
/* Two looks compared by cookie: what a second brought, of connections that stay, begin and close. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <linux/tcp.h>
#include <string.h>

#include <sockview/rates.h>

#define SECOND 1000000000

struct made {
	struct sock sock;
	struct tcp_info info;
	struct sock_skmem skmem;
};

static const struct sock *make(struct made *made, uint64_t cookie, enum state state, uint64_t sent, uint64_t received)
{
	*made = (struct made){
		.sock.row = { .cookie = cookie,
		              .flags = ROW_HAS_COOKIE,
		              .proto = PROTO_TCP,
		              .family = AF_INET,
		              .state = (uint8_t)state },
		.info = { .tcpi_bytes_acked = sent, .tcpi_bytes_sent = sent, .tcpi_bytes_received = received },
		.skmem = { .count = SKMEM_COUNT },
	};
	if (state != STATE_TIME_WAIT)
		made->sock.blob[BLOB_TCP_INFO] = (struct bytes){ &made->info, sizeof(made->info) };
	made->sock.skmem = &made->skmem;
	return &made->sock;
}

static void assert_rate(const struct rates *rates, const struct sock *sock, double tx, double rx)
{
	double rate;
	assert_true(rates_of(rates, &sock->row, RATE_BYTES, false, &rate));
	assert_float_equal((float)rate, (float)tx, 1e-6F);
	assert_true(rates_of(rates, &sock->row, RATE_BYTES, true, &rate));
	assert_float_equal((float)rate, (float)rx, 1e-6F);
}

static void assert_no_rate(const struct rates *rates, const struct sock *sock)
{
	double rate;
	assert_false(rates_of(rates, &sock->row, RATE_BYTES, false, &rate));
}

static int count_gone(void *context, const struct sock *sock)
{
	assert_int_equal(sock->row.state, STATE_CLOSE);
	++*(int *)context;
	return 0;
}

static void look(struct rates *rates, int64_t now)
{
	rates_begin(rates, now);
}

/* How many connections are told of that have no row. */
static int finish(struct rates *rates, bool whole)
{
	int gone = 0;
	assert_int_equal(rates_gone(rates, count_gone, &gone), 0);
	rates_end(rates, whole);
	return gone;
}

static void what_stays_is_a_difference(void **state)
{
	struct rates rates = { 0 };
	struct made made;
	double rate;
	(void)state;
	look(&rates, 5 * (int64_t)SECOND);
	assert_int_equal(rates_add(&rates, make(&made, 7, STATE_ESTABLISHED, 1000, 50)), 0);
	assert_no_rate(&rates, &made.sock);
	finish(&rates, true);
	look(&rates, 7 * (int64_t)SECOND);
	make(&made, 7, STATE_ESTABLISHED, 5000, 150);
	made.info.tcpi_total_retrans = 6;
	made.skmem.value[SKMEM_DROPS] = 1;
	assert_int_equal(rates_add(&rates, &made.sock), 0);
	assert_rate(&rates, &made.sock, 2000, 50);
	assert_true(rates_of(&rates, &made.sock.row, RATE_RETRANS, false, &rate));
	assert_float_equal((float)rate, 3, 1e-6F);
	assert_true(rates_of(&rates, &made.sock.row, RATE_DROPS, false, &rate));
	assert_float_equal((float)rate, 0.5, 1e-6F);
	/* The dump was taken again: the same socket is there twice. */
	assert_int_equal(rates_add(&rates, &made.sock), 0);
	assert_rate(&rates, &made.sock, 2000, 50);
	rates_free(&rates);
}

static void what_begins_counts_from_zero_if_all_were_seen(void **state)
{
	struct made made;
	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		struct rates rates = { 0 };
		look(&rates, SECOND);
		finish(&rates, whole);
		look(&rates, 2 * (int64_t)SECOND);
		assert_int_equal(rates_add(&rates, make(&made, 9, STATE_ESTABLISHED, 300, 4)), 0);
		if (whole)
			assert_rate(&rates, &made.sock, 300, 4);
		else
			assert_no_rate(&rates, &made.sock);
		rates_free(&rates);
	}
}

static void udp_has_no_bytes(void **state)
{
	struct rates rates = { 0 };
	struct made made;
	double rate;
	(void)state;
	for (int i = 1; i < 3; i++) {
		look(&rates, i * (int64_t)SECOND);
		make(&made, 4, STATE_CLOSE, 0, 0);
		made.sock.row.proto = PROTO_UDP;
		made.sock.blob[BLOB_TCP_INFO] = (struct bytes){ 0 };
		made.skmem.value[SKMEM_DROPS] = (uint32_t)i * 10;
		assert_int_equal(rates_add(&rates, &made.sock), 0);
		finish(&rates, true);
	}
	assert_no_rate(&rates, &made.sock);
	assert_true(rates_of(&rates, &made.sock.row, RATE_DROPS, false, &rate));
	assert_float_equal((float)rate, 10, 1e-6F);
	rates_free(&rates);
}

static void closes_have_their_last_bytes(void **state)
{
	struct rates rates = { 0 };
	struct made made;
	(void)state;
	/* Before the first look: nothing to compare with. */
	assert_int_equal(rates_close(&rates, make(&made, 1, STATE_CLOSE, 900, 0)), 0);
	look(&rates, SECOND);
	assert_int_equal(rates_add(&rates, make(&made, 2, STATE_ESTABLISHED, 100, 0)), 0);
	assert_int_equal(rates_add(&rates, make(&made, 3, STATE_ESTABLISHED, 100, 0)), 0);
	assert_int_equal(finish(&rates, true), 0);
	/* 2 goes, 3 turns into TIME_WAIT, 5 came and went, 6 did so and sent nothing, 7 closes while the look goes on. */
	assert_int_equal(rates_close(&rates, make(&made, 2, STATE_CLOSE, 600, 0)), 0);
	assert_int_equal(rates_close(&rates, make(&made, 3, STATE_CLOSE, 5000100, 0)), 0);
	assert_int_equal(rates_close(&rates, make(&made, 5, STATE_CLOSE, 77, 0)), 0);
	assert_int_equal(rates_close(&rates, make(&made, 6, STATE_CLOSE, 0, 0)), 0);
	look(&rates, 2 * (int64_t)SECOND);
	assert_int_equal(rates_add(&rates, make(&made, 3, STATE_TIME_WAIT, 0, 0)), 0);
	assert_rate(&rates, &made.sock, 5000000, 0);
	assert_int_equal(rates_add(&rates, make(&made, 7, STATE_ESTABLISHED, 10, 0)), 0);
	assert_int_equal(rates_close(&rates, make(&made, 7, STATE_CLOSE, 30, 0)), 0);
	assert_int_equal(finish(&rates, true), 2);
	assert_rate(&rates, make(&made, 2, STATE_CLOSE, 0, 0), 500, 0);
	assert_rate(&rates, make(&made, 5, STATE_CLOSE, 0, 0), 77, 0);
	assert_rate(&rates, make(&made, 7, STATE_CLOSE, 0, 0), 10, 0);
	/* Each once. */
	look(&rates, 3 * (int64_t)SECOND);
	assert_int_equal(rates_add(&rates, make(&made, 3, STATE_TIME_WAIT, 0, 0)), 0);
	assert_no_rate(&rates, &made.sock);
	assert_int_equal(finish(&rates, true), 1);
	assert_rate(&rates, make(&made, 7, STATE_CLOSE, 0, 0), 20, 0);
	rates_free(&rates);
}

static void many_are_told_apart(void **state)
{
	struct rates rates = { 0 };
	struct made made;
	(void)state;
	for (uint64_t round = 0; round < 2; round++) {
		look(&rates, (int64_t)(round + 1) * SECOND);
		for (uint64_t cookie = 1; cookie <= 20000; cookie++)
			assert_int_equal(rates_add(&rates, make(&made, cookie, STATE_ESTABLISHED, cookie * round, 0)),
			                 0);
		finish(&rates, true);
	}
	for (uint64_t cookie = 1; cookie <= 20000; cookie++)
		assert_rate(&rates, make(&made, cookie, STATE_ESTABLISHED, 0, 0), (double)cookie, 0);
	rates_free(&rates);
}

/* The sum of what was gained, in TIME_WAIT and after it closed too, however wide the looks are. */
static void test_totals(void **state)
{
	struct rates rates = { 0 };
	struct made made;
	uint64_t bytes;
	(void)state;
	rates_begin(&rates, SECOND);
	assert_int_equal(rates_add(&rates, make(&made, 7, STATE_ESTABLISHED, 5000, 100)), 0);
	rates_end(&rates, true);
	assert_false(rates_total(&rates, &made.sock.row, false, &bytes));
	for (unsigned look = 2; look < 5; look++) {
		double tx, rx;
		rates_begin(&rates, look * 2 * (int64_t)SECOND);
		make(&made, 7, STATE_ESTABLISHED, 5000 + 1000 * (look - 1), 100 + look);
		assert_int_equal(rates_add(&rates, &made.sock), 0);
		rates_end(&rates, true);
		assert_true(rates_bytes(&rates, &made.sock.row, &tx, &rx));
		assert_true(rates_total(&rates, &made.sock.row, false, &bytes));
		assert_int_equal(bytes, 1000 * (look - 1));
		assert_true(rates_total(&rates, &made.sock.row, true, &bytes));
		assert_int_equal(bytes, look);
	}
	/* Another filter: what is new among the rows may be older than the look before. */
	rates_widen(&rates);
	rates_begin(&rates, 20 * (int64_t)SECOND);
	assert_int_equal(rates_add(&rates, make(&made, 8, STATE_ESTABLISHED, 900, 900)), 0);
	assert_int_equal(rates_add(&rates, make(&made, 7, STATE_TIME_WAIT, 0, 0)), 0);
	rates_end(&rates, true);
	assert_true(rates_total(&rates, &made.sock.row, false, &bytes));
	assert_int_equal(bytes, 3000);
	make(&made, 8, STATE_ESTABLISHED, 0, 0);
	assert_false(rates_total(&rates, &made.sock.row, false, &bytes));
	rates_free(&rates);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totals),
		cmocka_unit_test(what_stays_is_a_difference),
		cmocka_unit_test(what_begins_counts_from_zero_if_all_were_seen),
		cmocka_unit_test(udp_has_no_bytes),
		cmocka_unit_test(closes_have_their_last_bytes),
		cmocka_unit_test(many_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
