// SPDX-License-Identifier: MIT
/* test_people.c - numbers for people: three significant digits, worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <string.h>

#include <sockview/column_table.h>
#include <sockview/countof.h>
#include <sockview/people.h>

static const struct {
	const char *unit;
	double number;
	const char *text;
} cases[] = {
	{ "us", 0, "0ms" },
	{ "us", 1, "0.001ms" },
	{ "us", 50, "0.05ms" },
	{ "us", 123, "0.123ms" },
	{ "us", 999, "0.999ms" },
	{ "us", 1234, "1.23ms" },
	{ "us", 9994, "9.99ms" },
	{ "us", 9996, "10ms" },
	{ "us", 43749, "43.7ms" },
	{ "us", 204000, "204ms" },
	{ "us", 999400, "999ms" },
	{ "us", 999600, "1s" },
	{ "ms", 0.0125, "0.0125ms" },
	{ "ms", 204, "204ms" },
	{ "ms", 75250, "75.2s" },
	{ "ms", 1200000, "20m" },
	{ "s", 90, "90s" },
	{ "s", 3600, "60m" },
	{ "s", 360000, "100h" },
	{ "bit/s", 437e9, "437Gbit/s" },
	{ "bit/s", 4213000000.0, "4.21Gbit/s" },
	{ "bit/s", 999, "999bit/s" },
	{ "bit/s", 1000, "1kbit/s" },
	{ "bytes", 0, "0B" },
	{ "bytes", 1448, "1448B" },
	{ "bytes", 9999, "9999B" },
	{ "bytes", 10240, "10KiB" },
	{ "bytes", 131072, "128KiB" },
	{ "bytes", 65483, "63.9KiB" },
	{ "bytes", 6291456, "6MiB" },
	{ "bytes", 1023.7 * 1024, "1MiB" },
	{ "bytes", 18446744073709551615.0, "16EiB" },
	{ "bytes/s", 437, "437B/s" },
	{ "bytes/s", 999.6, "1.0kB/s" },
	{ "bytes/s", 2000000, "2.0MB/s" },
	{ "bytes/s", 20540000, "20.5MB/s" },
	{ "bytes/s", 437e6, "437MB/s" },
	{ "bytes/s", 1.25e9, "1.2GB/s" },
	{ "segments", 10, "" },
	{ NULL, 10, "" },
};

static void numbers_have_three_digits(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct column column = { .name = "x", .unit = cases[i].unit, .group = GROUP_INFO };
		struct value value = { .kind = VALUE_REAL, .real = cases[i].number };
		char text[PEOPLE_MAX];
		*people_text(text, &column, &value) = '\0';
		assert_string_equal(text, cases[i].text);
	}
}

/* Any number of any column's unit fits. */
static void every_column_fits(void **state)
{
	static const double numbers[] = { 0, 1e-300, 1, DBL_MAX };
	const struct column *column;
	(void)state;
	for (size_t i = 0; (column = column_at(i)); i++)
		for (size_t j = 0; j < countof(numbers); j++) {
			struct value value = { .kind = VALUE_UINT, .uint = UINT64_MAX };
			char text[PEOPLE_MAX];
			assert_true(people_text(text, column, &value) < text + sizeof(text));
			value = (struct value){ .kind = VALUE_REAL, .real = numbers[j] };
			assert_true(people_text(text, column, &value) < text + sizeof(text));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_have_three_digits),
		cmocka_unit_test(every_column_fits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
