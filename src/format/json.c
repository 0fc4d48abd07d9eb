// SPDX-License-Identifier: MIT
/*
 * json.c - json and jsonl: one object for the whole answer, or one a socket.
 *
 *   {"version":"0.1.0","time":...,"host":...,"netns":...,"sockets":[
 *   {"proto":"tcp",...},
 *   {"proto":"udp",...}
 *   ],"source":...,"report":{...}}
 *
 * Both stream; the source and the report come last because they are not known
 * before the last protocol has answered. The schema and its promise are in
 * sockview-json(5).
 */
#include <sockview/format.h>

#include <stdlib.h>
#include <string.h>

#include <sockview/column_list.h>
#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/json_string.h>

#include "format/json_document.h"

/* The fields of an owner, each a column taken of that owner alone. */
static const struct {
	const char *name, *column;
} owner_fields[] = {
	{ "pid", "pid" },
	{ "tid", "tid" },
	{ "fd", "fd" },
	{ "uid", "process_uid" },
	{ "user", "process_user" },
	{ "program", "program" },
	{ "comm", "comm" },
	{ "cmdline", "cmdline" },
	{ "exe", "exe" },
	{ "ppid", "ppid" },
	{ "start_time", "start_time" },
	{ "cgroup", "process_cgroup" },
	{ "unit", "unit" },
	{ "container", "container" },
	{ "container_name", "container_name" },
	{ "container_runtime", "container_runtime" },
};

enum { OWNER_FIELDS = countof(owner_fields) };

/* The key of a column as it is written, `,"name":`. */
struct json_key {
	uint32_t start, len;
};

struct json_state {
	struct text keys; /* of all columns, one behind the other */
	struct json_key *key;
	struct text text; /* values that are put together first */
	const struct column *owner[OWNER_FIELDS];
	bool some; /* a socket was written */
};

static void json_out_short(struct out *out, const struct value *value)
{
	bool quotes = value->kind >= VALUE_TIME && value->kind <= VALUE_ADDR;
	char *to = out_room(out, VALUE_SHORT_MAX + 2);
	if (quotes)
		*to++ = '"';
	to = value_short_text(to, value);
	if (quotes)
		*to++ = '"';
	out_advance(out, to);
}

/* --- lists --- */

static int json_out_value(struct json_state *state, struct out *out, const struct value *value,
                          const struct column_source *source);

static int json_out_owner(struct json_state *state, struct out *out, const struct column_source *source)
{
	for (unsigned i = 0; i < OWNER_FIELDS; i++) {
		struct value value;
		json_out_key(out, i ? ',' : '{', owner_fields[i].name);
		column_get(state->owner[i], source, &value);
		if (json_out_value(state, out, &value, source) < 0)
			return -1;
	}
	out_char(out, '}');
	return 0;
}

static int json_out_owners(struct json_state *state, struct out *out, const struct column_source *source)
{
	const struct owners *owners = source->context->owners;
	out_char(out, '[');
	for (size_t i = 0; i < source->span.count; i++) {
		struct column_source one = *source;
		one.span = (struct owner_span){ &source->span.first[i], 1 };
		one.process = &owners->process[one.span.first->process];
		if (i)
			out_char(out, ',');
		if (json_out_owner(state, out, &one) < 0)
			return -1;
	}
	out_char(out, ']');
	return 0;
}

/* An element of an array, behind `before` others. */
static void json_out_process(struct out *out, const struct owners *owners, const struct process *process, size_t before,
                             const char *key, struct process_text text)
{
	struct bytes name = owners_text(owners, text);
	if (before)
		out_char(out, ',');
	json_out_key(out, '{', "pid");
	out_u64(out, (uint64_t)process->pid);
	json_out_key(out, ',', key);
	if (name.data)
		json_bytes(out, name.data, name.len);
	else
		out_string(out, "null");
	out_char(out, '}');
}

static void json_out_candidates(struct out *out, const struct column_source *source)
{
	const struct owners *owners = source->context->owners;
	struct owner_waiting waiting;
	owners_waiting(owners, &source->sock->row, &waiting);
	out_char(out, '[');
	for (size_t i = 0; i < waiting.count; i++) {
		const struct process *process = &owners->process[waiting.process[i]];
		json_out_process(out, owners, process, i, "program", process->program);
	}
	out_char(out, ']');
}

