// SPDX-License-Identifier: MIT
/* glob.h - shell patterns over bytes that may be anything, in bounded time. */
#ifndef SOCKVIEW_GLOB_H
#define SOCKVIEW_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/*
 * `*` any bytes (`/` among them), `?` one character, `[a-z]` `[!a-z]` one of a
 * set, `\` takes the next as it is. Costs at most pattern times text: libc's
 * fnmatch(3) is exponential in the number of stars, and any user chooses the
 * names of his processes.
 */
bool glob_match(const char *pattern, size_t pattern_len, const char *text, size_t len, bool any_case);
/* True if the pattern means anything but itself. */
bool glob_is_pattern(const char *pattern, size_t len);

#endif
