// SPDX-License-Identifier: MIT
/*
 * explain_advice.c - what would free the port, most likely first.
 *
 * An option or another address is only advised after the model has been asked
 * again with it and has found no socket in the way any more: with a
 * TIME_WAIT whose old socket lacked SO_REUSEADDR, setting it does not help.
 */
#include "explain/explain_advice.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sockview/proto.h>

#include "explain/explain_words.h"
#include "explain/holders.h"
#include "explain/sigterm.h"

/* Would every plan pass with these options (OPTION_*) set as well? */
static enum bind_outcome outcome_with(const struct explain *explain, unsigned options)
{
	enum bind_outcome worst = BIND_FREE;
	for (size_t p = 0; p < explain->plans; p++) {
		struct bind_plan plan = explain->plan[p].bind;
		if (explain->plan[p].left_out)
			continue;
		plan.reuseaddr |= options & OPTION_REUSEADDR;
		plan.reuseport |= options & OPTION_REUSEPORT;
		plan.v6only |= options & OPTION_V6ONLY;
		enum bind_outcome outcome = holders_outcome(explain, &plan);
		if (outcome == BIND_IN_USE)
			return BIND_IN_USE;
		if (outcome == BIND_UNKNOWN)
			worst = BIND_UNKNOWN;
	}
	return worst;
}

/* --- stop the owners --- */

/* Processes for which no command that stops them could be found out; freeing.c says the others. */
static int stop_unnamed(struct explain *explain, const struct process *process)
{
	if (process_is(explain, process, "docker-proxy"))
		return sentence_add(
			explain, SAY_ADVICE, "stop-container",
			"stop the container that publishes the port: docker ps --filter publish=%u, then docker stop",
			explain->target.port);
	if (process->pid == 1 && !process_is(explain, process, "systemd"))
		return sentence_add(
			explain, SAY_ADVICE, "first-process",
			"process 1 is the first of its pid namespace and ignores signals from within it: stop its container from outside");
	if (process->pid == 1)
		return sentence_add(
			explain, SAY_ADVICE, "stop-socket-unit",
			"stop the socket unit systemd holds it for: systemctl list-sockets names it, then systemctl stop NAME.socket");
	return 0;
}

static int stop_kernel(struct explain *explain, const struct holder *holder)
{
	bool sure;
	enum kernel_kind kind = owners_kernel_kind(explain->facts.owners, holder_row(explain, holder), &sure);
	const char *name = kernel_kind_name(kind);
	switch (kind) {
	case KERNEL_VXLAN:
	case KERNEL_GENEVE:
	case KERNEL_BAREUDP:
	case KERNEL_WIREGUARD:
	case KERNEL_GTP:
		return sentence_add(
			explain, SAY_ADVICE, "kernel-interface",
			"take the %s interface down or give it another port: ip -d link show type %s names it", name,
			name);
	case KERNEL_NFSD:
		return sentence_add(explain, SAY_ADVICE, "kernel-server",
		                    "stop the kernel's NFS server: systemctl stop nfs-server");
	default:
		return sentence_add(
			explain, SAY_ADVICE, "kernel",
			"find the part of the kernel that uses it (a tunnel, a file server, a network file system): no process can be stopped");
	}
}

/* The process that has it in its io_uring or in a unix socket's queue: the socket ends with that process. */
static int stop_flight(struct explain *explain, const struct holder *holder)
{
	char words[WORDS_FLIGHT_MAX], go_on[32] = "";
	const struct owner_evidence *evidence = words_flight(explain, holder, words);
	if (!evidence || evidence->others || evidence->pid == 1)
		return 0;
	enum sigterm_effect effect =
		explain->facts.live ? sigterm_effect(explain->facts.proc_fd, evidence->pid) : SIGTERM_TAKEN;
	if (effect == SIGTERM_WAITS)
		snprintf(go_on, sizeof(go_on), "; kill -CONT %d", evidence->pid);
	return sentence_add(explain, SAY_ADVICE, "in-flight", "%s %s: kill %s%d%s",
	                    evidence->flight == FLIGHT_PERHAPS ? "perhaps it is in" : "it is only in", words,
	                    effect == SIGTERM_IGNORED || effect == SIGTERM_BLOCKED ? "-9 " : "", evidence->pid, go_on);
}

