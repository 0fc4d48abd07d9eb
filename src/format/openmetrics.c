// SPDX-License-Identifier: MIT
/* openmetrics.c - OpenMetrics 1.0 text (openmetrics.h). */

#include <sockview/openmetrics.h>

#include <string.h>

struct bytes metric_text(const char *text)
{
	return (struct bytes){ text, text ? strlen(text) : 0 };
}

void metric_family_out(struct out *out, const struct metric_family *family)
{
	const struct {
		const char *word, *value;
	} lines[] = {
		{ "TYPE", family->type == METRIC_COUNTER ? "counter" : "gauge" },
		{ "UNIT", family->unit },
		{ "HELP", family->help },
	};
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		if (!lines[i].value)
			continue;
		out_string(out, "# ");
		out_string(out, lines[i].word);
		out_char(out, ' ');
		out_string(out, family->name);
		out_char(out, ' ');
		out_string(out, lines[i].value);
		out_char(out, '\n');
	}
}

/*
 * Hostile bytes are made printable first (text_escape), as in every format: what
 * is left to escape is the backslash and the quote; a line never ends in it.
 */
static void metric_label_out(struct out *out, const struct metric_label *label)
{
	enum { PIECE = 1024 };
	out_string(out, label->name);
	out_string(out, "=\"");
	const char *at = label->value.data;
	for (size_t left = label->value.len; left;) {
		char text[TEXT_ESCAPED_MAX(PIECE)];
		size_t piece = left < PIECE ? left : PIECE;
		/* A character is never taken apart. */
		while (piece < left && piece > PIECE - 4 && ((unsigned char)at[piece] & 0xc0) == 0x80)
			piece--;
		char *end = text_escape(text, at, piece, TEXT_LINE);
		for (const char *c = text; c < end; c++) {
			if (*c == '\\' || *c == '"')
				out_char(out, '\\');
			out_char(out, *c);
		}
		at += piece;
		left -= piece;
	}
	out_char(out, '"');
}

static void metric_begin(struct out *out, const struct metric_family *family, const struct metric_label *labels,
                         size_t count)
{
	char before = '{';
	out_string(out, family->name);
	if (family->type == METRIC_COUNTER)
		out_string(out, "_total");
	for (size_t i = 0; i < count; i++) {
		if (!labels[i].value.data)
			continue;
		out_char(out, before);
		metric_label_out(out, &labels[i]);
		before = ',';
	}
	out_string(out, before == ',' ? "} " : " ");
}

void metric_sample(struct out *out, const struct metric_family *family, const struct metric_label *labels, size_t count,
                   uint64_t value)
{
	metric_begin(out, family, labels, count);
	out_u64(out, value);
	out_char(out, '\n');
}

void metric_sample_real(struct out *out, const struct metric_family *family, const struct metric_label *labels,
                        size_t count, double value)
{
	metric_begin(out, family, labels, count);
	out_advance(out, text_real(out_room(out, 32), value));
	out_char(out, '\n');
}

void metric_end(struct out *out)
{
	out_string(out, "# EOF\n");
}
