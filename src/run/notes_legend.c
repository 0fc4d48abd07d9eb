// SPDX-License-Identifier: MIT
/* notes_legend.c - why owners are blank: counted, and in words (notes_legend.h). */
#include "run/notes_legend.h"

#include <stdio.h>
#include <string.h>

#include <sockview/message.h>
#include <sockview/text.h>

static void legend_add_waiting(struct legend *legend, const struct owners *owners, const struct row *row)
{
	struct owner_waiting who;
	owners_waiting(owners, row, &who);
	for (size_t i = 0; who.listener && i < LEGEND_LISTENERS; i++) {
		if (legend->waiting[i].count && legend->waiting[i].who.listener != who.listener)
			continue;
		legend->waiting[i].who = who;
		legend->waiting[i].count++;
		return;
	}
	legend->waiting_elsewhere++;
}

void legend_add(struct legend *legend, const struct owners *owners, const struct row *row)
{
	enum owner_reason reason = owners_reason(owners, row);
	bool sure;
	legend->count[reason]++;
	if (reason == REASON_UNACCEPTED)
		legend_add_waiting(legend, owners, row);
	if (reason == REASON_KERNEL || reason == REASON_UNKNOWN)
		legend->kind[reason == REASON_UNKNOWN][owners_kernel_kind(owners, row, &sure)]++;
}

static const char *const explanations[REASON_COUNT] = {
	[REASON_PERMISSION] = "a process that could not be looked into may hold it",
	[REASON_TIME_WAIT] = "closed by both ends; the kernel keeps the port for a minute",
	[REASON_SYN_RECV] = "a handshake that has not ended",
	[REASON_ORPHAN] = "closed by its process; the kernel finishes the connection",
	[REASON_UNACCEPTED] = "no process has accepted it yet",
	[REASON_KERNEL] = "the kernel's own",
	[REASON_IN_FLIGHT] = "only in a message on a unix socket, or in an io_uring",
	[REASON_OTHER_PIDNS] = "held outside the pid namespace of this /proc",
	[REASON_VANISHED] = "gone between the two looks",
	[REASON_NO_PROC] = "there is no /proc to look into",
	[REASON_UNKNOWN] = "nothing tells",
};

static size_t append(char *text, size_t size, size_t at, const char *part)
{
	int len = at < size ? snprintf(text + at, size - at, "%s%s", at ? ", " : "", part) : 0;
	return at + (len > 0 ? (size_t)len : 0);
}

/* "3 on 127.0.0.1:80 of nginx (pid 812)", "of one of nginx (pid 812), nginx (pid 813)"; names are escaped by the message. */
static void waiting_text(const struct owners *owners, const struct owner_waiting *who, uint64_t count, char text[512])
{
	const struct owner_listener *listener = who->listener;
	char address[ADDR_TEXT_MAX + 1];
	bool six = listener->family == AF_INET6 && !listener->mapped;
	*addr_text(address, &listener->addr, six ? AF_INET6 : AF_INET, false) = '\0';
	size_t at = (size_t)snprintf(text, 512, "%llu on %s%s%s:%u%s", (unsigned long long)count, six ? "[" : "",
	                             address, six ? "]" : "", listener->port,
	                             !who->count                   ? ""
	                             : who->count > 1 || who->more ? " of one of "
	                                                           : " of ");
	for (size_t i = 0; i < who->count && at < 512; i++) {
		const struct process *process = &owners->process[who->process[i]];
		struct bytes program = owners_text(owners, process->program);
		int len = snprintf(text + at, 512 - at, "%s%.*s (pid %d)", i ? ", " : "",
		                   (int)(program.len < 64 ? program.len : 64),
		                   program.data ? (const char *)program.data : "", process->pid);
		at += len > 0 ? (size_t)len : 0;
	}
}

static void unaccepted_text(const struct legend *legend, const struct owners *owners, char *text, size_t size)
{
	size_t at = 0;
	for (size_t i = 0; i < LEGEND_LISTENERS && legend->waiting[i].count; i++) {
		char one[512];
		waiting_text(owners, &legend->waiting[i].who, legend->waiting[i].count, one);
		at = append(text, size, at, one);
	}
	if (at && legend->waiting_elsewhere)
		append(text, size, at, "and others");
}

/* "2 vxlan"; what only a port speaks for: "perhaps 1 nfs" */
static void kernel_text(const uint64_t kinds[KERNEL_KINDS], const char *perhaps, char *text, size_t size)
{
	size_t at = 0;
	for (unsigned kind = 0; kind < KERNEL_KINDS; kind++) {
		const char *name = kernel_kind_name(kind);
		char one[64];
		if (!kinds[kind] || !name)
			continue;
		snprintf(one, sizeof(one), "%s%llu %s", perhaps, (unsigned long long)kinds[kind], name);
		at = append(text, size, at, one);
	}
}

void legend_say(const struct legend *legend, const struct owners *owners)
{
	for (unsigned reason = REASON_PERMISSION; reason < REASON_COUNT; reason++) {
		char more[1024] = "";
		if (!legend->count[reason])
			continue;
		if (reason == REASON_UNACCEPTED)
			unaccepted_text(legend, owners, more, sizeof(more));
		if (reason == REASON_KERNEL)
			kernel_text(legend->kind[0], "", more, sizeof(more));
		if (reason == REASON_UNKNOWN)
			kernel_text(legend->kind[1], "perhaps the kernel's: ", more, sizeof(more));
		message("%llu socket%s without an owner: %s, %s%s%s", (unsigned long long)legend->count[reason],
		        legend->count[reason] == 1 ? "" : "s", owner_reason_name(reason), explanations[reason],
		        *more ? ": " : "", more);
	}
}
