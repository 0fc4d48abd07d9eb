// SPDX-License-Identifier: MIT
/*
 * verdict.c - what the tables say, what the kernel says, and the verdict (verdict.h).
 *
 * When is bind() tried? A trial that succeeds has the port for about a
 * microsecond, and a server that binds just then is refused. So by default it
 * is tried only
 *   - where the tables leave a doubt: an option that no table tells, a kernel
 *     that does not show sockets that are bound and nothing more;
 *   - where the socket in the way cannot be a server that is about to restart:
 *     TIME_WAIT, connections, sockets of the kernel. Then the trial fails, and
 *     a trial that fails takes nothing.
 * A listener in the way beyond doubt needs no trial, and a port that is free
 * in whole tables is told free after the checks, which never take it. A socket
 * that a process has bound is first asked for its options: a server is in that
 * state between bind() and listen(), and one that has closed it again by now is
 * about to restart.
 */
#include "explain/verdict.h"

#include <errno.h>

#include <sockview/countof.h>
#include <sockview/proto.h>
#include <sockview/sockstat.h>

#include "explain/holders.h"
#include "explain/probe.h"
#include "explain/socket_options.h"
#include "explain/tcp_options.h"

static bool tables_whole(const struct explain *explain)
{
	const struct report *report = explain->facts.report;
	unsigned proto = PROTO_BIT(explain->target.proto);
	if (report->interrupted || report->lost || report->malformed ||
	    (report->unavailable | report->unrecorded) & proto)
		return false;
	return !proto_listens(explain->target.proto) || explain->bound_told;
}

static void plan_model(struct explain *explain, struct planned *plan)
{
	plan->model = holders_outcome(explain, &plan->bind);
	plan->certain = plan->model == BIND_IN_USE || (plan->model == BIND_FREE && tables_whole(explain));
}

/* --- the checks --- */

static void plan_refuse(struct planned *plan, struct probe_answer answer)
{
	plan->verdict = answer.number == EADDRINUSE ? EXPLAIN_TAKEN : EXPLAIN_REFUSED;
	plan->number = answer.number;
	plan->stage = answer.stage;
}

static void plan_check(struct explain *explain, struct planned *plan)
{
	struct probe_answer answer = probe_run(&plan->bind, &explain->user, PROBE_CHECKS);
	if (answer.stage == PROBE_USER) {
		plan->verdict = EXPLAIN_UNKNOWN;
		plan->number = answer.number;
		plan->stage = PROBE_USER;
		return;
	}
	plan->checked = true;
	/* The target names neither family: a host that lacks one of them is no reason to refuse. */
	plan->left_out = explain->target.family == AF_UNSPEC && explain->plans > 1 && answer.stage == PROBE_SOCKET &&
	                 answer.number == EAFNOSUPPORT;
	if (answer.stage != PROBE_PASSED && !plan->left_out)
		plan_refuse(plan, answer);
}

/* --- the trial --- */

static bool can_come_back(const struct holder *holder)
{
	return holder->reason != REASON_KERNEL && (!proto_listens(holder->is.proto) ||
	                                           holder->is.state == STATE_LISTEN || holder->is.state == STATE_BOUND);
}

/* A socket is in the way that no process can give up and take again at once. */
static bool blocked_for_good(const struct explain *explain, size_t p)
{
	for (size_t i = 0; i < explain->holders; i++) {
		const struct holder *holder = &explain->holder[i];
		if (holder->judged[p].outcome == BIND_IN_USE && !can_come_back(holder))
			return true;
	}
	return false;
}

/* It was given up between two looks: its server is about to take the port again. */
static bool has_moved(const struct holder *holder)
{
	return holder->moved || holder->reason == REASON_VANISHED || holder->reason == REASON_UNKNOWN;
}

/* A socket on which the outcome hangs, and that a process may give up and take again: to be asked; or gone by now. */
static bool doubts_server(const struct explain *explain, size_t p, bool moved)
{
	for (size_t i = 0; i < explain->holders; i++) {
		const struct holder *holder = &explain->holder[i];
		if (holder->judged[p].outcome == BIND_UNKNOWN && can_come_back(holder) &&
		    (moved ? has_moved(holder) : holder->reason == REASON_OWNED))
			return true;
	}
	return false;
}

static bool wants_trial(const struct explain *explain, size_t p)
{
	const struct planned *plan = &explain->plan[p];
	switch (explain->options.probe) {
	case EXPLAIN_PROBE_NONE:
		return false;
	case EXPLAIN_PROBE_AUTO:
		if (doubts_server(explain, p, true))
			return false;
		return !plan->certain || blocked_for_good(explain, p);
	default:
		return true;
	}
}

