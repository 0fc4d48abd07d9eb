// SPDX-License-Identifier: MIT
/*
 * explain_notes.c - what is no conflict and yet surprises: other namespaces, NAT, UDP
 * for TCP, loopback only; and what could not be looked at.
 */
#include "explain/explain_notes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/health_listener.h>
#include <sockview/process_text.h>
#include <sockview/proto.h>

#include "explain/explain_firewall.h"
#include "explain/explain_nat.h"
#include "explain/explain_words.h"
#include "explain/holders.h"

enum { OWNER_WORDS_MAX = WORDS_PROCESS_MAX + 8 };

static const struct process *row_process(const struct explain *explain, const struct row *row)
{
	struct owner_span span = owners_of(explain->facts.owners, row);
	return span.count ? &explain->facts.owners->process[span.first->process] : NULL;
}

/* " by nginx (pid 812)"; "" if no owner is known. */
static void by_owner(const struct explain *explain, const struct row *row, char text[OWNER_WORDS_MAX])
{
	const struct process *process = row_process(explain, row);
	char words[WORDS_PROCESS_MAX];
	*text = '\0';
	if (!process)
		return;
	words_process(explain, words, process);
	snprintf(text, OWNER_WORDS_MAX, " by %s", words);
}

/* "web", "812", "net:[4026532]": the word of -N that means the namespace, fit for a shell's line. */
static void words_enter(const struct netns *netns, char text[WORDS_NAME_MAX])
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@._:-/";
	if (*netns->label && !netns->label[strspn(netns->label, plain)] && strlen(netns->label) < WORDS_NAME_MAX)
		strcpy(text, netns->label);
	else if (netns->pid)
		snprintf(text, WORDS_NAME_MAX, "%d", netns->pid);
	else
		strcpy(text, "all");
}

static int say_one_elsewhere(struct explain *explain, const struct row *row)
{
	const struct netns *netns = &explain->elsewhere.list.item[row->netns];
	const struct process *process = row_process(explain, row);
	char where[WORDS_ADDR_MAX], owner[OWNER_WORDS_MAX], home[WORDS_PROCESS_MAX] = "", enter[WORDS_NAME_MAX];
	char label[WORDS_NAME_MAX];
	words_endpoint(explain, where, row->family, &row->local, row->local_port, 0);
	by_owner(explain, row, owner);
	if (process)
		words_home(explain, home, process);
	words_enter(netns, enter);
	words_bytes(label, (struct bytes){ netns->label, strlen(netns->label) }, TEXT_WORD);
	return sentence_add(
		explain, SAY_NOTE, "other-netns",
		"In another network namespace, %s, %s is held%s%s: no conflict here, and not to be reached as this host's port. Look there: sockview -N %s -ltnup",
		label, where, owner, home, enter);
}

/* "web, db, ...": of the first of those in which there is such a socket; how many there are. */
static size_t words_netns(const struct explain *explain, const bool *there, char text[5 * WORDS_NAME_MAX])
{
	enum { NAMED_MAX = 4 };
	const struct netns_list *list = &explain->elsewhere.list;
	char label[WORDS_NAME_MAX], *to = text;
	size_t count = 0;
	*text = '\0';
	for (size_t i = 1; i < list->count; i++) {
		if (!there[i])
			continue;
		words_bytes(label, (struct bytes){ list->item[i].label, strlen(list->item[i].label) }, TEXT_ITEM);
		if (count < NAMED_MAX)
			to += sprintf(to, "%s%s", count ? ", " : "", label);
		else if (count == NAMED_MAX)
			strcpy(to, ", ...");
		count++;
	}
	return count;
}

/* One line, however many there are. */
static int say_elsewhere(struct explain *explain)
{
	const struct table *table = explain->facts.table;
	const struct row *first = NULL;
	char names[5 * WORDS_NAME_MAX];
	bool *there = calloc(explain->elsewhere.list.count + 1, sizeof(*there));
	if (!there)
		return -1;
	for (size_t i = 0; i < table->count; i++) {
		const struct row *row = &table->row[i];
		if (!row->netns || row->netns >= explain->elsewhere.list.count)
			continue;
		there[row->netns] = true;
		first = first ? first : row;
	}
	size_t count = first ? words_netns(explain, there, names) : 0;
	free(there);
	if (count < 2)
		return first ? say_one_elsewhere(explain, first) : 0;
	return sentence_add(
		explain, SAY_NOTE, "other-netns",
		"Port %u is held in %zu other network namespaces too (%s): no conflict here, and not to be reached as this host's port.",
		explain->target.port, count, names);
}

