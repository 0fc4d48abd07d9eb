/* glob.c - see glob.h. One star is remembered: when what follows it fails, it takes one byte more. */
#include <sockview/glob.h>

#include <string.h>

#include <sockview/text.h>

static unsigned char folded(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c - 'A' + 'a') : c;
}

static bool same(unsigned char a, unsigned char b, bool any_case)
{
	return a == b || (any_case && folded(a) == folded(b));
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

static bool in_span(unsigned char c, unsigned char low, unsigned char high, bool any_case)
{
	if (c >= low && c <= high)
		return true;
	unsigned char small = folded(c);
	return any_case && small >= folded(low) && small <= folded(high);
}

/* set: between the brackets. */
static bool set_match(const char *set, size_t len, unsigned char c, bool any_case)
{
	size_t at = 0;
	bool negated = len && (set[0] == '!' || set[0] == '^');
	bool found = false;
	for (at = negated; at < len; at++) {
		unsigned char low = (unsigned char)set[at], high = low;
		if (at + 2 < len && set[at + 1] == '-') {
			high = (unsigned char)set[at + 2];
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
	unsigned char c = (unsigned char)*text;
	size_t end;
	if (*pattern == '?') {
		size_t wide = text_utf8_len(text, len);
		return (struct step){ 1, wide ? wide : 1 };
	}
	if (*pattern == '[' && (end = set_end(pattern, pattern_len)) != 0)
		return set_match(pattern + 1, end - 1, c, any_case) ? (struct step){ end + 1, 1 } : none;
	if (*pattern == '\\' && pattern_len > 1)
		return same((unsigned char)pattern[1], c, any_case) ? (struct step){ 2, 1 } : none;
	return same((unsigned char)*pattern, c, any_case) ? (struct step){ 1, 1 } : none;
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
