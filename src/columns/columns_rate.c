// SPDX-License-Identifier: MIT
/* columns_rate.c - the columns that two looks tell (sockview/rates.h). */
#include "columns/columns.h"

#include <sockview/countof.h>
#include <sockview/rates.h>

/* The field's `told` is what of the rates it is, its `shift` whether that is received: enum rate_known. */
static void get_rate(const struct column *column, const struct column_source *source, struct value *value)
{
	double rate;
	if (!rates_of(source->context->rates, &source->sock->row, column->field.told, column->field.shift, &rate))
		return;
	if (column->type == COLUMN_REAL) {
		value->kind = VALUE_REAL;
		value->real = rate;
		return;
	}
	value_set_uint(value, (uint64_t)(rate + 0.5));
}

static void get_total(const struct column *column, const struct column_source *source, struct value *value)
{
	uint64_t bytes;
	if (rates_total(source->context->rates, &source->sock->row, column->field.shift, &bytes))
		value_set_uint(value, bytes);
}

#define RATE_COLUMN(name_, type_, unit_, want_, get_, told_, received_, help_) \
	{ \
		.name = name_, .unit = unit_, .help = help_, .type = type_, .group = GROUP_RATE, .want = want_, \
		.need = NEED_RATES, .field.told = told_, .field.shift = received_, .get = get_ \
	}

const struct column columns_rate[] = {
	RATE_COLUMN("tx_rate", COLUMN_NUMBER, "bytes/s", WANT_INFO, get_rate, RATE_BYTES, false,
	            "payload that the peer acknowledged since the look before; TCP"),
	RATE_COLUMN("rx_rate", COLUMN_NUMBER, "bytes/s", WANT_INFO, get_rate, RATE_BYTES, true,
	            "payload received since the look before; TCP"),
	RATE_COLUMN("retrans_rate", COLUMN_REAL, "segments/s", WANT_INFO, get_rate, RATE_RETRANS, false,
	            "segments sent again since the look before; TCP"),
	RATE_COLUMN("drops_rate", COLUMN_REAL, "packets/s", WANT_SKMEM, get_rate, RATE_DROPS, false,
	            "packets dropped at the socket since the look before"),
	RATE_COLUMN("tx_total", COLUMN_NUMBER, "bytes", WANT_INFO, get_total, RATE_BYTES, false,
	            "payload that the peer acknowledged since the first look; TCP"),
	RATE_COLUMN("rx_total", COLUMN_NUMBER, "bytes", WANT_INFO, get_total, RATE_BYTES, true,
	            "payload received since the first look; TCP"),
};
const size_t columns_rate_count = countof(columns_rate);