static int say_other_proto(struct explain *explain)
{
	char where[WORDS_ADDR_MAX], owner[OWNER_WORDS_MAX];
	if (!explain->others)
		return 0;
	const struct row *row = &explain->facts.table->row[explain->other];
	const char *theirs = proto_table[row->proto].label, *ours = proto_table[explain->target.proto].label;
	words_endpoint(explain, where, row->family, &row->local, row->local_port, row->ifindex);
	by_owner(explain, row, owner);
	return sentence_add(
		explain, SAY_NOTE, "other-protocol",
		"The %s port of the same number is held%s on %s. That is no conflict: %s and %s ports are apart.",
		theirs, owner, where, theirs, ours);
}

static int say_loopback(struct explain *explain)
{
	bool listens = false, elsewhere = false;
	for (size_t i = 0; i < explain->holders; i++) {
		const struct bind_holder *is = &explain->holder[i].is;
		if (is->state != STATE_LISTEN)
			continue;
		union addr v4 = { .word = { is->addr.word[is->family == AF_INET ? 0 : 3] } };
		bool mapped = is->family == AF_INET || addr_is_mapped(&is->addr);
		const struct local_addr *local =
			facts_addr(&explain->host, mapped ? AF_INET : AF_INET6, mapped ? &v4 : &is->addr);
		listens = true;
		elsewhere |= !local || !local->host_scope;
	}
	if (!listens || elsewhere)
		return 0;
	return sentence_add(explain, SAY_NOTE, "loopback-only",
	                    "It listens on loopback only: other hosts cannot reach it.");
}

/* By --health's own judgement, of this one look: what it takes two for (refused connections, SYNs) is told there. */
static int say_health(struct explain *explain)
{
	for (size_t i = 0; i < explain->holders; i++) {
		const struct holder *holder = &explain->holder[i];
		const struct row *row = holder_row(explain, holder);
		struct health_listener listener = { .row = row };
		char where[WORDS_ADDR_MAX];
		if (!proto_listens(row->proto) || row->state != STATE_LISTEN ||
		    explain->facts.report->from_proc & PROTO_BIT(row->proto) || !health_listener(&listener))
			continue;
		words_endpoint(explain, where, row->family, &row->local, row->local_port, row->ifindex);
		if (sentence_add(explain, SAY_NOTE, listener.key, "%s is sick (%s): %s. New clients time out: %s.",
		                 where, listener.key, listener.text, listener.advice) < 0)
			return -1;
	}
	return 0;
}

/* The file that a program was started from is gone or another one by now: an update waits for the restart. */
static int say_deleted(struct explain *explain)
{
	static const char mark[] = " (deleted)";
	const struct owners *owners = explain->facts.owners;
	for (size_t g = 0; g < explain->gangs; g++) {
		const struct process *process = &owners->process[explain->gang[g].process];
		struct bytes exe = owners_text(owners, process->exe);
		char who[WORDS_PROCESS_MAX], path[WORDS_NAME_MAX];
		size_t len = exe.len - (sizeof(mark) - 1);
		if (!exe.data || exe.len < sizeof(mark) ||
		    memcmp((const char *)exe.data + len, mark, sizeof(mark) - 1) != 0)
			continue;
		words_process(explain, who, process);
		words_bytes(path, (struct bytes){ exe.data, len }, TEXT_WORD);
		if (sentence_add(explain, SAY_NOTE, "deleted-program",
		                 "%s runs a program file that was deleted or replaced since: %s.", who, path) < 0)
			return -1;
	}
	return 0;
}

