// SPDX-License-Identifier: MIT
/*
 * explain_why.c - why it is refused, a sentence a rule.
 *
 * One table for how two addresses meet, one for what would have to be set:
 * each rule is said once, however many sockets it holds for.
 */
#include "explain/explain_why.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/proto.h>

#include "explain/explain_words.h"

/* With the planned address in between. */
static const struct {
	const char *key, *before, *after;
} meetings[] = {
	[MEET_HOLDER_WILDCARD] = { "holder-wildcard",
	                           "A socket on the wildcard address (0.0.0.0, [::]) has the port of every address of its family, so of ",
	                           " too." },
	[MEET_PLAN_WILDCARD] = { "plan-wildcard", "",
	                         " asks for the port of every address of its family, and on one of them it is taken." },
	[MEET_HOLDER_DUAL] = { "holder-dual-stack",
	                       "A socket on [::] without IPV6_V6ONLY has the port of IPv4 too, so of ",
	                       "; netstat prints it as any IPv6 socket." },
	[MEET_PLAN_DUAL] = { "plan-dual-stack", "",
	                     " without IPV6_V6ONLY asks for the port of IPv4 too, where it is taken." },
	[MEET_V6_CONNECTION] = { "ipv6-connection", "Linux counts an IPv6 connection that is not v6only against ",
	                         "." },
};

static const struct {
	const char *key, *text;
} whys[BIND_WHY_COUNT] = {
	[BIND_HOLDER_LISTENS] = { "listener",
	                          "A socket that listens keeps its address and port to itself; SO_REUSEADDR does not help against it." },
	[BIND_HOLDER_NO_REUSEADDR] = { "holder-without-reuseaddr",
	                               "SO_REUSEADDR shares only if both sockets set it, and the one in the way did not." },
	[BIND_HOLDER_NO_REUSEPORT] = { "holder-without-reuseport",
	                               "SO_REUSEPORT shares only if both sockets set it, and the one in the way did not." },
};

/* What an option of the holder decides, where that option is not known (OPTION_*). */
static const struct {
	unsigned option;
	const char *key, *text;
} unknowns[] = {
	{ OPTION_REUSEADDR, "unknown-reuseaddr",
	  "SO_REUSEADDR shares only if both sockets set it; whether the one in the way did is not known." },
	{ OPTION_REUSEPORT, "unknown-reuseport",
	  "SO_REUSEPORT shares only if both sockets set it; whether the one in the way did is not known." },
	{ OPTION_V6ONLY, "unknown-v6only",
	  "An IPv6 socket has the port of IPv4 too unless it sets IPV6_V6ONLY; whether the one in the way did is not known." },
	{ OPTION_UID, "unknown-user",
	  "SO_REUSEPORT shares a port among the sockets of one user; whose the one in the way is, is not known." },
};

/* The rule for this kind of socket, where the plan sets no option that could share the port. */
static const char *plain_rule(const struct explain *explain, const struct crowd *crowd, const char **key)
{
	const struct holder *holder = &explain->holder[crowd->first];
	*key = "socket";
	if (!proto_listens(holder->is.proto))
		return "A UDP socket keeps its address and port to itself unless both set SO_REUSEADDR or SO_REUSEPORT.";
	*key = "listener";
	if (holder->is.state == STATE_LISTEN)
		return "A socket that listens keeps its address and port to itself.";
	*key = "bound";
	if (holder->is.state == STATE_BOUND)
		return "It was bound and neither listens nor is connected: netstat, lsof and fuser do not show it, but the port is taken.";
	*key = "time-wait";
	if (holder->is.time_wait)
		return "The connection is over, but its port stays taken for up to a minute (TIME_WAIT) unless both the old socket and the new one set SO_REUSEADDR.";
	*key = "self-connect";
	if (crowd->to_itself)
		return "A client that connected to a port without a listener was given that very port as its own, and so connected to itself.";
	*key = "outgoing";
	if (crowd->outgoing)
		return "An outgoing connection was given this port as its own (ephemeral) one, and holds it as a listener would.";
	*key = "connection";
	return "A connection holds its local port as a listener does, unless both sockets set SO_REUSEADDR.";
}

static bool why_is_said(const struct explain *explain, const char *key)
{
	for (size_t i = 0; i < explain->sentences; i++)
		if (explain->sentence[i].kind == SAY_WHY && strcmp(explain->sentence[i].key, key) == 0)
			return true;
	return false;
}

static int why_once(struct explain *explain, const char *key, const char *text)
{
	return why_is_said(explain, key) ? 0 : sentence_add(explain, SAY_WHY, key, "%s", text);
}

