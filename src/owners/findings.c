// SPDX-License-Identifier: MIT
/* findings.c - what one thread of a finder has found so far; see findings.h. */
#include "owners/findings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sockview/file.h>
#include <sockview/vec.h>

enum look_end findings_end(struct findings *findings, int number)
{
	switch (number) {
	case ENOENT:
	case ESRCH:
		return LOOK_GONE;
	case EACCES:
	case EPERM:
		return LOOK_DENIED;
	case EMFILE:
	case ENFILE:
		return LOOK_STARVED;
	default:
		findings->unread = number;
		return LOOK_UNREAD;
	}
}

void owners_count_trouble(struct owner_trouble unread[OWNER_TROUBLES], int number, unsigned count)
{
	size_t at = 0;
	while (at < OWNER_TROUBLES - 1 && unread[at].count && unread[at].number != number)
		at++;
	if (!unread[at].count)
		unread[at].number = number;
	unread[at].count += count;
}

static void keep_denied(struct owner_report *report, unsigned count, const struct owner_denied *denied)
{
	unsigned at = count;
	if (count >= OWNER_DENIED_NAMED)
		return;
	for (; at && report->denied_who[at - 1].pid > denied->pid; at--)
		report->denied_who[at] = report->denied_who[at - 1];
	report->denied_who[at] = *denied;
}

void owners_count_denied(struct owner_report *report, int proc_fd, int32_t pid)
{
	struct owner_denied denied = { .pid = pid };
	char path[32];
	if (report->denied < OWNER_DENIED_NAMED) {
		snprintf(path, sizeof(path), "%d/comm", pid);
		file_read_string(proc_fd, path, denied.comm, sizeof(denied.comm));
		denied.comm[strcspn(denied.comm, "\n")] = '\0';
	}
	keep_denied(report, report->denied++, &denied);
}

void owners_merge_denied(struct owner_report *into, const struct owner_report *from)
{
	for (unsigned i = 0; i < from->denied; i++)
		keep_denied(into, into->denied++, &from->denied_who[i < OWNER_DENIED_NAMED ? i : 0]);
}

void findings_count(struct findings *findings, enum look_end end)
{
	findings->report.processes++;
	findings->report.vanished += end == LOOK_GONE;
	findings->report.starved += end == LOOK_STARVED;
	if (end == LOOK_UNREAD)
		owners_count_trouble(findings->report.unread, findings->unread, 1);
}

int findings_add_owner(struct findings *findings, const struct owner *owner)
{
	struct owner *added = vec_push(findings->owner, findings->owner_count, findings->owner_capacity);
	if (!added)
		return -1;
	*added = *owner;
	return 0;
}

int findings_add_process(struct findings *findings, const struct process *process)
{
	if (findings->process_count >= UINT32_MAX) {
		errno = ENOMEM;
		return -1;
	}
	struct process *added = vec_push(findings->process, findings->process_count, findings->process_capacity);
	if (!added)
		return -1;
	*added = *process;
	return 0;
}

int findings_add_text(struct findings *findings, const void *data, size_t len, struct process_text *text)
{
	/* Offset 0 says absent: the first byte belongs to no text. */
	size_t at = findings->strings_len ? findings->strings_len : 1;
	if (len >= UINT32_MAX - at) {
		errno = ENOMEM;
		return -1;
	}
	char *grown = vec_reserve(findings->strings, &findings->strings_capacity, at + len + 1, 1);
	if (!grown)
		return -1;
	findings->strings = grown;
	grown[0] = '\0';
	if (len)
		memcpy(grown + at, data, len);
	grown[at + len] = '\0';
	findings->strings_len = at + len + 1;
	*text = (struct process_text){ (uint32_t)at, (uint32_t)len };
	return 0;
}

void findings_free(struct findings *findings)
{
	free(findings->owner);
	free(findings->process);
	free(findings->strings);
	*findings = (struct findings){ 0 };
}

void findings_free_each(struct findings *findings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		findings_free(&findings[i]);
}