/* Connections that the other end has closed and their process has not: how many, whose, and to whom. */
static int say_close_wait(struct explain *explain)
{
	enum { NAMED_MAX = 3 };
	const struct row *named[NAMED_MAX] = { NULL };
	const struct process *process = NULL;
	unsigned count = 0, names = 0;
	char whom[NAMED_MAX * (WORDS_ADDR_MAX + 2) + 16] = "", who[WORDS_PROCESS_MAX];
	size_t at = 0;
	for (size_t i = 0; i < explain->holders; i++) {
		const struct holder *holder = &explain->holder[i];
		const struct row *row = holder_row(explain, holder);
		const struct process *owner = holder_process(explain, holder);
		unsigned n = 0;
		if (row->state != STATE_CLOSE_WAIT || !proto_listens(row->proto) || !owner ||
		    (process && owner != process))
			continue;
		process = owner;
		count++;
		while (n < names && (named[n]->family != row->family ||
		                     memcmp(&named[n]->remote, &row->remote, sizeof(row->remote)) != 0))
			n++;
		if (n == names && names < NAMED_MAX)
			named[names++] = row;
		else if (n == NAMED_MAX)
			at = 1;
	}
	if (!count)
		return 0;
	bool more = at;
	at = 0;
	for (unsigned n = 0; n < names; n++) {
		char address[WORDS_ADDR_MAX];
		words_addr(address, named[n]->family, &named[n]->remote);
		at += (size_t)snprintf(whom + at, sizeof(whom) - at, "%s%s", n ? ", " : "", address);
	}
	words_process(explain, who, process);
	return sentence_add(explain, SAY_NOTE, "close-wait",
	                    "%s has not closed %u connection%s that the other end has closed (CLOSE_WAIT), with %s%s.",
	                    who, count, count == 1 ? "" : "s", whom, more ? " and others" : "");
}

static int say_container(struct explain *explain)
{
	const struct owners *owners = explain->facts.owners;
	if (!explain->facts.live || !explain->host.own_netns || !owners)
		return 0;
	if (owners->report.pidns_unread)
		return sentence_add(
			explain, SAY_UNREAD, "container",
			"Whether this is a container was not told (self/ns/pid: %s): from within one, the host's ports are not seen.",
			words_unread(owners->report.pidns_unread));
	if (!owners->report.other_pidns)
		return 0;
	return sentence_add(explain, SAY_NOTE, "inside-container",
	                    "Inside a container: the host's ports are not seen from here.");
}

/* Told if it is true of every socket in the way. */
static int say_device(struct explain *explain)
{
	const struct holder *first = NULL;
	bool listens = false;
	for (size_t i = 0; i < explain->holders; i++) {
		const struct holder *holder = &explain->holder[i];
		const struct crowd *crowd = &explain->crowd[holder->crowd];
		if (!crowd->in_the_way && !crowd->maybe)
			continue;
		if (first && holder->is.ifindex != first->is.ifindex)
			return 0;
		first = holder;
		listens |= holder->is.state == STATE_LISTEN;
	}
	const char *name =
		listens && first->is.ifindex ? names_interface(explain->facts.names, first->is.ifindex) : NULL;
	if (!name)
		return 0;
	char escaped[WORDS_NAME_MAX];
	words_bytes(escaped, (struct bytes){ name, strlen(name) }, TEXT_WORD);
	return sentence_add(explain, SAY_NOTE, "device-only",
	                    "It is bound to the interface %s and is not reached over others.", escaped);
}

/* docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80 */
static int say_one_proxy(struct explain *explain, const struct process *process)
{
	struct bytes command = owners_text(explain->facts.owners, process->cmdline);
	struct bytes ip = process_option(command, "-container-ip"), port = process_option(command, "-container-port");
	char address[WORDS_NAME_MAX], number[WORDS_NAME_MAX], name[WORDS_NAME_MAX] = "";
	if (!ip.len || !port.len)
		return sentence_add(
			explain, SAY_NOTE, "docker-proxy",
			"docker-proxy holds the port on behalf of a container that publishes it; its command line names the container's address.");
	words_bytes(address, ip, TEXT_WORD);
	words_bytes(number, port, TEXT_WORD);
	for (size_t i = 0; i < explain->freeing.steps; i++) {
		char **argv = explain->freeing.step[i].argv;
		if (argv && strcmp(argv[0], "docker") == 0 && argv[1] && argv[2])
			snprintf(name, sizeof(name), " %.200s", argv[2]);
	}
	bool six = memchr(ip.data, ':', ip.len) != NULL;
	return sentence_add(explain, SAY_NOTE, "docker-proxy",
	                    "docker-proxy holds the port for the container%s, whose own is %s%s%s:%s.", name,
	                    six ? "[" : "", address, six ? "]" : "", number);
}

