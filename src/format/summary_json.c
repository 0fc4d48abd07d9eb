// SPDX-License-Identifier: MIT
/* summary_json.c - --summary as one JSON object: sockview-json(5). */
#include "format/summary.h"

#include <string.h>

#include <sockview/json_string.h>
#include <sockview/proto.h>

#include "format/json_document.h"

enum { SUMMARY_JSON_ROOM = 10 };

static void json_out_sockets(const struct summary *summary, struct out *out)
{
	bool some = false;
	json_out_key(out, '{', "sockets");
	out_char(out, '[');
	for (unsigned order = 0; order < ROW_ORDERS; order++)
		for (unsigned state = 0; state < STATE_COUNT; state++) {
			const struct summary_kind kind = summary_kind(order);
			if (!summary->count[order][state])
				continue;
			out_string(out, some ? ",\n" : "\n");
			some = true;
			json_out_key(out, '{', "protocol");
			json_string(out, kind.name);
			json_out_key(out, ',', "family");
			json_string(out, kind.family);
			json_out_key(out, ',', "state");
			json_string(out, summary_state(kind.proto, state));
			json_out_number_field(out, ',', "count", summary->count[order][state]);
			out_char(out, '}');
		}
	out_char(out, ']');
}

static void json_out_without_owner(const struct summary *summary, const struct view *view, struct out *out)
{
	char before = '{';
	json_out_key(out, ',', "without_owner");
	if (!view->owners) {
		out_string(out, "null");
		return;
	}
	for (unsigned reason = REASON_OWNED + 1; reason < REASON_COUNT; reason++) {
		if (!summary->reason[reason])
			continue;
		json_out_number_field(out, before, owner_reason_name(reason), summary->reason[reason]);
		before = ',';
	}
	out_string(out, before == '{' ? "{}" : "}");
}

static void json_out_or_null(struct out *out, char before, const char *name, bool known, uint64_t number)
{
	if (known) {
		json_out_number_field(out, before, name, number);
		return;
	}
	json_out_key(out, before, name);
	out_string(out, "null");
}

static void json_out_host_number(const struct view *view, struct out *out, char before, const char *name,
                                 enum host_number which, bool pages)
{
	uint64_t number = 0;
	bool known = summary_host_number(view, which, &number);
	json_out_or_null(out, before, name, known, pages && known ? number * view->host->page_size : number);
}

static void json_out_accept_queues(const struct summary *summary, const struct view *view, struct out *out)
{
	size_t room = view->top ? view->top : SUMMARY_JSON_ROOM;
	json_out_key(out, ',', "accept_queues");
	out_char(out, '[');
	for (size_t i = 0; i < summary->listeners && i < room; i++) {
		const struct summary_listener *listener = &summary->listener[i];
		struct bytes program = summary_program(listener, view);
		out_string(out, i ? ",\n" : "\n");
		json_out_key(out, '{', "protocol");
		json_string(out, proto_name(listener->row.proto));
		json_out_key(out, ',', "local_address");
		json_string(out, listener->address);
		json_out_number_field(out, ',', "local_port", listener->row.local_port);
		json_out_or_null(out, ',', "accept_queue", listener->has_queue, listener->accept_queue);
		json_out_or_null(out, ',', "backlog", listener->has_queue, listener->backlog);
		json_out_or_null(out, ',', "pid", listener->process,
		                 listener->process ? (uint64_t)listener->process->pid : 0);
		json_out_key(out, ',', "program");
		if (program.data)
			json_bytes(out, program.data, program.len);
		else
			out_string(out, "null");
		out_char(out, '}');
	}
	out_char(out, ']');
}

static void json_out_list(struct summary_list *list, const struct view *view, struct out *out, const char *name,
                          const char *key)
{
	bool some = false;
	json_out_key(out, ',', name);
	out_char(out, '[');
	for (size_t i = 0, shown = 0; i < groups_count(list->groups); i++) {
		struct value value;
		struct column_source source;
		char text[VALUE_SHORT_MAX];
		uint64_t count = summary_list_at(list, view, i, &value, &source);
		if (value.kind == VALUE_NONE || shown++ >= summary_list_len(list, view, SUMMARY_JSON_ROOM))
			continue;
		out_string(out, some ? ",\n" : "\n");
		some = true;
		json_out_key(out, '{', key);
		if (value.kind == VALUE_BYTES)
			json_bytes(out, value.bytes.data, value.bytes.len);
		else
			json_printable(out, text, (size_t)(value_short_text(text, &value) - text));
		json_out_number_field(out, ',', "count", count);
		out_char(out, '}');
	}
	out_char(out, ']');
}

static uint64_t summary_time_wait(const struct summary *summary)
{
	uint64_t count = 0;
	for (unsigned order = 0; order < ROW_ORDERS; order++)
		count += summary->count[order][STATE_TIME_WAIT];
	return count;
}

static void json_out_memory(const struct summary *summary, const struct view *view, struct out *out)
{
	json_out_key(out, ',', "time_wait");
	json_out_number_field(out, '{', "count", summary_time_wait(summary));
	json_out_host_number(view, out, ',', "limit", HOST_TIME_WAIT_MAX, false);
	out_char(out, '}');
	json_out_key(out, ',', "orphans");
	json_out_host_number(view, out, '{', "count", HOST_ORPHANS, false);
	json_out_host_number(view, out, ',', "limit", HOST_ORPHANS_MAX, false);
	out_char(out, '}');
	json_out_host_number(view, out, ',', "tcp_allocated", HOST_TCP_ALLOCATED, false);
	json_out_key(out, ',', "memory");
	json_out_host_number(view, out, '{', "tcp_bytes", HOST_TCP_PAGES, true);
	json_out_host_number(view, out, ',', "tcp_pressure_bytes", HOST_TCP_PAGES_PRESSURE, true);
	json_out_host_number(view, out, ',', "tcp_limit_bytes", HOST_TCP_PAGES_MAX, true);
	json_out_host_number(view, out, ',', "udp_bytes", HOST_UDP_PAGES, true);
	json_out_host_number(view, out, ',', "udp_limit_bytes", HOST_UDP_PAGES_MAX, true);
	out_char(out, '}');
	json_out_key(out, ',', "host_wide");
	out_string(out, "[\"orphans\",\"tcp_allocated\",\"memory\"]");
}

static int summary_json_end(void *at, const struct view *view, struct out *out)
{
	struct summary *summary = at;
	int result = summary->programs.groups && summary->hosts.groups ? summary_settle(summary, view) : -1;
	if (result == 0) {
		json_document_begin(view, out);
		json_out_key(out, ',', "summary");
		json_out_sockets(summary, out);
		json_out_number_field(out, ',', "total", summary->sockets);
		json_out_without_owner(summary, view, out);
		json_out_number_field(out, ',', "listeners", summary->listeners);
		json_out_accept_queues(summary, view, out);
		json_out_list(&summary->hosts, view, out, "remote_hosts", "remote_address");
		json_out_list(&summary->programs, view, out, "programs", "program");
		json_out_memory(summary, view, out);
		out_char(out, '}');
		json_document_end(view, out);
	}
	summary_free(summary);
	return result;
}

const struct format format_summary_json = {
	.name = "json",
	.begin = summary_begin,
	.row = summary_row,
	.end = summary_json_end,
	.state_size = sizeof(struct summary),
	.style = COLUMNS_NONE,
	.tells_errors = true,
};
