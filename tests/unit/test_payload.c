// SPDX-License-Identifier: MIT
/* Payload out of TCP's counters, with counters as Linux 6.18 showed them of connections whose bytes are known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sockview/countof.h>
#include <sockview/payload.h>
#include <sockview/row.h>

enum { U = PAYLOAD_UNKNOWN, N = PAYLOAD_NO, Y = PAYLOAD_YES };

static void counters_become_payload(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		struct payload_counters counters;
		struct payload payload;
	} cases[] = {
		{ "client sent 10 and closed", { 12, 1, 0, 0, false, Y, Y, Y }, { 10, 0, true, true } },
		{ "its server", { 1, 11, 0, 0, false, N, Y, Y }, { 0, 10, true, true } },
		{ "client, open, 1000 each way", { 1001, 1000, 0, 0, false, Y, N, N }, { 1000, 1000, true, true } },
		{ "server, open, 1000 each way", { 1000, 1000, 0, 0, false, N, N, N }, { 1000, 1000, true, true } },
		{ "nothing known", { 12, 11, 0, 0, false, U, U, U }, { 12, 11, false, false } },
		{ "all sent and acknowledged", { 12, 11, 10, 0, true, U, U, Y }, { 10, 10, true, true } },
		{ "5 sent twice", { 12, 1, 15, 5, true, U, U, Y }, { 10, 0, true, true } },
		{ "one of SYN and FIN, or a byte less", { 11, 1, 10, 0, true, U, U, Y }, { 10, 0, false, true } },
		{ "a reset with 1000 on the way", { 501, 0, 1500, 0, true, Y, N, N }, { 500, 0, true, true } },
		{ "refused", { 0, 0, 0, 0, true, Y, N, N }, { 0, 0, true, true } },
	};
	for (size_t i = 0; i < countof(cases); i++) {
		struct payload got = payload_count(&cases[i].counters);
		print_message("# %s\n", cases[i].what);
		assert_int_equal(got.acked, cases[i].payload.acked);
		assert_int_equal(got.received, cases[i].payload.received);
		assert_int_equal(got.acked_exact, cases[i].payload.acked_exact);
		assert_int_equal(got.received_exact, cases[i].payload.received_exact);
	}
}

static void states_tell_of_fins(void **state)
{
	(void)state;
	struct payload_counters counters = { .connecting = Y };
	payload_of_state(&counters, STATE_FIN_WAIT2);
	assert_int_equal(counters.fin_acked, Y);
	assert_int_equal(counters.fin_received, N);
	assert_int_equal(counters.connecting, Y);
	payload_of_state(&counters, STATE_CLOSE);
	assert_int_equal(counters.fin_acked, U);
	payload_of_state(&counters, 1000);
	assert_int_equal(counters.fin_received, U);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counters_become_payload),
		cmocka_unit_test(states_tell_of_fins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
