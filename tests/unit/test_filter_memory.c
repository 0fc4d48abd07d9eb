// SPDX-License-Identifier: MIT
/* test_filter_memory.c - each allocation of a filter fails once: it is refused as such, and nothing is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>

#include "filter_scene.h"

static size_t allowed;

/* In the place of libc's: every growing array is grown by it (vec.h). */
void *reallocarray(void *array, size_t count, size_t size)
{
	if (!allowed || (size && count > SIZE_MAX / size)) {
		errno = ENOMEM;
		return NULL;
	}
	allowed--;
	return realloc(array, count * size);
}

static const char text[] =
	"state listen ( sport = :22,80,8000-8100 or not dport > :1024 ) and src != 10.0.0.0/8:22 or box and "
	"program = nginx*,sshd or cgroup = /b/* or pid = 1,2 or fwmark = 5/7 or autobound or unix:/run/* or udp:53 "
	"or (((((((sport = :1 or dport = :2) and user = root) or inode = 7) and dev lo)))) or https,http or ::1";

/* True if all went well. */
static bool make(struct filter *filter, struct filter_error *error)
{
	return filter_add_text(filter, text, sizeof(text) - 1, AF_UNSPEC, error) == 0 &&
	       filter_add_spec(filter, "6tcp@box:80-90", 14, error) == 0 &&
	       filter_add_proto_states(filter, "tcp:listen,^bound", 17, error) == 0 &&
	       filter_add_option(filter, FILTER_USER, "root,^www-data", 14, error) == 0 && filter_close(filter) == 0;
}

static void each_allocation_fails_once(void **state)
{
	bool made = false;
	(void)state;
	for (size_t limit = 0; !made; limit++) {
		struct filter_error error = { 0 };
		allowed = limit;
		struct filter *filter = filter_new(&scene_names);
		assert_true(limit < 1000);
		if (filter) {
			errno = 0;
			made = make(filter, &error);
			if (!made) {
				assert_int_equal(errno, ENOMEM);
				assert_string_equal(error.what, "");
			}
		}
		filter_free(filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_allocation_fails_once) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
