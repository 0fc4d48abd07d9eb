/* options_near.c - the option that a mistyped one may have meant (options_near.h). */
#include "cli/options_near.h"

#include <stdio.h>
#include <string.h>

#include "cli/option_table.h"

/* Levenshtein's distance of two short words; LONGEST if one is longer. */
static size_t distance(const char *a, const char *b)
{
	enum { LONGEST = 24 };
	size_t row[LONGEST + 1];
	size_t width = strlen(b);
	if (width > LONGEST || strlen(a) > LONGEST)
		return LONGEST;
	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[width];
}

const char *options_nearest(const char *word)
{
	struct option_row made;
	const struct option_row *row;
	const char *best = NULL;
	/* At most one slip in three letters: --foo is not taken for --format. */
	size_t least = strlen(word) / 3 + 1;
	for (size_t i = 0; (row = option_at(i, &made)); i++) {
		if (!row->name || !row->help)
			continue;
		/* A word cut short (--listn) is compared with the beginning of the option, too. */
		char start[32];
		snprintf(start, sizeof(start), "%.*s", (int)strlen(word) + 1, row->name);
		size_t whole = distance(word, row->name), part = distance(word, start);
		size_t far = part < whole ? part : whole;
		if (far < least) {
			least = far;
			best = row->name;
		}
	}
	return best;
}
