// SPDX-License-Identifier: MIT
/* The places that characters take, beside the C library's wcwidth(3) for each character that it knows. */
#include <sockview/width.h>

#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif

#include "skip.h"

int wcwidth(wchar_t c); /* of X/Open: no -D of ours asks for it */

/* glibc 2.36 has Unicode 14, 2.37 to 2.40 have 15 as width_ranges.h. Others know other characters, or count otherwise. */
static int is_of_our_unicode(void)
{
#ifdef __GLIBC__
	int minor = atoi(gnu_get_libc_version() + strlen("2."));
	return minor >= 36 && minor <= 40;
#else
	return 0;
#endif
}

static void test_wcwidth(void **state)
{
	(void)state;
	size_t known = 0, wrong = 0;
	if (!is_of_our_unicode() || !setlocale(LC_CTYPE, "C.UTF-8"))
		skip_because("wcwidth() here is of another libc, or knows another version of Unicode");
	for (wchar_t c = 0x20; c <= 0x10ffff; c++) {
		char text[MB_LEN_MAX];
		mbstate_t shift = { 0 };
		int width = wcwidth(c);
		size_t len = width < 0 ? (size_t)-1 : wcrtomb(text, c, &shift);
		if (len == (size_t)-1)
			continue;
		known++;
		if (width_of(text, len) == (size_t)width)
			continue;
		wrong++;
		print_error("U+%04X: %zu, wcwidth() says %d\n", (unsigned)c, width_of(text, len), width);
	}
	assert_int_equal(wrong, 0);
	/* Unicode 14 has 144,697 characters. */
	assert_true(known > 140000);
}

/* A character behind eight of ASCII, and one that is cut. */
static void test_text(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t width, fits_3;
	} cases[] = {
		{ "", 0, 0 },
		{ "abc", 3, 3 },
		{ "abcdefghi", 9, 3 },
		{ "abcdefgh\xe4\xb8\xad", 10, 3 },    /* U+4E2D, two places */
		{ "a\xcc\x81z", 2, 4 },               /* U+0301, none */
		{ "\xe4\xb8\xad\xe4\xb8\xad", 4, 3 }, /* the second does not fit */
		{ "\xf0\x9f\x98\x80!", 3, 5 },        /* U+1F600, two */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(width_of(cases[i].text, strlen(cases[i].text)), cases[i].width);
		assert_int_equal(width_fit(cases[i].text, strlen(cases[i].text), 3), cases[i].fits_3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wcwidth),
		cmocka_unit_test(test_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