static int say_meeting(struct explain *explain, const struct planned *plan, enum bind_meeting meeting)
{
	char address[WORDS_ADDR_MAX];
	if ((size_t)meeting >= countof(meetings) || !meetings[meeting].key ||
	    why_is_said(explain, meetings[meeting].key))
		return 0;
	/* Of a bare port: the rule says something only where IPv4 alone would pass. */
	if (meeting == MEET_PLAN_DUAL && explain->plan[0].bind.family == AF_INET &&
	    explain->plan[0].verdict != EXPLAIN_FREE)
		return 0;
	words_addr(address, plan->bind.family, &plan->bind.addr);
	return sentence_add(explain, SAY_WHY, meetings[meeting].key, "%s%s%s", meetings[meeting].before, address,
	                    meetings[meeting].after);
}

static int say_user(struct explain *explain, const struct planned *plan, const struct holder *holder)
{
	char theirs[WORDS_NAME_MAX], ours[WORDS_NAME_MAX];
	if (why_is_said(explain, "other-user"))
		return 0;
	words_user(explain, theirs, holder->is.uid);
	words_user(explain, ours, plan->bind.uid);
	return sentence_add(
		explain, SAY_WHY, "other-user",
		"SO_REUSEPORT shares a port among the sockets of one user: the one in the way is %s's, the new one %s's.",
		theirs, ours);
}

/* TIME_WAIT and SO_REUSEADDR on one side only: SO_REUSEADDR is the usual advice, and fails here. */
static int say_why(struct explain *explain, const struct planned *plan, const struct crowd *crowd,
                   const struct bind_judgement *judged)
{
	const struct holder *holder = &explain->holder[crowd->first];
	const char *key;
	if (say_meeting(explain, plan, judged->meeting) < 0)
		return -1;
	if (judged->why == BIND_OTHER_USER)
		return say_user(explain, plan, holder);
	if (judged->why == BIND_HOLDER_NO_REUSEADDR && holder->is.time_wait)
		return why_once(
			explain, "time-wait-without-reuseaddr",
			"The connection is over, but its port stays taken for up to a minute (TIME_WAIT): the old socket was made without SO_REUSEADDR, so setting it on the new one does not help.");
	if (whys[judged->why].key)
		return why_once(explain, whys[judged->why].key, whys[judged->why].text);
	const char *text = plain_rule(explain, crowd, &key);
	return why_once(explain, key, text);
}

/* The outcome depends on options that no table tells: the conditions, not the refusal that may come. */
static int say_unknown(struct explain *explain, const struct planned *plan, const struct crowd *crowd,
                       const struct bind_judgement *judged)
{
	if (!(judged->unknown & OPTION_V6ONLY) && say_meeting(explain, plan, judged->meeting) < 0)
		return -1;
	if (judged->unknown & OPTION_REUSEADDR && explain->holder[crowd->first].is.time_wait)
		return why_once(
			explain, "time-wait-unknown-reuseaddr",
			"The connection is over, but its port stays taken for up to a minute (TIME_WAIT) unless both the old socket and the new one set SO_REUSEADDR; whether the old one did is not known.");
	for (size_t i = 0; i < countof(unknowns); i++)
		if (judged->unknown & unknowns[i].option && why_once(explain, unknowns[i].key, unknowns[i].text) < 0)
			return -1;
	return 0;
}

static int say_plan(struct explain *explain, size_t p)
{
	const struct planned *plan = &explain->plan[p];
	for (size_t i = 0; i < explain->crowds; i++) {
		const struct crowd *crowd = &explain->crowd[i];
		const struct bind_judgement *judged = &explain->holder[crowd->first].judged[p];
		int answer = 0;
		if (judged->outcome == BIND_UNKNOWN && plan->verdict != EXPLAIN_FREE)
			answer = say_unknown(explain, plan, crowd, judged);
		if (judged->outcome == BIND_IN_USE)
			answer = say_why(explain, plan, crowd, judged);
		if (answer < 0)
			return -1;
	}
	return 0;
}

/* --- refused, and no socket is the reason --- */