static int say_proxy(struct explain *explain)
{
	for (size_t i = 0; i < explain->crowds; i++) {
		const struct process *process = holder_process(explain, &explain->holder[explain->crowd[i].first]);
		if (process && process_is(explain, process, "docker-proxy"))
			return say_one_proxy(explain, process);
	}
	return 0;
}

/* The whole list that reserves the port too, as the kernel takes it: what it had stays. */
static int say_reserve(struct explain *explain)
{
	const char *list = explain->host.reserved_list ? explain->host.reserved_list : "";
	if (!explain->options.verbose || explain->host.reserved || !explain->host.reserved_list)
		return 0;
	return sentence_add(
		explain, SAY_NOTE, "reserve-port",
		"To keep it from outgoing connections: sysctl net.ipv4.ip_local_reserved_ports=%s%s%u (a file of /etc/sysctl.d makes it permanent).",
		list, *list ? "," : "", explain->target.port);
}

static int say_port_kind(struct explain *explain)
{
	const struct facts *host = &explain->host;
	uint16_t port = explain->target.port;
	bool outgoing = false;
	if (host->reserved)
		return sentence_add(
			explain, SAY_NOTE, "reserved",
			"The port is in net.ipv4.ip_local_reserved_ports: the kernel never chooses it for a socket; a bind that names it is not affected.");
	if (!facts_is_ephemeral(host, port))
		return 0;
	for (size_t i = 0; i < explain->crowds; i++)
		outgoing |= explain->crowd[i].outgoing && explain->crowd[i].in_the_way;
	if (explain->options.verbose && explain->verdict == EXPLAIN_FREE &&
	    sentence_add(
		    explain, SAY_NOTE, "ephemeral-range",
		    "The port is in the ephemeral range (%d-%d): an outgoing connection may be given it before a server starts.",
		    host->ephemeral_low, host->ephemeral_high) < 0)
		return -1;
	return outgoing || explain->verdict == EXPLAIN_FREE ? say_reserve(explain) : 0;
}

/* The owner of one of those connections, of the few that are rows. */
static void by_one_of(const struct explain *explain, const struct toward *toward, char text[OWNER_WORDS_MAX])
{
	const struct table *table = explain->facts.table;
	*text = '\0';
	for (size_t i = 0; i < table->count && !*text; i++) {
		const struct row *row = &table->row[i];
		if (row->remote_port == explain->target.port && row->family == toward->family &&
		    memcmp(&row->remote, &toward->remote, sizeof(row->remote)) == 0)
			by_owner(explain, row, text);
	}
}

/*
 * A destination that the target does not name is told from four fifths on: a
 * busy proxy soon uses up the rest.
 */
static int say_ephemeral(struct explain *explain)
{
	const struct destination *full = &explain->destination;
	const struct facts *host = &explain->host;
	char where[WORDS_ADDR_MAX], owner[OWNER_WORDS_MAX];
	bool is_full = full->used && full->used * 5ull >= full->range * 4ull;
	bool is_meant = full->named && (full->used || !facts_addr(host, full->one.family, &full->one.remote));
	if (!full->range || !(is_full || is_meant))
		return 0;
	unsigned left = full->used < full->range ? full->range - full->used : 0;
	words_endpoint(explain, where, full->one.family, &full->one.remote, explain->target.port, 0);
	by_one_of(explain, &full->one, owner);
	if (sentence_add(
		    explain, SAY_NOTE, is_full ? "ephemeral-exhausted" : "ephemeral-room",
		    "%u of %u ephemeral ports (%d-%d) are in use towards %s, %u are left%s", full->used, full->range,
		    host->ephemeral_low, host->ephemeral_high, where, left,
		    is_full ? ": without one connect() fails with EADDRNOTAVAIL. A wider net.ipv4.ip_local_port_range, more addresses or fewer new connections help."
			    : ".") < 0)
		return -1;
	return is_full && *owner ? sentence_add(explain, SAY_NOTE, "ephemeral-user",
	                                        "Connections to %s are held%s, among others.", where, owner)
	                         : 0;
}

