// SPDX-License-Identifier: MIT
/* width.h - how many places printable text takes on a terminal. */
#ifndef SOCKVIEW_WIDTH_H
#define SOCKVIEW_WIDTH_H

#include <stddef.h>

/* Of valid UTF-8. */
size_t width_of(const char *text, size_t len);
/* How many bytes of it fit into `width` places, whole characters only. */
size_t width_fit(const char *text, size_t len, size_t width);

#endif
