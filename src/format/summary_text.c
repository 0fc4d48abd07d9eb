// SPDX-License-Identifier: MIT
/* summary_text.c - --summary as one screen of text. */
#include "format/summary.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <sockview/column_table.h>
#include <sockview/people.h>
#include <sockview/proto.h>

#include "format/pad.h"

enum {
	SUMMARY_TEXT_ROOM = 5, /* items of a list */
	SUMMARY_BAR = 20,      /* places of a whole bar */
	SUMMARY_WIDTH = 80,
};

__attribute__((format(printf, 2, 3))) static int out_line(struct out *out, const char *format, ...)
{
	char text[160];
	va_list list;
	va_start(list, format);
	int len = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	out_string(out, text);
	return len;
}

/* The share as a bar with a blank behind it; nothing where there is no terminal. */
static unsigned out_bar(const struct view *view, struct out *out, uint64_t part, uint64_t whole)
{
	if (!view->bars)
		return 0;
	unsigned places = whole ? (unsigned)((double)part / (double)whole * SUMMARY_BAR + 0.5) : 0;
	if (places > SUMMARY_BAR)
		places = SUMMARY_BAR;
	for (unsigned i = 0; i < SUMMARY_BAR; i++)
		out_char(out, i < places ? '#' : '.');
	out_string(out, "  ");
	return SUMMARY_BAR + 2;
}

/* A list with commas, on as many lines of a terminal as it takes. */
struct summary_items {
	unsigned indent, at; /* in places */
};

static void out_item(struct out *out, struct summary_items *items, const char *name, uint64_t count)
{
	char item[80];
	int len = snprintf(item, sizeof(item), "%s %llu", name, (unsigned long long)count);
	bool first = items->at == items->indent;
	if (!first && items->at + 2 + (unsigned)len > SUMMARY_WIDTH - 2) {
		out_string(out, ",\n");
		pad_blanks(out, items->indent);
		items->at = items->indent;
		first = true;
	}
	out_string(out, first ? "" : ", ");
	out_string(out, item);
	items->at += (unsigned)len + (first ? 0 : 2);
}

/* "ESTABLISHED 40, LISTEN 3", the most first. */
static void text_states(const uint64_t count[STATE_COUNT], enum proto proto, struct out *out, unsigned indent)
{
	struct summary_items items = { indent, indent };
	bool done[STATE_COUNT] = { false };
	for (;;) {
		unsigned most = STATE_COUNT;
		for (unsigned state = 0; state < STATE_COUNT; state++)
			if (!done[state] && count[state] && (most == STATE_COUNT || count[state] > count[most]))
				most = state;
		if (most == STATE_COUNT)
			break;
		done[most] = true;
		const char *name = summary_state(proto, most);
		out_item(out, &items, name ? name : "UNKNOWN", count[most]);
	}
	out_char(out, '\n');
}

static void text_sockets(const struct summary *summary, const struct view *view, struct out *out)
{
	out_line(out, "%llu socket%s\n", (unsigned long long)summary->sockets, summary->sockets == 1 ? "" : "s");
	for (unsigned order = 0; order < ROW_ORDERS; order++) {
		const struct summary_kind kind = summary_kind(order);
		uint64_t total = 0;
		for (unsigned state = 0; state < STATE_COUNT; state++)
			total += summary->count[order][state];
		if (!total)
			continue;
		unsigned indent =
			(unsigned)out_line(out, "%-8s%-6s%8llu  ", kind.name, kind.family, (unsigned long long)total);
		indent += out_bar(view, out, total, summary->sockets);
		text_states(summary->count[order], kind.proto, out, indent);
	}
}

static void text_without_owner(const struct summary *summary, const struct view *view, struct out *out)
{
	if (!view->owners)
		return;
	unsigned indent = (unsigned)out_line(out, "without owner: %llu%s", (unsigned long long)summary->unowned,
	                                     summary->unowned ? "  " : "");
	struct summary_items items = { indent, indent };
	for (unsigned reason = REASON_OWNED + 1; reason < REASON_COUNT; reason++)
		if (summary->reason[reason])
			out_item(out, &items, owner_reason_name(reason), summary->reason[reason]);
	out_char(out, '\n');
}

/* "1.2MiB", or exact bytes with -n. */
static void out_pages(const struct view *view, struct out *out, uint64_t pages)
{
	const struct value value = { .kind = VALUE_UINT, .uint = pages * view->host->page_size };
	char text[PEOPLE_MAX];
	char *end = text;
	if (!view->context->exact)
		end = people_text(text, column_find("rcvbuf", 6), &value);
	if (end == text)
		out_line(out, "%lluB", (unsigned long long)value.uint);
	else
		out_bytes(out, text, (size_t)(end - text));
}

