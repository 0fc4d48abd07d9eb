// SPDX-License-Identifier: MIT
/* test_errno_name.c - the names of errors: those of the C library, where it can tell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <sockview/errno_name.h>

/* glibc 2.32 and later; musl has neither it nor __GLIBC_PREREQ. */
#ifdef __GLIBC__
#if __GLIBC_PREREQ(2, 32)
#define HAVE_STRERRORNAME_NP
#endif
#endif

static void names_are_those_of_errno_h(void **state)
{
	(void)state;
	assert_string_equal(errno_name(EPERM), "EPERM");
	assert_string_equal(errno_name(EADDRINUSE), "EADDRINUSE");
	assert_string_equal(errno_name(EAGAIN), "EAGAIN");
	assert_string_equal(errno_name(ENOTSUP), "EOPNOTSUPP");
	assert_string_equal(errno_name(EHWPOISON), "EHWPOISON");
}

static void other_numbers_have_no_name(void **state)
{
	static const int numbers[] = { 0, -1, -EPERM, INT_MIN, INT_MAX, 4095, 100000 };
	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		assert_null(errno_name(numbers[i]));
}

/* Nothing of the C library's is missing, and nothing is in the list twice under another number. */
static void every_number_has_the_name_the_c_library_gives(void **state)
{
	(void)state;
#ifdef HAVE_STRERRORNAME_NP
	for (int number = -1; number < 5000; number++) {
		const char *expected = number ? strerrorname_np(number) : NULL, *name = errno_name(number);
		if (expected)
			assert_string_equal(name ? name : "", expected);
		else
			assert_null(name);
	}
#else
	/* Any C library words what it knows; of the others it says the number, or that there is none. */
	char unknown[128];
	snprintf(unknown, sizeof(unknown), "%s", strerror(4999));
	unknown[strcspn(unknown, "0123456789")] = '\0';
	for (int number = 1; number < 5000; number++)
		if (!errno_name(number))
			assert_memory_equal(strerror(number), unknown, strlen(unknown));
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_those_of_errno_h),
		cmocka_unit_test(other_numbers_have_no_name),
		cmocka_unit_test(every_number_has_the_name_the_c_library_gives),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
