// SPDX-License-Identifier: MIT
/* event_out.c - an event as a line of text, JSON or CSV (event_out.h). */
#include "events/event_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/event_kind.h>
#include <sockview/json_string.h>
#include <sockview/proto.h>

#include "events/event_keys.h"

/* --- JSON and CSV --- */

static void out_json(const struct event_style *style, const struct event *event)
{
	struct out *out = style->out;
	struct cell cell;
	for (size_t i = 0; i < style->columns.count; i++) {
		const struct event_key *key = event_key_at(style->columns.key[i]);
		key->get(style, event, &cell);
		if (!i)
			out_char(out, '{');
		out_bytes(out, key->json + !i, key->json_len - !i);
		if (cell.kind == CELL_NONE)
			out_bytes(out, "null", 4);
		else if (cell.kind == CELL_BARE)
			out_bytes(out, cell.text.data, cell.text.len);
		else if (cell.kind == CELL_WORD)
			json_printable(out, cell.text.data, cell.text.len);
		else
			json_bytes(out, cell.text.data, cell.text.len);
	}
	out_string(out, "}\n");
}

static void out_csv_text(const struct event_style *style, const char *text, size_t len)
{
	struct out *out = style->out;
	if (style->form == EVENTS_TSV) {
		out_bytes(out, text, len);
		return;
	}
	bool quotes = memchr(text, ',', len) || memchr(text, '"', len);
	if (quotes)
		out_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			out_char(out, '"');
		out_char(out, text[i]);
	}
	if (quotes)
		out_char(out, '"');
}

/* An escaped copy behind one free byte, to the text's end; NULL: no memory. */
static char *escaped_cell(struct cell *cell, enum text_escape how, char **end)
{
	char *escaped = malloc(1 + TEXT_ESCAPED_MAX(cell->text.len) + 1);
	if (escaped)
		*end = text_escape(escaped + 1, cell->text.data, cell->text.len, how);
	return escaped;
}

static int out_csv(const struct event_style *style, const struct event *event)
{
	struct out *out = style->out;
	struct cell cell;
	for (size_t i = 0; i < style->columns.count; i++) {
		event_key_at(style->columns.key[i])->get(style, event, &cell);
		if (i)
			out_char(out, style->form == EVENTS_TSV ? '\t' : ',');
		if (cell.kind != CELL_HOSTILE) {
			if (cell.kind != CELL_NONE)
				out_bytes(out, cell.text.data, cell.text.len);
			continue;
		}
		char *end, *escaped = escaped_cell(&cell, TEXT_LINE, &end);
		if (!escaped)
			return -1;
		bool formula = style->csv_safe && end > escaped + 1 && memchr("=+-@'", escaped[1], 5);
		escaped[0] = '\'';
		out_csv_text(style, formula ? escaped : escaped + 1, (size_t)(end - escaped) - !formula);
		free(escaped);
	}
	out_string(out, style->form == EVENTS_TSV ? "\n" : "\r\n");
	return 0;
}

/* --- text --- */

static char *end_text(char *to, const struct event *event, bool remote)
{
	const struct row *row = &event->row;
	struct cell address;
	uint16_t port = remote ? row->remote_port : row->local_port;
	event_get_end(event, remote, &address);
	bool brackets = memchr(address.text.data, ':', address.text.len) != NULL;
	if (brackets)
		*to++ = '[';
	to = mempcpy(to, address.text.data, address.text.len);
	if (brackets)
		*to++ = ']';
	*to++ = ':';
	return port ? text_u64(to, port) : stpcpy(to, "*");
}

static char *owner_text(char *to, const struct event *event)
{
	if (!event->pid)
		return stpcpy(to, "-");
	to = text_u64(to, (uint64_t)event->pid);
	*to++ = '/';
	return text_escape(to, event->comm, strnlen(event->comm, sizeof(event->comm)), TEXT_WORD);
}

static char *detail_text(char *to, const struct event_style *style, const struct event *event)
{
	struct cell cell;
	char *start = to;
	event_get_error(style, event, &cell);
	*to = '\0';
	if (event->kind == EVENT_OPEN)
		event_get_direction(style, event, &cell);
	if (event->kind == EVENT_OPEN || event->kind == EVENT_FAILED)
		return cell.kind ? mempcpy(to, cell.text.data, cell.text.len) : stpcpy(to, "-");
	if (event->kind != EVENT_CLOSE)
		return to;
	if (event->has_duration)
		to += sprintf(to, " %" PRIu64 ".%03" PRIu64 "s", event->duration_ns / 1000000000,
		              event->duration_ns % 1000000000 / 1000000);
	if (event->has_counters)
		to += sprintf(to, " sent:%s%" PRIu64 " received:%s%" PRIu64, event->payload.acked_exact ? "" : "~",
		              event->payload.acked, event->payload.received_exact ? "" : "~", event->payload.received);
	if (event->has_retrans)
		to += sprintf(to, " retrans:%u", event->total_retrans);
	if (cell.kind)
		to += sprintf(to, " %.*s", (int)cell.text.len, (const char *)cell.text.data);
	if (to == start)
		return stpcpy(to, "");
	memmove(start, start + 1, (size_t)(to - start));
	return to - 1;
}

static void out_padded(struct out *out, const char *text, const char *end, size_t width)
{
	size_t len = (size_t)(end - text);
	out_bytes(out, text, len);
	for (; len < width; len++)
		out_char(out, ' ');
	if (width)
		out_char(out, ' ');
}