static void text_memory(const struct view *view, struct out *out, const char *name, enum host_number used,
                        enum host_number limit)
{
	uint64_t pages, most;
	if (!summary_host_number(view, used, &pages))
		return;
	out_line(out, "%s memory: ", name);
	out_pages(view, out, pages);
	if (summary_host_number(view, limit, &most)) {
		out_string(out, " of ");
		out_pages(view, out, most);
	}
	out_string(out, ", of the whole host\n");
}

static void text_host(const struct summary *summary, const struct view *view, struct out *out)
{
	uint64_t waits = 0, number, limit;
	for (unsigned order = 0; order < ROW_ORDERS; order++)
		waits += summary->count[order][STATE_TIME_WAIT];
	if (view->protos & protos_with(PROTO_CONNECTIONS)) {
		out_line(out, "TIME_WAIT: %llu", (unsigned long long)waits);
		if (summary_host_number(view, HOST_TIME_WAIT_MAX, &limit))
			out_line(out, " of %llu", (unsigned long long)limit);
		out_char(out, '\n');
	}
	if (summary_host_number(view, HOST_ORPHANS, &number)) {
		out_line(out, "orphans: %llu", (unsigned long long)number);
		if (summary_host_number(view, HOST_ORPHANS_MAX, &limit))
			out_line(out, " of %llu", (unsigned long long)limit);
		out_string(out, ", of the whole host\n");
	}
	text_memory(view, out, "TCP", HOST_TCP_PAGES, HOST_TCP_PAGES_MAX);
	text_memory(view, out, "UDP", HOST_UDP_PAGES, HOST_UDP_PAGES_MAX);
}

static int text_queues(const struct summary *summary, const struct view *view, struct out *out)
{
	size_t room = view->top ? view->top : SUMMARY_TEXT_ROOM;
	struct text text = { 0 };
	if (!summary->listeners)
		return 0;
	bool none = !summary->listener[0].accept_queue;
	out_line(out, "accept queues: %zu listener%s%s\n", summary->listeners, summary->listeners == 1 ? "" : "s",
	         none ? ", no connection waits" : "");
	for (size_t i = 0; i < summary->listeners && i < room && summary->listener[i].accept_queue; i++) {
		const struct summary_listener *listener = &summary->listener[i];
		struct bytes program = summary_program(listener, view);
		bool six = strchr(listener->address, ':');
		out_line(out, "%8llu of %-8llu", (unsigned long long)listener->accept_queue,
		         (unsigned long long)listener->backlog);
		out_bar(view, out, listener->accept_queue, listener->backlog);
		out_line(out, "%s%s%s:%u", six ? "[" : "", listener->address, six ? "]" : "", listener->row.local_port);
		text.len = 0;
		if (program.data &&
		    (text_add_string(&text, "  ") < 0 || text_add_escaped(&text, program, TEXT_LINE) < 0)) {
			text_free(&text);
			return -1;
		}
		out_bytes(out, text.data ? text.data : "", text.len);
		out_char(out, '\n');
	}
	text_free(&text);
	return 0;
}

static int text_list(struct summary_list *list, const struct view *view, struct out *out, const char *name,
                     uint64_t whole)
{
	size_t count = groups_count(list->groups), room = summary_list_len(list, view, SUMMARY_TEXT_ROOM), shown = 0;
	struct text text = { 0 };
	int result = 0;
	for (size_t i = 0; i < count && shown < room && result == 0; i++) {
		struct value value;
		struct column_source source;
		uint64_t held = summary_list_at(list, view, i, &value, &source);
		if (value.kind == VALUE_NONE)
			continue;
		if (!shown++)
			out_line(out, "%s:\n", name);
		out_line(out, "%8llu  ", (unsigned long long)held);
		out_bar(view, out, held, whole);
		text.len = 0;
		result = value_text(&text, &value, &source);
		out_bytes(out, text.data ? text.data : "", text.len);
		out_char(out, '\n');
	}
	text_free(&text);
	return result;
}

static int summary_text_end(void *at, const struct view *view, struct out *out)
{
	struct summary *summary = at;
	int result = summary->toward.groups ? summary_settle(summary, view) : -1;
	if (result == 0) {
		text_sockets(summary, view, out);
		text_without_owner(summary, view, out);
		text_host(summary, view, out);
		result = text_queues(summary, view, out);
	}
	if (result == 0)
		result = text_list(&summary->hosts, view, out, "most sockets by remote host", summary->sockets);
	if (result == 0)
		result = text_list(&summary->programs, view, out, "most sockets by program", summary->sockets);
	summary_free(summary);
	return result;
}

const struct format format_summary = {
	.name = "summary",
	.begin = summary_begin,
	.row = summary_row,
	.end = summary_text_end,
	.state_size = sizeof(struct summary),
	.style = COLUMNS_NONE,
};