/* The rights that would show the owner, as the caller lacks them. */
static int look_with_rights(struct explain *explain)
{
	const struct privilege *privilege = explain->facts.privilege;
	if (privilege && privilege->sees_fds)
		return 0;
	if (privilege && privilege->root)
		return sentence_add(
			explain, SAY_ADVICE, "look-as-root",
			"look again with CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH, which this root lacks (a container gets them with --cap-add), or from the host");
	return sentence_add(explain, SAY_ADVICE, "look-as-root", "look again as root (sudo) to see who has it");
}

static int stop_owners(struct explain *explain)
{
	for (size_t g = 0; g < explain->gangs && explain->freeing.left_out; g++)
		if (stop_unnamed(explain, &explain->facts.owners->process[explain->gang[g].process]) < 0)
			return -1;
	for (size_t i = 0; i < explain->crowds; i++) {
		const struct crowd *crowd = &explain->crowd[i];
		const struct holder *holder = &explain->holder[crowd->first];
		if (!crowd->in_the_way && !crowd->maybe)
			continue;
		if (holder->reason == REASON_KERNEL && stop_kernel(explain, holder) < 0)
			return -1;
		if (holder->reason == REASON_PERMISSION && look_with_rights(explain) < 0)
			return -1;
		if (holder->reason == REASON_OTHER_PIDNS &&
		    sentence_add(explain, SAY_ADVICE, "look-on-host",
		                 "look on the host, outside this container: sockview --explain %u",
		                 explain->target.port) < 0)
			return -1;
		if (holder->reason != REASON_OWNED && stop_flight(explain, holder) < 0)
			return -1;
	}
	return 0;
}

/* A process that is stopped closes first: its ends of the connections become TIME_WAIT. */
static int warn_of_time_wait(struct explain *explain)
{
	for (size_t i = 0; i < explain->crowds; i++) {
		const struct crowd *crowd = &explain->crowd[i];
		const struct holder *holder = &explain->holder[crowd->first];
		if (crowd->in_the_way && holder->reason == REASON_OWNED && proto_listens(holder->is.proto) &&
		    holder->is.state == STATE_ESTABLISHED && !explain->plan[0].bind.reuseaddr)
			return sentence_add(
				explain, SAY_ADVICE, "then-time-wait",
				"its connections may keep the port for a minute more (TIME_WAIT), unless the old and the new socket both set SO_REUSEADDR");
	}
	return 0;
}

/* --- wait --- */

static int wait_for_end(struct explain *explain)
{
	uint32_t longest = 0;
	bool orphan = false;
	for (size_t i = 0; i < explain->crowds; i++) {
		const struct crowd *crowd = &explain->crowd[i];
		const struct holder *holder = &explain->holder[crowd->first];
		if (!crowd->in_the_way && !crowd->maybe)
			continue;
		if (crowd->expires_ms > longest)
			longest = crowd->expires_ms;
		orphan |= holder->reason == REASON_ORPHAN && !holder->is.time_wait;
	}
	if (longest && sentence_add(explain, SAY_ADVICE, "wait", "wait %u s: then the last TIME_WAIT is gone",
	                            (longest + 999) / 1000) < 0)
		return -1;
	if (orphan)
		return sentence_add(
			explain, SAY_ADVICE, "wait-orphan",
			"wait: the kernel gives up on a closed connection whose other end does not answer, after some minutes at most; if it is destroyed, data that it has not sent yet is lost");
	return 0;
}

/* --- options --- */

/* A plan for [::] that takes IPv4 too. */
static bool any_plan_is_dual(const struct explain *explain)
{
	for (size_t p = 0; p < explain->plans; p++) {
		const struct bind_plan *plan = &explain->plan[p].bind;
		if (!explain->plan[p].left_out && plan->family == AF_INET6 && !plan->v6only &&
		    bind_addr_any(plan->family, &plan->addr))
			return true;
	}
	return false;
}

/* True if SO_REUSEADDR on both sides lets every plan pass, as far as it hangs on that option alone. */
static bool reuseaddr_may_help(const struct explain *explain)
{
	for (size_t p = 0; p < explain->plans; p++) {
		struct bind_plan plan = explain->plan[p].bind;
		plan.reuseaddr = true;
		for (size_t i = 0; i < explain->holders && !explain->plan[p].left_out; i++) {
			struct bind_judgement judged = bind_judge(&plan, &explain->holder[i].is);
			if (judged.outcome != BIND_FREE && !(judged.unknown & OPTION_REUSEADDR))
				return false;
		}
	}
	return true;
}

