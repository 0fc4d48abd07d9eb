// SPDX-License-Identifier: MIT
/* exposure_out.c - the answer as a table for people, and as one JSON object (sockview/exposure.h). */
#include <sockview/exposure.h>

#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/json_string.h>
#include <sockview/proto.h>

#include "exposure/exposure_words.h"
#include "exposure/judged.h"

static const char *const reach_words[REACH_COUNT] = {
	[REACH_OPEN] = "open",         [REACH_DEPENDS] = "depends",   [REACH_UNKNOWN] = "unknown",
	[REACH_REJECTED] = "rejected", [REACH_FILTERED] = "filtered", [REACH_LOCAL] = "local",
};

/* --- pieces of text --- */

/* Nothing where no rule decides. The condition is escaped already. */
static int add_decided_by(struct text *text, const struct judged *judged)
{
	const struct packet_answer *answer = &judged->answer;
	if (judged->not_here)
		return text_add_string(text, "no interface that is up has the address");
	if (judged->by_probe)
		return text_add_string(text, "by a probe that was injected");
	if (judged->in_use)
		return text_add_string(text, "not read: ") | exposure_add_layers(text, judged->in_use);
	if (answer->rule.family && exposure_add_rule(text, &answer->rule) < 0)
		return -1;
	if (answer->fate != FATE_DEPENDS && answer->fate != FATE_UNKNOWN)
		return 0;
	return text_add_string(text, answer->rule.family ? ": " : "") | exposure_add_condition(text, answer);
}

/* "80", "8000-8100" */
static int add_ports(struct text *text, unsigned first, unsigned last)
{
	int answer = text_add_u64(text, first);
	return last == first ? answer : answer | text_add_char(text, '-') | text_add_u64(text, last);
}

/* "172.17.0.2:80", "port 8080" */
static int add_sent_to(const struct exposure *exposure, struct text *text, const struct judged *judged)
{
	unsigned first = judged_row(exposure, judged)->local_port, last = judged_last_port(exposure, judged);
	const struct packet_nat *nat = &judged->nat;
	char place[ADDR_TEXT_MAX + 10], *end = place;
	if (nat->to_many || nat->kind == NAT_TPROXY)
		return text_add_string(text, "elsewhere");
	*end = '[';
	if (nat->to_family)
		end = addr_text(end + (nat->to_family == AF_INET6), &nat->to, nat->to_family, false);
	if (nat->to_family == AF_INET6)
		*end++ = ']';
	return text_add(text, place, (size_t)(end - place)) | text_add_string(text, nat->to_family ? ":" : "port ") |
	       add_ports(text, nat->to_port ? nat->to_port : first, nat->to_port ? nat->to_port : last);
}

static int add_published(const struct exposure *exposure, struct text *text, const struct judged *judged)
{
	return text_add_string(text, "sent to ") | add_sent_to(exposure, text, judged) | text_add_string(text, " by ") |
	       exposure_add_rule(text, &judged->nat.rule);
}

/* The interfaces that let most through, then what decides. */
static int add_from(const struct exposure *exposure, struct text *text, const struct judged *judged)
{
	bool first = true;
	int answer = 0;
	for (size_t i = 0; i < judged->ways; i++) {
		const struct reach_way *way = &exposure->way[judged->first_way + i];
		if (way->reach != judged->reach)
			continue;
		answer |= first ? 0 : text_add_char(text, ',');
		answer |= exposure_add_word(text, way->name);
		first = false;
	}
	size_t before = text->len;
	if (judged_is_published(exposure, judged))
		answer |= add_published(exposure, text, judged);
	size_t decision = text->len;
	answer |= add_decided_by(text, judged);
	if (answer == 0 && decision > before && text->len > decision) {
		char *room = text_room(text, 2);
		if (!room)
			return -1;
		memmove(text->data + decision + 2, text->data + decision, text->len - decision);
		memcpy(text->data + decision, "; ", 2);
		text_advance(text, text->data + text->len + 2);
	}
	if (answer == 0 && !first && text->len > before) {
		/* "eth0 (inet filter input handle 7)" */
		char *room = text_room(text, 3);
		if (!room)
			return -1;
		memmove(text->data + before + 2, text->data + before, text->len - before);
		memcpy(text->data + before, " (", 2);
		text->data[text->len + 2] = ')';
		text_advance(text, text->data + text->len + 3);
	}
	return answer | (text->len ? 0 : text_add_char(text, '-'));
}

static int add_local(struct text *text, const struct row *row, unsigned last)
{
	char addr[ADDR_TEXT_MAX + 2], *end = addr;
	bool mapped = row->flags & ROW_LOCAL_MAPPED, brackets = row->family == AF_INET6 && !mapped;
	*end = '[';
	end = addr_text(end + brackets, &row->local, row->family, mapped);
	*end = ']';
	return text_add(text, addr, (size_t)(end - addr) + brackets) | text_add_char(text, ':') |
	       add_ports(text, row->local_port, last);
}

