// SPDX-License-Identifier: MIT
/* netns_counts.c - a row for each network namespace, its sockets counted (netns_counts.h). */
#include "run/netns_counts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>
#include <sockview/format.h>
#include <sockview/json_string.h>
#include <sockview/message.h>
#include <sockview/netns.h>
#include <sockview/proto.h>

#include "run/gather.h"
#include "run/invocation.h"
#include "run/namespaces.h"
#include "run/notes.h"
#include "run/rights.h"

enum count_kind { COUNT_LISTEN, COUNT_ESTABLISHED, COUNT_OTHER, COUNT_UDP, COUNT_KINDS };

struct netns_counts {
	uint64_t count[COUNT_KINDS];
};

static void counts_plan(struct run *run)
{
	const struct options *options = run->options;
	run->query = (struct query){ .protos = PROTO_BIT(PROTO_TCP) | PROTO_BIT(PROTO_UDP),
		                     .inet = options->inet,
		                     .inet6 = options->inet6 };
	FOR_EACH_PROTO (proto, run->query.protos)
		run->query.states[proto] = proto_table[proto].states;
	run->needs = (struct run_needs){ .privileges = PRIVILEGE_NETNS };
}

static enum count_kind kind_of_row(const struct row *row)
{
	if (row->proto == PROTO_UDP)
		return COUNT_UDP;
	return row->state == STATE_LISTEN        ? COUNT_LISTEN
	       : row->state == STATE_ESTABLISHED ? COUNT_ESTABLISHED
	                                         : COUNT_OTHER;
}

static int counts_take(void *context, const struct sock *sock)
{
	struct run *run = context;
	struct netns_counts *counts = run->own;
	counts[sock->row.netns].count[kind_of_row(&sock->row)]++;
	return 0;
}

/* --- output --- */

static const char *const heads[] = { "label", "netns", "processes", "listen", "established", "other", "udp" };

/* The numbers of a row, behind its label; false: not known. */
static bool counts_number(const struct run *run, const struct netns_answer *answer, size_t column, uint64_t *number)
{
	const struct netns *netns = answer->netns;
	const struct netns_counts *counts = run->own;
	size_t index = (size_t)(netns - run->namespaces.list.item);
	*number = column == 1 ? netns->inode : column == 2 ? netns->processes : 0;
	if (column <= 2)
		return column == 2 || netns->inode;
	*number = counts[index].count[column - 3];
	return strcmp(answer->by, "none") != 0;
}

static size_t label_put(char *to, const char *label)
{
	size_t len = strlen(label);
	return (size_t)(text_escape(to, label, len < 200 ? len : 200, TEXT_WORD) - to);
}

static void counts_out_padded(struct out *out, const char *text, size_t len, size_t width, bool right)
{
	for (size_t i = len; right && i < width; i++)
		out_char(out, ' ');
	out_bytes(out, text, len);
	for (size_t i = len; !right && i < width; i++)
		out_char(out, ' ');
}

static size_t number_put(char text[24], const struct run *run, const struct netns_answer *answer, size_t column)
{
	uint64_t number;
	if (!counts_number(run, answer, column, &number))
		strcpy(text, "-");
	else
		snprintf(text, 24, "%llu", (unsigned long long)number);
	return strlen(text);
}

static void counts_text(struct run *run)
{
	char text[TEXT_ESCAPED_MAX(200)];
	size_t width[countof(heads)] = { 0 };
	const struct namespaces *namespaces = &run->namespaces;
	for (size_t column = 0; column < countof(heads); column++)
		width[column] = run->options->no_header ? 1 : strlen(heads[column]);
	for (size_t i = 0; i < namespaces->told; i++)
		for (size_t column = 0; column < countof(heads); column++) {
			size_t len = column ? number_put(text, run, &namespaces->answer[i], column)
			                    : label_put(text, namespaces->answer[i].netns->label);
			width[column] = len > width[column] ? len : width[column];
		}
	for (size_t i = 0; i < namespaces->told + !run->options->no_header; i++) {
		bool head = !run->options->no_header && i == 0;
		const struct netns_answer *answer = &namespaces->answer[i - !run->options->no_header];
		for (size_t column = 0; column < countof(heads); column++) {
			size_t len = head     ? strlen(heads[column])
			             : column ? number_put(text, run, answer, column)
			                      : label_put(text, answer->netns->label);
			for (size_t at = 0; head && at < len; at++)
				text[at] = (char)(heads[column][at] - ('a' - 'A'));
			out_string(&run->out, column ? "  " : "");
			counts_out_padded(&run->out, text, len, width[column], column > 0);
		}
		out_char(&run->out, '\n');
	}
}

