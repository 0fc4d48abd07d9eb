// SPDX-License-Identifier: MIT
/* notes.c - what an answer lacks, a line each on standard error (notes.h). */
#include "run/notes.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sockview/message.h>
#include <sockview/netns.h>
#include <sockview/proto.h>

#define SETCAP "setcap cap_sys_ptrace,cap_dac_read_search+ep"

/* The program's file, for the setcap command. */
static void program_path(char *path, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", path, size - 1);
	if (len > 0)
		path[len] = '\0';
	else
		snprintf(path, size, "sockview");
}

/* Processes that are not seen, and what would show them; without `privilege` only the first. */
void notes_unseen(const char *what, const struct privilege *privilege, enum owner_denied_cause cause)
{
	char path[sizeof(privilege->program)];
	if (!privilege) {
		message("%s", what);
		return;
	}
	if (privilege->sees_fds) {
		message("%s: %s", what, owners_denied_words(cause));
		return;
	}
	if (privilege->root) {
		message("%s: root lacks %s here (a container gets it with --cap-add)", what,
		        privilege->has_ptrace ? "CAP_DAC_READ_SEARCH" : "CAP_SYS_PTRACE");
		return;
	}
	if (!*privilege->program)
		program_path(path, sizeof(path));
	message("%s: use sudo, or allow it with: sudo " SETCAP " %s", what,
	        *privilege->program ? privilege->program : path);
}

void notes_prepare(struct privilege *privilege)
{
	if (!privilege->sees_fds && !privilege->root)
		program_path(privilege->program, sizeof(privilege->program));
}

void notes_veiled(const struct owner_report *owners)
{
	if (owners->veiled)
		message("/proc hides %u process%s from you (hidepid): pid and name are all that is shown of %s",
		        owners->veiled, owners->veiled == 1 ? "" : "es", owners->veiled == 1 ? "it" : "them");
}

void notes_unread(const struct owner_report *owners)
{
	if (owners->no_proc)
		message("no process can be looked at, so no owner is known: /proc: %s", strerror(owners->no_proc));
	if (owners->starved)
		message("%u process%s could not be looked into, so some owners are unknown: too many open files (ulimit -n)",
		        owners->starved, owners->starved == 1 ? "" : "es");
	for (size_t i = 0; i < OWNER_TROUBLES && owners->unread[i].count; i++)
		message("%u process%s could not be looked into, so some owners are unknown: %s",
		        owners->unread[i].count, owners->unread[i].count == 1 ? "" : "es",
		        strerror(owners->unread[i].number));
	if (owners->partly.count)
		message("of %u owner%s the name or more could not be read: %s", owners->partly.count,
		        owners->partly.count == 1 ? "" : "s", strerror(owners->partly.number));
}

void notes_recorded_elsewhere(uint64_t count)
{
	if (count)
		message("%llu socket%s of other network namespaces %s in the recording: -N all shows %s",
		        (unsigned long long)count, count == 1 ? "" : "s", count == 1 ? "is" : "are",
		        count == 1 ? "it" : "them");
}

void notes_netns(const struct notes_netns *about)
{
	const char *were = about->not_looked == 1 ? " was" : "s were";
	if (about->not_looked && about->out_of_time)
		message("%u network namespace%s not looked at: entering takes CAP_SYS_ADMIN, and the time for reading "
		        "/proc was over (--for SEC allows more)",
		        about->not_looked, were);
	else if (about->not_looked)
		message("%u network namespace%s not looked at: entering them takes CAP_SYS_ADMIN", about->not_looked,
		        were);
	if (about->skipped)
		message("in %u network namespace%s sockets of some states may be lacking%s", about->skipped,
		        about->skipped == 1 ? "" : "s",
		        about->out_of_time ? ": the time for them was over (--for SEC allows more)"
		                           : ", those that no process holds (JSON: skipped_states)");
	if (about->hidden)
		message("the network namespaces of %u process%s could not be seen: it takes CAP_SYS_PTRACE",
		        about->hidden, about->hidden == 1 ? "" : "es");
	if (about->not_asked)
		message("the sockets of %u process%s were not asked for their network namespace: there was no time",
		        about->not_asked, about->not_asked == 1 ? "" : "es");
	if (about->left_out)
		message("%u network namespaces were left out: there are more than %d", about->left_out, NETNS_MAX);
}

