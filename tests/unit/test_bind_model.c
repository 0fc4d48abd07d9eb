// SPDX-License-Identifier: MIT
/*
 * The reasons the model of bind() gives, worked out by hand from the kernel's
 * rules; that its verdicts are the kernel's is shown by tests/live/bind_matrix.t.
 */
#include "explain/bind_model.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include <sockview/countof.h>

struct row_case {
	const char *plan, *holder; /* addresses */
	enum state state;
	bool plan_reuseaddr, plan_reuseport;
	enum known reuseaddr, reuseport, v6only;
	uint32_t holder_uid; /* the plan's is 1000 */
	enum bind_outcome outcome;
	enum bind_why why;
	enum bind_meeting meeting;
	unsigned unknown;
};

#define N KNOWN_OFF
#define Y KNOWN_ON
#define U KNOWN_NOT

static const struct row_case cases[] = {
	/* addresses */
	{ "0.0.0.0", "0.0.0.0", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_SAME, 0 },
	{ "127.0.0.1", "0.0.0.0", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_HOLDER_WILDCARD,
	  0 },
	{ "0.0.0.0", "127.0.0.1", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_PLAN_WILDCARD,
	  0 },
	{ "127.0.0.1", "127.0.0.2", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_FREE, BIND_OTHER_ADDRESS, MEET_NOT, 0 },
	{ "0.0.0.0", "::", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_HOLDER_DUAL, 0 },
	{ "127.0.0.1", "::", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_HOLDER_DUAL, 0 },
	{ "0.0.0.0", "::", STATE_LISTEN, 0, 0, N, N, Y, 1000, BIND_FREE, BIND_OTHER_FAMILY, MEET_NOT, 0 },
	{ "::", "0.0.0.0", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_PLAN_DUAL, 0 },
	{ "::", "127.0.0.1", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_PLAN_DUAL, 0 },
	{ "::1", "0.0.0.0", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_FREE, BIND_OTHER_FAMILY, MEET_NOT, 0 },
	{ "::", "::1", STATE_LISTEN, 0, 0, N, N, Y, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_PLAN_WILDCARD, 0 },
	{ "::1", "::", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_HOLDER_WILDCARD, 0 },
	{ "::ffff:127.0.0.1", "127.0.0.1", STATE_LISTEN, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_SAME,
	  0 },
	/* an IPv6 connection and IPv4's wildcard */
	{ "0.0.0.0", "2001:db8::1", STATE_ESTABLISHED, 0, 0, N, N, N, 1000, BIND_IN_USE, BIND_NO_OPTION,
	  MEET_V6_CONNECTION, 0 },
	{ "0.0.0.0", "2001:db8::1", STATE_ESTABLISHED, 0, 0, N, N, U, 1000, BIND_UNKNOWN, BIND_NO_OPTION,
	  MEET_V6_CONNECTION, OPTION_V6ONLY },
	{ "127.0.0.1", "2001:db8::1", STATE_ESTABLISHED, 0, 0, N, N, U, 1000, BIND_FREE, BIND_OTHER_FAMILY, MEET_NOT,
	  0 },
	/* options */
	{ "0.0.0.0", "0.0.0.0", STATE_LISTEN, 1, 0, Y, N, N, 1000, BIND_IN_USE, BIND_HOLDER_LISTENS, MEET_SAME, 0 },
	{ "0.0.0.0", "0.0.0.0", STATE_LISTEN, 1, 0, U, U, N, 1000, BIND_IN_USE, BIND_HOLDER_LISTENS, MEET_SAME, 0 },
	{ "0.0.0.0", "0.0.0.0", STATE_BOUND, 1, 0, Y, N, N, 1000, BIND_FREE, BIND_BOTH_REUSEADDR, MEET_SAME, 0 },
	{ "0.0.0.0", "0.0.0.0", STATE_BOUND, 1, 0, N, N, N, 1000, BIND_IN_USE, BIND_HOLDER_NO_REUSEADDR, MEET_SAME, 0 },
	{ "0.0.0.0", "0.0.0.0", STATE_BOUND, 1, 0, U, U, N, 1000, BIND_UNKNOWN, BIND_HOLDER_NO_REUSEADDR, MEET_SAME,
	  OPTION_REUSEADDR },
	{ "0.0.0.0", "0.0.0.0", STATE_BOUND, 0, 0, U, U, N, 1000, BIND_IN_USE, BIND_NO_OPTION, MEET_SAME, 0 },
	{ "0.0.0.0", "0.0.0.0", STATE_LISTEN, 0, 1, N, Y, N, 1000, BIND_FREE, BIND_BOTH_REUSEPORT, MEET_SAME, 0 },
	{ "0.0.0.0", "0.0.0.0", STATE_LISTEN, 0, 1, N, N, N, 1000, BIND_IN_USE, BIND_HOLDER_NO_REUSEPORT, MEET_SAME,
	  0 },
	{ "0.0.0.0", "0.0.0.0", STATE_LISTEN, 0, 1, N, Y, N, 1001, BIND_IN_USE, BIND_OTHER_USER, MEET_SAME, 0 },
	{ "0.0.0.0", "0.0.0.0", STATE_LISTEN, 0, 1, N, U, N, 1001, BIND_IN_USE, BIND_OTHER_USER, MEET_SAME, 0 },
	{ "0.0.0.0", "0.0.0.0", STATE_LISTEN, 0, 1, N, U, N, 1000, BIND_UNKNOWN, BIND_HOLDER_NO_REUSEPORT, MEET_SAME,
	  OPTION_REUSEPORT },
};