static void out_name(struct out *out, const char *name, size_t width)
{
	out_padded(out, name, name + strlen(name), width);
}

enum { WIDTH_KIND = 8, WIDTH_PROTO = 5, WIDTH_END = 21, WIDTH_OWNER = 13, WIDTH_DETAIL = 38 };

/* An absent value is "-". */
static int out_word(const struct event_style *style, struct cell *cell, unsigned width, enum text_escape how)
{
	if (cell->kind != CELL_HOSTILE) {
		struct bytes text = cell->kind == CELL_NONE ? (struct bytes){ "-", 1 } : cell->text;
		out_padded(style->out, text.data, (const char *)text.data + text.len, width);
		return 0;
	}
	char *end, *escaped = escaped_cell(cell, how, &end);
	if (!escaped)
		return -1;
	out_padded(style->out, escaped + 1, end, width);
	free(escaped);
	return 0;
}

/* The keys alone, in columns; the last of a width of its own. */
static int out_columns(const struct event_style *style, const struct event *event)
{
	struct cell cell;
	for (size_t i = 0; i < style->columns.count; i++) {
		const struct event_key *key = event_key_at(style->columns.key[i]);
		key->get(style, event, &cell);
		bool last = i + 1 == style->columns.count;
		if (out_word(style, &cell, last ? 0 : key->width, last ? TEXT_LINE : TEXT_WORD) < 0)
			return -1;
	}
	out_char(style->out, '\n');
	return 0;
}

/* Behind the line: each as a word "key:value". */
static int out_behind(const struct event_style *style, const struct event *event)
{
	struct cell cell;
	for (size_t i = 0; i < style->columns.count; i++) {
		const struct event_key *key = event_key_at(style->columns.key[i]);
		key->get(style, event, &cell);
		out_string(style->out, " ");
		out_string(style->out, key->name);
		out_char(style->out, ':');
		if (out_word(style, &cell, 0, TEXT_WORD) < 0)
			return -1;
	}
	return 0;
}

static int out_text(const struct event_style *style, const struct event *event)
{
	struct out *out = style->out;
	char text[512];
	if (style->columns.chosen)
		return out_columns(style, event);
	event_time(text, style, event);
	out_bytes(out, text + EVENT_CLOCK, EVENT_CLOCK_END - EVENT_CLOCK);
	out_char(out, ' ');
	out_name(out, event_name(event->kind), WIDTH_KIND);
	out_name(out, proto_name(event->row.proto), WIDTH_PROTO);
	out_padded(out, text, end_text(text, event, false), WIDTH_END);
	out_padded(out, text, end_text(text, event, true), WIDTH_END);
	char *end = detail_text(text, style, event);
	char owner[16 + TEXT_ESCAPED_MAX(sizeof(event->comm))];
	char *owner_end = owner_text(owner, event);
	if (style->netns) {
		struct cell cell;
		event_get_netns_name(style, event, &cell);
		out_padded(out, owner, owner_end, WIDTH_OWNER);
		out_padded(out, text, end, WIDTH_DETAIL);
		if (out_word(style, &cell, 0, TEXT_WORD) < 0)
			return -1;
	} else if (end == text) {
		out_bytes(out, owner, (size_t)(owner_end - owner));
	} else {
		out_padded(out, owner, owner_end, WIDTH_OWNER);
		out_bytes(out, text, (size_t)(end - text));
	}
	if (out_behind(style, event) < 0)
		return -1;
	out_char(out, '\n');
	return 0;
}

static void out_titles(const struct event_style *style)
{
	struct out *out = style->out;
	char title[CELL_MAX];
	if (!style->columns.chosen) {
		snprintf(title, sizeof(title), "%-15s %-8s %-5s %-*s %-*s %-*s ", "TIME", "EVENT", "PROTO", WIDTH_END,
		         "LOCAL", WIDTH_END, "FOREIGN", WIDTH_OWNER, "PID/PROGRAM");
		out_string(out, title);
		snprintf(title, sizeof(title), style->netns ? "%-*s NETNS\n" : "%-*s\n",
		         style->netns ? WIDTH_DETAIL : 0, "DETAIL");
		out_string(out, title);
		return;
	}
	for (size_t i = 0; i < style->columns.count; i++) {
		const struct event_key *key = event_key_at(style->columns.key[i]);
		char *end = title;
		for (const char *name = key->name; *name; name++)
			*end++ = (char)(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
		out_padded(out, title, end, i + 1 < style->columns.count ? key->width : 0);
	}
	out_char(out, '\n');
}

void event_out_header(const struct event_style *style)
{
	struct out *out = style->out;
	if (style->no_header || style->form == EVENTS_JSONL)
		return;
	if (style->form == EVENTS_TEXT) {
		out_titles(style);
		return;
	}
	for (size_t i = 0; i < style->columns.count; i++) {
		if (i)
			out_char(out, style->form == EVENTS_TSV ? '\t' : ',');
		out_string(out, event_key_at(style->columns.key[i])->name);
	}
	out_string(out, style->form == EVENTS_TSV ? "\n" : "\r\n");
}

int event_out(const struct event_style *style, const struct event *event)
{
	if (style->form == EVENTS_TEXT)
		return out_text(style, event);
	if (style->form != EVENTS_JSONL)
		return out_csv(style, event);
	out_json(style, event);
	return 0;
}