static int say_address(struct explain *explain, const struct planned *plan)
{
	char address[WORDS_ADDR_MAX];
	const struct local_addr *local = facts_addr(&explain->host, plan->bind.family, &plan->bind.addr);
	words_addr(address, plan->bind.family, &plan->bind.addr);
	/* A link-local address is one only with its zone. */
	if (plan->bind.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(plan->bind.addr.byte)) {
		words_endpoint(explain, address, AF_INET6, &plan->bind.addr, 0, plan->bind.ifindex);
		*strrchr(address, ':') = '\0';
	}
	if (plan->bind.family == AF_INET6 && explain->host.disable_ipv6 == 1)
		return sentence_add(explain, SAY_WHY, "ipv6-disabled",
		                    "IPv6 is switched off here (net.ipv6.conf.all.disable_ipv6 is 1).");
	if (local && local->dad_failed)
		return sentence_add(
			explain, SAY_WHY, "address-duplicate",
			"%s is configured here, but another host has it too (duplicate address detection failed), so Linux does not let it be used.",
			address);
	if (local && local->tentative)
		return sentence_add(explain, SAY_WHY, "address-tentative",
		                    "%s was added just now and is still being checked for duplicates (tentative).",
		                    address);
	if (plan->bind.ifindex && local)
		return sentence_add(explain, SAY_WHY, "address-other-device",
		                    "%s is not an address of the interface it is to be bound to.", address);
	return sentence_add(explain, SAY_WHY, "address-not-local", "%s is not an address of this host.", address);
}

static int say_access(struct explain *explain, const struct planned *plan)
{
	int start = explain->host.unprivileged_start;
	if (plan->number == EACCES && start > 0 && plan->bind.port < start)
		return sentence_add(
			explain, SAY_WHY, "privileged-port",
			"Ports below %d are privileged (net.ipv4.ip_unprivileged_port_start): binding one takes CAP_NET_BIND_SERVICE.",
			start);
	return sentence_add(
		explain, SAY_WHY, "forbidden",
		"The kernel forbids it before it looks at any socket: a security module (SELinux, AppArmor), a BPF program of the cgroup, or a seccomp filter.");
}

static int say_refusal(struct explain *explain, const struct planned *plan)
{
	switch (plan->number) {
	case EACCES:
	case EPERM:
		return say_access(explain, plan);
	case EADDRNOTAVAIL:
		return say_address(explain, plan);
	case EAFNOSUPPORT:
		return sentence_add(explain, SAY_WHY, "family-missing",
		                    "This kernel has no IPv%d, or it was switched off at boot.",
		                    plan->bind.family == AF_INET ? 4 : 6);
	case ENODEV:
		return sentence_add(explain, SAY_WHY, "no-device", "The interface is gone.");
	case EINVAL:
		if (plan->bind.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(plan->bind.addr.byte) && !plan->bind.ifindex)
			return sentence_add(
				explain, SAY_WHY, "zone-missing",
				"A link-local address is bound on one interface, which has to be named: [fe80::1%%eth0].");
		if (plan->bind.family == AF_INET6 && addr_is_mapped(&plan->bind.addr) && plan->bind.v6only)
			return sentence_add(explain, SAY_WHY, "mapped-v6only",
			                    "An IPv4-mapped address cannot be bound with IPV6_V6ONLY.");
		return sentence_add(explain, SAY_WHY, "invalid",
		                    "The kernel finds this address and these options contradictory.");
	default:
		return sentence_add(explain, SAY_WHY, "refused", "%s.", strerror(plan->number));
	}
}

/* Refused, although the tables show no socket in the way. */
static int say_hidden(struct explain *explain)
{
	if (proto_listens(explain->target.proto) && !explain->bound_told)
		return sentence_add(
			explain, SAY_WHY, "hidden",
			"Something holds the port that no table shows: most likely a socket that is bound and does not listen, which only netlink on Linux 6.8 and later tells of.");
	return sentence_add(
		explain, SAY_WHY, "hidden",
		"Something holds the port that no table shows: a socket that was opened between the two looks, or a security module or a BPF program of the cgroup that answers in its place.");
}

int explain_why(struct explain *explain)
{
	for (size_t p = 0; p < explain->plans; p++) {
		const struct planned *plan = &explain->plan[p];
		int answer = 0;
		if (plan->left_out)
			continue;
		if (plan->stage == PROBE_USER && plan->number)
			answer = sentence_add(explain, SAY_WHY, explain->user.in_unit ? "no-unit" : "no-user",
			                      explain->user.in_unit ? "It was not tried in that unit's cgroup: %s."
			                                            : "The trial as that user could not be made: %s.",
			                      strerror(plan->number));
		else if (plan->verdict == EXPLAIN_REFUSED)
			answer = say_refusal(explain, plan) < 0 ? -1 : say_plan(explain, p);
		else if (plan->disagree && plan->verdict == EXPLAIN_TAKEN)
			answer = why_is_said(explain, "hidden") ? 0 : say_hidden(explain);
		else if (plan->disagree && !why_is_said(explain, "gone"))
			answer = sentence_add(
				explain, SAY_WHY, "gone",
				"The tables showed a socket in the way, and yet the kernel let the bind pass: that socket was closed between the two looks, or its options were changed after its own bind.");
		else if (plan->verdict != EXPLAIN_FREE)
			answer = say_plan(explain, p);
		if (answer < 0)
			return -1;
	}
	return 0;
}