static int parse(const char *text, union addr *addr)
{
	*addr = (union addr){ 0 };
	if (inet_pton(AF_INET, text, addr) == 1)
		return AF_INET;
	assert_int_equal(inet_pton(AF_INET6, text, addr), 1);
	return AF_INET6;
}

static void judge_case(const struct row_case *c, size_t index)
{
	struct bind_plan plan = { .proto = PROTO_TCP,
		                  .uid = 1000,
		                  .port = 80,
		                  .reuseaddr = c->plan_reuseaddr,
		                  .reuseport = c->plan_reuseport };
	struct bind_holder holder = { .proto = PROTO_TCP,
		                      .state = (uint8_t)c->state,
		                      .uid = c->holder_uid,
		                      .has_uid = true,
		                      .reuseaddr = (uint8_t)c->reuseaddr,
		                      .reuseport = (uint8_t)c->reuseport,
		                      .v6only = (uint8_t)c->v6only };

	plan.family = (uint8_t)parse(c->plan, &plan.addr);
	holder.family = (uint8_t)parse(c->holder, &holder.addr);
	struct bind_judgement got = bind_judge(&plan, &holder);
	if (got.outcome != c->outcome || got.why != c->why || got.meeting != c->meeting || got.unknown != c->unknown)
		fail_msg("case %zu (%s beside %s): outcome %d why %d meeting %d unknown %u", index, c->plan, c->holder,
		         got.outcome, got.why, got.meeting, got.unknown);
}

static void test_reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		judge_case(&cases[i], i);
}

static struct bind_judgement judge_same(const struct bind_plan *plan, struct bind_holder holder)
{
	holder.addr = plan->addr;
	holder.family = plan->family;
	holder.v6only = KNOWN_OFF;
	holder.has_uid = true;
	holder.uid = plan->uid;
	return bind_judge(plan, &holder);
}

static void test_places(void **state)
{
	(void)state;
	struct bind_plan plan = { .proto = PROTO_TCP, .family = AF_INET, .port = 80, .ifindex = 2 };

	assert_int_equal(judge_same(&plan, (struct bind_holder){ .proto = PROTO_UDP }).why, BIND_OTHER_PROTO);
	assert_int_equal(judge_same(&plan, (struct bind_holder){ .request = true }).why, BIND_NOT_BOUND);
	assert_int_equal(judge_same(&plan, (struct bind_holder){ .ifindex = 3 }).why, BIND_OTHER_DEVICE);
	assert_int_equal(judge_same(&plan, (struct bind_holder){ .ifindex = 2 }).outcome, BIND_IN_USE);
	assert_int_equal(judge_same(&plan, (struct bind_holder){ .l3mdev = 9 }).why, BIND_OTHER_PORT_TABLE);
	plan.proto = PROTO_UDP;
	assert_int_equal(judge_same(&plan, (struct bind_holder){ .proto = PROTO_UDP, .l3mdev = 9 }).outcome,
	                 BIND_IN_USE);
}

/* TIME_WAIT has no user any more: SO_REUSEPORT on both is enough. */
static void test_time_wait(void **state)
{
	(void)state;
	struct bind_plan plan = { .proto = PROTO_TCP, .family = AF_INET, .port = 80, .uid = 1000, .reuseport = true };
	struct bind_holder holder = { .proto = PROTO_TCP,
		                      .family = AF_INET,
		                      .state = STATE_TIME_WAIT,
		                      .time_wait = true,
		                      .reuseaddr = KNOWN_OFF,
		                      .reuseport = KNOWN_ON,
		                      .v6only = KNOWN_OFF };

	assert_int_equal(bind_judge(&plan, &holder).outcome, BIND_FREE);
	holder.reuseport = KNOWN_OFF;
	assert_int_equal(bind_judge(&plan, &holder).outcome, BIND_IN_USE);
	plan.reuseaddr = true;
	assert_int_equal(bind_judge(&plan, &holder).why, BIND_HOLDER_NO_REUSEADDR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_time_wait),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