/*
 * Without SO_REUSEPORT first, if SO_REUSEADDR may do alone: where a socket with
 * both is let in by SO_REUSEADDR, the kernel notes for the port that
 * SO_REUSEPORT shares there (tb->fastreuseport, inet_csk_update_fastreuse), and
 * later lets pass by that note what it ought to refuse.
 */
static struct probe_answer plan_bind(const struct explain *explain, const struct bind_plan *plan, enum probe_kind kind)
{
	struct bind_plan first = *plan;
	first.reuseport = plan->reuseport && !plan->reuseaddr;
	struct probe_answer answer = probe_run(&first, &explain->user, kind);
	if (answer.number != EADDRINUSE || first.reuseport == plan->reuseport)
		return answer;
	return probe_run(plan, &explain->user, kind);
}

static void plan_try(struct explain *explain, struct planned *plan)
{
	enum probe_kind kind = explain->options.probe == EXPLAIN_PROBE_LISTEN ? PROBE_BIND_LISTEN : PROBE_BIND;
	struct probe_answer answer = plan_bind(explain, &plan->bind, kind);
	if (answer.stage == PROBE_USER)
		return;
	plan->tried = true;
	if (answer.stage == PROBE_PASSED) {
		plan->verdict = EXPLAIN_FREE;
		plan->disagree = plan->model == BIND_IN_USE;
		return;
	}
	plan_refuse(plan, answer);
	plan->disagree = answer.number == EADDRINUSE && plan->model == BIND_FREE;
}

/* The kernel's answer decided the one option that the outcome hung on. */
static void learn(struct holder *holder, unsigned option, uint8_t known)
{
	if (option == OPTION_REUSEADDR)
		holder->is.reuseaddr = known;
	else if (option == OPTION_REUSEPORT)
		holder->is.reuseport = known;
	else if (option == OPTION_V6ONLY)
		holder->is.v6only = known;
}

/* Let in: every holder shares. Refused, with a single holder that can be the reason: that one does not share. */
static void learn_from_trial(struct explain *explain, size_t p)
{
	const struct planned *plan = &explain->plan[p];
	struct holder *last = NULL;
	unsigned unknown = 0, in_use = 0;
	for (size_t i = 0; i < explain->holders; i++) {
		struct holder *holder = &explain->holder[i];
		in_use += holder->judged[p].outcome == BIND_IN_USE;
		if (holder->judged[p].outcome != BIND_UNKNOWN)
			continue;
		unknown++;
		last = holder;
		if (plan->verdict == EXPLAIN_FREE)
			learn(holder, holder->judged[p].unknown, KNOWN_ON);
	}
	if (plan->verdict == EXPLAIN_TAKEN && unknown == 1 && !in_use)
		learn(last, last->judged[p].unknown, KNOWN_OFF);
	if (unknown)
		holders_judge(explain);
}

static void plan_by_tables(struct planned *plan)
{
	static const enum explain_verdict verdict[] = {
		[BIND_FREE] = EXPLAIN_FREE,
		[BIND_IN_USE] = EXPLAIN_TAKEN,
		[BIND_UNKNOWN] = EXPLAIN_UNKNOWN,
	};
	plan->verdict = verdict[plan->model];
	if (plan->verdict == EXPLAIN_TAKEN) {
		plan->number = EADDRINUSE;
		plan->stage = PROBE_TABLE;
	}
}

static unsigned unknown_options(const struct explain *explain)
{
	unsigned unknown = 0;
	for (size_t i = 0; i < explain->holders; i++)
		for (size_t p = 0; p < explain->plans; p++)
			unknown |= explain->holder[i].judged[p].unknown;
	return unknown;
}

static void plan_judge(struct explain *explain, size_t p)
{
	struct planned *plan = &explain->plan[p];
	plan_model(explain, plan);
	plan_by_tables(plan);
	if (!explain->facts.live || explain->options.probe == EXPLAIN_PROBE_NONE) {
		/* A socket that no table tells of may hold it. */
		if (plan->verdict == EXPLAIN_FREE && !plan->certain)
			plan->verdict = EXPLAIN_UNKNOWN;
		return;
	}
	plan_check(explain, plan);
	if (plan->left_out || plan->verdict == EXPLAIN_REFUSED || plan->stage == PROBE_USER)
		return;
	if (explain->options.probe == EXPLAIN_PROBE_AUTO && doubts_server(explain, p, false)) {
		socket_options_ask(explain, unknown_options(explain));
		holders_judge(explain);
		plan_model(explain, plan);
		plan_by_tables(plan);
	}
	if (!wants_trial(explain, p))
		return;
	plan_try(explain, plan);
	if (plan->tried)
		learn_from_trial(explain, p);
}