static void json_out_parents(struct out *out, const struct value *value, const struct column_source *source)
{
	const struct owners *owners = source->context->owners;
	const struct process *process = &owners->process[value->process];
	out_char(out, '[');
	for (unsigned depth = 0; depth < OWNERS_PARENTS_MAX; depth++) {
		process = owners_parent(owners, process);
		if (!process)
			break;
		json_out_process(out, owners, process, depth, "comm", process->comm);
	}
	out_char(out, ']');
}

static int json_out_value(struct json_state *state, struct out *out, const struct value *value,
                          const struct column_source *source)
{
	switch (value->kind) {
	case VALUE_NONE:
		out_string(out, "null");
		return 0;
	case VALUE_BYTES:
		json_bytes(out, value->bytes.data, value->bytes.len);
		return 0;
	case VALUE_PRINTABLE:
		json_printable(out, value->bytes.data, value->bytes.len);
		return 0;
	case VALUE_OWNERS:
		return json_out_owners(state, out, source);
	case VALUE_CANDIDATES:
		json_out_candidates(out, source);
		return 0;
	case VALUE_PARENTS:
		json_out_parents(out, value, source);
		return 0;
	case VALUE_ENDPOINT:
	case VALUE_DETAIL:
	case VALUE_ARGS:
		state->text.len = 0;
		if (value_text(&state->text, value, source) < 0)
			return -1;
		json_printable(out, state->text.data, state->text.len);
		return 0;
	default:
		json_out_short(out, value);
		return 0;
	}
}

/* --- sockets --- */

static int json_out_socket(struct json_state *state, const struct view *view, struct out *out, const struct sock *sock)
{
	struct column_source source;
	column_source_set(&source, view->context, sock);
	for (size_t i = 0; i < view->columns->count; i++) {
		struct value value;
		out_bytes(out, state->keys.data + state->key[i].start, state->key[i].len);
		column_get(view->columns->column[i], &source, &value);
		if (json_out_value(state, out, &value, &source) < 0)
			return -1;
	}
	out_char(out, '}');
	return 0;
}

static int json_make_keys(struct json_state *state, const struct column_list *columns)
{
	state->key = calloc(columns->count + 1, sizeof(*state->key));
	if (!state->key)
		return -1;
	for (size_t i = 0; i < columns->count; i++) {
		size_t start = state->keys.len;
		if (text_add_string(&state->keys, i ? ",\"" : "{\"") < 0 ||
		    text_add_string(&state->keys, columns->column[i]->name) < 0 ||
		    text_add_string(&state->keys, "\":") < 0)
			return -1;
		state->key[i] = (struct json_key){ (uint32_t)start, (uint32_t)(state->keys.len - start) };
	}
	return 0;
}

static int jsonl_begin(void *at, const struct view *view, struct out *out)
{
	struct json_state *state = at;
	(void)out;
	if (json_make_keys(state, view->columns) < 0)
		return -1;
	for (unsigned i = 0; i < OWNER_FIELDS; i++)
		state->owner[i] = column_find(owner_fields[i].column, strlen(owner_fields[i].column));
	return 0;
}

static int jsonl_row(void *at, const struct view *view, struct out *out, const struct sock *sock)
{
	int result = json_out_socket(at, view, out, sock);
	out_char(out, '\n');
	return result;
}

static int jsonl_end(void *at, const struct view *view, struct out *out)
{
	struct json_state *state = at;
	(void)view;
	(void)out;
	free(state->key);
	text_free(&state->keys);
	text_free(&state->text);
	return 0;
}

/* --- the document --- */

static int json_begin(void *at, const struct view *view, struct out *out)
{
	json_document_begin(view, out);
	json_out_key(out, ',', view->document->groups ? "groups" : "sockets");
	out_char(out, '[');
	return jsonl_begin(at, view, out);
}

static int json_row(void *at, const struct view *view, struct out *out, const struct sock *sock)
{
	struct json_state *state = at;
	out_string(out, state->some ? ",\n" : "\n");
	state->some = true;
	return json_out_socket(state, view, out, sock);
}

static int json_end(void *at, const struct view *view, struct out *out)
{
	out_string(out, "\n]");
	json_document_end(view, out);
	return jsonl_end(at, view, out);
}

const struct format format_json = {
	.name = "json",
	.begin = json_begin,
	.row = json_row,
	.end = json_end,
	.state_size = sizeof(struct json_state),
	.style = COLUMNS_TREE,
	.tells_errors = true,
};

const struct format format_jsonl = {
	.name = "jsonl",
	.begin = jsonl_begin,
	.row = jsonl_row,
	.end = jsonl_end,
	.state_size = sizeof(struct json_state),
	.style = COLUMNS_TREE,
};