static int advise_reuseaddr(struct explain *explain)
{
	if (explain->plan[0].bind.reuseaddr)
		return 0;
	enum bind_outcome outcome = outcome_with(explain, OPTION_REUSEADDR);
	bool helps = outcome == BIND_FREE || (outcome == BIND_UNKNOWN && explain->reuseaddr_helps);
	if (!proto_listens(explain->target.proto))
		return helps ? sentence_add(
				       explain, SAY_ADVICE, "steal-reuseaddr",
				       "SO_REUSEADDR would let the bind pass, and the new socket would take the datagrams away from the one that has the port")
		             : 0;
	if (helps)
		return sentence_add(explain, SAY_ADVICE, "set-reuseaddr",
		                    "set SO_REUSEADDR on the new socket before bind(): %s",
		                    explain->reuseaddr_helps ? "tried, and it is let in" : "the old one has it too");
	if (outcome == BIND_UNKNOWN && !explain->reuseaddr_tried && reuseaddr_may_help(explain))
		return sentence_add(
			explain, SAY_ADVICE, "maybe-reuseaddr",
			"SO_REUSEADDR on the new socket may help: only if the old one has it too, which is not known");
	return 0;
}

static int advise_reuseport(struct explain *explain)
{
	if (explain->plan[0].bind.reuseport || outcome_with(explain, OPTION_REUSEPORT) != BIND_FREE)
		return 0;
	return sentence_add(explain, SAY_ADVICE, "set-reuseport",
	                    "set SO_REUSEPORT on the new socket too: then both share the port");
}

static int advise_v6only(struct explain *explain)
{
	if (!any_plan_is_dual(explain) || outcome_with(explain, OPTION_V6ONLY) != BIND_FREE)
		return 0;
	return sentence_add(explain, SAY_ADVICE, "set-v6only",
	                    "set IPV6_V6ONLY on the new [::] socket: then it leaves IPv4's port alone");
}

/* If the dual-stack sockets in the way were v6only, would that do? */
static int advise_holder_v6only(struct explain *explain)
{
	bool dual = false, enough = true;
	for (size_t i = 0; i < explain->holders && enough; i++) {
		struct bind_holder changed = explain->holder[i].is;
		bool listens = changed.state == STATE_LISTEN || !proto_listens(changed.proto);
		if (changed.family == AF_INET6 && listens && changed.v6only == KNOWN_OFF &&
		    bind_addr_any(AF_INET6, &changed.addr)) {
			changed.v6only = KNOWN_ON;
			dual = true;
		}
		for (size_t p = 0; p < explain->plans; p++)
			enough &= explain->plan[p].left_out ||
			          bind_judge(&explain->plan[p].bind, &changed).outcome == BIND_FREE;
	}
	if (!dual || !enough)
		return 0;
	return sentence_add(explain, SAY_ADVICE, "holder-v6only",
	                    "let the program that has [::] set IPV6_V6ONLY, or listen on one IPv6 address");
}

/* An address of this host on which the port is free, if all were asked for. */
static int advise_address(struct explain *explain)
{
	/* Sockets in TIME_WAIT go away by themselves: no reason to open another address. */
	for (size_t i = 0; i < explain->crowds; i++) {
		const struct crowd *crowd = &explain->crowd[i];
		if (explain->holder[crowd->first].is.time_wait && (crowd->in_the_way || crowd->maybe))
			return 0;
	}
	for (size_t i = 0; i < explain->host.net.addrs; i++) {
		const struct local_addr *local = &explain->host.net.addr[i];
		struct bind_plan plan = explain->plan[0].bind;
		char address[WORDS_ADDR_MAX];
		if (!bind_addr_any(plan.family, &plan.addr) || local->family != plan.family || local->host_scope ||
		    local->tentative || local->dad_failed)
			continue;
		plan.addr = local->addr;
		if (holders_outcome(explain, &plan) != BIND_FREE)
			continue;
		words_addr(address, local->family, &local->addr);
		return sentence_add(explain, SAY_ADVICE, "one-address",
		                    "bind one address where the port is free instead of all: %s, for example", address);
	}
	return 0;
}