static int say_until_listen(struct explain *explain)
{
	for (size_t i = 0; i < explain->holders; i++)
		for (size_t p = 0; p < explain->plans; p++)
			if (explain->holder[i].judged[p].until_listen && explain->plan[p].verdict == EXPLAIN_FREE)
				return sentence_add(
					explain, SAY_NOTE, "until-listen",
					"Another socket is bound there too, both with SO_REUSEADDR: the first to call listen() gets the port, the other's listen() fails with EADDRINUSE.");
	return 0;
}

static int say_plans(struct explain *explain)
{
	for (size_t p = 0; p < explain->plans; p++)
		if (explain->plan[p].left_out &&
		    sentence_add(explain, SAY_NOTE, "family-left-out", "There is no IPv%d here: that was left out.",
		                 explain->plan[p].bind.family == AF_INET ? 4 : 6) < 0)
			return -1;
	if (explain->facts.live && explain->options.verbose && !explain->options.as_unit &&
	    explain->verdict == EXPLAIN_FREE &&
	    sentence_add(
		    explain, SAY_NOTE, "as-unit",
		    "Rules of a unit's cgroup (SocketBindDeny=) may differ from this shell's: --as-unit UNIT tries it there.") <
	            0)
		return -1;
	if (explain->facts.live && explain->options.probe == EXPLAIN_PROBE_NONE)
		return sentence_add(explain, SAY_NOTE, "no-probe",
		                    "This is what the tables say; the kernel was not asked (--no-probe).");
	if (!explain->facts.live)
		return sentence_add(explain, SAY_NOTE, "replay",
		                    "This is what the recording says; the kernel was not asked.");
	return 0;
}

/* What the second look at sockets without an owner could not read, and what is not sure therefore. */
static int say_evidence(struct explain *explain)
{
	static const struct {
		const char *key, *what, *unsure;
	} sources[EVIDENCE_SOURCES] = {
		[EVIDENCE_LINKS] = { "tunnels", "Tunnel interfaces were not all read",
		                     "a socket without an owner may be a tunnel's" },
		[EVIDENCE_TABLES] = { "second-look", "The sockets were not all asked for again",
		                      "one without an owner may have gone" },
		[EVIDENCE_QUEUES] = { "queues", "Messages with descriptors were not all looked for",
		                      "one may hold a socket without an owner" },
	};
	const struct owners *owners = explain->facts.owners;
	for (size_t i = 0; owners && i < EVIDENCE_SOURCES; i++)
		if (owners->evidence_unread[i] &&
		    sentence_add(explain, SAY_UNREAD, sources[i].key, "%s (%s): %s.", sources[i].what,
		                 words_unread(owners->evidence_unread[i]), sources[i].unsure) < 0)
			return -1;
	return 0;
}

static int say_processes(struct explain *explain)
{
	const struct owner_report *report = &explain->facts.owners->report;
	char who[WORDS_UNSEEN_MAX];
	if (report->hides)
		return sentence_add(
			explain, SAY_UNREAD, "processes",
			"/proc does not show the processes of others (hidepid), nor the network namespaces they are in: %s.",
			words_denied(explain));
	words_unseen(explain, who);
	return sentence_add(explain, SAY_UNREAD, "processes", "%u process%s%s could not be looked into: %s.",
	                    report->denied, report->denied == 1 ? "" : "es", who, words_denied(explain));
}