/* Why it was not the BPF iterator, and what that would have saved. */
static void report_walk(const struct owner_report *owners)
{
	bool refused = owners->bpf_errno == EPERM || owners->bpf_errno == EACCES;
	message("owners read from /proc, a system call for each of %llu descriptors, not by BPF: %s%s%s%s",
	        (unsigned long long)owners->fds, owners->bpf_why, owners->bpf_errno ? ": " : "",
	        owners->bpf_errno ? strerror(owners->bpf_errno) : "",
	        refused ? " (it takes CAP_BPF and CAP_PERFMON)" : "");
}

static void report_owners(const struct owner_report *owners, const struct privilege *privilege, bool verbose)
{
	char denied[256], names[OWNER_DENIED_NAMED * 40] = "";
	size_t at = 0;
	for (unsigned i = 0; i < owners->denied && owners->denied <= OWNER_DENIED_NAMED; i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s%spid %d", i ? "; " : " (",
		                       owners->denied_who[i].comm, *owners->denied_who[i].comm ? ", " : "",
		                       owners->denied_who[i].pid);
	snprintf(denied, sizeof(denied), "%u process%s could not be looked into%s%s, so some owners are unknown",
	         owners->denied, owners->denied == 1 ? "" : "es", names, *names ? ")" : "");
	if (owners->hides)
		notes_unseen("/proc hides processes of others (hidepid), so some owners are unknown", privilege,
		             DENIED_NOT_KNOWN);
	else if (owners->denied)
		notes_unseen(denied, privilege, owners->denied_cause);
	notes_veiled(owners);
	notes_unread(owners);
	if (!verbose || !owners->asked)
		return;
	if (owners->vanished)
		message("%u process%s ended while being looked at", owners->vanished,
		        owners->vanished == 1 ? "" : "es");
	if (owners->bpf_why)
		report_walk(owners);
}

static void report_bound(const struct report *report, const struct privilege *privilege)
{
	static const char why[] = "no table of this kernel tells of TCP sockets that are bound and do not listen "
				  "(it takes Linux 6.8 with tcp_diag)";
	if (!(report->from_descriptors & PROTO_BIT(PROTO_TCP)))
		message("%s: none is shown", why);
	else if (!report->bound_unread)
		message("%s: shown are those that processes hold", why);
	else if (!privilege->root)
		message("%s: shown are those of your own processes; root is shown all that a process holds", why);
	else
		message("%s: shown are those that processes hold, but for %u process%s that could not be looked into",
		        why, report->bound_unread, report->bound_unread == 1 ? "" : "es");
}

/* "udp, raw" */
static void protos_list(char *list, size_t size, unsigned protos)
{
	size_t used = 0;
	list[0] = '\0';
	FOR_EACH_PROTO (proto, protos) {
		if (used >= size)
			break;
		int len = snprintf(list + used, size - used, "%s%s", used ? ", " : "", proto_name(proto));
		used += len > 0 ? (size_t)len : 0;
	}
}

/* "tcp_diag udp_diag" */
static void modules_list(char *list, size_t size, unsigned protos)
{
	size_t used = 0;
	list[0] = '\0';
	FOR_EACH_PROTO (proto, protos) {
		const char *module = proto_table[proto].module;
		if (!module || strstr(list, module) || used >= size)
			continue;
		int len = snprintf(list + used, size - used, "%s%s", used ? " " : "", module);
		used += len > 0 ? (size_t)len : 0;
	}
}

static void report_fallback(const struct report *report)
{
	char list[80], modules[120];
	if (!report->from_proc)
		return;
	protos_list(list, sizeof(list), report->from_proc);
	modules_list(modules, sizeof(modules), report->from_proc);
	/* sock_diag_rcv_msg(), inet_diag_lock_handler(): no handler, nor a module that the kernel could load for it. */
	if (report->netlink_errno == ENOENT && *modules)
		message("the kernel could not load what netlink needs (modprobe %s): %s read from /proc/net, which does "
		        "not tell backlogs nor what -I, -m and -ee show",
		        modules, list);
	else if (report->netlink_errno)
		message("netlink is not available (%s): %s read from /proc/net, which does not tell backlogs "
		        "nor what -I, -m and -ee show",
		        strerror(report->netlink_errno), list);
	else
		message("%s read from /proc/net", list);
}

void notes_recording(const struct report *report)
{
	char list[80];
	if (report->bound_untold && report->from_netlink && !(report->from_descriptors & PROTO_BIT(PROTO_TCP)))
		message("the recording lacks TCP sockets that are bound and do not listen, which netlink does not tell of here");
	if (!report->from_proc || !report->from_netlink)
		return;
	protos_list(list, sizeof(list), report->from_proc);
	message("the recording lacks %s, which netlink does not tell of here", list);
}

void notes_replay(const struct report *report, const struct origin *origin, bool verbose)
{
	char list[80];
	protos_list(list, sizeof(list), report->unrecorded);
	if (report->unrecorded && report->unrecorded_said)
		message("the recording was not made of all %s sockets that are asked for: some may be missing", list);
	else if (report->unrecorded && verbose)
		message("the recording does not say of which sockets it was made (%s): some may be missing", list);
	if (!report->bound_untold || (report->unavailable | report->from_descriptors) & PROTO_BIT(PROTO_TCP))
		return;
	if (origin->bound == ORIGIN_BOUND_UNTOLD)
		message("the recorded kernel%s%s did not tell of TCP sockets that are bound and do not listen "
		        "(it takes Linux 6.8 with tcp_diag)",
		        *origin->release ? ", Linux " : "", origin->release);
	else if (verbose)
		message("whether its kernel told of TCP sockets that are bound and do not listen the recording does not say");
}

static void report_held(const struct report *report)
{
	char list[80];
	unsigned held = report->from_descriptors & ~PROTO_BIT(PROTO_TCP);
	if (!held)
		return;
	protos_list(list, sizeof(list), held);
	if (report->held_unread)
		message("no table of this kernel tells of %s sockets: shown are those that processes hold, but for %u process%s that could not be looked into",
		        list, report->held_unread, report->held_unread == 1 ? "" : "es");
	else
		message("no table of this kernel tells of %s sockets: shown are those that processes hold", list);
}

/* Only a kernel that does not know the protocol is said not to; of each other errno those it was given for. */
static void report_unavailable(const struct report *report)
{
	unsigned left = report->unavailable;
	while (left) {
		char list[80];
		unsigned alike = 0;
		int number = report->refused[__builtin_ctz(left)];
		FOR_EACH_PROTO (proto, left)
			alike |= report->refused[proto] == number ? PROTO_BIT(proto) : 0;
		protos_list(list, sizeof(list), alike);
		if (number)
			message("the kernel did not list %s sockets: %s", list, strerror(number));
		else
			message("this kernel does not tell of %s sockets", list);
		left &= ~alike;
	}
}

void notes_report(const struct report *report, const struct owner_report *owners, const struct privilege *privilege,
                  bool verbose)
{
	report_unavailable(report);
	report_held(report);
	if (report->interrupted)
		message("sockets changed while the kernel listed them: some may be missing or shown twice");
	if (report->lost)
		message("the kernel's answer was cut short%s%s%s: some sockets are missing",
		        report->cut_errno ? " (" : "", report->cut_errno ? strerror(report->cut_errno) : "",
		        report->cut_errno ? ")" : "");
	if (report->malformed)
		message("%u entr%s of the kernel's answer could not be read and %s left out", report->malformed,
		        report->malformed == 1 ? "y" : "ies", report->malformed == 1 ? "was" : "were");
	/* --source proc is no fallback; and there is nothing to say where /proc/net tells all that was asked. */
	if ((report->netlink_errno && report->proc_lacks) || verbose)
		report_fallback(report);
	/* --source proc is no fallback: nothing is said of it unless asked. */
	bool chosen = report->from_proc & PROTO_BIT(PROTO_TCP) && !report->netlink_errno;
	bool looked = report->from_descriptors & PROTO_BIT(PROTO_TCP);
	/* Of a recording without them notes_replay() tells. */
	bool told_here = looked || report->from_netlink || report->from_proc;
	if (report->bound_untold && told_here && !(report->unavailable & PROTO_BIT(PROTO_TCP)) &&
	    (((report->bound_unread || !looked) && !chosen) || verbose))
		report_bound(report, privilege);
	if (owners)
		report_owners(owners, privilege, verbose);
}

/* "TCP, RAW or UDP" */
static void protos_or(char *list, size_t size, unsigned protos)
{
	size_t used = 0;
	list[0] = '\0';
	FOR_EACH_PROTO (proto, protos) {
		char name[16] = "";
		for (size_t i = 0; i + 1 < sizeof(name) && proto_name(proto)[i]; i++)
			name[i] = (char)toupper((unsigned char)proto_name(proto)[i]);
		int len = snprintf(list + used, size - used, "%s%s",
		                   !used                  ? ""
		                   : protos >> proto == 1 ? " or "
		                                          : ", ",
		                   name);
		used += len > 0 ? (size_t)len : 0;
		if (used >= size)
			return;
	}
}

/* An empty answer says what was looked at. */
static void notes_nothing(const struct notes_selection *selection)
{
	const char *kind = selection->filtered ? "is of that kind" : "is here";
	char list[80];
	if (selection->port && selection->protos && !selection->connected_only) {
		protos_or(list, sizeof(list), selection->protos);
		message("no %s socket%s has port %s%s", list, selection->listening ? " in LISTEN" : "", selection->port,
		        !selection->listening  ? ""
		        : selection->elsewhere ? "; it is in another state: -a"
		                               : ", nor has one in another state");
		return;
	}
	protos_list(list, sizeof(list), selection->protos);
	if (!selection->protos)
		message("no socket can be of that kind: protocol, family and state exclude each other");
	else if (selection->connected_only)
		message("no connected socket (%s) %s; -a looks at all sockets, -l at those that listen", list, kind);
	else if (selection->listening)
		message("no socket that listens (%s) %s; -a looks at all sockets", list, kind);
	else
		message("no socket (%s) %s", list, kind);
}

void notes_selection(const struct notes_selection *selection)
{
	const struct report *report = selection->report;
	if (selection->marks_hidden)
		message("the kernel tells the marks of sockets only with CAP_NET_ADMIN: none is known here");
	if (selection->storage_hidden)
		message("the kernel tells what BPF programs keep for sockets only with CAP_BPF: none is known here");
	bool by_proc = selection->netlink_only && report->from_proc;
	if (by_proc && selection->undecidable)
		message("/proc/net tells neither marks nor interfaces: %llu socket%s left out, as it is not known whether the filter fits",
		        (unsigned long long)selection->undecidable, selection->undecidable == 1 ? "" : "s");
	else if (by_proc)
		message("/proc/net tells neither marks nor interfaces: conditions on them are false of what is read there");
	if (selection->nul_or_at)
		message("/proc/net/unix writes NUL as @: in %llu abstract name%s an @ behind the first may be either",
		        (unsigned long long)selection->nul_or_at, selection->nul_or_at == 1 ? "" : "s");
	if (selection->undecidable && !by_proc)
		message("autobound: %llu socket%s left out, as it is not known who chose the port: only the kernel's own filter tells",
		        (unsigned long long)selection->undecidable, selection->undecidable == 1 ? "" : "s");
	if (selection->terminal && !selection->shown)
		notes_nothing(selection);
	if (selection->filtered && selection->verbose)
		message("%llu socket%s received in %u dump%s, %llu shown", (unsigned long long)report->received,
		        report->received == 1 ? "" : "s", report->requests, report->requests == 1 ? "" : "s",
		        (unsigned long long)selection->shown);
}

void notes_names(const struct names *names)
{
	int number, lack = names_lack(names);
	size_t failed = names_hosts_failed(names, &number);
	if (lack)
		message("some names are shown as numbers: %s", strerror(lack));
	if (failed)
		message("%zu host name%s could not be looked up (%s): the address%s shown", failed,
		        failed == 1 ? "" : "s", strerror(number), failed == 1 ? " is" : "es are");
}

void notes_cgroups(int number)
{
	if (number)
		message("not all cgroups could be read (%s): some are not shown", strerror(number));
}

void notes_groups(uint64_t shared)
{
	if (shared)
		message("%llu socket%s more than one process: counted once for each", (unsigned long long)shared,
		        shared == 1 ? " is held by" : "s are held by");
}

void notes_subflows(uint64_t count)
{
	if (count)
		message("%llu TCP subflow%s not counted: the MPTCP connections are", (unsigned long long)count,
		        count == 1 ? " is" : "s are");
}

void notes_readings(const char *program, bool two_readings)
{
	if (program)
		message("%s is taken as a program's name: program = %s", program, program);
	if (two_readings)
		message("an IPv6 address without brackets may end in a port, and both readings are looked for: "
		        "[ADDR]:PORT or [ADDR] tells which");
}

void notes_pid(const char *number)
{
	message("pid? no socket has the port %s, but the process %s has sockets: --pid %s", number, number, number);
}

void notes_either(const char *ports)
{
	message("no socket has these ports together: those that have one of them are shown (%s)", ports);
}

void notes_interval(const char *word)
{
	message("'%s' is taken as a filter, as any word is: every %s seconds is -c%s", word, word, word);
}