/* --- which socket is the reason --- */

/*
 * SO_REUSEADDR of what a listener accepted, in TIME_WAIT too, is the
 * listener's: what is older, and had the port without the option, would have
 * kept the listener itself from binding.
 */
static void learn_from_listeners(struct explain *explain)
{
	enum { ASKED_MAX = 16 };
	unsigned asked = 0;
	for (size_t i = 0; i < explain->holders; i++) {
		struct holder *holder = &explain->holder[i];
		const struct holder *found =
			holder->is.reuseaddr == KNOWN_NOT ? holder_listener(explain, holder) : NULL;
		struct holder *listener = found ? &explain->holder[found - explain->holder] : NULL;
		if (!listener || holder == listener)
			continue;
		if (listener->is.reuseaddr == KNOWN_NOT && listener->reason == REASON_OWNED && asked++ < ASKED_MAX)
			socket_options_ask_one(explain, listener, OPTION_REUSEADDR);
		holder->is.reuseaddr = listener->is.reuseaddr;
	}
	if (asked)
		holders_judge(explain);
}

static bool plan_has_blame(const struct explain *explain, size_t p)
{
	for (size_t i = 0; i < explain->holders; i++)
		if (explain->holder[i].judged[p].outcome == BIND_IN_USE)
			return true;
	return false;
}

/*
 * True if a plan was refused and unknown options decide which socket is the
 * reason, or if it was not tried and its verdict depends on them.
 */
static bool must_ask(const struct explain *explain)
{
	if (!explain->facts.live || !unknown_options(explain))
		return false;
	for (size_t p = 0; p < explain->plans; p++) {
		const struct planned *plan = &explain->plan[p];
		if (plan->model == BIND_UNKNOWN && plan->verdict != EXPLAIN_FREE && !plan_has_blame(explain, p))
			return true;
	}
	return false;
}

static void ask_and_judge_again(struct explain *explain)
{
	socket_options_ask(explain, unknown_options(explain));
	holders_judge(explain);
	for (size_t p = 0; p < explain->plans; p++) {
		struct planned *plan = &explain->plan[p];
		enum explain_verdict before = plan->verdict;
		plan_model(explain, plan);
		if (before == EXPLAIN_UNKNOWN && plan->stage != PROBE_USER)
			plan_by_tables(plan);
		plan->disagree |= plan->tried && before == EXPLAIN_TAKEN && plan->model == BIND_FREE;
	}
}

/*
 * Would SO_REUSEADDR help? No table tells which options TIME_WAIT keeps. Beside
 * sockets that all may share, a trial with the option set does no harm: a
 * server that sets it is let in too, one that does not is kept out by those
 * sockets already.
 */
static void try_reuseaddr(struct explain *explain)
{
	struct bind_plan plan = explain->plan[0].bind;
	if (!explain->facts.live || explain->options.probe == EXPLAIN_PROBE_NONE || plan.reuseaddr ||
	    explain->plan[0].verdict != EXPLAIN_TAKEN)
		return;
	for (size_t i = 0; i < explain->holders; i++)
		if (explain->holder[i].judged[0].outcome != BIND_FREE && can_come_back(&explain->holder[i]))
			return;
	plan.reuseaddr = true;
	if (!explain->holders || holders_outcome(explain, &plan) != BIND_UNKNOWN)
		return;
	struct probe_answer answer = plan_bind(explain, &plan, PROBE_BIND);
	explain->reuseaddr_tried = answer.stage == PROBE_PASSED || answer.stage == PROBE_TABLE;
	explain->reuseaddr_helps = answer.stage == PROBE_PASSED;
}

/*
 * The same bind without SO_REUSEADDR: what is refused with it is refused
 * without. Otherwise the tables tell, where they are whole: the option decides
 * only beside sockets that they show.
 */
static enum explain_verdict verdict_without(const struct explain *explain, const struct planned *plan)
{
	struct planned without = *plan;
	if (plan->verdict == EXPLAIN_TAKEN || plan->verdict == EXPLAIN_REFUSED)
		return plan->verdict;
	without.bind.reuseaddr = false;
	without.model = holders_outcome(explain, &without.bind);
	plan_by_tables(&without);
	if (without.model == BIND_IN_USE || !explain->facts.live || explain->options.probe == EXPLAIN_PROBE_NONE)
		return without.verdict;
	/* Where the tables were trusted for the one, they are for the other. */
	if (!plan->tried)
		return without.verdict;
	struct probe_answer answer = plan_bind(explain, &without.bind, PROBE_BIND);
	if (answer.stage == PROBE_PASSED)
		return EXPLAIN_FREE;
	return answer.stage == PROBE_TABLE ? EXPLAIN_TAKEN : EXPLAIN_UNKNOWN;
}

