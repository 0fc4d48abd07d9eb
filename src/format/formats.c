// SPDX-License-Identifier: MIT
/* formats.c - the formats by number, in the order that --help names them (format.h). */
#include <sockview/format.h>

#include <sockview/countof.h>

static const struct format *const formats[] = {
	&format_netstat, &format_lsof, &format_table, &format_json,
	&format_jsonl,   &format_csv,  &format_tsv,   &format_openmetrics,
};

const struct format *format_at(size_t index)
{
	return index < countof(formats) ? formats[index] : NULL;
}
