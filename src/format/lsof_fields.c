/*
 * lsof_fields.c - lsof -F: a field a line, the process's first, then those of each of its files.
 *
 *   p1234      f6      tIPv4   n*:80
 *   cnginx             PTCP    TST=LISTEN ...
 */
#include "format/lsof_fields.h"

#include <string.h>

#include <sockview/countof.h>
#include <sockview/proto.h>
#include <sockview/text.h>

struct fields {
	struct lsof_state *state;
	const struct lsof_line *line;
	struct out *out;
	char end; /* behind each field: newline, or NUL with -F0 */
};

static void field_text(const struct fields *fields, char letter, const char *text, size_t len)
{
	out_char(fields->out, letter);
	out_bytes(fields->out, text, len);
	out_char(fields->out, fields->end);
}

static void field_number(const struct fields *fields, char letter, uint64_t number)
{
	char digits[TEXT_U64_MAX];
	field_text(fields, letter, digits, (size_t)(text_u64(digits, number) - digits));
}

static int field_pid(const struct fields *fields)
{
	field_number(fields, 'p', (uint64_t)fields->line->process->pid);
	return 0;
}

static int field_tid(const struct fields *fields)
{
	const struct owner *owner = fields->line->owner;
	if (owner->tid != fields->line->process->pid)
		field_number(fields, 'K', (uint64_t)owner->tid);
	return 0;
}

static int field_group(const struct fields *fields)
{
	if (fields->line->process->has & PROCESS_START)
		field_number(fields, 'g', (uint64_t)fields->line->process->pgrp);
	return 0;
}

static int field_parent(const struct fields *fields)
{
	if (fields->line->process->has & PROCESS_START)
		field_number(fields, 'R', (uint64_t)fields->line->process->ppid);
	return 0;
}

/* Whole, and blanks stay: the field ends where the line does. */
static int field_command(const struct fields *fields)
{
	struct text *text = &fields->state->command;
	text->len = 0;
	if (text_add_escaped(text, owners_text(fields->line->view->owners, fields->line->process->comm), TEXT_LINE) < 0)
		return -1;
	field_text(fields, 'c', text->data, text->len);
	return 0;
}

static int field_uid(const struct fields *fields)
{
	field_number(fields, 'u', fields->line->process->uid);
	return 0;
}

static int field_login(const struct fields *fields)
{
	const char *login = lsof_login(fields->line);
	struct text *text = &fields->state->command;
	text->len = 0;
	if (!login)
		return 0;
	if (text_add_escaped(text, (struct bytes){ login, strlen(login) }, TEXT_LINE) < 0)
		return -1;
	field_text(fields, 'L', text->data, text->len);
	return 0;
}

static int field_fd(const struct fields *fields)
{
	field_number(fields, 'f', (uint64_t)fields->line->owner->fd);
	return 0;
}

static int field_access(const struct fields *fields)
{
	field_text(fields, 'a', "u", 1);
	return 0;
}

static int field_lock(const struct fields *fields)
{
	field_text(fields, 'l', " ", 1);
	return 0;
}

static int field_type(const struct fields *fields)
{
	const char *type = lsof_type(fields->line->row);
	field_text(fields, 't', type, strlen(type));
	return 0;
}

static int field_device(const struct fields *fields)
{
	field_number(fields, 'd', fields->line->row->inode);
	return 0;
}

static int field_offset(const struct fields *fields)
{
	field_text(fields, 'o', "0t0", 3);
	return 0;
}

static int field_protocol(const struct fields *fields)
{
	const char *node = lsof_node(fields->line->row);
	field_text(fields, 'P', node, strlen(node));
	return 0;
}

static int field_name(const struct fields *fields)
{
	struct text *name = &fields->state->name;
	if (lsof_put_name(name, fields->line) < 0)
		return -1;
	field_text(fields, 'n', name->data, name->len);
	return 0;
}

static void field_queue(const struct fields *fields, const char *name, uint64_t number)
{
	out_string(fields->out, name);
	out_u64(fields->out, number);
	out_char(fields->out, fields->end);
}

/* The queues as /proc/net/tcp has them, where lsof reads: of a listener, no backlog. */
static int field_tcp(const struct fields *fields)
{
	const struct row *row = fields->line->row;
	if (proto_has(row->proto, PROTO_CONNECTIONS)) {
		const char *state = state_name(row->state);
		out_string(fields->out, "TST=");
		out_bytes(fields->out, state, strlen(state));
		out_char(fields->out, fields->end);
	}
	field_queue(fields, "TQR=", row->recv_q);
	field_queue(fields, "TQS=", row->flags & ROW_BACKLOG ? 0 : row->send_q);
	return 0;
}

/* In lsof's order; the pid is always told. */
static const struct field {
	char letter;
	bool of_process;
	int (*out)(const struct fields *fields);
} field_table[] = {
	{ 'p', true, field_pid },     { 'K', true, field_tid },       { 'g', true, field_group },
	{ 'R', true, field_parent },  { 'c', true, field_command },   { 'u', true, field_uid },
	{ 'L', true, field_login },   { 'f', false, field_fd },       { 'a', false, field_access },
	{ 'l', false, field_lock },   { 't', false, field_type },     { 'd', false, field_device },
	{ 'o', false, field_offset }, { 'P', false, field_protocol }, { 'n', false, field_name },
	{ 'T', false, field_tcp },
};

static bool field_is_chosen(const char *letters, const struct field *field)
{
	/* -F0 is all the fields with another end. */
	bool all = strspn(letters, "0") == strlen(letters);
	return all || field->letter == 'p' || strchr(letters, field->letter);
}

static int fields_out(const struct fields *fields, bool of_process)
{
	const char *letters = fields->line->view->fields;
	bool some = false;
	for (size_t i = 0; i < countof(field_table); i++) {
		const struct field *field = &field_table[i];
		if (field->of_process != of_process || !field_is_chosen(letters, field))
			continue;
		if (field->out(fields) < 0)
			return -1;
		some = true;
	}
	if (some && !fields->end)
		out_char(fields->out, '\n');
	return 0;
}

int lsof_out_fields(struct lsof_state *state, const struct view *view, struct out *out)
{
	char end = strchr(view->fields, '0') ? '\0' : '\n';
	const struct owner *last = NULL;
	for (size_t i = 0; i < state->file_count; i++) {
		struct lsof_line line = lsof_line(state, view, i);
		struct fields fields = { state, &line, out, end };
		bool same = last && last->process == line.owner->process && last->tid == line.owner->tid;
		last = line.owner;
		if ((!same && fields_out(&fields, true) < 0) || fields_out(&fields, false) < 0)
			return -1;
	}
	return 0;
}
