// SPDX-License-Identifier: MIT
/* past.c - a rate of the last minute (sockview/past.h). */
#include <sockview/past.h>

#include <stdlib.h>
#include <string.h>

#include <sockview/countof.h>

enum {
	BLOCKS = 8,
	DIGITS = 9,
};

/* 0 for nothing; else 1, and 4 for each doubling, and how many quarters of it above the power of two. */
static uint8_t level_of(double rate)
{
	if (!(rate >= 1))
		return rate > 0;
	uint64_t whole = rate < 1e18 ? (uint64_t)rate : (uint64_t)1e18;
	unsigned power = 63u - (unsigned)__builtin_clzll(whole);
	uint64_t quarters = power >= 2 ? whole >> (power - 2) & 3 : whole << (2 - power) & 3;
	return (uint8_t)(1 + 4 * power + quarters);
}

static double rate_at(uint8_t level)
{
	if (!level)
		return 0;
	return (double)(UINT64_C(1) << (level - 1) / 4) * (1 + (level - 1) % 4 / 4.0);
}

void past_add(struct past *past, int64_t before, int64_t now, double rate)
{
	uint8_t level = level_of(rate);
	uint8_t *last = &past->level[now % PAST_SECONDS];
	if (before == now) {
		*last = level > *last ? level : *last;
		return;
	}
	int64_t second = before + 1 > now - PAST_SECONDS + 1 ? before + 1 : now - PAST_SECONDS + 1;
	for (; second <= now; second++)
		past->level[second % PAST_SECONDS] = level;
}

static double mean_of(const struct past *past, int64_t first, unsigned seconds)
{
	double sum = 0;
	for (unsigned i = 0; i < seconds; i++)
		sum += rate_at(past->level[(first + i) % PAST_SECONDS]);
	return sum / seconds;
}

int past_text(struct text *text, const struct past *past, int64_t now, unsigned places, bool blocks)
{
	unsigned seconds = PAST_SECONDS / places;
	/* The bytes of the clock's first minute lie before its beginning. */
	int64_t first = now + PAST_SECONDS + 1 - (int64_t)seconds * places;
	double mean[PAST_SECONDS], largest = 0;
	for (unsigned i = 0; i < places; i++) {
		mean[i] = mean_of(past, first + (int64_t)i * seconds, seconds);
		largest = mean[i] > largest ? mean[i] : largest;
	}
	for (unsigned i = 0; i < places; i++) {
		/* Not 0 but for nothing. */
		double share = mean[i] > 0 ? mean[i] / largest * (blocks ? BLOCKS : DIGITS) : 0;
		unsigned height = (unsigned)share + ((unsigned)share < share);
		/* U+2581 to U+2588: an eighth of a place to all of it. */
		char block[] = "\xe2\x96\x80";
		block[2] = (char)(block[2] + (char)height);
		int added = !height  ? text_add_char(text, ' ')
		            : blocks ? text_add_string(text, block)
		                     : text_add_char(text, (char)('0' + height));
		if (added < 0)
			return -1;
	}
	return 0;
}

unsigned past_places(unsigned room)
{
	static const unsigned counts[] = { 60, 30, 20, 15, 12, 10, 6 };
	for (size_t i = 0; i < countof(counts); i++)
		if (counts[i] <= room)
			return counts[i];
	return 0;
}

bool past_has_blocks(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale = NULL;
	for (size_t i = 0; i < countof(names) && !(locale && *locale); i++)
		locale = getenv(names[i]);
	return locale && (strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
}