static void counts_json(struct run *run, bool lines)
{
	const struct namespaces *namespaces = &run->namespaces;
	out_string(&run->out, lines ? "" : "{\"namespaces\":[\n");
	for (size_t i = 0; i < namespaces->told; i++) {
		const struct netns_answer *answer = &namespaces->answer[i];
		out_string(&run->out, "{\"label\":");
		json_bytes(&run->out, answer->netns->label, strlen(answer->netns->label));
		for (size_t column = 1; column < countof(heads); column++) {
			char text[24];
			number_put(text, run, answer, column);
			out_string(&run->out, ",\"");
			out_string(&run->out, heads[column]);
			out_string(&run->out, "\":");
			out_string(&run->out, *text == '-' ? "null" : text);
		}
		out_string(&run->out, lines || i + 1 == namespaces->told ? "}\n" : "},\n");
	}
	out_string(&run->out, lines ? "" : "]}\n");
}

/* A cell in quotes, each quote twice, wherever the separator or a quote is in it (RFC 4180). */
static void out_cell(struct out *out, const char *text, size_t len, char separator)
{
	bool quoted = memchr(text, '"', len) || memchr(text, separator, len);
	if (quoted)
		out_char(out, '"');
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '"')
			out_char(out, '"');
		out_char(out, text[i]);
	}
	if (quoted)
		out_char(out, '"');
}

static void counts_cells(struct run *run, char separator)
{
	char text[TEXT_ESCAPED_MAX(200)];
	for (size_t column = 0; column < countof(heads) && !run->options->no_header; column++) {
		if (column)
			out_char(&run->out, separator);
		out_string(&run->out, heads[column]);
	}
	out_string(&run->out, run->options->no_header ? "" : "\n");
	for (size_t i = 0; i < run->namespaces.told; i++) {
		const struct netns_answer *answer = &run->namespaces.answer[i];
		out_cell(&run->out, text, label_put(text, answer->netns->label), separator);
		for (size_t column = 1; column < countof(heads); column++) {
			out_char(&run->out, separator);
			size_t len = number_put(text, run, answer, column);
			out_bytes(&run->out, text, *text == '-' ? 0 : len);
		}
		out_char(&run->out, '\n');
	}
}

static void counts_print(struct run *run)
{
	const struct format *format = run->options->format;
	if (!format || format == &format_netstat || format == &format_table)
		counts_text(run);
	else if (format == &format_json || format == &format_jsonl)
		counts_json(run, format == &format_jsonl);
	else
		counts_cells(run, strcmp(format->name, "tsv") == 0 ? '\t' : ',');
}

static int counts_answer(struct run *run)
{
	struct source_request request = { .query = &run->query, .sink = counts_take, .context = run };
	run->own = calloc(run->namespaces.list.count + 1, sizeof(struct netns_counts));
	if (!run->own)
		return error_set(&run->error, ENOMEM, "count sockets", "");
	if (rights_raise(run) < 0)
		return -1;
	int answer = gather_sockets(run, &request);
	if (rights_drop(run, true) < 0 || answer)
		return -1;
	counts_print(run);
	if (run->options->quiet)
		return 0;
	notes_report(&run->report, NULL, NULL, run->options->verbose);
	namespaces_say(&run->namespaces);
	return 0;
}

static enum exit_status counts_status(const struct run *run)
{
	(void)run;
	return EXIT_ROWS;
}

static void counts_end(struct run *run)
{
	free(run->own);
}

const struct run_mode mode_list_netns = {
	.plan = counts_plan,
	.answer = counts_answer,
	.status = counts_status,
	.end = counts_end,
};
