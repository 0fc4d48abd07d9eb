// SPDX-License-Identifier: MIT
/* value.c - values as printable text (value.h). */
#include <sockview/value.h>

#include <string.h>

#include <sockview/names.h>

#include "columns/family_text.h"

void value_set_string(struct value *value, const char *text)
{
	if (text)
		value_set_bytes(value, (struct bytes){ text, strlen(text) });
}

char *value_short_text(char *to, const struct value *value)
{
	switch (value->kind) {
	case VALUE_BOOL:
		return stpcpy(to, value->uint ? "true" : "false");
	case VALUE_UINT:
		return text_u64(to, value->uint);
	case VALUE_REAL:
		return text_real(to, value->real);
	case VALUE_TIME:
		return text_time(to, value->time);
	case VALUE_WORD:
		return stpcpy(to, value->word);
	case VALUE_UNKNOWN_WORD:
		return text_u64(stpcpy(to, "unkn-"), value->uint);
	case VALUE_ADDR:
		return addr_text(to, value->addr.addr, value->addr.family, value->addr.mapped);
	default:
		return to;
	}
}

/* --- the other kinds --- */

/* A blank between arguments, those inside them escaped: splitting at blanks gives the arguments back. */
static int value_add_args(struct text *text, struct bytes args)
{
	const char *at = args.data;
	size_t left = args.len;
	while (left && !at[left - 1])
		left--;
	for (;;) {
		size_t len = strnlen(at, left);
		if (text_add_escaped(text, (struct bytes){ at, len }, TEXT_WORD) < 0)
			return -1;
		if (len == left)
			return 0;
		if (text_add_char(text, ' ') < 0)
			return -1;
		at += len + 1;
		left -= len + 1;
	}
}

int value_add_host(struct text *text, const struct value *end, const struct column_context *context)
{
	const char *host = NULL;
	if (context->resolve && !context->numeric_hosts)
		host = names_host(context->names, end->addr.family, end->addr.addr);
	if (host)
		return text_add_escaped(text, (struct bytes){ host, strlen(host) }, TEXT_WORD);
	char *to = text_room(text, ADDR_TEXT_MAX + 2);
	if (!to)
		return -1;
	bool brackets = end->addr.family == AF_INET6 && !end->addr.mapped;
	if (brackets)
		*to++ = '[';
	to = addr_text(to, end->addr.addr, end->addr.family, end->addr.mapped);
	if (brackets)
		*to++ = ']';
	text_advance(text, to);
	return 0;
}

int value_add_port(struct text *text, const struct value *end, const struct column_context *context)
{
	const char *service = NULL;
	if (!end->addr.port)
		return text_add_char(text, '*');
	if (!context->numeric_ports)
		service = names_service(context->names, end->addr.proto, end->addr.port);
	if (!service)
		return text_add_u64(text, end->addr.port);
	return text_add_escaped(text, (struct bytes){ service, strlen(service) }, TEXT_WORD);
}

static int value_add_process(struct text *text, const struct owners *owners, const struct process *process,
                             enum text_escape how)
{
	struct bytes name = owners_text(owners, process->program);
	if (!name.data)
		name = owners_text(owners, process->comm);
	if (text_add_u64(text, (uint64_t)process->pid) < 0)
		return -1;
	if (!name.data)
		return 0;
	return text_add_char(text, '/') < 0 ? -1 : text_add_escaped(text, name, how);
}

/* "812/nginx,813/nginx": each process once, as a fork holds what its parent does. */
static int value_add_owners(struct text *text, const struct column_source *source)
{
	const struct owners *owners = source->context->owners;
	for (size_t i = 0; i < source->span.count; i++) {
		const struct owner *owner = &source->span.first[i];
		if (i && owner->process == owner[-1].process)
			continue;
		if (i && text_add_char(text, ',') < 0)
			return -1;
		if (value_add_process(text, owners, &owners->process[owner->process], TEXT_ITEM) < 0)
			return -1;
	}
	return 0;
}

static int value_add_candidates(struct text *text, const struct column_source *source)
{
	const struct owners *owners = source->context->owners;
	struct owner_waiting waiting;
	owners_waiting(owners, &source->sock->row, &waiting);
	for (size_t i = 0; i < waiting.count; i++)
		if ((i && text_add_char(text, ',') < 0) ||
		    value_add_process(text, owners, &owners->process[waiting.process[i]], TEXT_ITEM) < 0)
			return -1;
	return 0;
}

static int value_add_parents(struct text *text, const struct value *value, const struct column_source *source)
{
	const struct owners *owners = source->context->owners;
	const struct process *process = &owners->process[value->process];
	for (unsigned depth = 0; (process = owners_parent(owners, process)) && depth < OWNERS_PARENTS_MAX; depth++) {
		if (depth && text_add_char(text, ' ') < 0)
			return -1;
		if (value_add_process(text, owners, process, TEXT_WORD) < 0)
			return -1;
	}
	return 0;
}

int value_text(struct text *text, const struct value *value, const struct column_source *source)
{
	switch (value->kind) {
	case VALUE_ENDPOINT:
		if (value_add_host(text, value, source->context) < 0 || text_add_char(text, ':') < 0)
			return -1;
		return value_add_port(text, value, source->context);
	case VALUE_DETAIL:
		return family_text_add(text, (enum family_text)value->uint, source);
	case VALUE_BYTES:
		return text_add_escaped(text, value->bytes, TEXT_LINE);
	case VALUE_ARGS:
		return value_add_args(text, value->bytes);
	case VALUE_PRINTABLE:
		return text_add(text, value->bytes.data, value->bytes.len);
	case VALUE_OWNERS:
		return value_add_owners(text, source);
	case VALUE_CANDIDATES:
		return value_add_candidates(text, source);
	case VALUE_PARENTS:
		return value_add_parents(text, value, source);
	default:
		break;
	}
	char *to = text_room(text, VALUE_SHORT_MAX);
	if (!to)
		return -1;
	text_advance(text, value_short_text(to, value));
	return 0;
}
