// SPDX-License-Identifier: MIT
/*
 * bind_model.c - Linux's rules for two sockets and one port, as a pure function.
 *
 * The kernel has two ways to look: a plan with an address of its own is held
 * against the buckets of that address and of the wildcards alone
 * (inet_csk_bind_conflict's bhash2 branch, since 6.1), a plan with a wildcard
 * against every socket on the port, UDP always against every one. The two
 * differ in what they think of IPv6 sockets that are not v6only, so both are
 * here. The state that the kernel keeps per port to save itself the comparison
 * (tb->fastreuse, sk_reuseport_match) gives the same answer as the comparison
 * unless a socket's options were changed after its bind().
 */
#include "explain/bind_model.h"

#include <arpa/inet.h>
#include <string.h>

#include <sockview/proto.h>

/* What the kernel puts into the IPv4 address of a socket that has only an IPv6 one: LOOPBACK4_IPV6. */
#define V4_OF_NATIVE_V6 htonl(0x7f000006)

/* The side of a comparison: what struct sock has of it. */
struct end {
	int family;
	union addr addr;
	uint32_t v4; /* sk_rcv_saddr, network byte order */
	bool any6, mapped, v6only;
};

/* IPv4, as itself or mapped into IPv6. */
static bool addr_is_v4(int family, const union addr *addr)
{
	return family == AF_INET || addr_is_mapped(addr);
}

static bool addr_is_any6(int family, const union addr *addr)
{
	return family == AF_INET6 && addr_is_any(addr, false);
}

static uint32_t addr_v4(int family, const union addr *addr)
{
	if (family == AF_INET)
		return addr->word[0];
	if (addr_is_mapped(addr))
		return addr->word[3];
	return addr_is_any6(family, addr) ? 0 : V4_OF_NATIVE_V6;
}

bool bind_addr_any(int family, const union addr *addr)
{
	return addr_v4(family, addr) == 0;
}

static struct end bind_end_of(int family, const union addr *addr, bool v6only)
{
	return (struct end){
		.family = family,
		.addr = *addr,
		.v4 = addr_v4(family, addr),
		.any6 = addr_is_any6(family, addr),
		.mapped = addr_is_v4(family, addr),
		.v6only = family == AF_INET6 && v6only,
	};
}

static enum bind_meeting meet_v4(const struct end *plan, const struct end *holder)
{
	if (holder->v6only)
		return MEET_NOT;
	if (plan->v4 == holder->v4) {
		if (plan->any6 != holder->any6)
			return plan->any6 ? MEET_PLAN_DUAL : MEET_HOLDER_DUAL;
		return MEET_SAME;
	}
	if (!plan->v4 && holder->family == AF_INET6 && !holder->mapped && !holder->any6)
		return MEET_V6_CONNECTION;
	if (!plan->v4)
		return MEET_PLAN_WILDCARD;
	if (!holder->v4)
		return holder->any6 ? MEET_HOLDER_DUAL : MEET_HOLDER_WILDCARD;
	return MEET_NOT;
}

/* inet_rcv_saddr_equal(plan, holder, true). */
static enum bind_meeting meet_all(const struct end *plan, const struct end *holder)
{
	if (plan->family == AF_INET || (plan->mapped && holder->mapped))
		return meet_v4(plan, holder);
	if (plan->any6 && holder->any6)
		return MEET_SAME;
	if (holder->any6 && !(holder->v6only && plan->mapped))
		return plan->mapped ? MEET_HOLDER_DUAL : MEET_HOLDER_WILDCARD;
	if (plan->any6 && !(plan->v6only && holder->mapped))
		return holder->mapped ? MEET_PLAN_DUAL : MEET_PLAN_WILDCARD;
	if (holder->family == AF_INET6 && memcmp(&plan->addr, &holder->addr, sizeof(plan->addr)) == 0)
		return MEET_SAME;
	return MEET_NOT;
}

