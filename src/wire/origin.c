// SPDX-License-Identifier: MIT
/*
 * origin.c - see sockview/origin.h.
 *
 *     sockview recording 1 boot 0c7a… kernel 6.1.0-28-amd64 bound untold
 */
#include <sockview/origin.h>

#include <stdio.h>
#include <string.h>

static const char *const bound_words[] = { "", "told", "untold" };

void origin_text(const struct origin *origin, char text[WIRE_ORIGIN_MAX])
{
	const char *bound = bound_words[origin->bound];
	snprintf(text, WIRE_ORIGIN_MAX, "sockview recording 1 boot %s%s%s%s%s", origin->boot,
	         *origin->release ? " kernel " : "", origin->release, *bound ? " bound " : "", bound);
}

/* The word behind `name`, if it is one of a release or a uuid and has room. */
static void origin_word(const char *text, const char *name, char *word, size_t size)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_+~";
	const char *at = strstr(text, name);
	*word = '\0';
	if (!at)
		return;
	at += strlen(name);
	size_t len = strspn(at, plain);
	if (len < size && (at[len] == ' ' || !at[len]))
		snprintf(word, size, "%.*s", (int)len, at);
}

struct origin origin_read(const char *text)
{
	static const char before[] = "sockview recording 1 boot ";
	struct origin origin = { 0 };
	char bound[8];
	if (strncmp(text, before, sizeof(before) - 1) != 0)
		return origin;
	origin_word(text, " boot ", origin.boot, sizeof(origin.boot));
	origin_word(text, " kernel ", origin.release, sizeof(origin.release));
	origin_word(text, " bound ", bound, sizeof(bound));
	for (enum origin_bound i = ORIGIN_BOUND_TOLD; i <= ORIGIN_BOUND_UNTOLD; i++)
		origin.bound = strcmp(bound, bound_words[i]) == 0 ? i : origin.bound;
	return origin;
}