/* Taken if any plan is; a plan whose outcome is unknown counts less than one that is sure. */
static enum explain_verdict decide(const struct explain *explain, const enum explain_verdict verdict[PLANS_MAX])
{
	static const enum explain_verdict order[] = {
		EXPLAIN_TAKEN,
		EXPLAIN_REFUSED,
		EXPLAIN_UNKNOWN,
		EXPLAIN_FREE,
	};
	for (size_t i = 0; i < countof(order); i++)
		for (size_t p = 0; p < explain->plans; p++)
			if (!explain->plan[p].left_out && verdict[p] == order[i])
				return order[i];
	return EXPLAIN_UNKNOWN;
}

/* The outcome of a plan hangs on options that no table tells. */
static bool hangs_on_options(const struct explain *explain)
{
	for (size_t p = 0; p < explain->plans; p++)
		if (holders_outcome(explain, &explain->plan[p].bind) == BIND_UNKNOWN)
			return true;
	return false;
}

/* The iterator goes over all sockets of the namespace, a microsecond each. */
static bool are_many(const struct explain *explain)
{
	enum { MANY = 20000 };
	static const int families[] = { AF_INET, AF_INET6 };
	uint32_t total = 0, count;
	for (size_t i = 0; i < countof(families); i++)
		if (sockstat_in_use(explain->facts.proc_fd, "thread-self/net/", PROTO_TCP, families[i], &count))
			total += count;
	if (sockstat_time_wait(explain->facts.proc_fd, "thread-self/net/", &count))
		total += count;
	return total > MANY;
}

/*
 * No trial and no copy of a descriptor is as harmless as that: it looks and
 * takes nothing. So it is asked first, and with --no-probe, too. Where it would
 * take long a trial tells as well.
 */
static void learn_options(struct explain *explain)
{
	if (!explain->facts.live || !proto_listens(explain->target.proto) || !hangs_on_options(explain) ||
	    (explain->options.probe != EXPLAIN_PROBE_NONE && are_many(explain)))
		return;
	if (tcp_options_learn(explain))
		holders_judge(explain);
}

/* A server in the way that sets SO_REUSEPORT: then one that sets it too gets the port beside it. */
static void learn_sharing(struct explain *explain)
{
	enum { ASKED_MAX = 16 };
	unsigned asked = 0;
	bool open = false, trials = explain->options.probe != EXPLAIN_PROBE_NONE;
	for (size_t i = 0; i < explain->holders; i++) {
		const struct holder *holder = &explain->holder[i];
		for (size_t p = 0; p < explain->plans; p++)
			open |= holder->judged[p].outcome == BIND_IN_USE && holder->is.reuseport == KNOWN_NOT &&
			        can_come_back(holder);
	}
	if (!open || !trials || !explain->facts.live || explain->options.several)
		return;
	for (size_t i = 0; i < explain->holders && asked < ASKED_MAX; i++) {
		struct holder *holder = &explain->holder[i];
		if (holder->reason != REASON_OWNED || !can_come_back(holder))
			continue;
		socket_options_ask_one(explain, holder, OPTION_REUSEPORT);
		asked++;
	}
	holders_judge(explain);
}

bool verdict_by_tables(struct explain *explain)
{
	holders_judge(explain);
	learn_options(explain);
	for (size_t p = 0; p < explain->plans; p++)
		if (holders_outcome(explain, &explain->plan[p].bind) == BIND_IN_USE)
			return true;
	return false;
}

void verdict_reach(struct explain *explain)
{
	enum explain_verdict verdict[PLANS_MAX], without[PLANS_MAX];
	holders_judge(explain);
	learn_options(explain);
	for (size_t p = 0; p < explain->plans; p++)
		plan_judge(explain, p);
	if (must_ask(explain))
		ask_and_judge_again(explain);
	if (explain->facts.live && explain->options.probe != EXPLAIN_PROBE_NONE &&
	    unknown_options(explain) & OPTION_REUSEADDR)
		learn_from_listeners(explain);
	try_reuseaddr(explain);
	learn_sharing(explain);
	for (size_t p = 0; p < explain->plans; p++) {
		verdict[p] = explain->plan[p].verdict;
		without[p] = explain->plan[p].bind.reuseaddr ? verdict_without(explain, &explain->plan[p]) : verdict[p];
	}
	explain->verdict = decide(explain, verdict);
	explain->without_reuseaddr = decide(explain, without);
}