/* The bhash2 way: inet_bhash2_addr_any_conflict() and the plan's own bucket. */
static enum bind_meeting meet_buckets(const struct end *plan, const struct end *holder)
{
	if (holder->v6only && plan->mapped)
		return MEET_NOT;
	if (holder->any6)
		return plan->mapped ? MEET_HOLDER_DUAL : MEET_HOLDER_WILDCARD;
	if (plan->mapped != holder->mapped)
		return MEET_NOT;
	if (plan->mapped && !holder->v4)
		return MEET_HOLDER_WILDCARD;
	if (plan->mapped)
		return plan->v4 == holder->v4 ? MEET_SAME : MEET_NOT;
	return memcmp(&plan->addr, &holder->addr, sizeof(plan->addr)) == 0 ? MEET_SAME : MEET_NOT;
}

/* Everything but the options: MEET_NOT with the reason, or how they meet. */
static enum bind_meeting places_meet(const struct bind_plan *plan, const struct bind_holder *holder, enum bind_why *why)
{
	*why = BIND_OTHER_PROTO;
	if (plan->proto != holder->proto)
		return MEET_NOT;
	*why = BIND_NOT_BOUND;
	if (holder->request)
		return MEET_NOT;
	/* UDP has one table for all VRFs and goes by the device alone. */
	*why = BIND_OTHER_PORT_TABLE;
	if (proto_listens(plan->proto) && plan->l3mdev != holder->l3mdev)
		return MEET_NOT;
	*why = BIND_OTHER_DEVICE;
	if (plan->ifindex && holder->ifindex && plan->ifindex != holder->ifindex)
		return MEET_NOT;
	*why = addr_is_v4(plan->family, &plan->addr) == addr_is_v4(holder->family, &holder->addr) ? BIND_OTHER_ADDRESS
	                                                                                          : BIND_OTHER_FAMILY;
	struct end mine = bind_end_of(plan->family, &plan->addr, plan->v6only);
	struct end other = bind_end_of(holder->family, &holder->addr, holder->v6only == KNOWN_ON);
	/* A socket bound to one native IPv6 address is made v6only by __inet6_bind() (net/ipv6/af_inet6.c). */
	if (!mine.any6 && !mine.mapped)
		mine.v6only = true;
	return proto_listens(plan->proto) && mine.v4 ? meet_buckets(&mine, &other) : meet_all(&mine, &other);
}

static bool both_reuseport(const struct bind_plan *plan, const struct bind_holder *holder)
{
	return plan->reuseport && holder->reuseport == KNOWN_ON && (holder->time_wait || plan->uid == holder->uid);
}

/*
 * inet_bind_conflict() with relax and reuseport_ok, as bind() to a chosen port
 * and listen() call it; udp_lib_lport_inuse() asks the same but that its
 * sockets never listen.
 */
static enum bind_why options_allow(const struct bind_plan *plan, const struct bind_holder *holder)
{
	bool listens = proto_listens(holder->proto) && holder->state == STATE_LISTEN;
	if (plan->reuseaddr && holder->reuseaddr == KNOWN_ON && !listens)
		return BIND_BOTH_REUSEADDR;
	if (both_reuseport(plan, holder))
		return BIND_BOTH_REUSEPORT;
	if (plan->reuseport && holder->reuseport == KNOWN_ON)
		return BIND_OTHER_USER;
	if (plan->reuseaddr && listens && !plan->reuseport)
		return BIND_HOLDER_LISTENS;
	if (plan->reuseaddr && !listens)
		return BIND_HOLDER_NO_REUSEADDR;
	return plan->reuseport ? BIND_HOLDER_NO_REUSEPORT : BIND_NO_OPTION;
}

/* With every option of the holder known. */
static struct bind_judgement judge_known(const struct bind_plan *plan, const struct bind_holder *holder)
{
	struct bind_judgement judgement = { .outcome = BIND_FREE };
	judgement.meeting = places_meet(plan, holder, &judgement.why);
	if (judgement.meeting == MEET_NOT)
		return judgement;
	judgement.why = options_allow(plan, holder);
	if (judgement.why >= BIND_NO_OPTION)
		judgement.outcome = BIND_IN_USE;
	judgement.until_listen =
		judgement.why == BIND_BOTH_REUSEADDR && holder->state == STATE_BOUND && !both_reuseport(plan, holder);
	return judgement;
}

