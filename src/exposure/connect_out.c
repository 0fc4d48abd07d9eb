// SPDX-License-Identifier: MIT
/* connect_out.c - the answer of --connect as a few lines, and as one JSON object (sockview/connect.h). */
#include <sockview/connect.h>

#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include <sockview/errno_name.h>
#include <sockview/json_string.h>

#include "exposure/connecting.h"

static const char *const verdict_words[] = {
	[CONNECT_WORKS] = "works",
	[CONNECT_FAILS] = "fails",
	[CONNECT_UNKNOWN] = "unknown",
};

static const char *const stage_words[STAGE_COUNT] = {
	[STAGE_NAME] = "name",     [STAGE_ROUTE] = "route",         [STAGE_SOURCE] = "source",
	[STAGE_OUTPUT] = "output", [STAGE_EPHEMERAL] = "ephemeral", [STAGE_NEIGHBOUR] = "neighbour",
	[STAGE_QUEUE] = "queue",   [STAGE_LISTENER] = "listener",   [STAGE_INPUT] = "input",
	[STAGE_REMOTE] = "remote",
};

static enum stage stage_of(const struct connect *connect)
{
	return connect->chosen ? connect->chosen->stage : STAGE_NAME;
}

/* The name of an errno, or getaddrinfo's; NULL: none. */
static const char *error_of(const struct connect *connect)
{
	if (connect->chosen)
		return connect->chosen->number ? errno_name(connect->chosen->number) : NULL;
	switch (connect->name_error) {
	case EAI_NONAME:
		return "EAI_NONAME";
	case EAI_AGAIN:
		return "EAI_AGAIN";
	case EAI_FAIL:
		return "EAI_FAIL";
	case EAI_SYSTEM:
		return errno_name(connect->name_errno);
	default:
		return NULL;
	}
}

static void headline_of(const struct connect *connect, char text[2 * HEADLINE_MAX])
{
	const struct connect_end *end = connect->chosen;
	if (!end) {
		snprintf(text, 2 * HEADLINE_MAX, "the name %.200s was not found: %s", connect->host,
		         gai_strerror(connect->name_error));
		return;
	}
	if (end->verdict != CONNECT_WORKS) {
		snprintf(text, 2 * HEADLINE_MAX, "%s", end->headline);
		return;
	}
	char place[CONNECT_PLACE_MAX];
	connect_place(place, &end->addr, end->family, connect->port);
	snprintf(text, 2 * HEADLINE_MAX, "%s %s", place,
	         end->tried      ? "took the connection"
	         : end->is_local ? "has a listener, and no rule of this host stops it"
	                         : "takes other connections of this host");
}

static const char *advice_of(const struct connect *connect)
{
	if (!connect->chosen)
		return connect->name_error == EAI_AGAIN ? "no name server answered: see /etc/resolv.conf"
		                                        : "is the name right? getent hosts NAME asks the same";
	return connect->chosen->verdict != CONNECT_WORKS && *connect->chosen->advice ? connect->chosen->advice : NULL;
}

void connect_text(const struct connect *connect, struct out *out)
{
	char headline[2 * HEADLINE_MAX];
	const char *error = error_of(connect), *advice = advice_of(connect), *stage = stage_words[stage_of(connect)];
	headline_of(connect, headline);
	out_string(out, verdict_words[connect_verdict(connect)]);
	out_string(out, ": ");
	out_string(out, headline);
	if (stage) {
		out_string(out, " (stage ");
		out_string(out, stage);
		out_string(out, error ? ", " : "");
		out_string(out, error ? error : "");
		out_char(out, ')');
	}
	out_char(out, '\n');
	for (size_t i = 0; i < connect->evidence_count; i++) {
		out_string(out, "  ");
		out_string(out, connect->evidence[i]);
		out_char(out, '\n');
	}
	if (!advice)
		return;
	out_string(out, "To do: ");
	out_string(out, advice);
	out_char(out, '\n');
}

void connect_json(const struct connect *connect, struct out *out)
{
	char headline[2 * HEADLINE_MAX];
	const char *advice = advice_of(connect);
	headline_of(connect, headline);
	out_string(out, "{\"target\":");
	json_string(out, connect->options.target);
	out_string(out, ",\"verdict\":");
	json_string(out, verdict_words[connect_verdict(connect)]);
	out_string(out, ",\"stage\":");
	json_string(out, stage_words[stage_of(connect)]);
	out_string(out, ",\"error\":");
	json_string(out, error_of(connect));
	out_string(out, ",\"evidence\":[");
	json_printable(out, headline, strlen(headline));
	for (size_t i = 0; i < connect->evidence_count; i++) {
		out_char(out, ',');
		json_printable(out, connect->evidence[i], strlen(connect->evidence[i]));
	}
	out_string(out, "],\"advice\":");
	if (advice)
		json_printable(out, advice, strlen(advice));
	else
		out_string(out, "null");
	out_string(out, "}\n");
}