static int say_unrecorded_bound(struct explain *explain)
{
	const struct origin *from = &explain->facts.origin;
	if (!proto_listens(explain->target.proto) || explain->bound_told)
		return 0;
	if (from->bound != ORIGIN_BOUND_UNTOLD)
		return sentence_add(
			explain, SAY_UNREAD, "bound",
			"Whether its kernel told of sockets that are bound and do not listen the recording does not say.");
	return sentence_add(
		explain, SAY_UNREAD, "bound",
		"The recorded kernel%s%s did not tell of sockets that are bound and do not listen (it takes Linux 6.8 with tcp_diag): one may have the port.",
		*from->release ? ", Linux " : "", from->release);
}

static int say_unseen(struct explain *explain)
{
	const struct owner_report *report = explain->facts.owners ? &explain->facts.owners->report : NULL;
	const struct report *tables = explain->facts.report;
	const struct elsewhere *elsewhere = &explain->elsewhere;
	if (elsewhere->list.hidden &&
	    sentence_add(explain, SAY_UNREAD, "other-netns",
	                 "The network namespaces of %u process%s could not be seen: it takes CAP_SYS_PTRACE.",
	                 elsewhere->list.hidden, elsewhere->list.hidden == 1 ? "" : "es") < 0)
		return -1;
	unsigned skipped = elsewhere->not_looked + elsewhere->list.left_out;
	if (skipped && sentence_add(explain, SAY_UNREAD, "other-netns",
	                            "%u network namespace%s not looked at: entering them takes CAP_SYS_ADMIN.", skipped,
	                            skipped == 1 ? " was" : "s were") < 0)
		return -1;
	if (elsewhere->cut && sentence_add(explain, SAY_UNREAD, "other-netns",
	                                   "Other network namespaces have more sockets than were looked at.") < 0)
		return -1;
	if (tables->interrupted || tables->lost || tables->malformed)
		if (sentence_add(explain, SAY_UNREAD, "tables",
		                 "The kernel's answer was not whole: a socket may be missing.") < 0)
			return -1;
	if (tables->unavailable & PROTO_BIT(explain->target.proto))
		if (sentence_add(explain, SAY_UNREAD, "tables", "The kernel told of no %s sockets: any may be missing.",
		                 proto_name(explain->target.proto)) < 0)
			return -1;
	if (tables->unrecorded & PROTO_BIT(explain->target.proto) &&
	    sentence_add(explain, SAY_UNREAD, "recording",
	                 tables->unrecorded_said
	                         ? "The recording was not made of all %s sockets: any may be missing."
	                         : "The recording does not say of which %s sockets it was made: any may be missing.",
	                 proto_name(explain->target.proto)) < 0)
		return -1;
	if (explain->host.addresses_unread &&
	    sentence_add(explain, SAY_UNREAD, "addresses",
	                 "Not all addresses and interfaces of this host were read (rtnetlink: %s).",
	                 words_unread(explain->host.addresses_unread)) < 0)
		return -1;
	if (proto_listens(explain->target.proto) && !explain->bound_told && explain->facts.live)
		if (sentence_add(
			    explain, SAY_UNREAD, "bound",
			    tables->bound_unread
				    ? "Sockets that are bound and do not listen are told of by no table here (it takes netlink and Linux 6.8), but by the descriptors of processes, of which some could not be looked into."
				    : "Sockets that are bound and do not listen are told of by no table here (it takes netlink and Linux 6.8), but by the descriptors of processes.") <
		    0)
			return -1;
	if (!explain->facts.live && say_unrecorded_bound(explain) < 0)
		return -1;
	return report && (report->denied || report->hides) ? say_processes(explain) : 0;
}

/* Of several ports. */
static int say_several(struct explain *explain)
{
	return explain->options.several
	               ? sentence_add(explain, SAY_UNREAD, "several",
	                              "Other network namespaces and NAT rules are looked into for one port alone.")
	               : 0;
}

int explain_notes(struct explain *explain)
{
	static int (*const say[])(struct explain * explain) = {
		say_until_listen, say_health,    say_close_wait,  say_deleted,   say_container,   say_loopback,
		say_device,       say_proxy,     say_other_proto, say_elsewhere, explain_nat_say, explain_firewall_say,
		say_port_kind,    say_ephemeral, say_plans,       say_evidence,  say_several,     say_unseen,
	};
	for (size_t i = 0; i < countof(say); i++)
		if (say[i](explain) < 0)
			return -1;
	return 0;
}