/* One more bit of `unknown` settled: on, or (for the uid) the plan's own. */
static void holder_assume(struct bind_holder *holder, unsigned option, bool on, uint32_t uid)
{
	uint8_t known = on ? KNOWN_ON : KNOWN_OFF;
	switch (option) {
	case OPTION_REUSEADDR:
		holder->reuseaddr = known;
		break;
	case OPTION_REUSEPORT:
		holder->reuseport = known;
		break;
	case OPTION_V6ONLY:
		holder->v6only = known;
		break;
	case OPTION_UID:
		holder->uid = on ? uid : ~uid;
		break;
	}
}

static unsigned holder_unknown(const struct bind_holder *holder)
{
	unsigned unknown = 0;
	if (holder->reuseaddr == KNOWN_NOT)
		unknown |= OPTION_REUSEADDR;
	if (holder->reuseport == KNOWN_NOT)
		unknown |= OPTION_REUSEPORT;
	if (holder->v6only == KNOWN_NOT && holder->family == AF_INET6)
		unknown |= OPTION_V6ONLY;
	if (!holder->has_uid && !holder->time_wait)
		unknown |= OPTION_UID;
	return unknown;
}

static struct bind_judgement judge_assuming(const struct bind_plan *plan, const struct bind_holder *holder,
                                            unsigned unknown, unsigned on)
{
	struct bind_holder assumed = *holder;
	for (unsigned option = OPTION_REUSEADDR; option <= OPTION_UID; option <<= 1)
		if (unknown & option)
			holder_assume(&assumed, option, on & option, plan->uid);
	return judge_known(plan, &assumed);
}

static bool always_until_listen(const struct bind_plan *plan, const struct bind_holder *holder, unsigned unknown)
{
	for (unsigned on = 0; on < 2 * OPTION_UID; on++)
		if (!(on & ~unknown) && !judge_assuming(plan, holder, unknown, on).until_listen)
			return false;
	return true;
}

/* Which of the unknown options change the outcome in some case of the others: each case is judged once. */
static unsigned options_that_matter(const struct bind_plan *plan, const struct bind_holder *holder, unsigned unknown)
{
	uint8_t outcome[2 * OPTION_UID];
	unsigned matter = 0;
	for (unsigned on = 0; on < 2 * OPTION_UID; on++) {
		if (on & ~unknown)
			continue;
		outcome[on] = (uint8_t)judge_assuming(plan, holder, unknown, on).outcome;
		for (unsigned option = OPTION_REUSEADDR; option <= OPTION_UID; option <<= 1)
			if (on & option && outcome[on] != outcome[on ^ option])
				matter |= option;
	}
	return matter;
}

/*
 * Options only ever make two sockets share more, and v6only makes them meet
 * less: where all unknown ones off and all on give one outcome, so does every
 * mixture.
 */
struct bind_judgement bind_judge(const struct bind_plan *plan, const struct bind_holder *holder)
{
	unsigned unknown = holder_unknown(holder);
	/* All off is the least the holder can share: the refusal, if there is one. */
	struct bind_judgement judgement = judge_assuming(plan, holder, unknown, 0);
	if (!unknown)
		return judgement;
	if (judgement.until_listen)
		judgement.until_listen = always_until_listen(plan, holder, unknown);
	if (judge_assuming(plan, holder, unknown, ~0u).outcome != judgement.outcome)
		judgement.unknown = options_that_matter(plan, holder, unknown);
	if (judgement.unknown)
		judgement.outcome = BIND_UNKNOWN;
	/* Refused with SO_REUSEPORT on either way: the reason is the other user. */
	else if (judgement.why == BIND_HOLDER_NO_REUSEPORT && (unknown & OPTION_REUSEPORT))
		judgement.why = BIND_OTHER_USER;
	return judgement;
}
