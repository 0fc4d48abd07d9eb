// SPDX-License-Identifier: MIT
/*
 * hidden.c - what a selection could not tell because an owner was not seen (hidden.h).
 *
 * The name and the user of a process can be read where its descriptors cannot.
 * So a socket without an owner is in doubt only if one of the processes that
 * were not looked into would change the filter's verdict on it.
 */
#include "run/hidden.h"

#include <stdio.h>
#include <stdlib.h>

#include <sockview/message.h>
#include <sockview/vec.h>

#include "run/notes.h"

int hidden_begin(struct hidden *hidden, const struct owners *owners, const struct filter *filter, unsigned details)
{
	hidden_free(hidden);
	hidden->any = owners->report.hides;
	for (uint32_t i = 0; i < owners->process_count; i++) {
		const struct process *process = &owners->process[i];
		if (!(process->has & PROCESS_UNSEEN))
			continue;
		hidden->any |= (process->has & details) != details;
		if (!filter_concerns(filter, owners, process))
			continue;
		uint32_t *suspect = vec_push(hidden->suspect, hidden->count, hidden->capacity);
		if (!suspect)
			return -1;
		*suspect = i;
	}
	return 0;
}

static void name_suspect(struct hidden *hidden, uint32_t suspect)
{
	for (size_t i = 0; i < hidden->named_count && i < HIDDEN_NAMED; i++)
		if (hidden->named[i] == suspect)
			return;
	if (hidden->named_count < HIDDEN_NAMED)
		hidden->named[hidden->named_count] = suspect;
	hidden->named_count++;
}

void hidden_judge(struct hidden *hidden, const struct owners *owners, const struct filter *filter,
                  const struct sock *sock, enum verdict verdict, bool lists)
{
	bool doubt = verdict == VERDICT_YES && !lists;
	if (!owners_hidden(owners, &sock->row))
		return;
	if (hidden->any)
		doubt |= filter_judge_unseen(filter, sock, owners) == VERDICT_MAYBE;
	for (size_t i = 0; i < hidden->count; i++) {
		const struct owner owner = { .process = hidden->suspect[i] };
		enum verdict then = filter_judge_owner(filter, sock, owners, &owner);
		doubt |= then != verdict;
		if (then == VERDICT_YES && (verdict != VERDICT_YES || !lists))
			name_suspect(hidden, hidden->suspect[i]);
	}
	bool is_shown = verdict == VERDICT_YES && lists;
	hidden->left_out += doubt && !is_shown;
	hidden->shown += doubt && is_shown;
}

/* "nginx (pid 812), nginx (pid 813) and others" */
static void suspects_text(const struct hidden *hidden, const struct owners *owners, char *text, size_t size)
{
	size_t at = 0;
	for (size_t i = 0; i < hidden->named_count && i < HIDDEN_NAMED && at < size; i++) {
		const struct process *process = &owners->process[hidden->named[i]];
		struct bytes name = owners_text(owners, process->program.offset ? process->program : process->comm);
		int len = snprintf(text + at, size - at, "%s%.*s%spid %d%s", i ? ", " : "",
		                   (int)(name.len < 64 ? name.len : 64), name.data ? (const char *)name.data : "",
		                   name.data ? " (" : "", process->pid, name.data ? ")" : "");
		at += len > 0 ? (size_t)len : 0;
	}
	if (hidden->named_count > HIDDEN_NAMED && at < size)
		snprintf(text + at, size - at, " and others");
}

void hidden_say(const struct hidden *hidden, const struct owners *owners, const struct privilege *privilege)
{
	char text[1024], names[512] = "";
	unsigned long long left = hidden->left_out;
	bool denied = owners->report.denied || owners->report.hides;
	suspects_text(hidden, owners, names, sizeof(names));
	if (*names)
		snprintf(text, sizeof(text), "%s could not be looked into, and may hold the %llu socket%s left out",
		         names, left, left == 1 ? "" : "s");
	else
		snprintf(text, sizeof(text), "%llu socket%s left out, as %s owner could not be seen", left,
		         left == 1 ? "" : "s", left == 1 ? "its" : "their");
	if (left)
		notes_unseen(text, denied ? privilege : NULL, owners->report.denied_cause);
	if (hidden->shown)
		message("%llu socket%s shown although a process that could not be looked into may be an owner that is not wanted",
		        (unsigned long long)hidden->shown, hidden->shown == 1 ? "" : "s");
}

void hidden_free(struct hidden *hidden)
{
	free(hidden->suspect);
	*hidden = (struct hidden){ 0 };
}
