/* near.c - how far a mistyped word is from a known one (near.h). */
#include <sockview/near.h>

#include <string.h>

size_t near_distance(const char *a, const char *b)
{
	size_t row[NEAR_LONGEST + 1];
	size_t width = strlen(b);
	if (width > NEAR_LONGEST || strlen(a) > NEAR_LONGEST)
		return NEAR_LONGEST;
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