static const struct process *process_of(const struct exposure *exposure, const struct row *row)
{
	struct owner_span span = owners_of(exposure->facts.owners, row);
	return span.count ? &exposure->facts.owners->process[span.first->process] : NULL;
}

static int add_holder(const struct exposure *exposure, struct text *text, const struct judged *judged,
                      const struct row *row)
{
	if (judged->tenant && !judged->proxied)
		return exposure_add_word(text, judged->tenant);
	const struct process *process = process_of(exposure, row);
	if (!process)
		return text_add_char(text, '-');
	return text_add_u64(text, (uint64_t)process->pid) | text_add_char(text, '/') |
	       text_add_escaped(text, owners_text(exposure->facts.owners, process->program), TEXT_WORD) |
	       (judged->proxied ? text_add_string(text, ">") | add_sent_to(exposure, text, judged) : 0) |
	       (judged->tenant ? text_add_string(text, ",") | exposure_add_word(text, judged->tenant) : 0);
}

int exposure_each(const struct exposure *exposure, exposure_call *call, void *context)
{
	struct text text = { 0 };
	int answer = 0;
	for (size_t i = 0; i < exposure->count && answer == 0; i++) {
		const struct judged *judged = &exposure->judged[i];
		struct exposure_word word = {
			.row = judged->row,
			.state = reach_words[judged->reach],
			.closed = judged->reach == REACH_FILTERED || judged->reach == REACH_REJECTED,
		};
		if (judged_is_published(exposure, judged))
			continue;
		text.len = 0;
		answer = add_decided_by(&text, judged) < 0 || text_add_char(&text, '\0') < 0 ? -1 : 0;
		word.rule = text.data;
		if (answer == 0)
			answer = call(context, &word);
	}
	text_free(&text);
	return answer;
}

/* --- the table --- */

enum cell {
	CELL_PROTO,
	CELL_PORT,
	CELL_SERVICE,
	CELL_STATE,
	CELL_SCOPE,
	CELL_LOCAL,
	CELL_FROM,
	CELL_PROGRAM,
	CELL_COUNT
};
static const char *const headings[CELL_COUNT] = { "PROTO", "PORT",  "SERVICE", "STATE",
	                                          "SCOPE", "LOCAL", "FROM",    "PID/PROGRAM" };

/* A range of ports has none. */
static const char *service_of(const struct exposure *exposure, const struct judged *judged)
{
	const struct row *row = judged_row(exposure, judged);
	if (judged_last_port(exposure, judged) != row->local_port)
		return NULL;
	return names_service(exposure->facts.names, row->proto, row->local_port);
}

static int add_cell(const struct exposure *exposure, struct text *text, const struct judged *judged, enum cell cell)
{
	const struct row *row = judged_row(exposure, judged);
	const char *service;
	switch (cell) {
	case CELL_PROTO:
		return text_add_string(text, proto_name(row->proto));
	case CELL_PORT:
		return add_ports(text, row->local_port, judged_last_port(exposure, judged));
	case CELL_SERVICE:
		service = service_of(exposure, judged);
		return exposure_add_word(text, service ? service : "-");
	case CELL_STATE:
		return text_add_string(text, reach_words[judged->reach]);
	case CELL_SCOPE:
		return text_add_string(text, judged->scope);
	case CELL_LOCAL:
		return add_local(text, row, judged_last_port(exposure, judged));
	case CELL_FROM:
		return add_from(exposure, text, judged);
	default:
		return add_holder(exposure, text, judged, row);
	}
}

/* Characters, not bytes: what is escaped is valid UTF-8. */
static size_t exposure_width(const struct text *text)
{
	size_t width = 0;
	for (size_t i = 0; i < text->len; i++)
		width += ((unsigned char)text->data[i] & 0xc0) != 0x80;
	return width;
}

static int measure_cells(const struct exposure *exposure, struct text *text, size_t width[CELL_COUNT])
{
	for (size_t i = 0; i < exposure->count; i++)
		for (enum cell cell = 0; cell < CELL_COUNT; cell++) {
			text->len = 0;
			if (add_cell(exposure, text, &exposure->judged[i], cell) < 0)
				return -1;
			size_t wide = exposure_width(text);
			width[cell] = wide > width[cell] ? wide : width[cell];
		}
	return 0;
}

static void put_cell(struct out *out, const struct text *text, size_t width, bool last)
{
	out_bytes(out, text->data, text->len);
	for (size_t have = exposure_width(text); have < width + 2 && !last; have++)
		out_char(out, ' ');
	if (last)
		out_char(out, '\n');
}

