// SPDX-License-Identifier: MIT
/* json_document.c - what JSON says of the whole answer, before and behind its rows (json_document.h). */
#include "format/json_document.h"

#include <string.h>

#include <sockview/json_string.h>
#include <sockview/netns.h>
#include <sockview/proto.h>

void json_out_key(struct out *out, char before, const char *name)
{
	char *to = out_room(out, strlen(name) + 4);
	*to++ = before;
	*to++ = '"';
	to = stpcpy(to, name);
	*to++ = '"';
	*to++ = ':';
	out_advance(out, to);
}

void json_out_number_field(struct out *out, char before, const char *name, uint64_t number)
{
	json_out_key(out, before, name);
	out_u64(out, number);
}

static void json_out_bool_field(struct out *out, char before, const char *name, bool yes)
{
	json_out_key(out, before, name);
	out_string(out, yes ? "true" : "false");
}

static void json_out_protos(struct out *out, const char *name, unsigned protos)
{
	bool some = false;
	json_out_key(out, ',', name);
	out_char(out, '[');
	FOR_EACH_PROTO (proto, protos) {
		if (some)
			out_char(out, ',');
		some = true;
		json_string(out, proto_name(proto));
	}
	out_char(out, ']');
}

static void json_out_owner_report(struct out *out, const struct owner_report *report)
{
	json_out_number_field(out, '{', "processes", report->processes);
	json_out_number_field(out, ',', "denied", report->denied);
	json_out_number_field(out, ',', "vanished", report->vanished);
	json_out_number_field(out, ',', "unread", owners_unread(report));
	json_out_bool_field(out, ',', "by_bpf", report->by_bpf);
	out_char(out, '}');
}

static void json_out_error(struct out *out, const struct error *error)
{
	char text[512];
	json_out_key(out, ',', "error");
	if (error)
		error_text(error, text, sizeof(text));
	json_string(out, error ? text : NULL);
}

static void json_out_states(struct out *out, const char *name, uint32_t states)
{
	bool some = false;
	json_out_key(out, ',', name);
	out_char(out, '[');
	for (unsigned state = 1; state < STATE_COUNT; state++) {
		if (!(states & STATE_BIT(state)))
			continue;
		if (some)
			out_char(out, ',');
		some = true;
		json_string(out, state_name(state));
	}
	out_char(out, ']');
}

static void json_out_netns(struct out *out, const struct netns_answer *answer)
{
	json_out_key(out, '{', "netns");
	if (answer->netns->inode)
		out_u64(out, answer->netns->inode);
	else
		out_string(out, "null");
	json_out_key(out, ',', "label");
	json_bytes(out, answer->netns->label, strlen(answer->netns->label));
	json_out_key(out, ',', "by");
	json_string(out, answer->by);
	json_out_bool_field(out, ',', "complete", answer->complete);
	json_out_states(out, "skipped_states", answer->skipped_states);
	out_char(out, '}');
}

bool view_is_complete(const struct view *view)
{
	const struct report *report = view->document->report;
	const struct owners *owners = view->owners;
	bool whole = !report->interrupted && !report->lost && !report->malformed && !report->unavailable &&
	             !report->failed && !report->unrecorded;
	/* Of sockets without a table only the descriptors of processes that could be looked into tell. */
	whole &= !report->held_unread && !report->bound_unread;
	whole &= !report->bound_untold || report->from_descriptors & PROTO_BIT(PROTO_TCP);
	for (size_t i = 0; i < view->document->netns_answers; i++)
		whole &= view->document->netns_answer[i].complete;
	bool seen = !(owners && owners_unseen(&owners->report)) && !report->hidden_owners;
	return whole && seen && !view->document->error;
}

static void json_out_report(const struct view *view, struct out *out)
{
	const struct report *report = view->document->report;
	const struct owners *owners = view->owners;
	json_out_bool_field(out, '{', "complete", view_is_complete(view));
	json_out_error(out, view->document->error);
	json_out_number_field(out, ',', "received", report->received);
	json_out_number_field(out, ',', "requests", report->requests);
	json_out_number_field(out, ',', "interrupted", report->interrupted);
	json_out_number_field(out, ',', "lost", report->lost);
	json_out_number_field(out, ',', "malformed", report->malformed);
	json_out_protos(out, "unavailable", report->unavailable);
	json_out_protos(out, "from_proc", report->from_proc);
	json_out_protos(out, "unrecorded", report->unrecorded);
	json_out_protos(out, "from_descriptors", report->from_descriptors);
	json_out_number_field(out, ',', "descriptors_unread", (uint64_t)report->held_unread + report->bound_unread);
	json_out_number_field(out, ',', "hidden_owners", report->hidden_owners);
	json_out_key(out, ',', "owners");
	if (owners)
		json_out_owner_report(out, &owners->report);
	else
		out_string(out, "null");
	if (view->document->netns_answers)
		json_out_key(out, ',', "namespaces");
	for (size_t i = 0; i < view->document->netns_answers; i++) {
		out_char(out, i ? ',' : '[');
		json_out_netns(out, &view->document->netns_answer[i]);
	}
	if (view->document->netns_answers)
		out_char(out, ']');
	out_char(out, '}');
}

static const char *source_word(const struct document *document)
{
	if (document->report->from_netlink)
		return "netlink";
	return document->report->from_proc ? "proc" : document->source;
}

void json_document_begin(const struct view *view, struct out *out)
{
	const struct document *document = view->document;
	char time[32];
	json_out_key(out, '{', "version");
	json_string(out, SOCKVIEW_VERSION);
	json_out_key(out, ',', "time");
	json_printable(out, time, (size_t)(text_time(time, document->time) - time));
	json_out_key(out, ',', "host");
	json_string(out, document->host);
	json_out_key(out, ',', "netns");
	if (document->netns)
		out_u64(out, document->netns);
	else
		out_string(out, "null");
}

void json_document_end(const struct view *view, struct out *out)
{
	json_out_key(out, ',', "source");
	json_string(out, source_word(view->document));
	json_out_key(out, ',', "report");
	json_out_report(view, out);
	out_string(out, "}\n");
}
