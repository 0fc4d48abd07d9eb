// SPDX-License-Identifier: MIT
/* options_near.c - the option that a mistyped one may have meant (options_near.h). */
#include "cli/options_near.h"

#include <stdio.h>
#include <string.h>

#include <sockview/near.h>

#include "cli/option_table.h"

const char *options_nearest(const char *word)
{
	struct option_row made;
	const struct option_row *row;
	const char *best = NULL;
	/* At most one slip in three letters: --foo is not taken for --format. */
	size_t least = strlen(word) / 3 + 1;
	for (size_t i = 0; (row = option_at(i, &made)); i++) {
		/* A word that begins otherwise is another word: --port is not --sort. */
		if (!row->name || !row->help || *row->name != *word)
			continue;
		/* A word cut short (--listn) is compared with the beginning of the option, too. */
		char start[32];
		snprintf(start, sizeof(start), "%.*s", (int)strlen(word) + 1, row->name);
		size_t whole = near_distance(word, row->name), part = near_distance(word, start);
		size_t far = part < whole ? part : whole;
		if (far < least) {
			least = far;
			best = row->name;
		}
	}
	return best;
}
