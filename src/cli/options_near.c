/* options_near.c - the option that a mistyped one may have meant (options_near.h). */
#include "cli/options_near.h"

#include <stdio.h>
#include <string.h>

#include "cli/option_table.h"

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t least = a < b ? a : b;
	return least < c ? least : c;
}

/* Levenshtein's distance of two short words; far if one is long. */
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
			size_t changed = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = smallest(row[j] + 1, row[j - 1] + 1, changed);
		}
	}
	return row[width];
}

const char *options_nearest(const char *word)
{
	struct option_view option;
	const char *best = NULL;
	/* One slip in three letters: --foo is nobody's --format. */
	size_t least = strlen(word) / 3 + 1;
	for (size_t i = 0; options_get(i, &option); i++) {
		if (!option.name || !option.help)
			continue;
		/* A word cut short (--listn) is near to the beginning of its option. */
		char start[32];
		snprintf(start, sizeof(start), "%.*s", (int)strlen(word) + 1, option.name);
		size_t whole = distance(word, option.name), part = distance(word, start);
		size_t far = part < whole ? part : whole;
		if (far < least) {
			least = far;
			best = option.name;
		}
	}
	return best;
}
