/* event_out.c - an event as a line of text, JSON or CSV (event_out.h). */
#include "events/event_out.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sockview/countof.h>
#include <sockview/errno_name.h>
#include <sockview/event_kind.h>
#include <sockview/json_string.h>
#include <sockview/proto.h>

enum { TEXT_MAX = 128 };

/* What a key's value is: a number or true and false go without quotes, what is absent is null or empty. */
enum cell_kind { CELL_NONE, CELL_BARE, CELL_WORD, CELL_HOSTILE };

struct cell {
	enum cell_kind kind;
	size_t len; /* CELL_HOSTILE */
	char text[TEXT_MAX];
};

static void cell_word(struct cell *cell, const char *word)
{
	cell->kind = word && *word ? CELL_WORD : CELL_NONE;
	snprintf(cell->text, sizeof(cell->text), "%s", word ? word : "");
}

static void cell_number(struct cell *cell, bool told, uint64_t number)
{
	cell->kind = told ? CELL_BARE : CELL_NONE;
	snprintf(cell->text, sizeof(cell->text), "%" PRIu64, number);
}

static void cell_bool(struct cell *cell, bool told, bool yes)
{
	cell->kind = told ? CELL_BARE : CELL_NONE;
	snprintf(cell->text, sizeof(cell->text), "%s", yes ? "true" : "false");
}

/* --- values --- */

static void local_time(const struct event_style *style, const struct event *event, struct tm *tm)
{
	time_t seconds = (time_t)(event->time_ns / 1000000000);
	if (style->utc)
		gmtime_r(&seconds, tm);
	else
		localtime_r(&seconds, tm);
}

static unsigned microseconds(const struct event *event)
{
	return (unsigned)(event->time_ns % 1000000000 / 1000);
}

/* RFC 3339: 2026-11-20T16:00:45.123456+01:00 */
static void get_time(const struct event_style *style, const struct event *event, struct cell *cell)
{
	struct tm tm;
	char stamp[32], zone[8] = "Z";
	local_time(style, event, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	long minutes = tm.tm_gmtoff / 60;
	if (!style->utc)
		snprintf(zone, sizeof(zone), "%c%02ld:%02ld", minutes < 0 ? '-' : '+', labs(minutes) / 60 % 100,
		         labs(minutes) % 60);
	cell->kind = CELL_WORD;
	snprintf(cell->text, sizeof(cell->text), "%s.%06u%s", stamp, microseconds(event), zone);
}

static void get_event(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_word(cell, event_name(event->kind));
}

static void get_protocol(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_word(cell, proto_name(event->row.proto));
}

static void end_cell(const struct event *event, bool remote, struct cell *cell)
{
	const struct row *row = &event->row;
	bool mapped = row->flags & (remote ? ROW_REMOTE_MAPPED : ROW_LOCAL_MAPPED);
	cell->kind = CELL_WORD;
	*addr_text(cell->text, remote ? &row->remote : &row->local, row->family, mapped) = '\0';
}

static void get_local_address(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	end_cell(event, false, cell);
}

static void get_remote_address(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	end_cell(event, true, cell);
}

static void get_local_port(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->row.local_port, event->row.local_port);
}

static void get_remote_port(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->row.remote_port, event->row.remote_port);
}

static void get_pid(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->pid, (uint64_t)event->pid);
}

static void get_program(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell->len = strnlen(event->comm, sizeof(event->comm));
	cell->kind = cell->len ? CELL_HOSTILE : CELL_NONE;
	memcpy(cell->text, event->comm, cell->len);
}

static void get_uid(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->row.flags & ROW_HAS_UID, event->row.uid);
}

static void get_direction(const struct event_style *style, const struct event *event, struct cell *cell)
{
	static const char *const words[] = { "", "out", "in" };
	(void)style;
	cell_word(cell, words[event->direction]);
}

static void get_duration(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell->kind = event->has_duration ? CELL_BARE : CELL_NONE;
	snprintf(cell->text, sizeof(cell->text), "%" PRIu64 ".%06" PRIu64, event->duration_ns / 1000000000,
	         event->duration_ns % 1000000000 / 1000);
}

static void get_acked(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->has_counters, event->payload.acked);
}

static void get_received(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->has_counters, event->payload.received);
}

static void get_exact(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_bool(cell, event->has_counters, event->payload.acked_exact && event->payload.received_exact);
}

static void get_retrans(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->has_retrans, event->total_retrans);
}

static void get_error(const struct event_style *style, const struct event *event, struct cell *cell)
{
	char number[16];
	const char *name = event->error ? errno_name(event->error) : NULL;
	(void)style;
	snprintf(number, sizeof(number), "%d", event->error);
	cell_word(cell, !event->has_error             ? NULL
	                : name                        ? name
	                : event->error                ? number
	                : event->kind == EVENT_FAILED ? "closed"
	                                              : NULL);
}

static void get_cookie(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->row.flags & ROW_HAS_COOKIE, event->row.cookie);
}

static void get_event_netns(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->netns, event->netns);
}

static void get_owner_from(const struct event_style *style, const struct event *event, struct cell *cell)
{
	static const char *const words[] = { "", "self", "listener", "listener-shared", "seed", "dump" };
	(void)style;
	cell_word(cell, words[event->owner_from]);
}

static void get_candidates(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->owner_from == OWNER_LISTENER_SHARED, event->candidates);
}

static void get_source(const struct event_style *style, const struct event *event, struct cell *cell)
{
	static const char *const words[] = { "bpf", "destroy", "dump" };
	(void)style;
	cell_word(cell, words[event->source]);
}

