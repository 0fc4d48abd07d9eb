// SPDX-License-Identifier: MIT
/* skip.h - cmocka's skip() with the reason, which tests/helpers/run_test.py reads; without one it is a failure there. */
#ifndef SOCKVIEW_TESTS_SKIP_H
#define SOCKVIEW_TESTS_SKIP_H

#define skip_because(...) \
	do { \
		print_message("# skipped: " __VA_ARGS__); \
		print_message("\n"); \
		skip(); \
	} while (0)

#endif
