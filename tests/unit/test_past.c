// SPDX-License-Identifier: MIT
/* A rate of the last minute, and rows that keep their place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <sockview/past.h>
#include <sockview/places.h>

static void assert_past(const struct past *past, int64_t now, unsigned places, bool blocks, const char *want)
{
	struct text text = { 0 };
	assert_int_equal(past_text(&text, past, now, places, blocks), 0);
	assert_int_equal(text_add_char(&text, '\0'), 0);
	assert_string_equal(text.data, want);
	text_free(&text);
}

static void test_past_heights(void **state)
{
	struct past past = { 0 };
	(void)state;
	assert_past(&past, 5, 6, true, "      ");
	/* Ten seconds a place; the last place is the newest. */
	past_add(&past, 90, 100, 1 << 20);
	assert_past(&past, 100, 6, true, "     \xe2\x96\x88");
	assert_past(&past, 100, 6, false, "     9");
	past_add(&past, 100, 110, 1 << 19);
	assert_past(&past, 110, 6, true, "    \xe2\x96\x88\xe2\x96\x84");
	assert_past(&past, 110, 6, false, "    95");
	/* However little: not nothing. */
	past_add(&past, 110, 120, 0.25);
	assert_past(&past, 120, 6, false, "   951");
	past_add(&past, 120, 130, 0);
	assert_past(&past, 130, 6, false, "  951 ");
	assert_past(&past, 130, 30, false, "          999995555511111     ");
}

static void test_past_time(void **state)
{
	struct past past = { 0 };
	(void)state;
	/* Looks within a second: the largest. */
	past_add(&past, 199, 200, 4096);
	past_add(&past, 200, 200, 1024);
	past_add(&past, 200, 201, 8192);
	past_add(&past, 201, 201, 16384);
	assert_past(&past, 201, 60, false, "                                                          39");
	/* A look after more than a minute fills all of it; numbers beyond all bounds are no trouble. */
	past_add(&past, 201, 1000, 1e30);
	assert_past(&past, 1000, 6, false, "999999");
	past_add(&past, 1000, 1060, 0);
	assert_past(&past, 1060, 6, false, "      ");
}

static void test_past_places(void **state)
{
	(void)state;
	assert_int_equal(past_places(300), 60);
	assert_int_equal(past_places(59), 30);
	assert_int_equal(past_places(6), 6);
	assert_int_equal(past_places(5), 0);
	assert_int_equal(past_places(0), 0);
}

static void test_past_locale(void **state)
{
	(void)state;
	setenv("LC_ALL", "", 1);
	setenv("LC_CTYPE", "de_DE.utf8", 1);
	setenv("LANG", "C", 1);
	assert_true(past_has_blocks());
	setenv("LC_ALL", "C", 1);
	assert_false(past_has_blocks());
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	assert_false(past_has_blocks());
	setenv("LANG", "C.UTF-8", 1);
	assert_true(past_has_blocks());
}

/* Rows by their cookies; 0: of ports instead. */
static void fill(struct table *table, size_t count, const uint16_t *numbers, bool cookies)
{
	table_clear(table);
	for (size_t i = 0; i < count; i++) {
		struct sock sock = { .row = { .local_port = numbers[i], .cookie = cookies ? numbers[i] : 0 } };
		assert_int_equal(table_add(table, &sock), 0);
	}
}

static void assert_places(const struct places *places, size_t count, const uint16_t *numbers, const char *marks)
{
	assert_int_equal(places->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(places->place[i].row.local_port, numbers[i]);
		assert_int_equal(places->place[i].mark, marks[i]);
	}
}

static void test_places(void **state)
{
	(void)state;
	for (int cookies = 0; cookies < 2; cookies++) {
		struct places places = { 0 };
		struct table table;
		table_init(&table, 0);
		fill(&table, 3, (const uint16_t[]){ 3, 1, 2 }, cookies);
		assert_int_equal(places_update(&places, &table), 0);
		assert_places(&places, 3, (const uint16_t[]){ 3, 1, 2 }, "   ");
		fill(&table, 3, (const uint16_t[]){ 9, 2, 3 }, cookies);
		assert_int_equal(places_update(&places, &table), 0);
		assert_places(&places, 4, (const uint16_t[]){ 3, 1, 2, 9 }, " - +");
		assert_int_equal(places.place[1].index, PLACE_GONE);
		assert_int_equal(places.place[2].index, 1);
		fill(&table, 3, (const uint16_t[]){ 9, 2, 3 }, cookies);
		assert_int_equal(places_update(&places, &table), 0);
		assert_places(&places, 3, (const uint16_t[]){ 3, 2, 9 }, "   ");
		/* The same twice, as /proc/net may tell: two places. */
		fill(&table, 4, (const uint16_t[]){ 2, 2, 3, 9 }, false);
		places_free(&places);
		assert_int_equal(places_update(&places, &table), 0);
		assert_int_equal(places_update(&places, &table), 0);
		assert_places(&places, 4, (const uint16_t[]){ 2, 2, 3, 9 }, "    ");
		assert_int_not_equal(places.place[0].index, places.place[1].index);
		fill(&table, 0, NULL, false);
		assert_int_equal(places_update(&places, &table), 0);
		assert_places(&places, 4, (const uint16_t[]){ 2, 2, 3, 9 }, "----");
		places_free(&places);
		table_free(&table);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_past_heights), cmocka_unit_test(test_past_time),
		cmocka_unit_test(test_past_places),  cmocka_unit_test(test_past_locale),
		cmocka_unit_test(test_places),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
