// SPDX-License-Identifier: MIT
/*
 * fuzz_spec.c - text as the argument of -i, -s, --state, --pid, --program,
 * --user or --cgroup, as the first byte says.
 */
#include <stdlib.h>

#include "../unit/filter_scene.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int add(struct filter *filter, unsigned which, const char *text, size_t len, struct filter_error *error)
{
	if (which == 0)
		return filter_add_spec(filter, text, len, error);
	if (which == 1)
		return filter_add_proto_states(filter, text, len, error);
	return filter_add_option(filter, (enum filter_option)(which - 2), text, len, error);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct owners nobody;
	struct filter_error error;
	char letters[SCENE_MAX + 1];
	if (!size)
		return 0;
	char *text = malloc(size);
	struct filter *filter = filter_new(&scene_names);
	if (!text || !filter)
		abort();
	memcpy(text, data + 1, size - 1);
	if (add(filter, data[0] % (2 + FILTER_OPTION_COUNT), text, size - 1, &error) == 0) {
		if (filter_close(filter) < 0)
			abort();
		scene_judge(filter, &nobody, VERDICT_MAYBE, letters);
		if (letters[0])
			abort();
	} else if (!error.what[0] || error.position > size - 1) {
		abort();
	}
	filter_free(filter);
	free(text);
	return 0;
}
