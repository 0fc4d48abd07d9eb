/* event_keys.c - what an event says, by name (event_keys.h). */
#include "events/event_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/errno_name.h>
#include <sockview/event_kind.h>
#include <sockview/proto.h>

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

void event_local_time(const struct event_style *style, const struct event *event, struct tm *tm)
{
	time_t seconds = (time_t)(event->time_ns / 1000000000);
	if (style->utc)
		gmtime_r(&seconds, tm);
	else
		localtime_r(&seconds, tm);
}

unsigned event_microseconds(const struct event *event)
{
	return (unsigned)(event->time_ns % 1000000000 / 1000);
}

/* RFC 3339: 2026-11-20T16:00:45.123456+01:00 */
static void get_time(const struct event_style *style, const struct event *event, struct cell *cell)
{
	struct tm tm;
	char stamp[32], zone[8] = "Z";
	event_local_time(style, event, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	long minutes = tm.tm_gmtoff / 60;
	if (!style->utc)
		snprintf(zone, sizeof(zone), "%c%02ld:%02ld", minutes < 0 ? '-' : '+', labs(minutes) / 60 % 100,
		         labs(minutes) % 60);
	cell->kind = CELL_WORD;
	snprintf(cell->text, sizeof(cell->text), "%s.%06u%s", stamp, event_microseconds(event), zone);
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

void event_get_end(const struct event *event, bool remote, struct cell *cell)
{
	const struct row *row = &event->row;
	bool mapped = row->flags & (remote ? ROW_REMOTE_MAPPED : ROW_LOCAL_MAPPED);
	cell->kind = CELL_WORD;
	*addr_text(cell->text, remote ? &row->remote : &row->local, row->family, mapped) = '\0';
}

static void get_local_address(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	event_get_end(event, false, cell);
}

static void get_remote_address(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	event_get_end(event, true, cell);
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

static void cell_hostile(struct cell *cell, struct bytes bytes)
{
	cell->kind = bytes.len ? CELL_HOSTILE : CELL_NONE;
	cell->hostile = bytes;
}

static void get_program(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_hostile(cell, (struct bytes){ event->comm, strnlen(event->comm, sizeof(event->comm)) });
}

static void get_uid(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_number(cell, event->row.flags & ROW_HAS_UID, event->row.uid);
}

void event_get_direction(const struct event_style *style, const struct event *event, struct cell *cell)
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

void event_get_error(const struct event_style *style, const struct event *event, struct cell *cell)
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

static void event_get_cmdline(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_hostile(cell, event->cmdline);
}

static void event_get_unit(const struct event_style *style, const struct event *event, struct cell *cell)
{
	(void)style;
	cell_hostile(cell, event->unit);
}

void event_get_netns_name(const struct event_style *style, const struct event *event, struct cell *cell)
{
	const struct netns_list *list = style->netns;
	cell->kind = CELL_NONE;
	if (!list || !event->netns)
		return;
	for (size_t i = 0; i < list->count; i++)
		if (list->item[i].inode == event->netns && list->item[i].label) {
			cell_hostile(cell, (struct bytes){ list->item[i].label, strlen(list->item[i].label) });
			return;
		}
	/* It began after the watch. */
	cell->kind = CELL_WORD;
	snprintf(cell->text, sizeof(cell->text), "net:[%u]", event->netns);
}

/* In their order. */
static const struct event_key keys[] = {
	{ "time", 32, get_time },
	{ "event", 8, get_event },
	{ "protocol", 8, get_protocol },
	{ "local_address", 15, get_local_address },
	{ "local_port", 10, get_local_port },
	{ "remote_address", 15, get_remote_address },
	{ "remote_port", 11, get_remote_port },
	{ "pid", 7, get_pid },
	{ "program", 15, get_program },
	{ "uid", 5, get_uid },
	{ "direction", 9, event_get_direction },
	{ "duration", 10, get_duration },
	{ "bytes_acked", 11, get_acked },
	{ "bytes_received", 14, get_received },
	{ "exact", 5, get_exact },
	{ "total_retrans", 13, get_retrans },
	{ "error", 12, event_get_error },
	{ "cookie", 10, get_cookie },
	{ "netns", 10, get_event_netns },
	{ "owner_from", 15, get_owner_from },
	{ "owner_candidates", 16, get_candidates },
	{ "source", 7, get_source },
	{ "netns_name", 12, event_get_netns_name },
	{ "cmdline", 24, event_get_cmdline },
	{ "unit", 16, event_get_unit },
};

const struct event_key *event_key_at(size_t index)
{
	return index < countof(keys) ? &keys[index] : NULL;
}

/* --- a choice of them --- */

static void columns_remove(struct event_columns *columns, uint8_t key)
{
	size_t kept = 0;
	for (size_t i = 0; i < columns->count; i++)
		if (columns->key[i] != key)
			columns->key[kept++] = columns->key[i];
	columns->count = kept;
}

static void columns_add(struct event_columns *columns, uint8_t key)
{
	columns_remove(columns, key);
	columns->key[columns->count++] = key;
}

/* One name with its sign. */
static bool columns_take(struct event_columns *columns, const char *name, size_t len)
{
	char sign = len && (*name == '+' || *name == '-') ? *name : 0;
	name += sign != 0;
	len -= sign != 0;
	bool all = text_is_name("all", name, len), found = all;
	for (uint8_t key = 0; key < countof(keys); key++) {
		if (!all && !text_is_name(keys[key].name, name, len))
			continue;
		found = true;
		if (sign == '-')
			columns_remove(columns, key);
		else
			columns_add(columns, key);
	}
	return found;
}

bool event_columns_parse(struct event_columns *columns, const char *list, struct bytes *unknown)
{
	_Static_assert(countof(keys) <= EVENT_KEYS_MOST, "a place for each key");
	bool added = *list == '+' || *list == '-';
	if (!added)
		columns->count = 0;
	columns->chosen = !added || columns->chosen;
	for (const char *name = list;; name++) {
		size_t len = strcspn(name, ",");
		*unknown = (struct bytes){ name, len };
		if (!columns_take(columns, name, len))
			return false;
		name += len;
		if (!*name)
			return true;
	}
}

void event_columns_default(struct event_columns *columns, bool text, bool netns)
{
	columns->count = 0;
	for (uint8_t key = 0; key < countof(keys) && !text; key++)
		if (netns || keys[key].get != event_get_netns_name)
			columns->key[columns->count++] = key;
}

bool event_columns_have(const struct event_columns *columns, const char *name)
{
	for (size_t i = 0; i < columns->count; i++)
		if (strcmp(keys[columns->key[i]].name, name) == 0)
			return true;
	return false;
}