int exposure_text(const struct exposure *exposure, bool header, struct out *out)
{
	struct text text = { 0 };
	size_t width[CELL_COUNT];
	int answer = 0;
	for (size_t cell = 0; cell < CELL_COUNT; cell++)
		width[cell] = header ? strlen(headings[cell]) : 0;
	answer = measure_cells(exposure, &text, width);
	if (header && answer == 0) {
		out_string(
			out,
			"By the rules of this host; filters outside it, and of the sockets themselves, were not looked at.\n");
		for (enum cell cell = 0; cell < CELL_COUNT && answer == 0; cell++) {
			text.len = 0;
			answer = text_add_string(&text, headings[cell]);
			put_cell(out, &text, width[cell], cell + 1 == CELL_COUNT);
		}
	}
	for (size_t i = 0; i < exposure->count && answer == 0; i++)
		for (enum cell cell = 0; cell < CELL_COUNT && answer == 0; cell++) {
			text.len = 0;
			answer = add_cell(exposure, &text, &exposure->judged[i], cell);
			put_cell(out, &text, width[cell], cell + 1 == CELL_COUNT);
		}
	text_free(&text);
	return answer < 0 ? -1 : 0;
}

/* --- JSON --- */

static void exposure_key(struct out *out, const char *key)
{
	out_string(out, ",\"");
	out_string(out, key);
	out_string(out, "\":");
}

/* Text that was escaped when it was put together; null if there is none. */
static void json_text(struct out *out, const struct text *text)
{
	if (text->len)
		json_printable(out, text->data, text->len);
	else
		out_string(out, "null");
}

static int json_nat(const struct judged *judged, struct text *text, struct out *out)
{
	exposure_key(out, "nat");
	text->len = 0;
	int answer = judged->has_nat ? exposure_add_rule(text, &judged->nat.rule) : 0;
	json_text(out, text);
	return answer;
}

static void json_layers(struct out *out, unsigned layers)
{
	const char *before = "";
	exposure_key(out, "unread");
	out_char(out, '[');
	for (size_t i = 0; i < LAYER_COUNT; i++)
		if (layers & LAYER_BIT(i)) {
			out_string(out, before);
			json_string(out, layer_words[i]);
			before = ",";
		}
	out_char(out, ']');
}

static void json_ways(const struct exposure *exposure, const struct judged *judged, struct out *out)
{
	exposure_key(out, "interfaces");
	out_char(out, '[');
	for (size_t i = 0; i < judged->ways; i++) {
		const struct reach_way *way = &exposure->way[judged->first_way + i];
		out_string(out, i ? ",{\"name\":" : "{\"name\":");
		json_string(out, way->name);
		exposure_key(out, "state");
		json_string(out, reach_words[way->reach]);
		if (exposure->facts.probe) {
			exposure_key(out, "probe");
			json_string(out, way->probe ? way->probe : way->probe_refused);
		}
		out_char(out, '}');
	}
	out_char(out, ']');
}

static void json_owner(const struct exposure *exposure, const struct row *row, struct out *out)
{
	const struct process *process = process_of(exposure, row);
	struct bytes program =
		process ? owners_text(exposure->facts.owners, process->program) : (struct bytes){ NULL, 0 };
	exposure_key(out, "pid");
	if (process)
		out_u64(out, (uint64_t)process->pid);
	else
		out_string(out, "null");
	exposure_key(out, "program");
	if (program.data)
		json_bytes(out, program.data, program.len);
	else
		out_string(out, "null");
}

static int json_listener(const struct exposure *exposure, const struct judged *judged, struct text *text,
                         struct out *out)
{
	const struct row *row = judged_row(exposure, judged);
	char addr[ADDR_TEXT_MAX];
	out_string(out, "{\"protocol\":");
	json_string(out, proto_name(row->proto));
	exposure_key(out, "local_address");
	char *end = addr_text(addr, &row->local, row->family, row->flags & ROW_LOCAL_MAPPED);
	json_printable(out, addr, (size_t)(end - addr));
	exposure_key(out, "local_port");
	out_u64(out, row->local_port);
	exposure_key(out, "local_port_last");
	if (judged_last_port(exposure, judged) != row->local_port)
		out_u64(out, judged_last_port(exposure, judged));
	else
		out_string(out, "null");
	exposure_key(out, "service");
	json_string(out, service_of(exposure, judged));
	exposure_key(out, "state");
	json_string(out, reach_words[judged->reach]);
	exposure_key(out, "scope");
	json_string(out, judged->scope);
	exposure_key(out, "decided_by");
	text->len = 0;
	int answer = add_decided_by(text, judged);
	json_text(out, text);
	json_ways(exposure, judged, out);
	answer |= json_nat(judged, text, out);
	exposure_key(out, "sent_to");
	text->len = 0;
	answer |= judged->has_nat || judged->proxied ? add_sent_to(exposure, text, judged) : 0;
	json_text(out, text);
	exposure_key(out, "container");
	json_string(out, judged->tenant);
	json_layers(out, judged->unread);
	json_owner(exposure, row, out);
	out_char(out, '}');
	return answer;
}

int exposure_json(const struct exposure *exposure, struct out *out)
{
	struct text text = { 0 };
	int answer = 0;
	out_string(out, "{\"listeners\":[");
	for (size_t i = 0; i < exposure->count && answer == 0; i++) {
		out_string(out, i ? ",\n" : "\n");
		answer = json_listener(exposure, &exposure->judged[i], &text, out);
	}
	out_string(out, "\n]}\n");
	text_free(&text);
	return answer < 0 ? -1 : 0;
}
