// SPDX-License-Identifier: MIT
/* near.c - how far a mistyped word is from a known one (near.h). */
#include <sockview/near.h>

#include <string.h>

size_t near_distance(const char *a, const char *b)
{
	size_t cost[NEAR_LONGEST + 1][NEAR_LONGEST + 1], height = strlen(a), width = strlen(b);
	if (width > NEAR_LONGEST || height > NEAR_LONGEST)
		return NEAR_LONGEST;
	for (size_t i = 0; i <= height; i++)
		for (size_t j = 0; j <= width; j++) {
			if (!i || !j) {
				cost[i][j] = i + j;
				continue;
			}
			size_t best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			if (cost[i][j - 1] + 1 < best)
				best = cost[i][j - 1] + 1;
			if (cost[i - 1][j] + 1 < best)
				best = cost[i - 1][j] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    cost[i - 2][j - 2] + 1 < best)
				best = cost[i - 2][j - 2] + 1;
			cost[i][j] = best;
		}
	return cost[height][width];
}
