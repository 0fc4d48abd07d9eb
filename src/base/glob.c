// SPDX-License-Identifier: MIT
/*
 * glob.c - shell patterns in bounded time (glob.h).
 *
 * Only the last `*` is remembered: where the pattern behind it does not fit,
 * that star takes one byte more and the rest is tried again.
 */
#include <sockview/glob.h>

#include <string.h>

#include <sockview/text.h>

static bool glob_same(char a, char b, bool any_case)
{
	return a == b || (any_case && text_lower(a) == text_lower(b));
}

/* The place of the `]` that ends the set at pattern[0] == '[', 0 if there is none. */
static size_t set_end(const char *pattern, size_t len)
{
	size_t at = 1;
	if (at < len && (pattern[at] == '!' || pattern[at] == '^'))
		at++;
	if (at < len && pattern[at] == ']')
		at++;
	while (at < len && pattern[at] != ']')
		at++;
	return at < len ? at : 0;
}

static bool in_span(char c, char low, char high, bool any_case)
{
	if ((uint8_t)c >= (uint8_t)low && (uint8_t)c <= (uint8_t)high)
		return true;
	uint8_t small = (uint8_t)text_lower(c);
	return any_case && small >= (uint8_t)text_lower(low) && small <= (uint8_t)text_lower(high);
}

/* set: between the brackets. */
static bool set_match(const char *set, size_t len, char c, bool any_case)
{
	bool negated = len && (set[0] == '!' || set[0] == '^');
	bool found = false;
	for (size_t at = negated; at < len; at++) {
		char low = set[at], high = low;
		if (at + 2 < len && set[at + 1] == '-') {
			high = set[at + 2];
			at += 2;
		}
		found = found || in_span(c, low, high, any_case);
	}
	return found != negated;
}

/* One element of the pattern against the text: how much of each it takes. */
struct step {
	size_t pattern, text;
};

static struct step step_match(const char *pattern, size_t pattern_len, const char *text, size_t len, bool any_case)
{
	struct step none = { 0, 0 };
	size_t end;
	if (*pattern == '?') {
		size_t wide = text_utf8_len(text, len);
		return (struct step){ 1, wide ? wide : 1 };
	}
	if (*pattern == '[' && (end = set_end(pattern, pattern_len)) != 0)
		return set_match(pattern + 1, end - 1, *text, any_case) ? (struct step){ end + 1, 1 } : none;
	if (*pattern == '\\' && pattern_len > 1)
		return glob_same(pattern[1], *text, any_case) ? (struct step){ 2, 1 } : none;
	return glob_same(*pattern, *text, any_case) ? (struct step){ 1, 1 } : none;
}

bool glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len, bool any_case)
{
	size_t p = 0, t = 0, star = 0, star_text = 0;
	bool starred = false;
	for (;;) {
		if (p < pattern_len && pattern[p] == '*') {
			starred = true;
			star = ++p;
			star_text = t;
			continue;
		}
		if (t == len && p == pattern_len)
			return true;
		struct step step = { 0, 0 };
		if (t < len && p < pattern_len)
			step = step_match(pattern + p, pattern_len - p, text + t, len - t, any_case);
		if (step.pattern) {
			p += step.pattern;
			t += step.text;
			continue;
		}
		if (!starred || star_text >= len)
			return false;
		t = ++star_text;
		p = star;
	}
}

bool glob_is_pattern(const char *pattern, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("*?[\\", pattern[i]) && pattern[i])
			return true;
	return false;
}
