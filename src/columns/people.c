// SPDX-License-Identifier: MIT
/* people.c - numbers scaled for people (people.h). */
#include <sockview/people.h>

#include <stdio.h>
#include <string.h>

#include <sockview/countof.h>

/* A step is taken while the number has more than three digits before the point, as it would be rounded. */
struct people_step {
	double more; /* than the unit before */
	const char *unit;
};

static const struct people_step times[] = { { 1, "ms" }, { 1000, "s" }, { 60, "m" }, { 60, "h" } };
static const struct people_step rates[] = {
	{ 1, "bit/s" }, { 1000, "kbit/s" }, { 1000, "Mbit/s" }, { 1000, "Gbit/s" }, { 1000, "Tbit/s" },
};
static const struct people_step byte_rates[] = {
	{ 1, "B/s" }, { 1000, "kB/s" }, { 1000, "MB/s" }, { 1000, "GB/s" }, { 1000, "TB/s" },
};
static const struct people_step bytes[] = {
	{ 1, "B" },      { 1024, "KiB" }, { 1024, "MiB" }, { 1024, "GiB" },
	{ 1024, "TiB" }, { 1024, "PiB" }, { 1024, "EiB" },
};

/* The units that columns have, and what one is of the first step. */
static const struct {
	const char *unit;
	const struct people_step *steps;
	size_t count;
	double one;
} units[] = {
	{ "us", times, countof(times), 0.001 }, { "ms", times, countof(times), 1 },
	{ "s", times, countof(times), 1000 },   { "bit/s", rates, countof(rates), 1 },
	{ "bytes", bytes, countof(bytes), 1 },  { "bytes/s", byte_rates, countof(byte_rates), 1 },
};

/* 0.05 0.0123 1.5 43.7 437: three significant digits, no zeros behind them. */
static char *people_number(char *to, double number)
{
	if (!(number < 1e9))
		return to + snprintf(to, PEOPLE_MAX / 2, "%.3g", number);
	int places = number >= 99.95 ? 0 : number >= 9.995 ? 1 : number >= 0.9995 ? 2 : 3;
	for (double left = number * 10; places >= 3 && places < 9 && left > 0 && left < 0.9995; left *= 10)
		places++;
	int len = snprintf(to, PEOPLE_MAX / 2, "%.*f", places, number);
	while (places && to[len - 1] == '0')
		len--;
	if (places && to[len - 1] == '.')
		len--;
	return to + len;
}

static char *people_scaled(char *to, const struct people_step *steps, size_t count, double number)
{
	size_t i = 0;
	for (; i + 1 < count && number >= 999.5; i++)
		number /= steps[i + 1].more;
	return stpcpy(people_number(to, number), steps[i].unit);
}

/* 2.0MB/s, 20.5kB/s, 437B/s: digits that stay where they are as the figure changes. */
static char *people_byte_rate(char *to, double amount)
{
	size_t i = 0;
	if (!(amount < 1e18))
		return people_scaled(to, byte_rates, countof(byte_rates), amount);
	for (; i + 1 < countof(byte_rates) && amount >= 999.5; i++)
		amount /= byte_rates[i + 1].more;
	return to + snprintf(to, PEOPLE_MAX, i && amount < 99.95 ? "%.1f%s" : "%.0f%s", amount, byte_rates[i].unit);
}

char *people_text(char to[PEOPLE_MAX], const struct column *column, const struct value *value)
{
	bool number = value->kind == VALUE_UINT || value->kind == VALUE_REAL;
	if (!number || !column->unit || column->group < GROUP_TIMER || column->group > GROUP_RATE)
		return to;
	double amount = value->kind == VALUE_REAL ? value->real : (double)value->uint;
	for (size_t i = 0; i < countof(units); i++) {
		if (strcmp(column->unit, units[i].unit) != 0)
			continue;
		if (units[i].steps == bytes && amount < 10000)
			return to + snprintf(to, PEOPLE_MAX, "%.0fB", amount);
		if (units[i].steps == byte_rates)
			return people_byte_rate(to, amount);
		return people_scaled(to, units[i].steps, units[i].count, amount * units[i].one);
	}
	return to;
}