static int advise_taken(struct explain *explain)
{
	/* No table shows what holds the port, so what would free it is not known. */
	if (outcome_with(explain, 0) == BIND_FREE && !explain->bound_told)
		return look_with_rights(explain);
	if (outcome_with(explain, 0) == BIND_FREE)
		return sentence_add(explain, SAY_ADVICE, "look-again", "look again in a moment");
	if (stop_owners(explain) < 0 || warn_of_time_wait(explain) < 0 || wait_for_end(explain) < 0 ||
	    advise_reuseaddr(explain) < 0 || advise_reuseport(explain) < 0 || advise_v6only(explain) < 0 ||
	    advise_holder_v6only(explain) < 0)
		return -1;
	return advise_address(explain);
}

/* --- refused --- */

static int advise_privileged(struct explain *explain)
{
	if (sentence_add(
		    explain, SAY_ADVICE, "capability",
		    "give the program the right: AmbientCapabilities=CAP_NET_BIND_SERVICE in its systemd unit, or setcap cap_net_bind_service+ep PROGRAM") <
	            0 ||
	    sentence_add(explain, SAY_ADVICE, "unprivileged-port-start",
	                 "or open the port to every user: sysctl net.ipv4.ip_unprivileged_port_start=%u",
	                 explain->target.port) < 0)
		return -1;
	return sentence_add(explain, SAY_ADVICE, "higher-port", "or use a port from %d on",
	                    explain->host.unprivileged_start);
}

static int advise_address_missing(struct explain *explain, const struct planned *plan)
{
	char address[WORDS_ADDR_MAX];
	const struct local_addr *local = facts_addr(&explain->host, plan->bind.family, &plan->bind.addr);
	int version = plan->bind.family == AF_INET ? 4 : 6;
	*addr_text(address, &plan->bind.addr, plan->bind.family, false) = '\0';
	if (plan->bind.family == AF_INET6 && explain->host.disable_ipv6 == 1)
		return sentence_add(explain, SAY_ADVICE, "enable-ipv6",
		                    "switch IPv6 on: sysctl net.ipv6.conf.all.disable_ipv6=0");
	if (local && local->tentative && !local->dad_failed)
		return sentence_add(explain, SAY_ADVICE, "wait-tentative",
		                    "try again in a second or two, or start the server after network-online.target");
	if (!local && sentence_add(explain, SAY_ADVICE, "add-address", "add the address: ip address add %s/%d dev IF",
	                           address, version == 4 ? 32 : 128) < 0)
		return -1;
	return sentence_add(
		explain, SAY_ADVICE, "nonlocal-bind",
		"or bind it all the same: IP_FREEBIND on the socket, or sysctl net.ipv%d.ip_nonlocal_bind=1", version);
}

static int say_other_unit(struct explain *explain)
{
	if (explain->options.as_unit)
		return 0;
	return sentence_add(
		explain, SAY_ADVICE, "as-unit",
		"this is true of the cgroup of this shell; a unit may have other rules (SocketBindAllow=): --as-unit UNIT tries it there");
}

static int advise_refused(struct explain *explain, const struct planned *plan)
{
	int start = explain->host.unprivileged_start;
	if (plan->number == EACCES && start > 0 && plan->bind.port < start)
		return advise_privileged(explain);
	if (plan->number == EADDRNOTAVAIL)
		return advise_address_missing(explain, plan);
	if (plan->number == EACCES || plan->number == EPERM)
		return say_other_unit(explain) < 0
		               ? -1
		               : sentence_add(
					 explain, SAY_ADVICE, "look-for-policy",
					 "look for the denial: ausearch -m avc -ts recent (SELinux), journalctl -k (AppArmor), bpftool cgroup tree (BPF)");
	return 0;
}

int explain_advice(struct explain *explain)
{
	bool taken = false;
	for (size_t p = 0; p < explain->plans; p++) {
		const struct planned *plan = &explain->plan[p];
		if (plan->left_out || plan->verdict == EXPLAIN_FREE)
			continue;
		if (plan->verdict == EXPLAIN_REFUSED && advise_refused(explain, plan) < 0)
			return -1;
		taken |= plan->verdict != EXPLAIN_REFUSED || plan->model == BIND_IN_USE;
	}
	return taken ? advise_taken(explain) : 0;
}
