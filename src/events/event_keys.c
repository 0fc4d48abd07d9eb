// SPDX-License-Identifier: MIT
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

static void cell_text(struct cell *cell, enum cell_kind kind, const char *text, size_t len)
{
	cell->kind = kind;
	cell->text = (struct bytes){ text, len };
}

/* A constant. */
static void cell_word(struct cell *cell, const char *word)
{
	cell_text(cell, word && *word ? CELL_WORD : CELL_NONE, word, word ? strlen(word) : 0);
}

static void cell_number(struct cell *cell, bool told, uint64_t number)
{
	cell->kind = CELL_NONE;
	if (told)
		cell_text(cell, CELL_BARE, cell->room, (size_t)(text_u64(cell->room, number) - cell->room));
}

static void cell_bool(struct cell *cell, bool told, bool yes)
{
	cell_word(cell, yes ? "true" : "false");
	cell->kind = told ? CELL_BARE : CELL_NONE;
}

/* --- values --- */

static char *six_digits(char *to, uint64_t number)
{
	for (int i = 5; i >= 0; i--, number /= 10)
		to[i] = (char)('0' + number % 10);
	return to + 6;
}

/* Both are made once a second: localtime_r() and strftime() cost as much as all the rest of a line. */
static void stamp_second(const struct event_style *style, time_t second)
{
	struct event_stamp *stamp = style->stamp;
	struct tm tm = { 0 };
	if (style->utc)
		gmtime_r(&second, &tm);
	else
		localtime_r(&second, &tm);
	stamp->second = second;
	strftime(stamp->date, sizeof(stamp->date), "%Y-%m-%dT%H:%M:%S", &tm);
	long minutes = tm.tm_gmtoff / 60;
	snprintf(stamp->zone, sizeof(stamp->zone), "Z");
	if (!style->utc)
		snprintf(stamp->zone, sizeof(stamp->zone), "%c%02ld:%02ld", minutes < 0 ? '-' : '+',
		         labs(minutes) / 60 % 100, labs(minutes) % 60);
}

char *event_time(char *to, const struct event_style *style, const struct event *event)
{
	struct event_stamp *stamp = style->stamp;
	time_t second = (time_t)(event->time_ns / 1000000000);
	if (stamp->second != second || !*stamp->date)
		stamp_second(style, second);
	to = stpcpy(to, stamp->date);
	*to++ = '.';
	to = six_digits(to, (uint64_t)(event->time_ns % 1000000000 / 1000));
	return stpcpy(to, stamp->zone);
}

/* RFC 3339: 2026-11-20T16:00:45.123456+01:00 */
static void get_time(const struct event_style *style, const struct event *event, struct cell *cell)
{
	char *end = event_time(cell->room, style, event);
	cell_text(cell, CELL_WORD, cell->room, (size_t)(end - cell->room));
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
	char *end = addr_text(cell->room, remote ? &row->remote : &row->local, row->family, mapped);
	cell_text(cell, CELL_WORD, cell->room, (size_t)(end - cell->room));
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
	cell->text = bytes;
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
	cell->kind = CELL_NONE;
	if (!event->has_duration)
		return;
	char *end = text_u64(cell->room, event->duration_ns / 1000000000);
	*end++ = '.';
	end = six_digits(end, event->duration_ns % 1000000000 / 1000);
	cell_text(cell, CELL_BARE, cell->room, (size_t)(end - cell->room));
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
	const char *name = event->error ? errno_name(event->error) : NULL;
	(void)style;
	if (!name && event->error)
		cell_number(cell, event->has_error, (uint64_t)event->error);
	else
		cell_word(cell, name ? name : event->kind == EVENT_FAILED ? "closed" : NULL);
	cell->kind = cell->kind != CELL_NONE && event->has_error ? CELL_WORD : CELL_NONE;
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
	int len = snprintf(cell->room, sizeof(cell->room), "net:[%u]", event->netns);
	cell_text(cell, CELL_WORD, cell->room, (size_t)len);
}

/* Its name, and as JSON has it. */
#define NAMED(name) name, ",\"" name "\":", sizeof(name) + 3

/* In their order. */
static const struct event_key keys[] = {
	{ NAMED("time"), 32, get_time },
	{ NAMED("event"), 8, get_event },
	{ NAMED("protocol"), 8, get_protocol },
	{ NAMED("local_address"), 15, get_local_address },
	{ NAMED("local_port"), 10, get_local_port },
	{ NAMED("remote_address"), 15, get_remote_address },
	{ NAMED("remote_port"), 11, get_remote_port },
	{ NAMED("pid"), 7, get_pid },
	{ NAMED("program"), 15, get_program },
	{ NAMED("uid"), 5, get_uid },
	{ NAMED("direction"), 9, event_get_direction },
	{ NAMED("duration"), 10, get_duration },
	{ NAMED("bytes_acked"), 11, get_acked },
	{ NAMED("bytes_received"), 14, get_received },
	{ NAMED("exact"), 5, get_exact },
	{ NAMED("total_retrans"), 13, get_retrans },
	{ NAMED("error"), 12, event_get_error },
	{ NAMED("cookie"), 10, get_cookie },
	{ NAMED("netns"), 10, get_event_netns },
	{ NAMED("owner_from"), 15, get_owner_from },
	{ NAMED("owner_candidates"), 16, get_candidates },
	{ NAMED("source"), 7, get_source },
	{ NAMED("netns_name"), 12, event_get_netns_name },
	{ NAMED("cmdline"), 24, event_get_cmdline },
	{ NAMED("unit"), 16, event_get_unit },
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