/* The keys of JSON and the columns of CSV, in their order. */
static const struct {
	const char *name;
	void (*get)(const struct event_style *style, const struct event *event, struct cell *cell);
} keys[] = {
	{ "time", get_time },
	{ "event", get_event },
	{ "protocol", get_protocol },
	{ "local_address", get_local_address },
	{ "local_port", get_local_port },
	{ "remote_address", get_remote_address },
	{ "remote_port", get_remote_port },
	{ "pid", get_pid },
	{ "program", get_program },
	{ "uid", get_uid },
	{ "direction", get_direction },
	{ "duration", get_duration },
	{ "bytes_acked", get_acked },
	{ "bytes_received", get_received },
	{ "exact", get_exact },
	{ "total_retrans", get_retrans },
	{ "error", get_error },
	{ "cookie", get_cookie },
	{ "netns", get_event_netns },
	{ "owner_from", get_owner_from },
	{ "owner_candidates", get_candidates },
	{ "source", get_source },
};

/* --- JSON and CSV --- */

static void out_json(const struct event_style *style, const struct event *event)
{
	struct out *out = style->out;
	struct cell cell;
	for (size_t i = 0; i < countof(keys); i++) {
		keys[i].get(style, event, &cell);
		out_string(out, i ? ",\"" : "{\"");
		out_string(out, keys[i].name);
		out_string(out, "\":");
		if (cell.kind == CELL_NONE)
			out_string(out, "null");
		else if (cell.kind == CELL_BARE)
			out_string(out, cell.text);
		else if (cell.kind == CELL_WORD)
			json_printable(out, cell.text, strlen(cell.text));
		else
			json_bytes(out, cell.text, cell.len);
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

static void out_csv(const struct event_style *style, const struct event *event)
{
	char escaped[1 + TEXT_ESCAPED_MAX(TEXT_MAX)];
	struct out *out = style->out;
	struct cell cell;
	for (size_t i = 0; i < countof(keys); i++) {
		keys[i].get(style, event, &cell);
		if (i)
			out_char(out, style->form == EVENTS_TSV ? '\t' : ',');
		if (cell.kind != CELL_HOSTILE) {
			out_string(out, cell.kind == CELL_NONE ? "" : cell.text);
			continue;
		}
		char *end = text_escape(escaped + 1, cell.text, cell.len, TEXT_LINE);
		bool formula = style->csv_safe && memchr("=+-@'", escaped[1], 5);
		escaped[0] = '\'';
		out_csv_text(style, formula ? escaped : escaped + 1, (size_t)(end - escaped) - !formula);
	}
	out_string(out, style->form == EVENTS_TSV ? "\n" : "\r\n");
}

/* --- text --- */

static char *end_text(char *to, const struct event *event, bool remote)
{
	const struct row *row = &event->row;
	struct cell address;
	uint16_t port = remote ? row->remote_port : row->local_port;
	end_cell(event, remote, &address);
	bool brackets = strchr(address.text, ':') != NULL;
	to += sprintf(to, brackets ? "[%s]:" : "%s:", address.text);
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
	get_error(style, event, &cell);
	*to = '\0';
	if (event->kind == EVENT_OPEN)
		get_direction(style, event, &cell);
	if (event->kind == EVENT_OPEN || event->kind == EVENT_FAILED)
		return stpcpy(to, cell.kind ? cell.text : "-");
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
		to += sprintf(to, " %s", cell.text);
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
	out_char(out, ' ');
}

enum { WIDTH_END = 21, WIDTH_OWNER = 13 };

static void out_text(const struct event_style *style, const struct event *event)
{
	struct out *out = style->out;
	char text[512];
	struct tm tm;
	local_time(style, event, &tm);
	snprintf(text, sizeof(text), "%02d:%02d:%02d.%06u %-8s %-5s ", tm.tm_hour % 100, tm.tm_min % 100,
	         tm.tm_sec % 100, microseconds(event), event_name(event->kind), proto_name(event->row.proto));
	out_string(out, text);
	out_padded(out, text, end_text(text, event, false), WIDTH_END);
	out_padded(out, text, end_text(text, event, true), WIDTH_END);
	char *end = detail_text(text, style, event);
	char owner[16 + TEXT_ESCAPED_MAX(sizeof(event->comm))];
	char *owner_end = owner_text(owner, event);
	if (end == text) {
		out_bytes(out, owner, (size_t)(owner_end - owner));
	} else {
		out_padded(out, owner, owner_end, WIDTH_OWNER);
		out_bytes(out, text, (size_t)(end - text));
	}
	out_char(out, '\n');
}

void event_out_header(const struct event_style *style)
{
	struct out *out = style->out;
	char line[128];
	if (style->no_header || style->form == EVENTS_JSONL)
		return;
	if (style->form == EVENTS_TEXT) {
		snprintf(line, sizeof(line), "%-15s %-8s %-5s %-*s %-*s %-*s %s\n", "TIME", "EVENT", "PROTO", WIDTH_END,
		         "LOCAL", WIDTH_END, "FOREIGN", WIDTH_OWNER, "PID/PROGRAM", "DETAIL");
		out_string(out, line);
		return;
	}
	for (size_t i = 0; i < countof(keys); i++) {
		if (i)
			out_char(out, style->form == EVENTS_TSV ? '\t' : ',');
		out_string(out, keys[i].name);
	}
	out_string(out, style->form == EVENTS_TSV ? "\n" : "\r\n");
}

int event_out(const struct event_style *style, const struct event *event)
{
	if (style->form == EVENTS_TEXT)
		out_text(style, event);
	else if (style->form == EVENTS_JSONL)
		out_json(style, event);
	else
		out_csv(style, event);
	return 0;
}
